"""Tables told: eight public sets, a quarter held out, beside one LightGBM as it comes and, where installed, peers.

Every program gets the same rows, the same wall time and the same rows to tell, which it sees without their answers.
adult has a test file of its own. A held-out row that is also among the others (a fifth of the wines are there twice) is
not asked: it would tell who remembers, not who has learned. The estimate is what the run says of itself, before anybody
saw the held-out rows.
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
from onward.tables.ensemble.measures import area_under_curve, find_measure
from onward.tables.made import customers

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
_MADE, _FRESH, _FIRST_FRESH = 3000, 20_000, 1_000_000  # made customers: to learn from, to tell, the number of the first
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


def part(name: str, seed: int, place: Path, *, by_lot: bool = False) -> Split:
    """Write train and test as csv files; by lot also where there is a test file."""
    address, _, has_names, own_test = SETS[name]
    sheet = read_sheet(open_table(str(real_data() / "tables" / address)), has_names)
    target = sheet.names.index(TARGETS.get(name, sheet.names[-1]))
    rows = _target_last(sheet, target)
    if own_test is None or by_lot:
        order = np.random.default_rng([seed, 11]).permutation(len(rows))
        held = set(order[: len(rows) // 4].tolist())
        parts = [[row for at, row in enumerate(rows) if (at in held) == is_test] for is_test in (False, True)]
        learned = {tuple(row[:-1]) for row in parts[0]}
        parts[1] = [row for row in parts[1] if tuple(row[:-1]) not in learned]
    else:
        other = read_sheet(open_table(str(real_data() / "tables" / own_test)), has_names)
        parts = [rows, [[*row[:-1], row[-1].rstrip(".")] for row in _target_last(other, target)]]
    names = [each for at, each in enumerate(sheet.names) if at != target] + ["target"]
    return written(place, names, *parts)


def written(place: Path, names: list[str], train: list[list[str]], test: list[list[str]]) -> Split:
    """Write the tables, the second without its answers."""
    asked = [row[:-1] for row in test]
    for path, rows, heads in ((place / "train.csv", train, names), (place / "test.csv", asked, names[:-1])):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([heads, *rows])
    return Split(place / "train.csv", place / "test.csv", names, [row[-1] for row in test])


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


def honest(limits: list[str], splits: int, told: str) -> None:
    """Hold what runs say of themselves against what is so, on adult and on made customers whose chances are known.

    A gap counts in standard deviations: of the estimate and, on adult, of the score on the held-out quarter too.
    """
    rows = []
    for name in ("adult", "made customers"):
        for number in range(splits):
            with tempfile.TemporaryDirectory() as aside:
                place = Path(aside)
                split = _quarter(number, place) if name == "adult" else _made(number, place)
                own = ours(split, "AUC", limits, number, place)
                estimate, spread = own["score"]["value"], deviation(own["score"]["interval"])
                if name == "adult":
                    value, reach = with_reach(split.truth, own["path"])
                else:
                    value, reach = _expected(customers(_FRESH, _FIRST_FRESH)[2], own["path"]), 0.0
            gap = (estimate - value) / max((spread**2 + reach**2) ** 0.5, 1e-9)
            figures = [f"{estimate:.4f}", f"{spread:.4f}", f"{value:.4f}", f"{reach:.4f}" if reach else "known"]
            rows.append([name, str(number), *figures, f"{gap:+.2f}", "yes" if abs(gap) <= 2 else "NO"])
            columns = ("set", "split", "estimate of AUC", "its sd", "so it is", "sd of that", "gap in sd", "within 2")
            write_section("tables_honest", "Is the estimate honest?", told, columns, rows)


def _quarter(number: int, place: Path) -> Split:
    """Part adult's own training rows: a quarter is held out, another one each time."""
    return part("adult", number, place, by_lot=True)


def _made(number: int, place: Path) -> Split:
    """Make 3,000 customers, others each time, and 20,000 to tell whose chances are known."""
    names, rows, _ = customers(_MADE, _MADE * number)
    _, fresh, _ = customers(_FRESH, _FIRST_FRESH)
    heads = [*names[:-1], "target"]
    return written(place, heads, rows, fresh)


def deviation(interval: list[float]) -> float:
    """Give the standard deviation that a 95 % interval stands for."""
    return (interval[1] - interval[0]) / (2 * 1.96)


def _last_column(told: Path) -> np.ndarray:
    with told.open(encoding="utf-8", newline="") as file:
        return np.array([float(row[-1]) for row in list(csv.reader(file))[1:]])


def with_reach(truth: list[str], told: Path) -> tuple[float, float]:
    """Give the AUC on held-out rows, and its standard deviation by drawing the rows again and again."""
    real, shares = np.array([each == max(truth) for each in truth], float), _last_column(told)
    chance = np.random.default_rng(0)
    draws = [area_under_curve(real[rows], shares[rows]) for rows in chance.integers(0, len(real), (200, len(real)))]
    return area_under_curve(real, shares), float(np.std(draws))


def _expected(chances: np.ndarray, told: Path) -> float:
    """Give the AUC that answers have over all that may come true: each row is a `yes` by its chance, else a `no`."""
    shares = _last_column(told)
    order = np.argsort(shares)
    weights, others = chances[order], 1 - chances[order]
    _, begins = np.unique(shares[order], return_index=True)
    yes, no = np.add.reduceat(weights, begins), np.add.reduceat(others, begins)
    return float((yes * (np.cumsum(no) - no / 2)).sum() / (weights.sum() * others.sum()))


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0, help="so that splits can be measured one at a time")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--steps", help="count fits instead; the peers still have the seconds")
    parser.add_argument("--peer-python", help="a Python that has FLAML and AutoGluon")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--section", default="tables", help="of RESULTS.md")
    parser.add_argument("--part", choices=("honest",), help="hold estimates against the truth instead")
    parser.add_argument("--splits", type=int, default=5, help="of each set, for --part honest")
    given = parser.parse_args(words)
    limits = ["--steps", given.steps] if given.steps else ["--time", f"{given.seconds:g}s"]
    if given.part == "honest":
        honest(limits, given.splits, f"python -m benchmarks tables {command(words)}")
        return
    rows: list[list[str]] = []
    for name in given.sets:
        measure = SETS[name][1]
        for seed in range(given.first_seed, given.first_seed + (1 if SETS[name][3] else given.seeds)):
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
