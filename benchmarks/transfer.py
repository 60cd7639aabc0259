"""Transfer against the plain fine-tuning loop: is ours, in a fifth of the minutes, at least as accurate?

Two sets of class folders are made from public pictures: 25 pictures a class of CIFAR-10, and the cells that BCCD's
boxes cut out. The peer (`peer_finetune.py`) fine-tunes the same weights for the minutes given; ours has a fifth of
them, reading, testing and report inside. Beside it stands our head alone on frozen features.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.results import command, real_data, write_section
from onward.data.boxes import read_boxes

SIDES = {"cifar10": 160, "cells": 160}  # of the plain loop: 96 served it worse
_LEARNED, _TESTED = {"cifar10": 25, "cells": 40}, 100
_RATE = 1e-4  # of the plain loop: 1e-3 served it worse
COLUMNS = (
    "set",
    "seed",
    "plain loop, min",
    "plain loop",
    "a fifth, min",
    "plain loop in a fifth",
    "head alone in a fifth",
    "Onward in a fifth",
    "Onward's fifth over the whole, points",
)


def cifar10(place: Path) -> None:
    """Write 25 training and 100 test pictures of each class as folders."""
    taken: Counter[tuple[str, ...]] = Counter()
    with zipfile.ZipFile(real_data() / "pictures" / "cifar10.zip") as archive:
        for name in sorted(archive.namelist()):
            parts = Path(name).parts[-3:]
            if len(parts) < 3 or parts[0] not in ("train", "test") or not parts[2]:
                continue
            taken[parts[:2]] += 1
            if taken[parts[:2]] <= (_LEARNED["cifar10"] if parts[0] == "train" else _TESTED):
                _write(place.joinpath(*parts[:2]), Image.open(BytesIO(archive.read(name))), taken[parts[:2]])


def cells(place: Path) -> None:
    """Cut cells out of BCCD's pictures: 40 of each class to learn from, up to 100 to be tested on."""
    boxed = read_boxes(str(real_data() / "detect" / "bccd"), 640)
    taken: Counter[tuple[str, str]] = Counter()
    for number, split in enumerate(boxed.splits or ()):
        part = "test" if split == "test" else "train"
        picture = Image.fromarray(boxed.images[number])
        for box, label in zip(boxed.boxes[number], boxed.labels[number], strict=True):
            key = (part, boxed.classes[int(label)])
            most = _TESTED if part == "test" else _LEARNED["cells"]
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            reach = 0.6 * max(box[2] - box[0], box[3] - box[1])
            if taken[key] < most and reach > 4:
                taken[key] += 1
                corners = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
                _write(place.joinpath(*key), picture.crop(tuple(map(round, corners))), taken[key])


def _write(folder: Path, picture: Image.Image, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").save(folder / f"{number:03}.png")


def ours(folder: Path, minutes: float, seed: int, *settings: str) -> float:
    """Train ours by the command a user types; give its accuracy on the test pictures."""
    with tempfile.TemporaryDirectory() as place:
        onward = [sys.executable, "-m", "onward"]
        words = ["train", "classify", str(folder), "--time", f"{60 * minutes:g}s", "--seed", str(seed), *settings]
        subprocess.run([*onward, *words, "--out", place, "--name", "run"], check=True)
        told = subprocess.run([*onward, "evaluate", f"{place}/run", "--json"], check=True, capture_output=True)
    return next(score["value"] for score in json.loads(told.stdout)["scores"] if score["name"] == "accuracy")


def peer(python: str, folder: Path, minutes: float, seed: int, side: int, rate: float) -> float:
    """Train the peer in its own environment."""
    numbers = (f"{minutes:g}", str(seed), str(side), f"{rate:g}")
    words = [python, "-m", "benchmarks.peer_finetune", str(folder), *numbers]
    return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["accuracy"]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SIDES), choices=list(SIDES))
    parser.add_argument("--minutes", type=float, default=5, help="of the plain loop")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--peer-python", required=True, help="a Python that has timm")
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as aside:
        for name in given.sets:
            folder = Path(aside) / name
            {"cifar10": cifar10, "cells": cells}[name](folder)
            for seed in given.seeds:
                theirs, hasty = (
                    peer(given.peer_python, folder, minutes, seed, SIDES[name], _RATE)
                    for minutes in (given.minutes, given.minutes / 5)
                )
                head = ours(folder, given.minutes / 5, seed, "--set", "unfreeze=false")
                mine = ours(folder, given.minutes / 5, seed)
                shown = [f"{given.minutes:g}", f"{theirs:.3f}", f"{given.minutes / 5:g}"]
                shown += [f"{each:.3f}" for each in (hasty, head, mine)]
                rows.append([name, str(seed), *shown, f"{100 * (mine - theirs):+.1f}"])
                title = "Transfer: ours in a fifth of the plain fine-tuning loop's minutes, test accuracy"
                write_section("transfer", title, f"python -m benchmarks transfer {command(words)}", COLUMNS, rows)
