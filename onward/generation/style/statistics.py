"""What a style is: mean and centred covariance of what a network sees at several depths, wherever in the picture.

Gatys, Ecker and Bethge (arXiv:1508.06576) compare raw Gram matrices, which a large common mean rules; with the mean
taken out and compared by itself, a small network serves as well. Each depth's difference is divided by the style's own
size, so that no weight depends on the picture's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Moments", "mixed", "moments_of", "style_difference", "sums_of"]

_TINY = 1e-6


@dataclass(frozen=True)
class Moments:
    """Sums over places.

    Attributes:
        mean: C.
        second: C C, the mean of x x^T.
    """

    mean: Tensor
    second: Tensor

    @property
    def covariance(self) -> Tensor:
        """Give the centred covariance: C C."""
        return self.second - self.mean[:, None] * self.mean[None]


def sums_of(maps: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Sum x, x x^T and the weights over places, so that sums of tiles can be added.

    Args:
        maps: 1 C H W.
        weights: H W, how much each place counts; all alike without.
    Returns: C, C C and a number.
    """
    flat = maps[0].flatten(1)
    if weights is None:
        return flat.sum(dim=1), flat @ flat.T, flat.new_tensor(float(flat.shape[1]))
    weighed = flat * weights.flatten()
    return weighed.sum(dim=1), weighed @ flat.T, weights.sum()


def moments_of(sums: tuple[Tensor, Tensor, Tensor]) -> Moments:
    """Divide sums by what was counted.

    Example:
        >>> moments = moments_of(sums_of(torch.tensor([[[[1.0, 3.0]]]])))
        >>> float(moments.mean), float(moments.covariance)
        (2.0, 1.0)
    """
    first, second, count = sums
    return Moments(first / count, second / count)


def mixed(moments: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """Mix styles: means and second moments are averaged, as if places of all were seen in these shares."""
    whole = sum(weights)
    shares = [weight / whole for weight in weights]
    mean = torch.stack([share * each.mean for share, each in zip(shares, moments, strict=True)]).sum(dim=0)
    second = torch.stack([share * each.second for share, each in zip(shares, moments, strict=True)]).sum(dim=0)
    return Moments(mean, second)


def style_difference(own: Moments, wanted: Moments) -> Tensor:
    """Give |mean - mean'|^2 / |mean'|^2 + |covariance - covariance'|^2 / |covariance'|^2."""
    means = (own.mean - wanted.mean).square().sum() / (wanted.mean.square().sum() + _TINY)
    covariance = wanted.covariance
    spreads = (own.covariance - covariance).square().sum() / (covariance.square().sum() + _TINY)
    return means + spreads
