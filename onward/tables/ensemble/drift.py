"""Adversarial validation: can rows to learn from and test rows be told apart, and by which columns?"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.challenge import Challenge, heads_of
from onward.tables.ensemble.folds import make_folds
from onward.tables.ensemble.measures import area_under_curve, find_measure
from onward.tables.ensemble.members import Spec, fit_member

__all__ = ["find_drift", "moved"]

_MOST_ROWS = 3000
_FOLDS, _RARE = 3, 8


def find_drift(challenge: Challenge, seed: int) -> dict[str, Any] | None:
    """Tell training rows from test rows by a forest; both parts are drawn to like sizes.

    Returns: `auc`, its 95 % reach by chance, and `columns` with how far each moved (0 to 1), the farthest first; None
        without test rows.
    """
    if challenge.test is None or len(challenge.test) < 20:
        return None
    chance = np.random.default_rng([seed, 29])
    count = min(_MOST_ROWS, len(challenge.x), len(challenge.test))
    parts = [each[chance.permutation(len(each))[:count]] for each in (challenge.x, challenge.test)]
    for place, feature in enumerate(challenge.features):
        if feature.kinds:
            _join_rare(parts, place, feature.kinds)
    x, y = np.concatenate(parts), np.repeat([0.0, 1.0], count)
    heads = heads_of([("part", ("train", "test"))])
    own = replace(
        challenge, x=x, y=y[:, None], heads=heads, measure=find_measure("AUC"), test=None, groups=None, times=None
    )
    folds = make_folds(own, _FOLDS, seed)
    told = np.full(len(x), 0.5)
    for fold in range(folds.count):
        spec = Spec("drift", "forest", {"trees": 40, "min_samples_leaf": 5}, seed)
        rows = folds.rows(fold)
        told[rows[1]] = fit_member(own, spec, rows, fold, clock=time.monotonic).held[:, 1]
    columns = [(feature.name, moved(parts[0][:, place], parts[1][:, place], feature.kinds)) for place, feature in
               enumerate(challenge.features)]  # fmt: skip
    return {
        "auc": area_under_curve(y, told),
        "chance": 1.96 * (1 / (6 * count)) ** 0.5,
        "columns": sorted(columns, key=lambda each: -each[1])[:10],
    }


def _join_rare(parts: list[NDArray[np.float64]], place: int, kinds: int) -> None:
    """Take rare categories for one: that most of them are in one part only is no drift."""
    counts = sum(np.bincount(each[~np.isnan(each[:, place]), place].astype(int), minlength=kinds) for each in parts)
    for each in parts:
        known = ~np.isnan(each[:, place])
        codes = each[known, place].astype(int)
        each[known, place] = np.where(np.asarray(counts)[codes] < _RARE, kinds - 1, codes)


def moved(before: NDArray[np.float64], after: NDArray[np.float64], kinds: int) -> float:
    """Say how far a column moved: the largest gap between two distributions (Kolmogorov-Smirnov), or of shares."""
    gone = abs(float(np.isnan(before).mean() - np.isnan(after).mean()))
    one, other = before[~np.isnan(before)], after[~np.isnan(after)]
    if not len(one) or not len(other):
        return gone
    full = min(len(one) / len(before), len(other) / len(after))  # of few rows a gap means little
    if kinds:
        shares = [np.bincount(each.astype(int), minlength=kinds) / len(each) for each in (one, other)]
        return max(gone, full * float(np.abs(shares[0] - shares[1]).sum() / 2))
    values = np.sort(np.concatenate([one, other]))
    gaps = np.searchsorted(np.sort(one), values, "right") / len(one)
    others = np.searchsorted(np.sort(other), values, "right") / len(other)
    return max(gone, full * float(np.abs(gaps - others).max()))
