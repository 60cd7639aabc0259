"""Is a finished run given more time as good as one planned so? Planned 10 min against 5 + 5, on `gan` and `forest`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import real_data, write_section

CASES = {
    "gan": ("pictures/cifar10.zip:train/horse", []),
    "forest": ("tables/house-prices/train.csv", ["--target", "SalePrice"]),
}
COLUMNS = ("task", "seed", "score", "half", "half, then as much again", "planned whole")


def _onward(*words: str) -> str:
    return subprocess.run([sys.executable, "-m", "onward", *words], check=True, capture_output=True, text=True).stdout


def _score(path: Path) -> tuple[str, float]:
    """Give a run's first score, measured on all its data."""
    first = json.loads(_onward("evaluate", str(path), "--json"))["scores"][0]
    return first["name"], float(first["value"])


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10, help="of the planned run")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--tasks", nargs="+", default=list(CASES), choices=list(CASES))
    given = parser.parse_args(words)
    half, rows = f"{30 * given.minutes:g}s", []
    for task in given.tasks:
        address, more = CASES[task]
        for seed in given.seeds:
            with tempfile.TemporaryDirectory() as aside:
                place = Path(aside)
                base = ["train", task, f"{real_data()}/{address}", "--seed", str(seed), "--out", aside, *more]
                _onward(*base, "--time", half, "--name", "half")
                name, before = _score(place / "half")
                _onward("resume", str(place / "half"), "--time", f"+{half}")
                _onward(*base, "--time", f"{60 * given.minutes:g}s", "--name", "planned")
                after, planned = (_score(place / each)[1] for each in ("half", "planned"))
            rows.append([task, str(seed), name, *(f"{value:.4g}" for value in (before, after, planned))])
            title = f"More time: {given.minutes / 2:g} + {given.minutes / 2:g} min against {given.minutes:g} planned"
            write_section("more-time", title, f"python -m benchmarks more_time {' '.join(words)}", COLUMNS, rows)
