"""Leaks planted one by one into public tables, each of which has to be named; and the tables as they are.

Nothing is trained: the scan is what `onward doctor` says before a run begins. With --removed, leaks that are
columns of adult are left out as the sentence says, a table is learned, and its estimate held against rows it never saw.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.results import command, write_section
from benchmarks.tables import SETS, deviation, part, with_reach
from onward.core.metrics import read_metrics
from onward.core.task import Source
from onward.tables.ensemble.leaks import Leak
from onward.tables.ensemble.measures import find_measure
from onward.tables.kaggle.reading import read as read_contest
from onward.tables.kaggle.settings import Settings as ContestSettings
from onward.tables.table.reading import read
from onward.tables.table.settings import Settings

COLUMNS = ("table", "planted", "named", "first sentence")
_MOST_ROWS = 6000
_Table = tuple[list[str], list[list[str]]]


def _numbers(rows: Sequence[Sequence[str]]) -> np.ndarray:
    """Give the targets as numbers; classes in the order of their names."""
    cells = [row[-1] for row in rows]
    kinds = {name: place for place, name in enumerate(sorted(set(cells)))}
    return np.array([float(cell) if len(kinds) > 2 else kinds[cell] for cell in cells])


def _with(table: _Table, name: str, cells: Sequence[str]) -> _Table:
    return [name, *table[0]], [[cell, *row] for cell, row in zip(cells, table[1], strict=True)]


def _is_category(cells: Sequence[str]) -> bool:
    return 3 < len(set(cells)) < 60 and not any(cell.strip().replace(".", "").isdigit() for cell in cells)


def _plant(kind: str, table: _Table) -> _Table:
    chance = np.random.default_rng(1)
    y = _numbers(table[1])
    if kind == "column":
        return _with(table, "planted", [f"{each:.6f}" for each in y + 0.02 * y.std() * chance.normal(size=len(y))])
    if kind == "copy":
        return _with(table, "planted", [f"{7 - 3 * each:.6f}" for each in y])
    if kind == "shuffled":
        return _with(table, "planted", [f"{each:g}" for each in chance.permutation(y)])
    if kind == "sum":
        one = chance.normal(size=len(y)) * y.std()
        other = _with(table, "planted", [f"{each:.9f}" for each in one])
        return _with(other, "planted_too", [f"{each:.9f}" for each in y - one])
    if kind == "means":
        place = next(at for at in range(len(table[0]) - 1) if _is_category([row[at] for row in table[1]]))
        groups = [row[place] for row in table[1]]
        means = {name: y[[each == name for each in groups]].mean() for name in set(groups)}
        return _with(table, "planted", [f"{means[each]:.9f}" for each in groups])
    order = np.argsort(y + 2 * y.std() * chance.normal(size=len(y)), kind="stable")
    if kind == "order":
        return table[0], [table[1][place] for place in order]
    numbers = np.empty(len(y), int)
    numbers[order] = 100_000 + np.arange(len(y))
    return _with(table, "id", [str(each) for each in numbers])


def _write(path: Path, table: _Table) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([table[0], *table[1]])
    return path


def _contest(kind: str, table: _Table, place: Path) -> list[str]:
    """Plant what only a competition's folder can hold; give what is said."""
    (names, rows), half = table, len(table[1]) // 2
    train, test = rows[:half], rows[half:]
    if kind == "twins":
        test = [*train[: half // 10], *test]
    known = _with((names, train), "planted", [row[-1] for row in train]) if kind == "only" else (names, train)
    _write(place / "train.csv", known)
    number = [str(each) for each in range(len(test))]
    asked = _with((names[:-1], [row[:-1] for row in test]), "key", number)
    _write(place / "test.csv", asked)
    _write(place / "sample_submission.csv", (["key", names[-1]], [[each, train[0][-1]] for each in number]))
    found = read_contest(Source((str(place),)), ContestSettings())
    return [*found.said, *(leak.said for leak in found.leaks)]


def _removed(kind: str, seconds: float, place: Path) -> list[str]:
    """Plant a leak into adult, leave it out, learn, and hold the estimate against the test rows."""
    split = part("adult", 0, place)
    with split.train.open(encoding="utf-8", newline="") as file:
        names, *cells = csv.reader(file)
    path = _write(place / f"{kind}.csv", _plant(kind, (names, cells[:_MOST_ROWS])))
    dropped = "columns=" + ",".join(f"{name}=drop" for name in ("planted", "planted_too")[: 1 + (kind == "sum")])
    onward, run = [sys.executable, "-m", "onward"], place / f"run-{kind}"
    words = [str(path), "--target", "target", "--metric", "AUC", "--set", dropped, "--time", f"{seconds:g}s"]
    subprocess.run([*onward, "train", "table", *words, "--out", str(place), "--name", run.name], check=True)
    told = place / f"told-{kind}"
    subprocess.run([*onward, "apply", str(run), str(split.test), "--out", str(told)], check=True)
    own = next(fact for fact in read_metrics(run / "metrics.jsonl", "score") if fact["name"] == "AUC")
    value, reach = with_reach(split.truth, told / "predictions.csv")
    gap = (own["value"] - value) / (deviation(own["interval"]) ** 2 + reach**2) ** 0.5
    figures = [
        f"{own['value']:.4f}",
        f"{deviation(own['interval']):.4f}",
        f"{value:.4f}",
        f"{reach:.4f}",
        f"{gap:+.2f}",
    ]
    return [kind, *figures, "yes" if abs(gap) <= 2 else "NO"]


def _named(leaks: Sequence[Leak], kind: str) -> Leak | None:
    return next((leak for leak in leaks if leak.kind == kind), None)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=["adult", "abalone"], choices=list(SETS))
    parser.add_argument("--removed", type=float, help="leave planted columns out and learn for so many seconds each")
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    if given.removed:
        for kind in ("column", "sum", "means"):
            with tempfile.TemporaryDirectory() as aside:
                rows.append(_removed(kind, given.removed, Path(aside)))
            heads = (
                "planted, then left out",
                "estimate of AUC",
                "its sd",
                "so it is",
                "sd of that",
                "gap in sd",
                "within 2",
            )
            told = f"python -m benchmarks table_leaks {command(words)}"
            write_section("table_leaks_removed", "Leaks left out: is the estimate honest then?", told, heads, rows)
        return
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside)
        for name in given.sets:
            split = part(name, 0, place)
            with split.train.open(encoding="utf-8", newline="") as file:
                names, *cells = csv.reader(file)
            table = names, cells[:_MOST_ROWS]
            is_number = find_measure(SETS[name][1]).kind == "numbers"
            has_words = any(_is_category([row[at] for row in table[1]]) for at in range(len(names) - 1))
            kinds = ["column", "copy", "sum", "order", "id", *(["shuffled"] if is_number else [])]
            for kind in [*kinds, *(["means"] if has_words else [])]:
                path = _write(place / "planted.csv", _plant(kind, table))
                found = read(Source((str(path),)), Settings(target=names[-1])).leaks
                own = _named(found, kind)
                rows.append([name, kind, "yes" if own else "no", own.said if own else "; ".join(f.said for f in found)])
            looks: dict[str, Callable[[str], bool]] = {
                "only": lambda said: "planted" in said and "alone" in said,
                "twins": lambda said: "stand in the training table too" in said,
            }
            for kind, is_it in looks.items():
                said = next((each for each in _contest(kind, table, place) if is_it(each)), None)
                rows.append([name, kind, "yes" if said else "no", said or ""])
        for name in SETS:
            found = read(Source((str(part(name, 0, place).train),)), Settings()).leaks
            rows.append([name, "nothing", str(len(found)), "; ".join(leak.said for leak in found)])
    write_section("table_leaks", "Planted leaks", f"python -m benchmarks table_leaks {command(words)}".strip(),
                  COLUMNS, rows)  # fmt: skip
