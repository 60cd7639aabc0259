"""The simple thing, first: logistic regression for classes, ridge regression for numbers, on the dense view."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson, shares_of

__all__ = ["fit", "tell"]

_MOST_ROUNDS, _AT_ONCE = 300, 30  # rounds of descent, and those between two looks at the clock


def fit(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Fit weights and bias: `weights` D C, `bias` C; C is 1 for two classes and for a number."""
    strength = float(lesson.rules.get("strength", 1.0))
    if not lesson.kinds:
        return _ridge(lesson, strength)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    shown = np.unique(lesson.y).astype(int)
    width = 1 if lesson.kinds == 2 else lesson.kinds
    weights, bias = np.zeros((lesson.x.shape[1], width)), np.full(width, -6.0)
    if len(shown) < 2:
        bias[:] = 6.0 if width == 1 and shown[0] == 1 else bias
        bias[shown[0] if width > 1 else 0] = 6.0 if width > 1 or shown[0] == 1 else -6.0
        return {"weights": weights, "bias": bias}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the rows not seen say how good it is
        made: Any = LogisticRegression(C=strength, max_iter=_AT_ONCE, tol=1e-3, warm_start=True)
        for _ in range(_MOST_ROUNDS // _AT_ONCE):
            made.fit(lesson.x, lesson.y)
            if np.max(made.n_iter_) < _AT_ONCE or lesson.seconds_left() <= 0:
                break
    if len(shown) == 2 and width > 1:
        weights[:, shown] = np.stack([-made.coef_[0], made.coef_[0]], axis=1) / 2
        bias[shown] = np.array([-made.intercept_[0], made.intercept_[0]]) / 2
    else:
        weights[:, shown if width > 1 else slice(None)] = made.coef_.T
        bias[shown if width > 1 else slice(None)] = made.intercept_
    return {"weights": weights, "bias": bias}


def _ridge(lesson: Lesson, strength: float) -> dict[str, NDArray[Any]]:
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


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N D: N K probabilities or N 1 numbers."""
    scores = x.astype(np.float64) @ arrays["weights"] + arrays["bias"]
    return shares_of(scores, kinds) if kinds else scores
