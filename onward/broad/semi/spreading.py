"""Label spreading: Zhou, Bousquet, Lal, Weston and Schölkopf, Learning with Local and Global Consistency (2004).

Pictures are joined to their nearest neighbours. Each passes what it believes on to them and takes back a little of
what it was told: F ← a S F + (1 - a) Y, with S = D^{-1/2} W D^{-1/2}, until nothing changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

__all__ = ["neighbours", "normalised_graph", "spread_labels"]

Floats = NDArray[np.float32]
_AT_ONCE = 1024


def neighbours(x: Floats, count: int) -> tuple[NDArray[np.int64], Floats]:
    """Find each picture's nearest others by the angle between features.

    Args:
        x: N D, of length 1 each.
        count: how many others.
    Returns: N count places, and their cosines.
    """
    count = min(count, len(x) - 1)
    places, cosines = np.empty((len(x), count), np.int64), np.empty((len(x), count), np.float32)
    for start in range(0, len(x), _AT_ONCE):
        near = x[start : start + _AT_ONCE] @ x.T
        rows = np.arange(len(near))
        near[rows, start + rows] = -2.0  # nobody is their own neighbour
        best = np.argpartition(-near, count - 1, axis=1)[:, :count]
        places[start : start + len(near)] = best
        cosines[start : start + len(near)] = near[rows[:, None], best]
    return places, cosines


def normalised_graph(places: NDArray[np.int64], cosines: Floats, power: float = 3.0) -> csr_matrix:
    """Join neighbours, W = max(cosine, 0)^power made symmetric, and normalise: S = D^{-1/2} W D^{-1/2}.

    Returns: N N, sparse.
    """
    count, each = places.shape
    rows = np.repeat(np.arange(count), each)
    weights = np.maximum(cosines, 0.0).ravel() ** power
    joined = csr_matrix((weights, (rows, places.ravel())), shape=(count, count))
    joined = (joined + joined.T) / 2
    degree = np.maximum(np.asarray(joined.sum(axis=1)).ravel(), 1e-9) ** -0.5
    scaled = joined.multiply(degree[:, None]).multiply(degree[None, :])
    return csr_matrix(scaled, dtype=np.float32)


def spread_labels(graph: csr_matrix, given: Floats, alpha: float = 0.95, rounds: int = 60) -> Floats:
    """Spread labels over a graph.

    Args:
        graph: S, N N.
        given: Y, N K: a one where a label is known, zeros elsewhere.
        alpha: how much is taken from neighbours.
    Returns: F, N K, not negative; a row of zeros is where no label comes.
    Example:
        >>> chain = normalised_graph(np.array([[1], [0], [1]]), np.ones((3, 1), np.float32))
        >>> spread_labels(chain, np.array([[1, 0], [0, 0], [0, 0]], np.float32)).argmax(axis=1).tolist()
        [0, 0, 0]
    """
    # a class with many labels must not win by their number alone (the paper's remark on class mass)
    start = given / np.maximum(given.sum(axis=0, keepdims=True), 1e-9)
    belief = start.copy()
    for _ in range(rounds):
        belief = alpha * (graph @ belief) + (1 - alpha) * start
    return belief
