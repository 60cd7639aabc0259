"""What a member is given to learn: rows as its family sees them, one target, and a moment by which to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Lesson", "shares_of"]


@dataclass(frozen=True)
class Lesson:
    """One fit.

    Attributes:
        x: N D, as the family sees the rows.
        y: N; class numbers, or numbers in the scale that is learned.
        kinds: how many classes; 0 for a number.
        numbers: how many of the first columns of `x` hold numbers, where they stand first.
        categories: columns of `x` that hold category numbers.
        loss, quantile: what a number's members minimise.
        seconds_left: says how long the fit may still take.
    """

    x: NDArray[Any]
    y: NDArray[np.float64]
    kinds: int
    seed: int
    threads: int = 1
    categories: tuple[int, ...] = ()
    numbers: int = 0
    loss: str = "squares"
    quantile: float = 0.5
    rules: Mapping[str, Any] = field(default_factory=dict)
    seconds_left: Callable[[], float] = field(default=lambda: float("inf"))


def shares_of(scores: NDArray[np.floating], kinds: int) -> NDArray[np.float64]:
    """Turn scores into probabilities: N 1 by the logistic function for two classes, N K by softmax for more.

    Example:
        >>> shares_of(np.array([[0.0]]), 2).tolist()
        [[0.5, 0.5]]
    """
    if kinds == 2 and scores.shape[1] == 1:
        positive = 1 / (1 + np.exp(-np.clip(scores[:, 0].astype(np.float64), -60, 60)))
        return np.stack([1 - positive, positive], axis=1)
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
