"""How much boxes overlap, and keeping of those that show the same thing only the surest one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["overlaps", "suppress", "widened"]

_SAME = 0.6


def overlaps(boxes: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the intersection over union of every box with every other: N 4 and M 4 to N M.

    Example:
        >>> overlaps(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
        [[0.333, 0.0]]
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inner = (high - low).clip(min=0).prod(axis=2)
    areas, other_areas = ((each[:, 2:] - each[:, :2]).clip(min=0).prod(axis=1) for each in (boxes, others))
    return inner / np.maximum(areas[:, None] + other_areas[None] - inner, 1e-9)


def widened(boxes: NDArray[np.floating], share: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """Widen boxes by a share of their sides at each end (arXiv:2211.14317, section 3.2); one share, or one a box."""
    sides = boxes[:, 2:] - boxes[:, :2]
    reach = sides * np.broadcast_to(share, len(boxes))[:, None]
    return np.concatenate([boxes[:, :2] - reach, boxes[:, 2:] + reach], axis=1)


def suppress(boxes: NDArray[np.floating], labels: NDArray[np.int64], same: float = _SAME) -> NDArray[np.int64]:
    """Keep of boxes of one class that overlap by more than `same` only the first; they come surest first.

    Example:
        >>> suppress(np.array([[0, 0, 9, 9], [0, 0, 9, 8.0], [50, 50, 60, 60]]), np.zeros(3, np.int64)).tolist()
        [0, 2]
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    clashes = (overlaps(boxes, boxes) > same) & (labels[:, None] == labels[None])
    is_kept = np.ones(len(boxes), bool)
    for place in range(len(boxes)):
        if is_kept[place]:
            is_kept[place + 1 :] &= ~clashes[place, place + 1 :]
    return np.flatnonzero(is_kept)
