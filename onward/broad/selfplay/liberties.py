"""How many liberties the strings of stones on many boards of Go have, all boards at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["liberties"]


def liberties(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.int64]:
    """Count, for each stone, the empty points beside its string.

    Args:
        first: B H W; where the one side's stones are.
        second: B H W; where the other's are.
    Returns: B H W; 0 where there is no stone.
    Example:
        >>> black, white = np.zeros((1, 3, 3)), np.zeros((1, 3, 3))
        >>> black[0, 0, :2], white[0, 1, 0] = 1, 1
        >>> liberties(black, white)[0].tolist()
        [[2, 2, 0], [2, 0, 0], [0, 0, 0]]
    """
    boards, rows, columns = first.shape
    colors = np.zeros((boards, rows + 2, columns + 2), np.int8)
    colors[:, 1:-1, 1:-1] = (first > 0) + 2 * (second > 0)
    width = columns + 2
    flat = colors.reshape(-1)
    stones, steps = np.flatnonzero(flat), (-width, width, -1, 1)
    # every stone takes the highest number of its string: from its neighbours, and from whose number it has
    string = np.zeros(flat.size, np.int64)
    string[stones] = stones
    alike = [stones[flat[stones + step] == flat[stones]] for step in steps]
    while True:
        before = string[stones]
        for step, those in zip(steps, alike, strict=True):
            string[those] = np.maximum(string[those], string[those + step])
        string[stones] = string[string[stones]]
        if np.array_equal(before, string[stones]):
            break
    inner = np.zeros(colors.shape, np.bool_)
    inner[:, 1:-1, 1:-1] = True
    empty = np.flatnonzero(inner.reshape(-1) & (flat == 0))
    around = np.sort(np.stack([string[empty + step] for step in steps], 1), 1)
    around[:, 1:][around[:, 1:] == around[:, :-1]] = 0  # a string is counted once a point
    counts = np.bincount(around[around > 0], minlength=flat.size)
    counts[0] = 0
    return counts[string].reshape(colors.shape)[:, 1:-1, 1:-1] * (colors[:, 1:-1, 1:-1] > 0)
