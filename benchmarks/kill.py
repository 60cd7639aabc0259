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

CASES = {
    "gan": ("pictures/cifar10.zip:train/horse", ["--steps", "40", "--width", "16"]),
    "forest": ("tables/titanic/train.csv", ["--steps", "60", "--target", "Survived"]),
}


def train(task: str, place: str, name: str) -> list[str]:
    """Give the command."""
    address, more = CASES[task]
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


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    given = parser.parse_args(words)
    chance, rows = random.Random(0), []
    for task in CASES:
        with tempfile.TemporaryDirectory() as place:
            began = time.monotonic()
            subprocess.run(train(task, place, "through"), check=True, capture_output=True)
            length, same = time.monotonic() - began, 0
            for number in range(given.kills):
                path = Path(place) / f"k{number}"
                child = subprocess.Popen(
                    train(task, place, path.name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                time.sleep(chance.uniform(0.2, 0.95) * length)
                child.kill()
                child.wait()
                if not (path / "run.json").exists():
                    subprocess.run(train(task, place, path.name), check=True, capture_output=True)
                elif Folder(path).status() != "finished":
                    subprocess.run(
                        [sys.executable, "-m", "onward", "resume", str(path)], check=True, capture_output=True
                    )
                same += content(Path(place) / "through") == content(path)
            rows.append([task, str(given.kills), str(same)])
    columns = ["task", "kills", "ended in the same bits"]
    write_section("kill", "SIGKILL at random instants", f"python -m benchmarks kill {' '.join(words)}", columns, rows)
