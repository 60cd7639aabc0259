"""The pictures of the docs, made from runs.

A GAN's: what the same noise had become after some steps; with `--closely` also whom it copies, mixtures, and a walk. A
detector's: what it finds in pictures it never saw. A
classifier's: what it calls them, and where it looked. A translator's: where it looked.
An agent's: an episode before and after it learned. With few labels: what to label next.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.broad.control.reading import read as read_world
from onward.broad.control.settings import Settings as ControlSettings
from onward.broad.control.showing import curve, strip
from onward.broad.control.training import WATCHED_SEED
from onward.broad.control.using import load as load_player
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.generation.gan.drawing import apply
from onward.generation.gan.drawing import load as load_generator
from onward.generation.gan.settings import Drawing
from onward.parts.lots import by_lot
from onward.vision.classify.pictures import guesses_picture, saliency, saliency_picture
from onward.vision.classify.reading import read as read_album
from onward.vision.classify.settings import Settings as LookingSettings
from onward.vision.classify.using import load as load_recogniser
from onward.vision.detect.finder import find
from onward.vision.detect.pictures import truth_and_found
from onward.vision.detect.reading import read
from onward.vision.detect.settings import Settings
from onward.vision.detect.using import load

PLACE = Path("docs/pictures")
STEPS = (0, 50, 100, 200, 500, 1000)
_GAP, _TITLE = 24, 40
_FOUND = 8


def _strip(names: list[tuple[str, Path]], columns: int, rows: int) -> Image.Image:
    """Lay the upper left corners of snapshots side by side, each under its title."""
    parts = []
    for title, path in names:
        with Image.open(path) as picture:
            side = (picture.width + 3) // 8  # eight pictures a row, a white pixel between, three screen pixels each
            parts.append((title, picture.convert("RGB").crop((0, 0, columns * side - 3, rows * side - 3))))
    width, height = parts[0][1].size
    sheet = Image.new("RGB", (len(parts) * (width + _GAP) - _GAP, height + _TITLE), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=26)
    for number, (title, part) in enumerate(parts):
        left = number * (width + _GAP)
        pen.text((left, 2), title, fill=(60, 60, 60), font=font)
        sheet.paste(part, (left, _TITLE))
    return sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.BOX)


def growth(run: Path, subject: str) -> None:
    """Draw the pictures of a GAN's run."""
    shown = {int(path.stem.rpartition("-")[2]): path for path in (run / "samples").glob("samples-*.png")}
    last = max(shown)
    steps = [*(step for step in STEPS if step in shown), last]
    named = [(f"step {step:,}", shown[step]) for step in steps]
    _strip(named, columns=3, rows=4).save(PLACE / f"{subject}-steps.png", optimize=True)
    with Image.open(shown[last]) as whole:
        whole.convert("RGB").save(PLACE / f"{subject}-end.jpg", quality=88, optimize=True)
    for start, part in ((0, named[:3]), (3, named[3:6])):
        sheet = _strip(part, columns=8, rows=8)
        sheet.convert("RGB").save(PLACE / f"{subject}-grids-{start // 3 + 1}.jpg", quality=85, optimize=True)


def forgeries(run: Path, subject: str) -> None:
    """Draw what `onward apply` offers for a GAN's run: the nearest training pictures, truncation, mixtures, a walk."""
    drawn = load_generator(Run(Folder(run)))

    def shown(**options: Any) -> dict[str, Any]:
        return {each.caption: each for each in apply(drawn, Source(), Drawing(**options))}

    def keep(pixels: NDArray[np.uint8], name: str) -> None:
        Image.fromarray(pixels).save(PLACE / f"{subject}-{name}.jpg", quality=88, optimize=True)

    with Image.open(max((run / "samples").glob("samples-*.png"))) as last:
        keep(np.asarray(last.convert("RGB")), "end")
    keep(shown(count=32)["nearest"].pixels, "nearest")
    keep(shown(mix="4x6")["mix"].pixels, "mix")
    rows = [shown(count=8, truncation=psi, nearest=False) for psi in (1.0, 0.7, 0.4, 0.0)]
    pictures = [[row[f"{number:06d}"].pixels for number in range(8)] for row in rows]
    keep(_laid_out(pictures), "truncation")
    frames = list(shown(walk=8.0)["walk"].frames)
    side = frames[0].shape[0] // 3
    places = range(0, len(frames), len(frames) // 12)
    keep(_laid_out([[frames[place][top : top + side, :side] for place in places] for top in (0, side)], 1), "walk")


def _laid_out(rows: list[list[NDArray[np.uint8]]], zoom: int = 2) -> NDArray[np.uint8]:
    """Lay rows of pictures out, two pixels of white around each."""
    lines = [
        np.concatenate([np.pad(each, ((1, 1), (1, 1), (0, 0)), constant_values=255) for each in row], 1) for row in rows
    ]
    return np.concatenate(lines).repeat(zoom, axis=0).repeat(zoom, axis=1)


def findings(run: Path, subject: str) -> None:
    """Draw what a detector finds in the first test pictures that show something."""
    finder = load(Run(Folder(run)))
    scenes = read(Source((finder.run.folder.record["data"]["address"],)), Settings()).at(finder.size)
    places = np.array([place for place in scenes.testing if len(scenes.boxes(place)) > 1][:_FOUND])
    sheet = truth_and_found(scenes, places, find(finder.network, scenes.pictures.images[places]))
    Image.fromarray(sheet).save(PLACE / f"{subject}-found.jpg", quality=88, optimize=True)


def guesses(run: Path, subject: str) -> None:
    """Draw what a classifier calls test pictures, drawn by lot, and what it looked at in the first of them."""
    recogniser = load_recogniser(Run(Folder(run)))
    album = read_album(Source((recogniser.run.folder.record["data"]["address"],)), LookingSettings())
    places = by_lot(album.testing, _FOUND + _FOUND // 2)
    images, labels = album.pictures.images[places], album.pictures.labels[places]
    shares = recogniser.tell(images)
    sheet = Image.fromarray(guesses_picture(images, shares, labels, album.classes))
    looks = [
        saliency_picture(images[row], saliency(recogniser.network, images[row], int(shares[row].argmax())))
        for row in range(3)
    ]
    below = Image.fromarray(np.concatenate(looks, axis=1))
    below = below.resize((sheet.width, round(below.height * sheet.width / below.width)), Image.Resampling.LANCZOS)
    whole = Image.new("RGB", (sheet.width, sheet.height + below.height), "white")
    whole.paste(sheet, (0, 0))
    whole.paste(below, (0, sheet.height))
    whole.save(PLACE / f"{subject}-guesses.jpg", quality=88, optimize=True)


def looks(run: Path, subject: str) -> None:
    """Keep the last map of a translator's attention."""
    with Image.open(max((run / "samples").glob("attention-*.png"))) as last:
        last.save(PLACE / f"{subject}-attention.png", optimize=True)


def proposals(run: Path, subject: str) -> None:
    """Keep what a classifier of few labels wants labelled next, and which way knew hidden labels best."""
    for name, kept in (("label-next", "next"), ("methods", "methods")):
        with Image.open(max((run / "samples").glob(f"{name}-*.png"))) as last:
            last.save(PLACE / f"{subject}-{kept}.png", optimize=True)


def episodes(run: Path, subject: str) -> None:
    """Draw an agent's episode before and after it learned, and what it earned meanwhile."""
    player = load_player(Run(Folder(run)))
    world = read_world(Source((str(player.facts["address"]),)), ControlSettings())
    agents, names = [player.untrained(), player.agent], ["before it learned", "after it learned"]
    sheet = Image.fromarray(strip(world, agents, WATCHED_SEED, names).pixels)
    sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS).save(
        PLACE / f"{subject}-episode.png", optimize=True
    )
    if (earned := curve(player.run, world.threshold)) is not None:
        Image.fromarray(earned.pixels).save(PLACE / f"{subject}-curve.png", optimize=True)


def groups(run: Path, subject: str) -> None:
    """Keep what a report shows of groups: typical pictures, the map in pictures, doubles."""
    names = {"each group's most": "groups", "the map in pictures": "map", "there more than once": "doubles"}
    for fact in read_metrics(run / "metrics.jsonl", "exhibit"):
        for begin, name in names.items():
            if str(fact["caption"]).startswith(begin) and subject in ("horses", name):
                picture = Image.open(run / str(fact["file"])).convert("RGB")
                picture.save(PLACE / f"cluster-{name}.jpg", quality=82)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("--subject", default="horses")
    parser.add_argument("--closely", action="store_true", help="of a GAN: also what `onward apply` offers")
    given = parser.parse_args(words)
    if given.closely:
        forgeries(given.run, given.subject)
        return
    make = {
        "gan": growth,
        "detect": findings,
        "classify": guesses,
        "translate": looks,
        "control": episodes,
        "semi": proposals,
        "cluster": groups,
    }[Folder(given.run).record["task"]]
    make(given.run, given.subject)
