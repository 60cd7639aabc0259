"""The first reduction: principal components, found by a random start and a few products (Halko and others 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Space", "fit_space"]

_MOST_ROWS = 20_000
_SPARE, _ROUNDS = 12, 3


@dataclass(frozen=True)
class Space:
    """A straight-line reduction.

    Attributes:
        axes: F d.
        shift: d, subtracted afterwards.
    """

    axes: NDArray[np.float32]
    shift: NDArray[np.float32]

    def project(self, features: Any) -> NDArray[np.float32]:
        """Reduce N F (an array or a sparse matrix) to N d."""
        return np.asarray(features @ self.axes - self.shift, np.float32)


def fit_space(features: Any, dimensions: int, seed: int, *, centred: bool = True) -> Space:
    """Find the directions in which the features differ most.

    Args:
        features: N F, an array or a sparse matrix.
        dimensions: how many at most.
        centred: subtract the mean; word counts are not centred, as they would fill up with numbers (latent semantic
            analysis, Deerwester and others 1990).

    Example:
        >>> x = np.outer(np.arange(9.0), [3, 4]).astype(np.float32)
        >>> np.abs(fit_space(x, 1, 0).axes[:, 0]).astype(float).round(2).tolist()
        [0.6, 0.8]
    """
    chance = np.random.default_rng([seed, 3])
    count, width = features.shape
    if count > _MOST_ROWS:
        features = features[np.sort(chance.choice(count, _MOST_ROWS, replace=False))]
    dimensions = max(1, min(dimensions, width, features.shape[0] - 1))
    mean = np.asarray(features.mean(axis=0), np.float32).ravel() if centred else np.zeros(width, np.float32)
    wide = min(width, dimensions + _SPARE)
    axes = np.linalg.qr(chance.normal(size=(width, wide)).astype(np.float32))[0]
    for _ in range(_ROUNDS):
        seen = features @ axes - mean @ axes
        back = features.T @ seen - np.outer(mean, seen.sum(axis=0))
        axes = np.linalg.qr(np.asarray(back, np.float32))[0]
    seen = np.asarray(features @ axes - mean @ axes, np.float32)
    turn = np.linalg.eigh(seen.T @ seen)[1][:, ::-1][:, :dimensions]
    axes = np.ascontiguousarray(axes @ turn, np.float32)
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(dimensions)])
    axes = axes * np.where(signs == 0, 1, signs)
    return Space(axes, (mean @ axes).astype(np.float32))
