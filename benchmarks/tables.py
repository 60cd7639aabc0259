"""Tables told: eight public sets, a quarter held out, beside one LightGBM as it comes and, where installed, peers.

Every program gets the same rows, the same wall time and the same rows to tell, which it sees without their answers.
adult has a test file of its own. The estimate is what the run says of itself, before anybody saw the held-out rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import command, real_data, write_section
from onward.data.table_cells import Sheet, read_sheet
from onward.data.table_files import open_table
from onward.data.tables import read_table
from onward.tables.ensemble.challenge import heads_of
from onward.tables.ensemble.exam import Answered, measured
from onward.tables.ensemble.families.boosting import fit_lightgbm, tell
from onward.tables.ensemble.families.lesson import Lesson
from onward.tables.ensemble.measures import find_measure

SETS = {  # address below tables/, measure, has names, its own test file
    "titanic": ("titanic/train.csv", "AUC", True, None),
    "house-prices": ("house-prices/train.csv", "RMSLE", True, None),
    "adult": ("uci/adult-train.csv", "AUC", False, "uci/adult-test.csv"),
    "german": ("uci/german.csv", "AUC", False, None),
    "auto_imports": ("uci/auto_imports.csv", "RMSE", False, None),
    "abalone": ("uci/abalone.csv", "RMSE", False, None),
    "winequality-white": ("uci/winequality-white.csv", "log loss", False, None),
    "banknote": ("uci/banknote_authentication.csv", "AUC", False, None),
}
TARGETS = {"titanic": "Survived"}
PEERS = ("flaml", "autogluon")
COLUMNS = ("set", "split", "measure", "one LightGBM", "estimate", "interval", "gain in the same folds", "Onward",
           *PEERS, "seconds", "peak memory")  # fmt: skip


@dataclass(frozen=True)
class Split:
    """A set parted: two tables with the target last, and the answers of the second."""

    train: Path
    test: Path
    names: list[str]
    truth: list[str]


def part(name: str, seed: int, place: Path) -> Split:
    """Write train and test as csv files."""
    address, _, has_names, own_test = SETS[name]
    sheet = read_sheet(open_table(str(real_data() / "tables" / address)), has_names)
    target = sheet.names.index(TARGETS.get(name, sheet.names[-1]))
    rows = _target_last(sheet, target)
    if own_test is None:
        order = np.random.default_rng([seed, 11]).permutation(len(rows))
        held = set(order[: len(rows) // 4].tolist())
        parts = [[row for at, row in enumerate(rows) if (at in held) == is_test] for is_test in (False, True)]
    else:
        other = read_sheet(open_table(str(real_data() / "tables" / own_test)), has_names)
        parts = [rows, [[*row[:-1], row[-1].rstrip(".")] for row in _target_last(other, target)]]
    names = [each for at, each in enumerate(sheet.names) if at != target] + ["target"]
    for path, rows, heads in ((place / "train.csv", parts[0], names), (place / "test.csv", [r[:-1] for r in parts[1]],
                                                                       names[:-1])):  # fmt: skip
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([heads, *rows])
    return Split(place / "train.csv", place / "test.csv", names, [row[-1] for row in parts[1]])


def _target_last(sheet: Sheet, target: int) -> list[list[str]]:
    return [[cell for at, cell in enumerate(row) if at != target] + [row[target]] for row in sheet.rows]


def score(measure: str, truth: list[str], told: Path) -> float:
    """Score a predictions.csv: `prediction`, and `probability_CLASS` for classes."""
    with told.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    classes = tuple(name.removeprefix("probability_") for name in rows[0] if name.startswith("probability_"))
    if not classes:
        real, answers = np.array(truth, float), np.array([[float(row["prediction"])] for row in rows])
    else:
        real = np.array([classes.index(each) if each in classes else 0 for each in truth], float)
        answers = np.array([[float(row[f"probability_{name}"]) for name in classes] for row in rows])
    answered = Answered(heads_of([("target", classes)]), real[:, None], answers, answers.argmax(axis=1)[:, None])
    return measured(find_measure(measure), answered)


def floor(split: Split, measure: str, place: Path) -> Path:
    """Fit one LightGBM on raw columns: 300 trees, learning rate .04, 15 leaves, one thread."""
    train = read_table(str(split.train))
    columns = [each for each in train.columns if each.name != "target" and each.kind in ("number", "category", "date")]
    test = {each.name: each.values for each in read_table(str(split.test), columns).columns}
    target = train.column("target")
    kinds = np.unique(target.values)
    is_classes = find_measure(measure).kind != "numbers"
    y = np.searchsorted(kinds, target.values).astype(float) if is_classes else target.values
    categories = tuple(at for at, each in enumerate(columns) if each.categories)
    y = np.log1p(y) if measure == "RMSLE" else y
    rules = {"learning_rate": 0.04, "num_leaves": 15, "trees": 300}
    lesson = Lesson(np.stack([each.values for each in columns], 1), y, len(kinds) if is_classes else 0, 0, 1,
                    categories, rules=rules)  # fmt: skip
    told = tell(fit_lightgbm(lesson), np.stack([test[each.name] for each in columns], 1), lesson.kinds)
    told = np.expm1(told) if measure == "RMSLE" else told
    names = [target.categories[int(kind)] if target.categories else f"{kind:g}" for kind in kinds]
    heads = ["prediction", *(f"probability_{name}" for name in (names if is_classes else ()))]
    with (place / "floor.csv").open("w", newline="", encoding="utf-8") as file:
        rows = [[names[int(row.argmax())], *row] if is_classes else list(row) for row in told.tolist() for row in
                [np.array(row)]]  # fmt: skip
        csv.writer(file).writerows([heads, *rows])
    return place / "floor.csv"


def ours(split: Split, measure: str, limits: list[str], seed: int, place: Path) -> dict[str, Any]:
    """Train and apply by the commands a user types."""
    onward = [sys.executable, "-m", "onward"]
    began = time.monotonic()
    words = ["--metric", measure, "--seed", str(seed), "--out", str(place), "--name", "run", "--predict"]
    kind = "number" if find_measure(measure).kind == "numbers" else "classes"
    child = os.spawnv(os.P_NOWAIT, sys.executable, [*onward, "train", "table", str(split.train), *limits, *words, kind])
    _, status, used = os.wait4(child, 0)
    seconds = time.monotonic() - began
    if status:
        sys.exit(f"table on {split.train} ended with {status}")
    subprocess.run([*onward, "apply", str(place / "run"), str(split.test), "--out", str(place / "told")], check=True)
    facts = [json.loads(line) for line in (place / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    own = next(fact for fact in facts if fact["kind"] == "score" and fact["name"] == measure)
    gain = next((fact for fact in facts if fact["kind"] == "score" and "gained on" in fact["name"]), None)
    told = {"path": place / "told" / "predictions.csv", "score": own, "gain": gain}
    return told | {"seconds": seconds, "megabytes": used.ru_maxrss / 1024}


def peer(name: str, python: str, split: Split, measure: str, seconds: float, place: Path) -> Path | None:
    """Let a peer learn and tell, in its own environment."""
    out = place / f"{name}.csv"
    script = Path(__file__).with_name("peer_tables.py")
    words = [python, str(script), name, str(split.train), str(split.test), measure, str(seconds), str(out)]
    answer = subprocess.run(words, check=False, capture_output=True, text=True)
    if answer.returncode:
        print(f"{name}: {answer.stderr.strip().splitlines()[-1:]}")
        return None
    return out


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--steps", help="count fits instead; the peers still have the seconds")
    parser.add_argument("--peer-python", help="a Python that has FLAML and AutoGluon")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--section", default="tables", help="of RESULTS.md")
    given = parser.parse_args(words)
    limits = ["--steps", given.steps] if given.steps else ["--time", f"{given.seconds:g}s"]
    rows: list[list[str]] = []
    for name in given.sets:
        measure = SETS[name][1]
        for seed in range(1 if SETS[name][3] else given.seeds):
            with tempfile.TemporaryDirectory() as aside:
                place = Path(aside)
                split = part(name, seed, place)
                row = dict.fromkeys(COLUMNS, "") | {"set": name, "split": str(seed), "measure": measure}
                row["one LightGBM"] = f"{score(measure, split.truth, floor(split, measure, place)):.4f}"
                own = ours(split, measure, limits, seed, place)
                row["Onward"] = f"{score(measure, split.truth, own['path']):.4f}"
                row["estimate"] = f"{own['score']['value']:.4f}"
                row["interval"] = " to ".join(f"{end:.4f}" for end in own["score"]["interval"])
                row["seconds"], row["peak memory"] = f"{own['seconds']:.0f}", f"{own['megabytes']:,.0f} MB"
                if own["gain"] is not None:
                    ends = " to ".join(f"{end:.4f}" for end in own["gain"]["interval"])
                    row["gain in the same folds"] = f"{own['gain']['value']:.4f} ({ends})"
                for each in given.peers if given.peer_python else ():
                    told = peer(each, given.peer_python, split, measure, given.seconds, place)
                    row[each] = "failed" if told is None else f"{score(measure, split.truth, told):.4f}"
            rows.append([row[column] for column in COLUMNS])
            title = "Tables told: the measure on held-out rows that no program saw answered"
            write_section(given.section, title, f"python -m benchmarks tables {command(words)}", COLUMNS, rows)
