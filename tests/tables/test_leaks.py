"""Each kind of planted leak is named, and where none was planted none is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onward.data.tables import Column
from onward.tables.ensemble.challenge import Challenge, Feature, heads_of
from onward.tables.ensemble.drift import find_drift
from onward.tables.ensemble.leaks import find_leaks, shared_rows
from onward.tables.ensemble.measures import find_measure

ROWS = 800


def clean(kinds: int) -> tuple[list[Column], NDArray[np.float64]]:
    """Make columns that tell something of y, but not all."""
    chance = np.random.default_rng(0)
    x = chance.normal(size=(ROWS, 3))
    city = chance.integers(0, 12, ROWS).astype(float)
    score = x[:, 0] - x[:, 1] + 0.3 * city + chance.normal(size=ROWS)
    y = np.searchsorted(np.quantile(score, np.arange(1, kinds) / kinds), score).astype(float) if kinds else score
    columns = [Column(name, x[:, place]) for place, name in enumerate("abc")]
    return [*columns, Column("city", city, tuple(f"c{n}" for n in range(12)), "category")], y


def planted(kind: str, columns: list[Column], y: NDArray[np.float64]) -> tuple[list[Column], list[Column]]:
    """Plant a leak; give the columns, and those that only name rows."""
    chance = np.random.default_rng(1)
    if kind == "column":
        return [*columns, Column("late", y + 0.01 * chance.normal(size=ROWS))], []
    if kind == "copy":
        return [*columns, Column("again", 7 - 3 * y)], []
    if kind == "shuffled":
        return [*columns, Column("mixed", chance.permutation(y))], []
    if kind == "sum":
        part = chance.normal(size=ROWS)
        return [*columns, Column("one", part), Column("two", y - part)], []
    if kind == "means":
        city = columns[-1].values.astype(int)
        means = np.bincount(city, y) / np.bincount(city)
        return [*columns, Column("encoded", means[city])], []
    assert kind == "id"
    order = np.argsort(y + 2 * chance.normal(size=ROWS))
    ids = np.empty(ROWS, int)
    ids[order] = np.arange(ROWS)
    return columns, [Column("id", np.zeros(ROWS), kind="id", words=tuple(map(str, ids)))]


@pytest.mark.parametrize("kinds", [0, 2, 4])
def test_clean_columns_are_not_accused(kinds: int) -> None:
    columns, y = clean(kinds)
    ids = Column("id", np.zeros(ROWS), kind="id", words=tuple(map(str, range(ROWS))))
    assert find_leaks(columns, [ids], "y", y, kinds) == []


@pytest.mark.parametrize(
    ("kind", "kinds", "named"),
    [
        ("column", 0, "late"),
        ("column", 2, "late"),
        ("column", 4, "late"),
        ("copy", 0, "again"),
        ("copy", 2, "again"),
        ("copy", 4, "again"),
        ("shuffled", 0, "mixed"),
        ("sum", 0, "one"),
        ("sum", 2, "two"),
        ("means", 0, "encoded"),
        ("means", 2, "encoded"),
        ("id", 0, "id"),
        ("id", 2, "id"),
    ],
)
def test_a_planted_leak_is_named(kind: str, kinds: int, named: str) -> None:
    columns, y = clean(kinds)
    leaks = find_leaks(*planted(kind, columns, y), "y", y, kinds)
    assert [leak for leak in leaks if leak.kind == kind and named in leak.columns], leaks
    assert all(name in leak.said for leak in leaks for name in leak.columns if leak.kind != "order")


@pytest.mark.parametrize("kinds", [0, 2, 3])
def test_rows_in_order_of_the_target_are_seen(kinds: int) -> None:
    columns, y = clean(kinds)
    order = np.argsort(y + np.random.default_rng(0).normal(size=ROWS), kind="stable")
    moved: list[Any] = [Column(each.name, each.values[order], each.categories, each.kind) for each in columns]
    assert [leak.kind for leak in find_leaks(moved, [], "y", y[order], kinds)] == ["order"]


def test_rows_that_stand_in_both_tables_are_counted() -> None:
    x = np.random.default_rng(0).random((50, 3))
    x[3, 1] = np.nan
    assert shared_rows(x, np.concatenate([x[:7], x[7:9] + 1])) == 7


def test_a_column_that_moved_is_named_and_like_tables_cannot_be_told_apart() -> None:
    chance = np.random.default_rng(0)
    x, test = chance.normal(size=(600, 4)), chance.normal(size=(400, 4))
    y = (x[:, :1] > 0).astype(float)
    features = tuple(Feature(name) for name in "abcd")
    parts = (features, x, y, heads_of([("y", ("n", "p"))]), find_measure("auc"), "")
    like = find_drift(Challenge(*parts, test=test), 0)
    assert like is not None
    assert like["auc"] < 0.56
    test = test.copy()
    test[:, 2] += 1.5
    moved = find_drift(Challenge(*parts, test=test), 0)
    assert moved is not None
    assert moved["auc"] > 0.75
    assert moved["columns"][0][0] == "c"
