"""What a column is worth to a grown forest, and how what is told depends on it.

Permutation importance (Breiman 2001, section 10): what the score loses when a column's cells are shuffled among the
rows kept aside. Partial dependence (Friedman 2001, equation 53): the mean of what is told when every row is given the
same value of a column.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.parts.plots import curves_picture
from onward.tables.columns import Design
from onward.tables.forest.growing import Forest
from onward.tables.forest.importance import bars_picture

__all__ = ["dependence_pictures", "permutation_importance", "permutation_picture"]

_TREES = 60
_ROWS = 1_000
_DEPENDENT_ROWS, _GRID = 200, 16
_PICTURES, _MOST_CURVES, _MOST_BARS = 4, 6, 10


def permutation_importance(
    forest: Forest, design: Design, x: NDArray[np.float64], y: NDArray[np.float64], seconds: float
) -> NDArray[np.float64] | None:
    """Give what the score loses without each column; None if there is no time to ask of all.

    The score is accuracy, or the share of variance explained, of the first trees on some rows.
    """
    began = time.monotonic()
    x, y = x[:_ROWS], y[:_ROWS]
    whole = _score(forest, x, y)
    once = time.monotonic() - began
    if once * len(design.columns) > 0.8 * seconds:
        return None
    chance = np.random.default_rng(0)
    lost = np.zeros(len(design.columns))
    for column in range(len(lost)):
        own = np.flatnonzero(design.sources == column)
        mixed = x.copy()
        mixed[:, own] = mixed[chance.permutation(len(mixed))][:, own]
        lost[column] = whole - _score(forest, mixed, y)
        if time.monotonic() - began > seconds:
            return None
    return lost


def permutation_picture(names: list[str], lost: NDArray[np.float64], *, is_number: bool) -> Picture:
    """Draw it, most important first."""
    what = "share of variance explained" if is_number else "share that is right"
    caption = f"what the {what} loses when a column is shuffled among the rows kept aside"
    return bars_picture(names, np.maximum(lost, 0), [f"{100 * each:.1f}" for each in lost], caption)


def dependence_pictures(
    forest: Forest, design: Design, x: NDArray[np.float64], order: NDArray[np.int64], seconds: float
) -> Iterator[Picture]:
    """Draw how what is told depends on the most important columns, one by one, while there is time.

    Args:
        order: columns, most important first.
    """
    began = time.monotonic()
    rows = x[:: max(1, len(x) // _DEPENDENT_ROWS)][:_DEPENDENT_ROWS]
    classes = list(forest.facts["classes"])
    shown = [1] if len(classes) == 2 else list(range(min(len(classes), _MOST_CURVES))) or [0]
    names = [classes[kind] for kind in shown] if classes else [str((forest.facts["target"] or {}).get("name", "told"))]
    slowest = 0.0
    for column in order[:_PICTURES].tolist():
        start = time.monotonic()
        source, own = design.columns[column], np.flatnonzero(design.sources == column)
        cells = x[:, own[0]]
        cells = cells[~np.isnan(cells)]
        if source.kind == "text" or source.kind == "date" or len(np.unique(cells)) < 2:
            continue
        is_category = source.kind == "category"
        grid = np.arange(float(min(len(source.categories), _MOST_BARS))) if is_category else _grid(cells)
        told = np.array([_told(forest, rows, int(own[0]), float(value))[shown] for value in grid])
        what = "mean probability" if classes else "mean"
        caption = f"how the {what} told depends on {source.name}, all else being as it is"
        if is_category:
            labels = [source.categories[int(value)] for value in grid]
            title = f"{caption}: {names[0]}"
            yield bars_picture(
                labels, told[:, 0] - min(0.0, float(told[:, 0].min())), [f"{v:.3g}" for v in told[:, 0]], title
            )
        else:
            curves = {name: told[:, place] for place, name in enumerate(names)}
            yield Picture(curves_picture(grid, curves, f"{what}, by {source.name}", unit=""), caption)
        slowest = max(slowest, time.monotonic() - start)
        if time.monotonic() - began + slowest > seconds:
            return


def _grid(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose the values to draw at: all, or where they are many as many below as above each.

    Example:
        >>> len(_grid(np.array([0.0] * 9900 + list(range(100))))) > 10
        True
    """
    values = np.unique(cells)
    if len(values) <= _GRID:
        return values
    shares = np.linspace(2, 98, _GRID)
    grid = np.unique(np.percentile(cells, shares))
    if len(grid) < _GRID // 2:  # most rows have one value; what the others have is to be seen too
        grid = np.unique(np.concatenate([grid, np.percentile(values, shares)]))
    return grid


def _told(forest: Forest, rows: NDArray[np.float64], place: int, value: float) -> NDArray[np.float64]:
    given = rows.copy()
    given[:, place] = value
    return forest.predict(given, _TREES).mean(axis=0)


def _score(forest: Forest, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    told = forest.predict(x, _TREES)
    if forest.classes:
        return float((told.argmax(axis=1) == y).mean())
    return 1 - float(((told[:, 0] - y) ** 2).mean() / max(float(y.var()), 1e-12))
