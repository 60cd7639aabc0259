"""A map of the data: few numbers an item, so placed that neighbours stay neighbours.

UMAP (arXiv:1802.03426), written out in NumPy. Neighbours get weights (algorithm 3, "smooth kNN distances"), which are
made symmetric (section 3.1), and the points are moved by the forces of section 3.2: drawn to their neighbours, pushed
away from points drawn by lot. All points of an epoch move at once, where the usual programs move them one by one: that
is what makes it the same to the bit on every run, and fast without a compiler.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.neighbours import nearest

__all__ = ["Embedding", "Graph", "neighbour_graph", "placed"]

_A, _B = 1.577, 0.8951  # 1 / (1 + a d^2b) fitted to "near is less than 0.1", as in section 3.2
_NEGATIVES = 5  # points pushed away for each neighbour
_MOST_FORCE = 4.0
_BISECTIONS = 40


class Graph:
    """Who is drawn to whom, as rows of neighbours one after the other.

    Attributes:
        begins: N + 1; the neighbours of point i lie from begins[i] to begins[i + 1].
        others: E places of neighbours.
        weights: E, from 0 to 1.
    """

    def __init__(self, begins: NDArray[np.int64], others: NDArray[np.int64], weights: NDArray[np.float32]) -> None:
        self.begins, self.others, self.weights = begins, others, weights
        self.points = np.repeat(np.arange(len(begins) - 1), np.diff(begins))


def neighbour_graph(x: NDArray[np.float32], count: int = 15) -> tuple[Graph, NDArray[np.int64]]:
    """Weigh each point's nearest neighbours and make the weights symmetric: a + b − a b (section 3.1).

    Args:
        x: N F.
    Returns: the graph, and N K places of neighbours, nearest first.
    """
    from scipy.sparse import csr_matrix

    places, lengths = nearest(x, min(count, len(x) - 1))
    weights = _smooth(lengths)
    rows = np.repeat(np.arange(len(x)), places.shape[1])
    directed = csr_matrix((weights.ravel(), (rows, places.ravel())), shape=(len(x), len(x)))
    turned = directed.T.tocsr()
    both: Any = (directed + turned - directed.multiply(turned)).tocsr()
    both.sort_indices()
    graph = Graph(both.indptr.astype(np.int64), both.indices.astype(np.int64), both.data.astype(np.float32))
    return graph, places


def _smooth(lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give weights exp(-(d - nearest) / width), with a width for each point that makes their sum log2 K."""
    beyond = np.maximum(lengths - lengths[:, :1], 0)
    wanted = np.log2(max(2, lengths.shape[1]))
    low, high = np.full(len(lengths), 1e-6), np.full(len(lengths), max(1e-3, 20 * float(lengths.mean())))
    for _ in range(_BISECTIONS):
        width = (low + high) / 2
        is_wide = np.exp(-beyond / width[:, None]).sum(axis=1) > wanted
        high, low = np.where(is_wide, width, high), np.where(is_wide, low, width)
    width = np.maximum((low + high) / 2, 1e-3 * max(1e-6, float(lengths.mean())))
    return np.exp(-beyond / width[:, None]).astype(np.float32)


class Embedding:
    """Points on their way to their places.

    Args:
        graph: of N points.
        start: N D, where they begin; brought to a spread of 10.
        seed: of the lots.

    Attributes:
        points: N D.
        start: N D, where they began.
        epochs: how many are done.
    """

    def __init__(self, graph: Graph, start: NDArray[np.float32], seed: int) -> None:
        self._graph, self._seed = graph, seed
        spread = max(float(np.abs(start - start.mean(axis=0)).max()), 1e-9)
        chance = np.random.default_rng([seed, len(start)])
        self.points = (10 * (start - start.mean(axis=0)) / spread + chance.normal(0, 1e-2, start.shape)).astype("f4")
        self.start = self.points
        self.epochs = 0

    def move(self, rate: float) -> None:
        """Move every point once.

        Args:
            rate: the step's length; 1 at the beginning, 0 at the end.
        """
        graph, points = self._graph, self.points
        chance = np.random.default_rng([self._seed, 1, self.epochs])
        chosen = np.flatnonzero(chance.random(len(graph.others), np.float32) < graph.weights)
        owners = graph.points[chosen]
        away = points[owners] - points[graph.others[chosen]]
        squares = np.maximum((away * away).sum(axis=1), 1e-6)
        powers = squares**_B
        pull = -2 * _A * _B * (powers / squares) / (1 + _A * powers)
        forces = _summed(np.clip(pull[:, None] * away, -_MOST_FORCE, _MOST_FORCE), owners, len(points))
        met = np.bincount(owners, minlength=len(points)).astype(np.float32)
        for _ in range(_NEGATIVES):
            away = points - points[chance.permutation(len(points))]
            squares = (away * away).sum(axis=1)
            push = 2 * _B / ((1e-3 + squares) * (1 + _A * squares**_B))
            forces += met[:, None] * np.clip(push[:, None] * away, -_MOST_FORCE, _MOST_FORCE)
        self.points = points + rate * forces
        self.epochs += 1

    def state_dict(self) -> dict[str, Any]:
        """Take the points."""
        return {"points": self.points, "epochs": self.epochs}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.points, self.epochs = state["points"].copy(), state["epochs"]


def _summed(forces: NDArray[np.float32], owners: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Add up the forces on each point; `owners` rise."""
    total = np.zeros((count, forces.shape[1]), np.float32)
    if len(owners):
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        total[owners[firsts]] = np.add.reduceat(forces, firsts, axis=0)
    return total


def placed(
    x: NDArray[np.float32], points: NDArray[np.float32], queries: NDArray[np.float32], count: int = 5
) -> NDArray[np.float32]:
    """Place new points among the known ones: the mean of their nearest neighbours' places, the nearest heaviest.

    Args:
        x: N F of the known points, whose places are `points`, N D.
        queries: M F.
    Returns: M D.
    """
    places, lengths = nearest(x, count, queries)
    weights = 1 / np.maximum(lengths, 1e-6) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    return (points[places] * weights[..., None]).sum(axis=1).astype(np.float32)
