"""What a family of members sees of a table; learned on the rows it learns from, and kept with it.

raw      numbers and category numbers as they are                                  (LightGBM)
ranked   categories as the mean target of their rows, told from other rows        (histogram boosting)
filled   ranked, with empty cells below the smallest value                        (forests)
dense    standardised numbers, skewed ones as logarithms, far ones nearer,
         and a column a category                                                  (linear, networks, SVM)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.tables.ensemble.challenge import Feature

__all__ = ["View", "fit_view"]

_MOST_KINDS_SHOWN = 60  # of a category, as columns
_FARTHEST = 3.0  # standard deviations that the farthest number is seen at
_TRUST = 12.0  # rows of a category that weigh as much as all rows together
_INNER_FOLDS = 5


class View:
    """A way to see rows, as plain arrays.

    Attributes:
        kind: `raw`, `ranked`, `filled` or `dense`.
        arrays: `means` (sum of kinds) and `begins` (F + 1) of categories' targets; `lowest` F; `numbers`, `is_log`,
            `middle`, `spread`; `gaps`: columns whose emptiness is shown; `shown`: D 2, column and category.
    """

    def __init__(self, kind: str, arrays: dict[str, NDArray[Any]]) -> None:
        self.kind, self.arrays = kind, arrays

    def check(self, columns: int) -> None:
        """Refuse arrays that point to columns the table does not have.

        Raises:
            RunFault: they do.
        """
        parts = self.arrays
        sound = self.kind == "raw"
        if self.kind in ("ranked", "filled"):
            begins = parts["begins"]
            sound = len(begins) == columns + 1 and bool((np.diff(begins) >= 0).all())
            sound = sound and begins[0] == 0 and begins[-1] == len(parts["means"])
        if self.kind == "dense":
            places = np.concatenate([parts["numbers"], parts["gaps"], parts["shown"][:, 0]])
            sound = bool((places >= 0).all() and (places < columns).all())
        if not sound:
            raise RunFault("The run is damaged: it sees columns that the table does not have. Train it anew.")

    def of(self, x: NDArray[np.float64]) -> NDArray[np.floating]:
        """See rows, N F, as N D."""
        if self.kind == "raw":
            return x
        return self._dense(x) if self.kind == "dense" else self._ranked(x)

    def _ranked(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        parts, seen = self.arrays, x.copy()
        for column in np.flatnonzero(np.diff(parts["begins"])):
            own = parts["means"][parts["begins"][column] : parts["begins"][column + 1]]
            seen[:, column] = _looked_up(own, x[:, column])
        return _filled(seen, parts["lowest"]) if self.kind == "filled" else seen

    def _dense(self, x: NDArray[np.float64]) -> NDArray[np.float32]:
        parts = self.arrays
        numbers = x[:, parts["numbers"]]
        logged = np.sign(numbers) * np.log1p(np.abs(numbers))
        numbers = (np.where(parts["is_log"], logged, numbers) - parts["middle"]) / parts["spread"]
        numbers = np.nan_to_num(numbers, nan=0.0)
        numbers = numbers / np.sqrt(1 + (numbers / _FARTHEST) ** 2)  # arXiv:2407.04491, section 3: far ones come nearer
        gaps = np.isnan(x[:, parts["gaps"]])
        kinds = np.nan_to_num(x[:, parts["shown"][:, 0]], nan=-1.0) == parts["shown"][:, 1]
        return np.concatenate([numbers, gaps, kinds], axis=1).astype(np.float32)


def fit_view(
    kind: str, features: Sequence[Feature], x: NDArray[np.float64], wanted: NDArray[np.float64], seed: int
) -> tuple[View, NDArray[np.floating]]:
    """Learn a view.

    Args:
        wanted: N, what categories are ranked by.
    Returns: the view, and how it sees these very rows: a category's mean is taken from other rows then.
    """
    if kind == "raw":
        return View(kind, {}), x
    if kind == "dense":
        view = View(kind, _dense_arrays(features, x))
        return view, view.of(x)
    begins = np.cumsum([0, *(feature.kinds for feature in features)]).astype(np.int32)
    sorts = [(place, feature.kinds) for place, feature in enumerate(features) if feature.kinds]
    means = [_means(x[:, place], wanted, kinds) for place, kinds in sorts]
    with np.errstate(all="ignore"):
        low = np.nanmin(np.where(np.isfinite(x), x, np.inf), axis=0)
        high = np.nanmax(np.where(np.isfinite(x), x, -np.inf), axis=0)
        lowest = np.where(np.isfinite(low), low - 0.02 * (high - low) - 1e-6, 0.0)
    lowest[[place for place, _ in sorts]] = wanted.mean()
    arrays = {"begins": begins, "means": np.concatenate([*means, np.zeros(0)]), "lowest": lowest}
    view = View(kind, arrays)
    seen = view.of(x)
    folds = np.random.default_rng(seed).permutation(len(x)) % _INNER_FOLDS
    for fold in range(_INNER_FOLDS):
        own = folds == fold
        for place, kinds in sorts:
            told = _looked_up(_means(x[~own, place], wanted[~own], kinds), x[own, place])
            seen[own, place] = np.where(np.isnan(told), lowest[place], told) if kind == "filled" else told
    return view, seen


def _means(cells: NDArray[np.float64], wanted: NDArray[np.float64], kinds: int) -> NDArray[np.float64]:
    known = ~np.isnan(cells)
    places = cells[known].astype(int)
    sums = np.bincount(places, wanted[known], kinds)[:kinds]
    counts = np.bincount(places, minlength=kinds)[:kinds]
    return (sums + _TRUST * wanted.mean()) / (counts + _TRUST)


def _looked_up(means: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    known = (cells >= 0) & (cells < len(means))
    return np.where(known, means[np.where(known, cells, 0).astype(int)], np.nan)


def _filled(x: NDArray[np.float64], lowest: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(x), lowest, x)


def _dense_arrays(features: Sequence[Feature], x: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    numbers = np.array([place for place, feature in enumerate(features) if not feature.kinds], np.int32)
    is_log, middle, spread = [], [], []
    for place in numbers:
        cells = x[:, place][np.isfinite(x[:, place])]
        logged = np.sign(cells) * np.log1p(np.abs(cells))
        log = len(cells) > 0 and abs(_skew(cells)) > 1 and abs(_skew(logged)) < abs(_skew(cells))
        cells = logged if log else cells
        is_log.append(log)
        middle.append(cells.mean() if len(cells) else 0.0)
        spread.append(max(float(cells.std()), 1e-9 + 1e-6 * abs(middle[-1])) if len(cells) else 1.0)
    empty = np.isnan(x).mean(axis=0)
    gaps = np.array([place for place in numbers if 0.005 < empty[place] < 1], np.int32)
    least = max(3, len(x) // 2000)
    shown: list[tuple[int, int]] = []
    for place, feature in enumerate(features):
        if not feature.kinds:
            continue
        counts = np.bincount(np.nan_to_num(x[:, place], nan=-1.0).astype(int) + 1, minlength=feature.kinds + 1)
        kinds = [kind for kind in np.argsort(-counts, kind="stable") if counts[kind] >= least][:_MOST_KINDS_SHOWN]
        shown += [(place, int(kind) - 1) for kind in (kinds[:1] if len(kinds) == 2 and sum(counts > 0) == 2 else kinds)]
    return {
        "numbers": numbers,
        "is_log": np.array(is_log, bool),
        "middle": np.array(middle, np.float64),
        "spread": np.array(spread, np.float64),
        "gaps": gaps,
        "shown": np.array(shown, np.int32).reshape(-1, 2),
    }


def _skew(values: NDArray[np.float64]) -> float:
    away = values - values.mean()
    return float((away**3).mean() / max(float((away**2).mean()) ** 1.5, 1e-300))
