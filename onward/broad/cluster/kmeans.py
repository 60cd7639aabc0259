"""k-means (Lloyd 1982), begun as k-means++ does (Arthur and Vassilvitskii 2007), the best of several beginnings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.neighbours import squared_distances

__all__ = ["k_means", "nearest_centre"]

_MOST_ROUNDS = 60


def nearest_centre(
    x: NDArray[np.float32], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give each point's nearest centre and the distance to it: N F and K F to N and N.

    Example:
        >>> nearest_centre(np.array([[0.0, 3]], np.float32), np.array([[9.0, 9], [0, 0]], np.float32))[0].tolist()
        [1]
    """
    labels, lengths = np.empty(len(x), np.int64), np.empty(len(x), np.float32)
    rows = max(1, 4_000_000 // max(1, len(centres)))
    for start in range(0, len(x), rows):
        squares = squared_distances(x[start : start + rows], centres)
        labels[start : start + rows] = squares.argmin(axis=1)
        lengths[start : start + rows] = np.sqrt(squares.min(axis=1))
    return labels, lengths


def k_means(
    x: NDArray[np.float32], clusters: int, chance: np.random.Generator, beginnings: int = 3
) -> NDArray[np.float32]:
    """Find K centres.

    Args:
        x: N F, N at least K.
        beginnings: tries, of which the one with the least squared distance is kept.
    Returns: K F.
    """
    best, least = np.empty(0, np.float32), np.inf
    for _ in range(beginnings):
        centres = _spread_out(x, clusters, chance)
        before = None
        for _ in range(_MOST_ROUNDS):
            labels, lengths = nearest_centre(x, centres)
            if before is not None and (labels == before).all():
                break
            before = labels
            centres = _means(x, labels, lengths, centres)
        cost = float((nearest_centre(x, centres)[1].astype(np.float64) ** 2).sum())
        if cost < least:
            best, least = centres, cost
    return best


def _spread_out(x: NDArray[np.float32], clusters: int, chance: np.random.Generator) -> NDArray[np.float32]:
    """Draw centres one after the other, the likelier the farther from those there are (k-means++)."""
    centres = [x[chance.integers(len(x))]]
    squares = squared_distances(x, centres[0][None])[:, 0].astype(np.float64)
    while len(centres) < clusters:
        total = squares.sum()
        place = chance.choice(len(x), p=squares / total) if total > 0 else chance.integers(len(x))
        centres.append(x[place])
        squares = np.minimum(squares, squared_distances(x, x[place][None])[:, 0])
    return np.stack(centres)


def _means(
    x: NDArray[np.float32], labels: NDArray[np.int64], lengths: NDArray[np.float32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Move each centre into the middle of its points; one that has none goes to the point worst served."""
    counts = np.bincount(labels, minlength=len(centres))
    sums = np.stack([np.bincount(labels, x[:, column], len(centres)) for column in range(x.shape[1])], axis=1)
    moved = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    for rank, empty in enumerate(np.flatnonzero(counts == 0)):
        moved[empty] = x[np.argsort(-lengths, kind="stable")[rank]]
    return moved
