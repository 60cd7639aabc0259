"""How far drawn pictures are from real ones in a space of features: Fréchet distance, precision, recall, copying."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = [
    "bootstrap_interval",
    "copying_ratio",
    "diversity",
    "frechet_distance",
    "kernel_distance",
    "nearest_distances",
    "nearest_places",
    "precision_and_recall",
    "unseen_distances",
]

_AT_ONCE = 256  # rows of a table of distances, which may be a hundred thousand wide
_TWICE = 0.1  # of the mean distance: so near, two pictures are one; nearest portraits are a third apart and more


def frechet_distance(real: Tensor, drawn: Tensor) -> float:
    """Give the Fréchet distance between two normal distributions fitted to features (arXiv:1706.08500, equation 6).

    |m1 − m2|² + tr(C1 + C2 − 2 (C1 C2)^½). With the centred rows A, B divided by √(N − 1), √(M − 1), C1 = AᵀA and
    C2 = BᵀB, so that the root's trace is the sum of the singular values of ABᵀ. It is taken of whichever is smaller,
    ABᵀ (N by M) or its twin from the covariances' roots (F by F).

    Args:
        real: N F.
        drawn: M F.
    Example:
        >>> rows = torch.randn(100, 4); abs(frechet_distance(rows, rows)) < 1e-6
        True
    """
    first, second = (rows.double().numpy() for rows in (real, drawn))
    apart = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    a, b = ((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1) for rows in (first, second))
    if max(len(a), len(b)) < a.shape[1]:
        overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    else:
        values, vectors = np.linalg.eigh(a.T @ a)
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        overlap = np.sqrt(np.linalg.eigvalsh(root @ (b.T @ b) @ root).clip(0)).sum()
    return apart + float((a**2).sum() + (b**2).sum() - 2 * overlap)


def kernel_distance(real: Tensor, drawn: Tensor) -> float:
    """Give the kernel distance of two sets of features (arXiv:1801.01401, equation 4), which few pictures do not bias.

    The unbiased estimate of the squared maximum mean discrepancy under the kernel (x·y / F + 1)³; around 0 for equals.

    Args:
        real: N F.
        drawn: M F.
    Example:
        >>> chance = torch.Generator().manual_seed(0); rows = torch.randn(2, 500, 4, generator=chance)
        >>> abs(kernel_distance(*rows)) < 0.1 < kernel_distance(rows[0], rows[1] + 2)
        True
    """
    among = [((rows @ rows.T / rows.shape[1] + 1) ** 3).double() for rows in (real, drawn)]
    across = ((real @ drawn.T / real.shape[1] + 1) ** 3).double().mean()
    within = (float((each.sum() - each.trace()) / (len(each) * (len(each) - 1))) for each in among)
    return sum(within) - 2 * float(across)


def precision_and_recall(real: Tensor, drawn: Tensor, neighbours: int = 3) -> tuple[float, float]:
    """Give the share of drawn pictures that lie among the real, and of real that lie among the drawn.

    Source: arXiv:1904.06991. Both sets should be of the same size: N F each.
    """
    real_reach, drawn_reach = _reach(real, neighbours), _reach(drawn, neighbours)
    apart = torch.cdist(drawn, real)
    precision = (apart <= real_reach[None, :]).any(dim=1).float().mean()
    recall = (apart <= drawn_reach[:, None]).any(dim=0).float().mean()
    return float(precision), float(recall)


def _reach(features: Tensor, neighbours: int) -> Tensor:
    return torch.cdist(features, features).kthvalue(neighbours + 1, dim=1).values


def nearest_distances(training: Tensor, others: Tensor) -> Tensor:
    """Give how far each of the others is from the nearest training picture: N F and M F to M."""
    return nearest_places(training, others)[0]


def nearest_places(training: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Give how far each of the others is from the nearest training picture, and which that is: M and M."""
    found = [torch.cdist(some, training).min(dim=1) for some in others.split(_AT_ONCE)]
    return torch.cat([each.values for each in found]), torch.cat([each.indices for each in found])


def unseen_distances(training: Tensor, held_out: Tensor) -> Tensor:
    """Give how far held-out pictures are from the nearest training picture that is another one: N F and M F to M.

    A folder has pictures twice, mirrored, or one of a burst after the other. Beside these everything would be new, a
    copy too; so training pictures nearer than a tenth of the mean distance to all of them are left aside.

    Example:
        >>> unseen_distances(torch.tensor([[0.0], [4.0], [9.0]]), torch.tensor([[1.0], [4.0]]))
        tensor([1., 4.])
    """
    found = []
    for some in held_out.split(_AT_ONCE):
        apart = torch.cdist(some, training)
        twice = apart < _TWICE * apart.mean(dim=1, keepdim=True)
        found.append(apart.masked_fill(twice, float("inf")).min(dim=1).values)
    return torch.cat(found)


def copying_ratio(training: Tensor, held_out: Tensor, drawn: Tensor) -> float:
    """Compare how near drawn and held-out pictures come to training ones: 1 is like new pictures, near 0 copies."""
    usual = unseen_distances(training, held_out).median().clamp(min=1e-9)
    return float(nearest_distances(training, drawn).median() / usual)


def diversity(features: Tensor) -> float:
    """Give the mean distance between two of the pictures: N F."""
    return float(torch.pdist(features).mean())


def bootstrap_interval(
    measure: Callable[[NDArray[np.int64]], float], count: int, value: float, rounds: int = 12, seed: int = 0
) -> tuple[float, float]:
    """Give the 95 % interval of a measure as value ± 1.96 deviations over resampled rows.

    Resampling repeats rows, which shifts a Fréchet distance; its spread is what is taken from it.
    """
    chance = np.random.default_rng(seed)
    values = [measure(chance.integers(0, count, count)) for _ in range(rounds)]
    reach = 1.96 * float(np.std(values, ddof=1))
    return value - reach, value + reach
