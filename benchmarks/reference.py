"""What each level of the meadow comes to in some minutes: whoever gets less on it has trouble with the training."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import write_section

CASES = (
    ("classify", "meadow:classify@0", 1),
    ("classify", "meadow:classify@1", 1),
    ("classify", "meadow:classify@2", 1),
    ("detect", "meadow:detect@0", 2),
    ("detect", "meadow:detect@1", 5),
    ("detect", "meadow:detect@2", 5),
    ("detect", "meadow:detect@3", 10),
)
_FIRST = {"classify": "accuracy", "detect": "average precision, half overlap (AP50)"}
_SHIFTED = "unlike those learned from"
COLUMNS = ("task", "address", "minutes", "score", "test", "95 %", "unlike those learned from", "baseline")


def measure(task: str, address: str, minutes: float, seed: int, place: Path) -> list[str]:
    """Train by the command a user types; give the row of its scores."""
    name = f"{address.partition(':')[2].replace('@', '-')}-m{minutes:g}-s{seed}"
    onward = [sys.executable, "-m", "onward"]
    if not (place / name / "run.json").exists():
        words = ["train", task, address, "--time", f"{60 * minutes:g}s", "--seed", str(seed)]
        subprocess.run([*onward, *words, "--out", str(place), "--name", name], check=True)
    said = subprocess.run([*onward, "report", str(place / name), "--json"], check=True, capture_output=True, text=True)
    scores = json.loads(said.stdout)["scores"]
    main = next(each for each in scores if each["name"] == _FIRST[task])
    shifted = next((f"{each['value']:.3f}" for each in scores if _SHIFTED in each["name"]), "")
    low, high = main["interval"]
    baseline = f"{main['baseline']['value']:.3f}"
    return [
        task,
        address,
        f"{minutes:g}",
        _FIRST[task],
        f"{main['value']:.3f}",
        f"{low:.3f} to {high:.3f}",
        shifted,
        baseline,
    ]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder, and take them from there")
    given = parser.parse_args(words)
    rows = []
    with tempfile.TemporaryDirectory() as aside:
        for task, address, minutes in CASES:
            rows.append(measure(task, address, minutes, given.seed, given.runs or Path(aside)))
            write_section("reference", "The meadow's levels", "python -m benchmarks reference", COLUMNS, rows)
