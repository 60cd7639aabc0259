"""Two competitions from folder to submission: is it valid to the letter, how soon, and what is estimated of it?

Validity is looked at here from the files alone, not by the program's own check: same header, ids in the same order, one
cell a row of the kind that the sample has.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import command, real_data, write_section

CONTESTS = {  # folder, measure, sample, what a cell is
    "titanic": ("accuracy", "gender_submission.csv", r"[01]"),
    "house-prices": ("rmsle", "sample_submission.csv", r"\d+(\.\d+)?"),
}
COLUMNS = (
    "contest",
    "asked",
    "took",
    "first submission",
    "first learned one",
    "valid",
    "measure",
    "estimate",
    "interval",
    "folds",
    "members",
)


def is_valid(path: Path, sample: Path, cell: str) -> bool:
    """Hold a submission against the sample."""
    told, wanted = ([*csv.reader(each.open(encoding="utf-8", newline=""))] for each in (path, sample))
    same = len(told) == len(wanted) and told[0] == wanted[0] and path.read_bytes().endswith(b"\n")
    return same and all(len(row) == 2 and row[0] == other[0] and re.fullmatch(cell, row[1]) for row, other in
                        zip(told[1:], wanted[1:], strict=True))  # fmt: skip


def members_of(run: Path) -> int:
    """Say how many members the submission of a run was made by; the first of all is made by none."""
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return int(facts.get("kaggle", {}).get("members", 0))


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--contests", nargs="+", default=list(CONTESTS), choices=list(CONTESTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--time", default="5m")
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    for name in given.contests:
        measure, sample_name, cell = CONTESTS[name]
        folder = real_data() / "tables" / name
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as aside:
                run, sample = Path(aside) / "run", folder / sample_name
                told = [sys.executable, "-m", "onward", "train", "kaggle", str(folder), "--metric", measure]
                began = time.monotonic()
                child = subprocess.Popen([*told, "--time", given.time, "--seed", str(seed), "--out", aside,
                                          "--name", "run"])  # fmt: skip
                first = learned = None
                while child.poll() is None:
                    if first is None and (run / "submission.csv").exists():
                        first = time.monotonic() - began, is_valid(run / "submission.csv", sample, cell)
                    if first is not None and learned is None and members_of(run):
                        learned = time.monotonic() - began, is_valid(run / "submission.csv", sample, cell)
                    time.sleep(0.2)
                took = time.monotonic() - began
                lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
                score = next(fact for fact in map(json.loads, lines) if fact["kind"] == "score")
                facts = json.loads((run / "run.json").read_text(encoding="utf-8"))["jury"]["members"]
                best = max(facts, key=lambda each: each["weight"])
                valid = is_valid(run / "submission.csv", sample, cell) and bool(first and learned)
                valid = valid and all(each[1] for each in (first, learned) if each)
                low, high = score["interval"]
                stood = [f"{each[0]:.1f} s" if each else "none" for each in (first, learned)]
                folds = f"{best['name']}: " + ", ".join(f"{each:.3f}" for each in best["folds"])
                figures = [score["name"], f"{score['value']:.4f}", f"{low:.4f} to {high:.4f}", folds, str(len(facts))]
                rows.append([name, given.time, f"{took:.0f} s", *stood, "all three" if valid else "no", *figures])
            title = "From a competition's folder to a submission"
            write_section("contests", title, f"python -m benchmarks contests {command(words)}".strip(), COLUMNS, rows)
