"""Kernels: how alike two rows are, as an inner product in a space nobody has to visit.

Schölkopf and Smola, "Learning with Kernels" (2002), chapter 2; Nyström's landmarks: Williams and Seeger, "Using the
Nyström method to speed up kernel machines", NIPS 13 (2001).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

__all__ = ["DEGREE", "kernel_rows", "natural_gamma", "nystrom_mixing"]

DEGREE = 3
_LEAST_EIGENVALUE = 1e-10  # of the largest


def kernel_rows(x: Any, others: Any, kernel: str, gamma: float) -> NDArray[np.float64]:
    """Compare rows: N F and S F to N S.

    Args:
        x, others: arrays, or sparse matrices.
        kernel: `linear`, x·s; `poly`, (gamma x·s + 1)³; `rbf`, exp(−gamma |x − s|²).
    Example:
        >>> a = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> kernel_rows(a, a, "rbf", 0.5).round(3).tolist()
        [[1.0, 0.368], [0.368, 1.0]]
    """
    products = x @ others.T
    inner = np.asarray(products.toarray() if sparse.issparse(products) else products, np.float64)
    if kernel == "linear":
        return inner
    if kernel == "poly":
        return (gamma * inner + 1) ** DEGREE
    distances = _squares(x)[:, None] + _squares(others)[None, :] - 2 * inner
    return np.exp(-gamma * np.maximum(distances, 0))


def natural_gamma(x: Any) -> float:
    """Give the gamma under which a usual distance counts as one: 1 / (F times the variance of all cells)."""
    if sparse.issparse(x):
        mean = x.mean()
        variance = float(x.multiply(x).mean() - mean**2)
    else:
        variance = float(x.var())
    return 1.0 / max(x.shape[1] * variance, 1e-12)


def nystrom_mixing(landmarks: Any, kernel: str, gamma: float) -> NDArray[np.float64]:
    """Give M R, by which a row's likeness to M landmarks becomes R numbers whose inner product is nearly the kernel.

    With K = U Λ Uᵀ among the landmarks it is U Λ^−½ (equation 9 of the paper).
    """
    values, vectors = np.linalg.eigh(kernel_rows(landmarks, landmarks, kernel, gamma))
    kept = values > _LEAST_EIGENVALUE * values[-1]
    return vectors[:, kept] / np.sqrt(values[kept])


def _squares(x: Any) -> NDArray[np.float64]:
    if sparse.issparse(x):
        return np.asarray(x.multiply(x).sum(axis=1), np.float64).ravel()
    return np.einsum("nf,nf->n", x, x)
