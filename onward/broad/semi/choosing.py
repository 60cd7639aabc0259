"""Which way to use the pictures without a label? Asked of labelled pictures whose labels are hidden for the question.

Cross-validation in five foldings, each of its own seed: some labels are hidden, every way learns from the others and
from the pool, and says what the hidden ones are. With four labels a class one folding is noise, so the five are
averaged and their spread is told. The labels alone are one of the ways, and are kept unless another does better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from onward.broad.semi.agreement import agreed
from onward.broad.semi.alignment import aligned, expected_shares
from onward.broad.semi.linear import Floats, Head, fit_head
from onward.broad.semi.self_training import self_trained
from onward.broad.semi.spreading import neighbours, normalised_graph, spread_labels

__all__ = ["METHODS", "Material", "Tally", "folds_of", "units_of"]

METHODS = ("supervised", "spreading", "self-training", "agreement")
FOLDINGS, _MOST_FOLDS = 5, 5
_NEIGHBOURS, _ALPHA = 10, 0.97
_STRENGTH, _POOL_STRENGTH = 10.0, 1.0
_SURE = 0.8  # τ on features: a linear head is less sure than a deep network
_MOST_IN_TRIALS = 3000


@dataclass(frozen=True)
class Material:
    """What heads are learned from: rows of the space, labelled pictures first, then the pool.

    Attributes:
        x: R D, both sides of each picture.
        weak: R D, the picture as it is.
        strong: R D, its strong view.
        labels: L, of the first rows.
        kinds: how many classes there are.
    """

    x: Floats
    weak: Floats
    strong: Floats
    labels: NDArray[np.int64]
    kinds: int

    @cached_property
    def shortened(self) -> Material:
        """Give the same with fewer of the pool, for trials."""
        rows = slice(0, len(self.labels) + _MOST_IN_TRIALS)
        return Material(self.x[rows], self.weak[rows], self.strong[rows], self.labels, self.kinds)

    @cached_property
    def graph(self) -> csr_matrix:
        """Give who is near whom."""
        return normalised_graph(*neighbours(self.x, _NEIGHBOURS))

    def heads(self, kept: NDArray[np.int64], methods: Sequence[str]) -> dict[str, Head]:
        """Learn a head in each way from the labels at `kept` and from the pool; other labelled rows are not used."""
        targets = np.eye(self.kinds, dtype=np.float32)[self.labels[kept]]
        count = len(self.labels)
        shares = expected_shares(self.labels[kept], self.kinds)
        x, pool = self.x[kept], self.x[count:]
        found = {"supervised": fit_head(x, targets, strength=_STRENGTH)}
        if not len(pool):
            return {name: found["supervised"] for name in methods}
        if "spreading" in methods or "agreement" in methods:
            guesses = self.spread(kept)[count:]
            found["spreading"] = _fitted(x, targets, pool, _hard(guesses), np.ones(len(pool), np.float32))
        if "self-training" in methods:
            guesses, weights = self_trained(x, targets, pool, shares, _STRENGTH)
            found["self-training"] = _fitted(x, targets, pool, _hard(guesses), weights)
        if "agreement" in methods:
            views = (self.weak[count:], self.strong[count:])
            found["agreement"] = agreed(x, targets, views, shares, found["spreading"], _SURE)
        return {name: found[name] for name in methods}

    def spread(self, kept: NDArray[np.int64]) -> Floats:
        """Spread the labels at `kept` over all rows, aligned to how often classes are thought to be there: R K."""
        given = np.zeros((len(self.x), self.kinds), np.float32)
        given[kept, self.labels[kept]] = 1
        belief = aligned(spread_labels(self.graph, given, _ALPHA), expected_shares(self.labels[kept], self.kinds))
        belief[kept] = given[kept]
        return belief


def _hard(guesses: Floats) -> Floats:
    return np.eye(guesses.shape[1], dtype=np.float32)[guesses.argmax(axis=1)]


def _fitted(x: Floats, targets: Floats, pool: Floats, guesses: Floats, weights: Floats) -> Head:
    rows, wanted = np.concatenate([x, pool]), np.concatenate([targets, guesses])
    return fit_head(rows, wanted, np.concatenate([np.ones(len(x), np.float32), weights]), _POOL_STRENGTH)


def folds_of(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Deal labelled pictures into folds, class by class; -1 for the only one of a class, which is never asked.

    Example:
        >>> sorted(folds_of(np.array([0, 0, 1, 1, 2]), seed=0).tolist())
        [-1, 0, 0, 1, 1]
    """
    chance = np.random.default_rng([seed, 3])
    counts = np.bincount(labels)
    folds = int(min(_MOST_FOLDS, max(2, counts[counts > 0].max())))
    dealt = np.full(len(labels), -1)
    for kind in np.flatnonzero(counts > 1):
        places = chance.permutation(np.flatnonzero(labels == kind))
        dealt[places] = np.arange(len(places)) % folds
    return dealt


def units_of(labels: NDArray[np.int64], seed: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """List what cross-validation asks, folding after folding: places to learn from, and places to ask about."""
    units = []
    for folding in range(FOLDINGS):
        dealt = folds_of(labels, 1000 * seed + folding)
        for fold in range(int(dealt.max()) + 1):
            units.append((np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)))
    return units


@dataclass
class Tally:
    """How often each way was right, folding by folding.

    Attributes:
        right: way -> how many were right in each folding.
        asked: how many were asked in each folding.
    """

    right: dict[str, list[int]]
    asked: list[int]

    def accuracy(self, method: str) -> float | None:
        """Give the share that was right; None if nothing was asked."""
        return sum(self.right[method]) / sum(self.asked) if sum(self.asked) else None

    def spread(self, method: str) -> tuple[float, float] | tuple[None, None]:
        """Give the 95 % interval of the mean over foldings, by their standard error; what was asked does not change."""
        shares = [hits / count for hits, count in zip(self.right[method], self.asked, strict=True) if count]
        if len(shares) < 2:
            return None, None
        mean, error = float(np.mean(shares)), float(np.std(shares, ddof=1)) / len(shares) ** 0.5
        return mean - 1.96 * error, mean + 1.96 * error

    def best(self) -> str:
        """Give the way that was right most often; the labels alone where nothing does better."""
        if not sum(self.asked):
            return "spreading" if "spreading" in self.right else next(iter(self.right))
        return max(self.right, key=lambda name: (sum(self.right[name]), name == "supervised"))
