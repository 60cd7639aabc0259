"""The simple thing, first: logistic regression for classes, ridge regression for numbers, on the dense view.

Both are plain NumPy: no library needs to be loaded before the first member stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson, shares_of

__all__ = ["fit", "tell"]

_FEWEST_ROUNDS, _MOST_ROUNDS, _REMEMBERED = 20, 300, 10  # few rounds tell more than none, and take no time
_FLAT = 5e-5  # the largest part of the slope at which the descent ends; the loss is a mean over rows
_Arrays = dict[str, NDArray[Any]]


def fit(lesson: Lesson) -> _Arrays:
    """Fit weights and bias: `weights` D C, `bias` C; C is 1 for two classes and for a number."""
    strength = float(lesson.rules.get("strength", 1.0))
    if not lesson.kinds:
        return _ridge(lesson, strength)
    shown = np.unique(lesson.y).astype(int)
    width = 1 if lesson.kinds == 2 else lesson.kinds
    weights, bias = np.zeros((lesson.x.shape[1], width)), np.full(width, -6.0)
    if len(shown) < 2:
        bias[:] = 6.0 if width == 1 and shown[0] == 1 else bias
        bias[shown[0] if width > 1 else 0] = 6.0 if width > 1 or shown[0] == 1 else -6.0
        return {"weights": weights, "bias": bias}
    places = np.arange(1) if width == 1 else shown
    found = _logistic(lesson, shown, len(places), strength)
    weights[:, places], bias[places] = found[:-1], found[-1]
    return {"weights": weights, "bias": bias}


def _logistic(lesson: Lesson, shown: NDArray[np.int64], width: int, strength: float) -> NDArray[np.float64]:
    """Minimise the mean log loss and |weights|² / (2 strength N): D + 1 rows, of which the last is the bias.

    Of two classes one column tells the second from the first; of more, a softmax has a column each.
    """
    count, columns = lesson.x.shape
    x = np.concatenate([lesson.x, np.ones((count, 1), lesson.x.dtype)], axis=1)
    places = np.searchsorted(shown, lesson.y)
    truth = places[:, None].astype(np.float64) if width == 1 else np.eye(width)[places]
    cost = np.full((columns + 1, 1), 1.0 / (max(strength, 1e-12) * count))
    cost[-1] = 0.0

    def look(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = x @ weights.reshape(columns + 1, width).astype(x.dtype)  # or all of x is cast at every look
        shares = shares_of(scores, len(shown))
        shares = shares[:, 1:] if width == 1 else shares
        right = shares if width > 1 else np.where(truth > 0, shares, 1 - shares)
        right = right[np.arange(count), places] if width > 1 else right[:, 0]
        own = weights.reshape(columns + 1, width)
        loss = -float(np.log(np.maximum(right, 1e-300)).mean()) + 0.5 * float((cost * own**2).sum())
        slope = x.T @ ((shares - truth) / count).astype(x.dtype)
        return loss, (slope.astype(np.float64) + cost * own).ravel()

    found = _descend(look, np.zeros((columns + 1) * width), lesson.seconds_left)
    return found.reshape(columns + 1, width)


def _descend(
    look: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    place: NDArray[np.float64],
    seconds_left: Callable[[], float],
) -> NDArray[np.float64]:
    """Walk down a smooth convex hill by L-BFGS (Nocedal and Wright 2006, algorithm 7.5), halving steps that go too far.

    Args:
        look: gives height and slope at a place.
    """
    height, slope = look(place)
    steps: list[tuple[NDArray[np.float64], NDArray[np.float64], float]] = []
    for number in range(_MOST_ROUNDS):
        if np.abs(slope).max() < _FLAT or (number >= _FEWEST_ROUNDS and seconds_left() <= 0):
            break
        direction = _newton_like(slope, steps)
        down = float(direction @ slope)
        if down >= 0:  # rounding spoilt what is remembered
            steps, direction, down = [], -slope, -float(slope @ slope)
        length = 1.0 if steps else 1.0 / max(1.0, float(np.abs(slope).sum()))
        for _ in range(20):
            new = place + length * direction
            new_height, new_slope = look(new)
            if new_height <= height + 1e-4 * length * down:
                break
            length /= 2
        else:
            break
        moved, turned = new - place, new_slope - slope
        if (curve := float(moved @ turned)) > 1e-12:
            steps = [*steps[-_REMEMBERED + 1 :], (moved, turned, 1.0 / curve)]
        place, height, slope = new, new_height, new_slope
    return place


def _newton_like(
    slope: NDArray[np.float64], steps: list[tuple[NDArray[np.float64], NDArray[np.float64], float]]
) -> NDArray[np.float64]:
    """Give the direction that the last steps' curvature tells, the newest last (algorithm 7.4)."""
    direction, shares = -slope, []
    for moved, turned, share in reversed(steps):
        shares.append(share * float(moved @ direction))
        direction = direction - shares[-1] * turned
    if steps:
        moved, turned, share = steps[-1]
        direction = direction / (share * float(turned @ turned))
    for (moved, turned, share), own in zip(steps, reversed(shares), strict=True):
        direction = direction + (own - share * float(turned @ direction)) * moved
    return direction


def _ridge(lesson: Lesson, strength: float) -> _Arrays:
    """Solve the normal equations, in the smaller of rows and columns, with the columns centred."""
    x, y = lesson.x.astype(np.float64), lesson.y
    middle, level = x.mean(axis=0), float(y.mean())
    x, y = x - middle, y - level
    cost = 1 / max(strength, 1e-12)
    if x.shape[1] <= len(x):
        weights = np.linalg.solve(x.T @ x + cost * np.eye(x.shape[1]), x.T @ y)
    else:
        weights = x.T @ np.linalg.solve(x @ x.T + cost * np.eye(len(x)), y)
    return {"weights": weights[:, None], "bias": np.array([level - float(middle @ weights)])}


def tell(arrays: _Arrays, x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N D: N K probabilities or N 1 numbers."""
    scores = x.astype(np.float64) @ arrays["weights"] + arrays["bias"]
    return shares_of(scores, kinds) if kinds else scores
