"""How good is a grouping? Without labels: silhouette and stability. With labels, at the end: accuracy and information.

Silhouette: Rousseeuw 1987. Adjusted Rand index: Hubert and Arabie 1985. Accuracy pairs groups with classes so that most
items fit (Kuhn 1955); normalised mutual information divides by the mean of both entropies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.neighbours import squared_distances

__all__ = ["counted", "found_again", "matched_accuracy", "mutual_information", "rand_index", "silhouettes"]

_MOST = 2500


def silhouettes(
    x: NDArray[np.float32], labels: NDArray[np.int64], chance: np.random.Generator, most: int = _MOST
) -> NDArray[np.float64]:
    """Give (b − a) / max(a, b) for a sample of points: a to their own group, b to the nearest other, mean distances.

    Args:
        x: N D.
        labels: N; those below 0 are in no group and are left out.
    Returns: one number a sampled point, from -1 to 1; 0 for a point alone in its group; empty with fewer than 2 groups.
    Example:
        >>> x = np.array([[0.0], [0.1], [9.0], [9.1]], np.float32)
        >>> silhouettes(x, np.array([0, 0, 1, 1]), np.random.default_rng(0)).round(2).tolist()
        [0.99, 0.99, 0.99, 0.99]
    """
    rows = np.flatnonzero(labels >= 0)
    if len(rows) > most:
        rows = np.sort(chance.choice(rows, most, replace=False))
    kinds, own = np.unique(labels[rows], return_inverse=True)
    if len(kinds) < 2:
        return np.empty(0)
    lengths = np.sqrt(squared_distances(x[rows], x[rows])).astype(np.float64)
    counts = np.bincount(own)
    sums = lengths @ np.eye(len(kinds))[own]
    place = np.arange(len(rows))
    inside = sums[place, own] / np.maximum(counts[own] - 1, 1)
    sums[place, own] = np.inf
    outside = (sums / counts).min(axis=1)
    found = (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12)
    return np.where(counts[own] > 1, found, 0.0)


def counted(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how often each pair of labels meets: N and N to K L.

    Example:
        >>> counted(np.array([0, 0, 1]), np.array([1, 1, 0])).tolist()
        [[0, 2], [1, 0]]
    """
    if not len(one):
        return np.zeros((1, 1), np.int64)
    counts = np.zeros((int(one.max()) + 1, int(other.max()) + 1), np.int64)
    np.add.at(counts, (one, other), 1)
    return counts


def found_again(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Say how far groups are found again: the Jaccard index of each with its most alike, averaged over both groupings.

    Example:
        >>> found_again(np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]))
        1.0
        >>> round(found_again(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0])), 3)
        0.417
    """
    counts = counted(one, other).astype(np.float64)
    counts = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    shares = counts / (counts.sum(axis=1)[:, None] + counts.sum(axis=0)[None] - counts)
    return float(np.concatenate([shares.max(axis=1), shares.max(axis=0)]).mean())


def rand_index(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Give the adjusted Rand index of two groupings: 1 the same, 0 no more alike than by chance.

    Example:
        >>> rand_index(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
        1.0
    """
    counts = counted(one, other).astype(np.float64)
    pairs, rows, columns = ((each * (each - 1) / 2).sum() for each in (counts, counts.sum(axis=1), counts.sum(axis=0)))
    total = len(one) * (len(one) - 1) / 2
    expected = rows * columns / max(total, 1)
    most = (rows + columns) / 2
    return 1.0 if most == expected else float((pairs - expected) / (most - expected))


def matched_accuracy(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say for each item whether its group is the one that its class is paired with (the Hungarian method).

    Example:
        >>> matched_accuracy(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 0])).tolist()
        [True, True, True, False]
    """
    from scipy.optimize import linear_sum_assignment

    counts = counted(labels, truth)
    paired = np.full(len(counts), -1)
    groups, classes = linear_sum_assignment(-counts)
    paired[groups] = classes
    return paired[labels] == truth


def mutual_information(counts: NDArray[np.int64]) -> float:
    """Give the normalised mutual information of two groupings by their table of counts, K L: from 0 to 1.

    Example:
        >>> mutual_information(np.array([[3, 0], [0, 3]]))
        1.0
    """
    shares = counts / max(1, counts.sum())
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    filled = shares > 0
    shared = float((shares[filled] * np.log(shares[filled] / np.outer(rows, columns)[filled])).sum())
    entropies = [-float((each[each > 0] * np.log(each[each > 0])).sum()) for each in (rows, columns)]
    return 1.0 if sum(entropies) == 0 else max(0.0, shared / (sum(entropies) / 2))
