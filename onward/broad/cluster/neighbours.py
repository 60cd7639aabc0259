"""The nearest neighbours of every point, exactly, a block of rows after the other: a product of matrices each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest", "squared_distances"]

_NUMBERS_AT_ONCE = 8_000_000


def squared_distances(x: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the squared Euclidean distances between N F and M F points: N M, never below 0.

    Example:
        >>> squared_distances(np.zeros((1, 2), np.float32), np.array([[3, 4]], np.float32)).tolist()
        [[25.0]]
    """
    squares = (x * x).sum(axis=1)[:, None] + (other * other).sum(axis=1)[None]
    return np.maximum(squares - 2 * (x @ other.T), 0)


def nearest(
    x: NDArray[np.float32], count: int, queries: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the `count` nearest of the N points `x` for each query, nearest first.

    Args:
        queries: M F; without, the points themselves, and then a point is not its own neighbour.
    Returns: M `count` places in `x`, and their distances.
    """
    is_own = queries is None
    asked = x if queries is None else queries
    count = min(count, len(x) - is_own)
    places = np.empty((len(asked), count), np.int64)
    lengths = np.empty((len(asked), count), np.float32)
    rows = max(1, _NUMBERS_AT_ONCE // max(1, len(x)))
    for start in range(0, len(asked), rows):
        block = asked[start : start + rows]
        squares = squared_distances(block, x)
        own = np.arange(len(block))
        if is_own:
            squares[own, own + start] = np.inf
        found = np.argpartition(squares, count - 1, axis=1)[:, :count] if count < len(x) else own[:, None] * 0
        if count >= len(x):
            found = np.tile(np.arange(len(x)), (len(block), 1))
        order = np.argsort(np.take_along_axis(squares, found, axis=1), axis=1, kind="stable")
        found = np.take_along_axis(found, order, axis=1)
        places[start : start + rows] = found
        lengths[start : start + rows] = np.sqrt(np.take_along_axis(squares, found, axis=1))
    return places, lengths
