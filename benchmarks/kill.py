"""SIGKILL at random instants: does every resume end in the uninterrupted run's very bits?"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import real_data, write_section
from onward.core.folder import Folder

CASES = {  # what is killed: its task, its data, and settings that make it short
    "gan": ("gan", "pictures/cifar10.zip:train/horse", ["--steps", "40", "--width", "16"]),
    "forest": ("forest", "tables/titanic/train.csv", ["--steps", "60", "--target", "Survived"]),
    "table": (
        "table",
        "tables/titanic/train.csv",
        ["--steps", "30", "--target", "Survived", "--members", "linear,lightgbm,forest"],
    ),
    "kaggle": ("kaggle", "tables/titanic", ["--steps", "30", "--members", "linear,lightgbm,forest"]),
    "classify from nothing": (
        "classify",
        "pictures/cifar10.zip",
        ["--steps", "60", "--width", "16", "--backbone", "none", "--per-class", "500"],
    ),
    "classify by transfer": (
        "classify",
        "pictures/cifar10.zip",
        ["--steps", "40", "--backbone", "lite0", "--per-class", "20"],
    ),
    "dream": ("dream", "pictures/photos/coffee.png", ["--steps", "60", "--size", "160"]),
    "detect": ("detect", "detect/raccoon", ["--steps", "60", "--size", "128", "--views", "1", "--batch-size", "4"]),
    "pose": ("pose", "pose/mouse_pose", ["--steps", "60", "--size", "128", "--views", "1", "--batch-size", "4"]),
}


def train(case: str, place: str, name: str) -> list[str]:
    """Give the command."""
    task, address, more = CASES[case]
    whole = f"{real_data()}/{address}"
    return [sys.executable, "-m", "onward", "train", task, whole, "--out", place, "--name", name, *more]


def content(path: Path) -> dict[str, object]:
    """Read the last checkpoint's files, bytes and all; only the seconds spent may differ."""
    checkpoint = Folder(path).newest_checkpoint()
    if checkpoint is None:
        raise SystemExit(f"{path} has no checkpoint")
    found: dict[str, object] = {file.name: file.read_bytes() for file in checkpoint.glob("*.safetensors")}
    state = json.loads((checkpoint / "state.json").read_text(encoding="utf-8"))
    return {**found, "state": {key: value for key, value in state.items() if key != "seconds"}}


def fits_of(path: Path) -> dict[str, int]:
    """Give when each fit of a run's members was written; only the one in work may be lost by a kill."""
    return {file.name: file.stat().st_mtime_ns for file in (path / "members").glob("*.safetensors")}


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--section", default="kill", help="of RESULTS.md")
    given = parser.parse_args(words)
    chance, rows = random.Random(0), []
    for case in given.cases:
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(train(case, place, "through"), check=True, capture_output=True)
            began = time.monotonic()  # the second time, as the killed ones find their data in the cache too
            subprocess.run(train(case, place, "again"), check=True, capture_output=True)
            length, same, hit, again = time.monotonic() - began, 0, 0, 0
            for number in range(given.kills):
                path = Path(place) / f"k{number}"
                child = subprocess.Popen(
                    train(case, place, path.name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                time.sleep(chance.uniform(0.2, 0.95) * length)
                hit += child.poll() is None
                child.kill()
                child.wait()
                fits = fits_of(path)
                if not (path / "run.json").exists():
                    subprocess.run(train(case, place, path.name), check=True, capture_output=True)
                elif Folder(path).status() != "finished":
                    subprocess.run(
                        [sys.executable, "-m", "onward", "resume", str(path)], check=True, capture_output=True
                    )
                same += content(Path(place) / "through") == content(path)
                again += sum(fits_of(path).get(name) != moment for name, moment in fits.items())
            lost = str(again) if fits_of(Path(place) / "through") else ""
            rows.append([case, str(given.kills), str(hit), str(same), lost])
    columns = ["what", "kills", "of them while it ran", "ended in the same bits", "fits made twice"]
    write_section(
        given.section, "SIGKILL at random instants", f"python -m benchmarks kill {' '.join(words)}", columns, rows
    )
