"""Style transfer beside the tutorial's recipe (`peer_neural_style.py`): looks a second, size and style at equal time.

Also what tiles cost and whether they show, memory at large sizes, and how a film flickers beside its frames one by one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.results import real_data, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.data.films import footage
from onward.data.photo import read_photo
from onward.generation.features import find_sight
from onward.generation.style.painting import Painting, as_pixels, as_tensor
from onward.generation.style.pictures import beside
from onward.generation.style.quick import quickly_painted
from onward.generation.style.reading import Subject, read_styles
from onward.generation.style.result import load
from onward.generation.style.scales import measured_cost, plan_of
from onward.generation.style.scores import style_distance
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.tiles import Objective
from onward.generation.style.using import painted
from onward.generation.style.video import restyled_frames
from onward.parts.dense_flow import FlowFinder, fetched, searched

PEER = Path(__file__).with_name("peer_neural_style.py")
PAIRS = {
    "The Scream": ("astronaut.png", "the_scream.jpg"),
    "The Starry Night": ("chelsea.png", "starry_night.jpg"),
    "Shipwreck": ("rocket.jpg", "shipwreck.jpg"),
    "pencil": ("astronaut.png", "pencil"),
    "watercolour": ("coffee.png", "watercolour"),
    "oil": ("chelsea.png", "oil"),
}
SHOWN = Path("docs/pictures")


def places(name: str) -> tuple[str, str]:
    """Give photo and style of a pair."""
    photo, style = PAIRS[name]
    painting = real_data() / "pictures/paintings" / style
    return str(real_data() / "pictures/photos" / photo), str(painting if painting.exists() else style)


def peer(python: str, photo: str, style: str, side: int, seconds: float, result: Path) -> tuple[float, str]:
    """Run the peer; give its evaluations a second, and whether its weights were trained or random."""
    words = [python, str(PEER), photo, style, str(side), f"{seconds:g}", str(result)]
    told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    return told["evaluations"] / told["seconds"], told["weights"]


def objective_for(photo: str, style: str, side: int, sight_name: str, tile: int = 10_000) -> Objective:
    """Give the objective of a square picture of this side."""
    sight = find_sight(sight_name)
    subject = Subject(read_photo(photo), read_styles(style))
    painting = Painting(subject, Settings(style=style, tile=tile), plan_of(side, side, side), sight, torch.Generator())
    return painting.objective_at(side, side)


def looks_a_second(photo: str, style: str, side: int, seconds: float) -> float:
    """Time looks with their slopes at one size."""
    objective = objective_for(photo, style, side, "lite0")
    picture, count = torch.rand(1, 3, side, side), 0
    objective.look(picture)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        objective.look(picture)
        count += 1
    return count / (time.perf_counter() - began)


def speed(python: str) -> None:
    """Alternate ours and the peer's at 256 pixels."""
    photo, style = places("The Scream")
    ours, theirs, weights = [], [], ""
    with tempfile.TemporaryDirectory() as aside:
        for _ in range(3):
            told, weights = peer(python, photo, style, 256, 12, Path(aside) / "peer.png")
            theirs.append(told)
            ours.append(looks_a_second(photo, style, 256, 12))
    mine, other = statistics.median(ours), statistics.median(theirs)
    rows = [["256", f"{mine:.2f}", f"{other:.2f}", f"{mine / other:.2f}x"]]
    columns = ("side in pixels", "Onward, looks/s", f"tutorial's VGG-19 ({weights} weights), looks/s", "ratio")
    write_section(
        "style-speed", "Style transfer: looks with slopes a second", "python -m benchmarks style speed", columns, rows
    )


def equal_time(python: str, minutes: float, names: list[str], runs: Path) -> None:
    """Give both the same minutes; judge both with a network neither looked through."""
    rows = []
    for name in names:
        photo, style = places(name)
        path = runs / name.replace(" ", "-").lower()
        if not (path / "result.png").exists():
            words = ["train", "style", photo, "--style", style, "--time", f"{60 * minutes:g}s", "--name", path.name]
            subprocess.run([sys.executable, "-m", "onward", *words, "--out", str(runs)], check=True)
        mine = np.asarray(Image.open(path / "result.png").convert("RGB"))
        told = [f"{mine.shape[1]} x {mine.shape[0]}"]
        judged = objective_for(photo, style, 256, "random")
        chance = np.random.default_rng(0)
        values = [style_distance(judged, mine, chance)[0]]
        if python:
            other = runs / f"{path.name}-peer.png"
            _, weights = peer(python, photo, style, 256, 60 * minutes, other)
            theirs = np.asarray(Image.open(other).convert("RGB"))
            told.append(f"{theirs.shape[1]} x {theirs.shape[0]}, {weights} weights")
            values.append(style_distance(judged, theirs, chance)[0])
        rows.append([name, f"{minutes:g}", *told, *(f"{value:.3f}" for value in values)])
    columns = ("style", "minutes", "Onward's size", "the tutorial's", "Onward's style distance", "the tutorial's")
    told = f"python -m benchmarks style time --minutes {minutes:g}"
    write_section("style-time", "Style transfer at equal time", told, columns, rows)


def pictures(names: list[str], runs: Path) -> None:
    """Draw the docs' pictures: photo, style and result beside each other, and one picture on its way."""
    for name in names:
        photo, style = places(name)
        short = name.replace(" ", "-").lower()
        result = np.asarray(Image.open(runs / short / "result.png").convert("RGB"))
        sheet = beside([read_photo(photo).pixels, read_styles(style)[0].pixels, result], high=300, most_wide=1000)
        Image.fromarray(sheet).save(SHOWN / f"style-{short}.jpg", quality=86, optimize=True)
    way = sorted((runs / names[0].replace(" ", "-").lower() / "samples").glob("picture-*.png"))
    chosen = [way[min(place, len(way) - 1)] for place in (0, 1, 3, 8, len(way) - 1)]  # most happens early
    strip = beside([np.asarray(Image.open(path).convert("RGB")) for path in chosen], high=200, most_wide=1000)
    Image.fromarray(strip).save(SHOWN / "style-way.jpg", quality=86, optimize=True)


def tiles() -> None:
    """Compare whole and tiled looks, and look for seams."""
    photo, style = places("The Scream")
    picture = as_tensor(np.asarray(Image.open(photo).convert("RGB").resize((512, 512))))
    whole, tiled = (objective_for(photo, style, 512, "lite0", side) for side in (10_000, 128))
    (one, slope), (other, same) = whole.look(picture), tiled.look(picture)
    error = float((slope - same).abs().max() / slope.abs().max())
    energy = same.diff(dim=3).abs().mean(dim=(0, 1, 2))
    at = torch.zeros(511, dtype=torch.bool)
    at[127:511:128] = True
    own = slope.diff(dim=3).abs().mean(dim=(0, 1, 2))
    seam = float(energy[at].mean() / own[at].mean())
    rows = [["512, tiles of 128", f"{one['style']:.6f}", f"{other['style']:.6f}", f"{error:.1e}", f"{seam:.4f}"]]
    columns = ("side", "style loss, whole", "in tiles", "largest error of the slope", "edges at seams over the whole's")
    write_section("style-tiles", "Style transfer in tiles", "python -m benchmarks style tiles", columns, rows)


def memory(sides: list[int]) -> None:
    """Restyle for two looks at large sizes, each in a process of its own."""
    photo, style = places("The Scream")
    rows = []
    for side in sides:
        code = (
            "import resource, sys\nfrom onward.cli import main\n"
            "try:\n    main(sys.argv[1:])\nexcept SystemExit as leaving:\n    assert not leaving.code\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        with tempfile.TemporaryDirectory() as aside:
            words = ["train", "style", photo, "--style", style, "--size", str(side), "--steps", "3", "--out", aside]
            began = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True, text=True)
            seconds = time.perf_counter() - began
        rows.append([str(side), f"{int(done.stdout.splitlines()[-1]) / 1e6:.2f}", f"{seconds:.0f}"])
        columns, title = (
            ("longer side", "peak GB", "seconds in all"),
            "Style transfer: memory at large sizes, three looks",
        )
        write_section("style-memory", title, "python -m benchmarks style memory", columns, rows)


def film(frames: int, seconds: float) -> None:
    """Restyle a film's frames one after the other, and each for itself at the same cost."""
    photo, style = str(real_data() / "motion/videos/m3v1mp4.mp4"), places("The Scream")[1]
    shots = [np.asarray(each.convert("RGB").resize((320, 240))) for _, each in zip(range(frames), _pictures(photo))]  # noqa: B905
    settings, cost = Settings(style=style, size=256), measured_cost(find_sight("lite0"))
    options = Restyling(seconds=30, frame_seconds=seconds)
    whole = list(restyled_frames(iter(shots), settings, options, cost))
    single = Restyling(seconds=seconds, frame_seconds=seconds)
    alone = [next(restyled_frames(iter([shot]), settings, single, cost)) for shot in shots]
    values = [_flicker(each, shots) for each in (whole, alone)]
    rows = [[str(frames), f"{values[0]:.2f}", f"{values[1]:.2f}", f"{values[1] / values[0]:.2f}x"]]
    columns = ("frames", "warped difference of 255", "each frame for itself", "ratio")
    told = f"python -m benchmarks style film --frames {frames} --seconds {seconds:g}"
    write_section("style-film", "Style transfer of a film: flicker", told, columns, rows)


def _pictures(path: str):
    return (picture for _, picture in footage(path).moments())


def _flicker(results: list[np.ndarray], shots: list[np.ndarray]) -> float:
    """Give the mean difference of each result to the last one, moved by the film's own flow, where that is sure."""
    differences = []
    size = results[0].shape[1], results[0].shape[0]
    small = [np.asarray(Image.fromarray(shot).resize(size)) for shot in shots]
    for (before, now), (old, new) in zip(zip(results, results[1:]), zip(small, small[1:])):  # noqa: B905, RUF007
        way, _ = searched(FlowFinder(), new, old)
        moved = fetched(before, way.way)
        differences.append(float(np.abs(moved - now.astype(np.float32))[way.sure].mean()))
    return float(np.mean(differences))


def at_once(minutes: float, seconds: float, runs: Path) -> None:
    """Compare a network learned from photos of raccoons with a walk of each photo's own pixels, on other photos."""
    path, style = runs / "fast", str(real_data() / "pictures/paintings/starry_night.jpg")
    if not (path / "result.png").exists():
        words = ["train", "style", str(real_data() / "detect/raccoon"), "--style", style, "--fast", "yes"]
        words += ["--time", f"{60 * minutes:g}s", "--name", path.name, "--out", str(runs)]
        subprocess.run([sys.executable, "-m", "onward", *words], check=True)
    learned, rows, shown = load(Run(Folder(path))), [], []
    if learned.painter is None:
        raise SystemExit(f"{path} is no --fast run.")
    quick, settings = learned.painter, replace(learned.settings, fast=False)
    cost = measured_cost(find_sight(settings.backbone))
    for name in ("chelsea.png", "coffee.png", "astronaut.png"):
        place = str(real_data() / "pictures/photos" / name)
        photo, judged, chance = read_photo(place), objective_for(place, style, 256, "random"), np.random.default_rng(0)
        quickly_painted(quick, photo.pixels, settings)
        began = time.process_time()
        fast = quickly_painted(quick, photo.pixels, settings)
        taken = time.process_time() - began
        walk = painted(Subject(photo, read_styles(style)), settings, cost, seconds).picture(is_final=True)
        coloured = as_pixels(quick.in_colours(photo.pixels))
        values = [style_distance(judged, each, chance)[0] for each in (coloured, fast, walk)]
        size = f"{photo.pixels.shape[1]} x {photo.pixels.shape[0]}"
        rows.append([name, size, f"{taken:.2f}", f"{seconds:g}", *(f"{value:.3f}" for value in values)])
        shown += [photo.pixels, fast, walk]
    columns = ("photo", "size", "at once, processor s", "walk, s", "distance of its colours alone", "at once", "walk")
    told = f"python -m benchmarks style fast --minutes {minutes:g} --seconds {seconds:g}"
    write_section("style-fast", "Style transfer at once, learned from 199 other photos", told, columns, rows)
    sheets = [beside(shown[number : number + 3], high=300) for number in range(0, len(shown), 3)]
    Image.fromarray(
        beside([each for pair in zip(shown[::3], shown[1::3], strict=True) for each in pair], high=260)
    ).save(SHOWN / "style-fast.jpg", quality=88)
    for name, sheet in zip(("chelsea", "coffee", "astronaut"), sheets, strict=True):
        Image.fromarray(sheet).save(runs / f"fast-{name}.png")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("speed", "time", "fast", "tiles", "memory", "film", "pictures"))
    parser.add_argument("--peer-python", default="", help="a Python that has torchvision")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--names", nargs="+", default=list(PAIRS))
    parser.add_argument("--runs", type=Path, default=Path("runs/style"))
    parser.add_argument("--sides", type=int, nargs="+", default=[1024, 2048, 4096])
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args(words)
    if given.part == "speed":
        speed(given.peer_python)
    elif given.part == "time":
        equal_time(given.peer_python, given.minutes, given.names, given.runs)
    elif given.part == "fast":
        at_once(given.minutes, given.seconds, given.runs)
    elif given.part == "pictures":
        pictures(given.names, given.runs)
    elif given.part == "tiles":
        tiles()
    elif given.part == "memory":
        memory(given.sides)
    else:
        film(given.frames, given.seconds)
