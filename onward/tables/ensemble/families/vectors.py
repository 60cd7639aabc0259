"""Support vector machines with a radial kernel, for tables of a few thousand rows: one class against the rest.

A machine's decisions become probabilities by a slope and an offset (Platt 1999) that are fitted on a quarter of the
rows, which a first machine does not see.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson
from onward.tables.lean import library

__all__ = ["MOST_ROWS", "fit", "tell"]

MOST_ROWS = 6000
_SHARE_UNSEEN = 0.25
_AT_ONCE = 1000


def fit(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Fit machines: `vectors` V D, `weights` V C, `bias` C, `gamma`, and `slope`, `offset` (C)."""
    strength = float(lesson.rules.get("strength", 1.0))
    gamma = float(lesson.rules.get("gamma", 1.0)) / max(1, lesson.x.shape[1]) / max(float(lesson.x.var()), 1e-6)
    x = np.asarray(lesson.x, np.float64)
    if not lesson.kinds:
        level, spread = float(np.median(lesson.y)), max(float(lesson.y.std()), 1e-12)
        target = (lesson.y - level) / spread
        _check_time(lesson, x, [target], strength, gamma, is_number=True)
        whole = _machines(x, [target], strength, gamma, is_number=True)
        return whole | {"slope": np.array([spread]), "offset": np.array([level])}
    kinds = [1] if lesson.kinds == 2 else list(range(lesson.kinds))
    wanted = [(lesson.y == kind).astype(int) for kind in kinds]
    _check_time(lesson, x, wanted, strength, gamma)
    unseen = np.random.default_rng(lesson.seed).random(len(x)) < _SHARE_UNSEEN
    began = time.monotonic()
    first = _machines(x[~unseen], [each[~unseen] for each in wanted], strength, gamma)
    decisions = _decisions(first, x[unseen])
    fitted = [_platt(decisions[:, place], each[unseen]) for place, each in enumerate(wanted)]
    slope, offset = np.array(fitted).T
    if lesson.seconds_left() > 2.5 * (time.monotonic() - began):
        first = _machines(x, wanted, strength, gamma)
    return first | {"slope": slope, "offset": offset}


def _check_time(lesson: Lesson, x: NDArray[np.float64], targets: list[NDArray[Any]], *more: Any, **words: Any) -> None:
    """Time a machine on a quarter of the rows; all of them take some sixteen times as long, and cannot be cut short.

    Raises:
        TimeoutError: that is longer than there is.
    """
    if lesson.seconds_left() == float("inf"):
        return
    began = time.monotonic()
    some = np.random.default_rng(lesson.seed).permutation(len(x))[: max(20, len(x) // 4)]
    _machines(x[some], [targets[0][some]], *more, **words)
    needed = 16 * len(targets) * (time.monotonic() - began)
    if needed > lesson.seconds_left():
        raise TimeoutError(f"its {len(targets)} machines would take some {needed:.0f} s a fold")


def _machines(
    x: NDArray[np.float64], targets: list[NDArray[Any]], strength: float, gamma: float, *, is_number: bool = False
) -> dict[str, NDArray[Any]]:
    solvers = library("sklearn.svm")
    weights, bias = np.zeros((len(x), len(targets))), np.full(len(targets), -1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the rows not seen say how good it is
        for place, target in enumerate(targets):
            if len(np.unique(target)) < 2:
                bias[place] = 1.0 if len(target) and target[0] == 1 else -1.0
                continue
            kind: Any = solvers.SVR(epsilon=0.05) if is_number else solvers.SVC()
            kind.set_params(C=strength, gamma=gamma, max_iter=200 * len(x), cache_size=300)
            made: Any = kind.fit(x, target)
            weights[made.support_, place] = made.dual_coef_[0]
            bias[place] = made.intercept_[0]
    used = np.abs(weights).sum(axis=1) > 0
    return {"vectors": x[used].astype(np.float32), "weights": weights[used], "bias": bias, "gamma": np.array([gamma])}


def _decisions(arrays: dict[str, NDArray[Any]], x: NDArray[Any]) -> NDArray[np.float64]:
    vectors = arrays["vectors"].astype(np.float64)
    own = (vectors**2).sum(axis=1)
    told = []
    for begin in range(0, len(x), _AT_ONCE):
        rows = np.asarray(x[begin : begin + _AT_ONCE], np.float64)
        away = np.maximum((rows**2).sum(axis=1)[:, None] + own - 2 * rows @ vectors.T, 0)
        told.append(np.exp(-arrays["gamma"][0] * away) @ arrays["weights"] + arrays["bias"])
    return np.concatenate(told) if told else np.zeros((0, len(arrays["bias"])))


def _platt(decisions: NDArray[np.float64], is_it: NDArray[Any]) -> tuple[float, float]:
    """Fit slope and offset by Newton's method on softened labels (Platt 1999, with Lin's counts)."""
    positive, negative = float(is_it.sum()), float((1 - is_it).sum())
    wanted = np.where(is_it == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))
    place = np.array([1.0, np.log((positive + 1) / (negative + 1))])
    columns = np.stack([decisions, np.ones(len(decisions))], axis=1)
    for _ in range(30):
        shares = 1 / (1 + np.exp(-np.clip(columns @ place, -30, 30)))
        slope = columns.T @ (shares - wanted)
        curve = (columns * (shares * (1 - shares))[:, None]).T @ columns + 1e-6 * np.eye(2)
        step = np.linalg.solve(curve, slope)
        place = place - np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-6:
            break
    return float(place[0]), float(place[1])


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N D: N K probabilities or N 1 numbers."""
    scores = _decisions(arrays, x) * arrays["slope"] + arrays["offset"]
    if not kinds:
        return scores
    shares = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
    if kinds == 2:
        return np.concatenate([1 - shares, shares], axis=1)
    return shares / shares.sum(axis=1, keepdims=True)
