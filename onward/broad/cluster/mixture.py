"""A mixture of Gaussians by expectation and maximisation (Dempster, Laird and Rubin 1977; Bishop 2006, section 9.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "fit_mixture"]

_MOST_ROUNDS = 40
_FLOOR = 1e-2  # added to variances, as a share of the data's own: no Gaussian shrinks to a point
_ENOUGH = 1e-4


class Mixture:
    """K Gaussians with full covariances.

    Attributes:
        shares: K, they add up to 1.
        means: K D.
        covariances: K D D.
    """

    def __init__(
        self, shares: NDArray[np.float64], means: NDArray[np.float64], covariances: NDArray[np.float64]
    ) -> None:
        self.shares, self.means, self.covariances = shares, means, covariances

    def log_parts(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Give log(share × density) of each Gaussian at each point: N D to N K."""
        found = np.empty((len(x), len(self.means)))
        for place, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            root = np.linalg.cholesky(covariance)
            scaled = np.linalg.solve(root, (x - mean).T)
            size = np.log(np.diagonal(root)).sum() + 0.5 * len(mean) * np.log(2 * np.pi)
            found[:, place] = np.log(max(self.shares[place], 1e-300)) - size - 0.5 * (scaled * scaled).sum(axis=0)
        return found

    def labels(self, x: NDArray[np.floating]) -> NDArray[np.int64]:
        """Give each point's likeliest Gaussian: N D to N."""
        return self.log_parts(x).argmax(axis=1)


def fit_mixture(x: NDArray[np.float32], labels: NDArray[np.int64], clusters: int) -> Mixture:
    """Fit K Gaussians, begun with the clusters of another method.

    Args:
        x: N D.
        labels: N, from 0 to K − 1.
    """
    points = x.astype(np.float64)
    floor = _FLOOR * max(float(points.var(axis=0).mean()), 1e-12) * np.eye(x.shape[1])
    belongs = np.eye(clusters)[labels]
    mixture, before = _maximised(points, belongs, floor), -np.inf
    for _ in range(_MOST_ROUNDS):
        parts = mixture.log_parts(points)
        top = parts.max(axis=1, keepdims=True)
        whole = top + np.log(np.exp(parts - top).sum(axis=1, keepdims=True))
        mixture = _maximised(points, np.exp(parts - whole), floor)
        now = float(whole.mean())
        if now - before < _ENOUGH:
            break
        before = now
    return mixture


def _maximised(x: NDArray[np.float64], belongs: NDArray[np.float64], floor: NDArray[np.float64]) -> Mixture:
    """Give shares, means and covariances under soft labels (Bishop's equations 9.24 to 9.26)."""
    counts = belongs.sum(axis=0) + 1e-9
    means = belongs.T @ x / counts[:, None]
    covariances = []
    for place in range(belongs.shape[1]):
        away = x - means[place]
        covariances.append((belongs[:, place, None] * away).T @ away / counts[place] + floor)
    return Mixture(counts / counts.sum(), means, np.stack(covariances))
