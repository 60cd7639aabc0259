"""The head: multinomial logistic regression on features, from labels that may be soft and may count less.

Every way of using pictures without a label ends here: it says how likely each class is for each of them and how much
that counts, and the head is fitted to labels and guesses alike. Fitted to the labels alone it is the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Head", "Space", "fit_head", "learned_space", "softmax"]

Floats = NDArray[np.float32]
_STEADY = 1e-6


@dataclass(frozen=True)
class Space:
    """Where features are compared: shifted to their mean, turned onto their principal components, of length 1.

    Attributes:
        mean: F, of all pictures' features.
        axes: F D.
    """

    mean: Floats
    axes: Floats

    def of(self, features: NDArray[np.floating]) -> Floats:
        """Bring N F features to N D, each of length 1."""
        placed = (features.astype(np.float32) - self.mean) @ self.axes
        return placed / np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), _STEADY)


@dataclass(frozen=True)
class Head:
    """A linear classifier: N D to N K logits.

    Attributes:
        weights: D K.
        biases: K.
    """

    weights: Floats
    biases: Floats

    def logits(self, x: Floats) -> Floats:
        """Give N K logits."""
        return x @ self.weights + self.biases

    def tell(self, x: Floats) -> Floats:
        """Give N K probabilities."""
        return softmax(self.logits(x))


def softmax(logits: Floats) -> Floats:
    """Turn N K logits into probabilities.

    Example:
        >>> softmax(np.zeros((1, 4), np.float32)).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def learned_space(features: Floats, dimensions: int) -> Space:
    """Find the directions in which pictures differ most, without any label.

    Args:
        features: N F, of all pictures, with and without a label.
        dimensions: how many directions; what lies in the others is left out. Where there are fewer, the rest is zero.
    """
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = features - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    count = max(1, min(dimensions, len(features) - 1, vectors.shape[1]))
    axes = np.zeros((len(vectors), dimensions), np.float32)
    axes[:, :count] = vectors[:, ::-1][:, :count]
    return Space(mean, axes)


def fit_head(
    x: Floats, targets: Floats, weights: Floats | None = None, strength: float = 1.0, start: Head | None = None
) -> Head:
    """Fit a head by L-BFGS: the mean cross-entropy, weighted, plus a pull of the weights to 0.

    Args:
        x: N D.
        targets: N K, each row a distribution.
        weights: N, how much each picture counts; their sum is what stands against the pull.
        strength: the larger, the weaker the pull (scikit-learn's C).
        start: where to begin.
    """
    from scipy.optimize import minimize

    count, kinds, dimensions = len(x), targets.shape[1], x.shape[1]
    share = np.ones(count, np.float32) if weights is None else weights.astype(np.float32)
    rows = np.concatenate([x, np.ones((count, 1), np.float32)], axis=1)
    wanted = targets * share[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(dimensions + 1, kinds).astype(np.float32)
        logits = rows @ table
        highest = logits.max(axis=1, keepdims=True)
        total = np.exp(logits - highest)
        sums = total.sum(axis=1, keepdims=True)
        entropy = float((share * (highest + np.log(sums))[:, 0]).sum() - (wanted * logits).sum())
        slope = rows.T @ (total / sums * share[:, None] - wanted)
        pull = table.copy()
        pull[-1] = 0
        slope = slope + pull / strength
        return entropy + 0.5 * float((pull**2).sum()) / strength, slope.astype(np.float64).ravel()

    first = np.zeros((dimensions + 1, kinds))
    if start is not None:
        first[:-1], first[-1] = start.weights, start.biases
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 100, "ftol": 1e-7})
    table = found.x.reshape(dimensions + 1, kinds).astype(np.float32)
    return Head(table[:-1], table[-1] - table[-1].mean())
