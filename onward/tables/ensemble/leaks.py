"""What tells the target too well to be true: single columns, sums, ids, the order of rows, means of the target, twins.

A leak is something that will not be there when it matters. None of these is proof; each is a sentence to check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.data.tables import Column
from onward.tables.ensemble.measures import area_under_curve

__all__ = ["Leak", "find_leaks", "shared_rows", "told_by"]

_TOO_GOOD = 0.98
_SAME = 0.99999
_MOST_ROWS, _MOST_COLUMNS = 20_000, 500
_BLOCKS = 20
_ORDER_SHARE = 0.02  # of the variance, beyond chance


@dataclass(frozen=True)
class Leak:
    """Something that tells the target too well.

    Attributes:
        kind: `column`, `copy`, `sum`, `order`, `id`, `means`, `shuffled`, `only`, `twins`.
        columns: which.
        said: a sentence.
    """

    kind: str
    columns: tuple[str, ...]
    said: str


def find_leaks(
    columns: Sequence[Column], aside: Sequence[Column], name: str, y: NDArray[np.float64], kinds: int
) -> list[Leak]:
    """Look for leaks.

    Args:
        columns: to predict from.
        aside: those that only name rows.
        name: the target's.
        y: N class numbers (`kinds` of them), or numbers (0).
    """
    every = max(1, len(y) // _MOST_ROWS)
    rows = np.arange(0, len(y), every)
    some, found = y[rows], []
    if len(some) < 20 or len(np.unique(some)) < 2:
        return []
    for column in list(columns)[:_MOST_COLUMNS]:
        if column.kind not in ("text", "id") and (leak := _single(column, column.values[rows], name, some, kinds)):
            found.append(leak)
    known = {each.columns[0] for each in found}
    numbers = [each for each in columns if each.kind == "number" and each.name not in known][:_MOST_COLUMNS]
    if not kinds or kinds == 2:
        found += _sums(numbers, rows, name, some)
    found += _means(columns, numbers, rows, name, some, kinds)
    found += _order(rows, name, some, kinds)
    for column in aside:
        ids = _numbers_of(column)
        if ids is not None and len(np.unique(ids)) > 1 and np.corrcoef(ids, np.arange(len(ids)))[0, 1] < _TOO_GOOD:
            found += _order(ids[rows], name, some, kinds, column.name)
    return found


def told_by(values: NDArray[np.float64], y: NDArray[np.float64], kinds: int) -> float:
    """Say how well one column alone tells the target: AUC for two classes, a share of 1 for others.

    Args:
        values: N numbers or category numbers, NaN where empty.
    """
    cells = np.where(np.isnan(values), -1e300, values)
    if kinds == 2:
        area = area_under_curve(y, cells)
        by_kind = _by_kind(cells, y)
        return max(area, 1 - area, 0.5 if by_kind is None else area_under_curve(y, by_kind))
    blocks = _blocks(cells)
    if kinds:
        table = np.zeros((blocks.max() + 1, kinds))
        np.add.at(table, (blocks, y.astype(int)), 1)
        right, most = table.max(axis=1).sum() / len(y), table.sum(axis=0).max() / len(y)
        return float((right - most) / max(1 - most, 1e-12))
    ranks = np.argsort(np.argsort(cells))
    rising = np.corrcoef(ranks, np.argsort(np.argsort(y)))[0, 1] ** 2 if len(np.unique(cells)) > len(y) / 4 else 0.0
    straight = np.corrcoef(values, y)[0, 1] ** 2 if not np.isnan(values).any() and values.std() > 0 else 0.0
    return float(max(_explained(blocks, y), np.nan_to_num(rising), np.nan_to_num(straight)))


def _by_kind(cells: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Give each row the share of positives among the other rows of its value, where values repeat."""
    _, place, counts = np.unique(cells, return_inverse=True, return_counts=True)
    if len(counts) > len(y) / 10:
        return None
    sums = np.bincount(place.ravel(), y)[place.ravel()]
    return (sums - y + y.mean()) / counts[place.ravel()]


def _blocks(cells: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number rows by value where there are few, else by stretches of at least 20 rows."""
    kinds, place = np.unique(cells, return_inverse=True)
    if len(kinds) <= max(2, len(cells) // 20):
        return place.ravel().astype(np.int64)
    return np.argsort(np.argsort(cells, kind="stable")) * min(50, len(cells) // 20) // len(cells)


def _explained(blocks: NDArray[np.int64], y: NDArray[np.float64]) -> float:
    """Give the share of variance that lies between blocks, less what chance gives."""
    counts = np.bincount(blocks)
    means = np.bincount(blocks, y) / np.maximum(counts, 1)
    within = float(((y - means[blocks]) ** 2).sum())
    spare = max(1, len(y) - int((counts > 0).sum()))
    return 1 - within / spare / max(float(y.var()) * len(y) / max(1, len(y) - 1), 1e-300)


def _single(column: Column, cells: NDArray[np.float64], name: str, y: NDArray[np.float64], kinds: int) -> Leak | None:
    here = ~np.isnan(cells)
    if here.all() and (copy := _copy(column.name, cells, name, y, kinds)):
        return copy
    if not kinds and len(np.unique(cells)) > 20 and here.all() and np.array_equal(np.sort(cells), np.sort(y)):
        said = f"{column.name} holds the very values of {name} in another order: a shuffled copy of the target?"
        return Leak("shuffled", (column.name,), said)
    figure = told_by(cells, y, kinds)
    if figure <= _TOO_GOOD:
        return None
    what = f"AUC {figure:.3f}" if kinds == 2 else f"{100 * figure:.1f} % of it"
    said = f"{column.name} alone tells {name} ({what}): would it be known before the answer is?"
    return Leak("column", (column.name,), said)


def _copy(column: str, cells: NDArray[np.float64], name: str, y: NDArray[np.float64], kinds: int) -> Leak | None:
    if kinds:
        pairs = np.unique(np.stack([cells, y], axis=1), axis=0)
        if len(pairs) == len(np.unique(y)) == len(np.unique(cells)):
            said = f"{column} is {name} itself, each class by another name: leave it out (--set columns={column}=drop)."
            return Leak("copy", (column,), said)
        return None
    if cells.std() > 0 and abs(np.corrcoef(cells, y)[0, 1]) > _SAME:
        said = f"{column} is {name} itself, in other units at most: leave it out (--set columns={column}=drop)."
        return Leak("copy", (column,), said)
    return None


def _sums(numbers: Sequence[Column], rows: NDArray[np.int64], name: str, y: NDArray[np.float64]) -> list[Leak]:
    """Look for columns that add up to the target, each counted as it is or turned round."""
    full = [each for each in numbers if not np.isnan(each.values[rows]).any() and each.values[rows].std() > 0]
    if len(full) < 2 or len(rows) < 3 * len(full):
        return []
    x = np.stack([each.values[rows] for each in full], axis=1)
    x, wanted, spreads = x - x.mean(axis=0), y - y.mean(), x.std(axis=0)
    weights = np.linalg.lstsq(x / spreads, wanted, rcond=1e-10)[0]
    if 1 - float(((wanted - x / spreads @ weights) ** 2).sum() / (wanted**2).sum()) < _SAME:
        return []
    parts = [each.name for each, weight in zip(full, weights, strict=True) if abs(weight) > 1e-3 * wanted.std()]
    if len(parts) < 2:
        return []
    said = f"{', '.join(parts[:6])} add up to {name}: would all of them be known before the answer is?"
    return [Leak("sum", tuple(parts), said)]


def _means(
    columns: Sequence[Column],
    numbers: Sequence[Column],
    rows: NDArray[np.int64],
    name: str,
    y: NDArray[np.float64],
    kinds: int,
) -> list[Leak]:
    """Look for numbers that are a category's mean target: encoded before the rows were parted."""
    if kinds > 2:
        return []
    found = []
    for group in [each for each in columns if each.kind == "category"][:50]:
        cells = np.nan_to_num(group.values[rows], nan=-1.0).astype(int) + 1
        counts = np.bincount(cells)
        if (counts > 0).sum() < 4:
            continue
        means = (np.bincount(cells, y) / np.maximum(counts, 1))[cells]
        for column in numbers[:200]:
            values = column.values[rows]
            if np.isnan(values).any() or values.std() == 0 or means.std() == 0:
                continue
            if abs(np.corrcoef(values, means)[0, 1]) > _SAME:
                said = f"{column.name} is the mean {name} of each {group.name}: it was made with the answers in sight."
                found.append(Leak("means", (column.name, group.name), said))
    return found


def _order(
    places: NDArray[np.generic], name: str, y: NDArray[np.float64], kinds: int, column: str | None = None
) -> list[Leak]:
    blocks = np.argsort(np.argsort(places, kind="stable")) * _BLOCKS // len(places)
    each = [(y == kind).astype(float) for kind in range(kinds)] if kinds > 2 else [y]
    share = max(_explained(blocks, own) for own in each if own.std() > 0)
    if share < _ORDER_SHARE + 4 * _BLOCKS**0.5 / len(y):
        return []
    if column is None:
        said = f"The order of the rows tells {100 * share:.0f} % of {name}: rows were sorted, or the source changed."
        return [Leak("order", ("",), said)]
    return [Leak("id", (column,), f"{column}, which only names rows, tells {100 * share:.0f} % of {name}.")]


def _numbers_of(column: Column) -> NDArray[np.float64] | None:
    """Give an id's numbers, if it has some."""
    try:
        return np.array([float(word) for word in column.words]) if column.words else None
    except ValueError:
        return None


def shared_rows(x: NDArray[np.float64], other: NDArray[np.float64]) -> int:
    """Count rows of `other` that stand in `x` too."""
    keys = {row.tobytes() for row in np.nan_to_num(x, nan=-1.25e300)}
    return sum(row.tobytes() in keys for row in np.nan_to_num(other, nan=-1.25e300))
