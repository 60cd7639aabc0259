"""How well rows are predicted: beside the majority class or the middle of the target, with intervals by bootstrap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onward.core.metrics import Baseline, Score
from onward.parts.intervals import mean_interval, share_interval, widened

__all__ = ["area_under_curve", "scores_of"]

_ROUNDS = 200


def scores_of(predicted: NDArray[np.float64], y: NDArray[np.float64], known: NDArray[np.float64]) -> Iterator[Score]:
    """Score predictions: accuracy and, of two classes, the area under the ROC curve; or the errors of a number.

    Args:
        predicted: N C probabilities, or N 1 numbers.
        known: the targets that were learned from, for the baseline.
    """
    if predicted.shape[1] > 1:
        right = (predicted.argmax(axis=1) == y).astype(float)
        majority = np.bincount(known.astype(int)).argmax()
        baseline = Baseline("majority class", float((y == majority).mean()))
        interval = share_interval(float(right.sum()), len(y))
        yield Score("accuracy", float(right.mean()), "", True, interval, len(y), baseline)
        if predicted.shape[1] == 2 and 0 < y.sum() < len(y):
            area, interval = _area_and_interval(predicted[:, 1], y == 1)
            yield Score("area under ROC curve", area, "", True, interval, len(y), Baseline("chance", 0.5))
        return
    errors = predicted[:, 0] - y
    middle = np.abs(np.median(known) - y)
    baseline = Baseline("median of the target", float(middle.mean()))
    value = float(np.abs(errors).mean())
    yield Score("mean absolute error", value, "", False, mean_interval(np.abs(errors)), len(y), baseline)
    low, high = mean_interval(errors**2)
    baseline = Baseline("mean of the target", float(((known.mean() - y) ** 2).mean() ** 0.5))
    value = float((errors**2).mean() ** 0.5)
    yield Score("root mean squared error", value, "", False, (low**0.5, high**0.5), len(y), baseline)


def area_under_curve(scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Give the share of pairs of a positive and a negative that are in order; ties count half (Mann and Whitney 1947).

    Example:
        >>> area_under_curve(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
        0.75
    """
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[places]  # from 1, the middle one of ties
    positives = int(is_positive.sum())
    negatives = len(scores) - positives
    return float((ranks[is_positive].sum() - positives * (positives + 1) / 2) / max(1, positives * negatives))


def _area_and_interval(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_]
) -> tuple[float, tuple[float, float]]:
    chance = np.random.default_rng(0)
    areas = []
    for _ in range(_ROUNDS):
        drawn = chance.integers(0, len(scores), len(scores))
        areas.append(area_under_curve(scores[drawn], is_positive[drawn]))
    low, high = np.percentile(areas, [2.5, 97.5])
    value = area_under_curve(scores, is_positive)
    count = int(min(is_positive.sum(), (~is_positive).sum()))  # pairs are many, but what they are made of is not
    return value, widened(value, (min(float(low), value), max(float(high), value)), count)
