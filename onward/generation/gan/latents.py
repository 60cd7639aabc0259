"""Ways through the latent space: a closed walk, truncation, and pictures that mix two places of it.

The generator takes its latent once, at the start; no later layer is told it. So there are no styles to exchange layer
by layer, as StyleGAN does. `mixed` does the honest equivalent (arXiv:1703.06868): two pictures are drawn side by side,
and from some side on the maps of the one take over the mean and the spread that each channel has in the other. What
lies where stays the first one's, as the coarse layers decided it; colours, light and texture become the second's.

Truncation, too, happens where the architecture has something like a style: in the first maps, which are drawn towards
their mean. Shrinking the noise instead loses more: of CIFAR-10's horses at 0.7, distance 1.09 instead of 0.47.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from onward.generation.gan.networks import Stage

__all__ = ["closed_walk", "mixed", "truncated", "way_between"]

_FOR_THE_MEAN = 2000


def closed_walk(frames: int, rounds: int, many: int, length: int, chance: torch.Generator) -> Iterator[Tensor]:
    """Give the frames, `many` `length` each, of a closed smooth way on which every place is as likely as any noise.

    A sum of `rounds` waves whose amplitudes are normal and whose squares add up to one, so that each frame is standard
    normal by itself and the last one leads to the first; unlike a way from station to station it never stands still.

    Args:
        rounds: how many waves; more of them is more change.
    Example:
        >>> [noise.shape for noise in closed_walk(2, 3, 9, 128, torch.Generator().manual_seed(0))]
        [torch.Size([9, 128]), torch.Size([9, 128])]
    """
    waves = torch.randn(2, rounds, many * length, generator=chance) / math.sqrt(rounds)
    for frame in range(frames):
        angles = 2 * math.pi * frame / frames * torch.arange(1, rounds + 1)
        yield (angles.cos() @ waves[0] + angles.sin() @ waves[1]).view(many, length)


def way_between(one: Tensor, other: Tensor, many: int) -> Tensor:
    """Give places on the way from one latent to another, Z and Z to N Z, each as likely as any noise.

    A quarter of a circle instead of a straight line (arXiv:1609.04468): the squares of both shares add up to one, so
    what is halfway between two standard normal latents is standard normal too, and not a blur nearer to the middle.

    Example:
        >>> way = way_between(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 3)
        >>> way[0].tolist(), bool(torch.allclose(way.norm(dim=1), torch.ones(3)))
        ([1.0, 0.0], True)
    """
    angles = torch.linspace(0, math.pi / 2, many)[:, None]
    way = angles.cos() * one + angles.sin() * other
    way[-1] = other if many > 1 else one  # the cosine of a right angle is not quite nothing
    return way


def truncated(network: Any, psi: float) -> Any:
    """Give a generator whose first maps are `psi` of their way from the mean: 1 for itself, 0 for one picture a class.

    Example:
        >>> from onward.generation.gan.networks import Generator
        >>> one, other = truncated(Generator(16, 8).eval(), 0.0)(torch.randn(2, 128))
        >>> bool(torch.allclose(one, other))
        True
    """
    return network if psi == 1 else _Truncated(network, psi)


class _Truncated:
    """A trained generator, less daring."""

    @torch.no_grad()
    def __init__(self, network: Any, psi: float) -> None:
        self.network, self.psi, self.stages, self.finish = network, psi, network.stages, network.finish
        self.size, self.latent_length = network.size, network.latent_length
        noise = torch.randn(_FOR_THE_MEAN, self.latent_length, generator=torch.Generator().manual_seed(0))
        kinds = [torch.full((len(noise),), kind) if network.classes > 1 else None for kind in range(network.classes)]
        self.means = torch.cat([network.begin(noise, kind).mean(dim=0, keepdim=True) for kind in kinds])

    def begin(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        mean = self.means if labels is None else self.means[labels]
        return mean + self.psi * (self.network.begin(noise, labels) - mean)

    def __call__(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        maps = self.begin(noise, labels)
        for stage in self.stages:
            maps = stage(maps, labels)
        return self.finish(maps)


@torch.no_grad()
def mixed(network: Any, coarse: Tensor, fine: Tensor, labels: Tensor | None = None) -> Tensor:
    """Draw with the layout of some latents and the colours and textures of others: N Z and N Z to N 3 H W in [-1, 1].

    Args:
        labels: N class numbers, of both.
    """
    both = None if labels is None else torch.cat([labels, labels])
    maps = network.begin(torch.cat([coarse, fine]), both)
    for stage in network.stages:
        maps = _exchanged(stage, maps, both, network.size)
    return network.finish(maps.chunk(2)[0])


def _exchanged(stage: Stage, maps: Tensor, labels: Tensor | None, size: int) -> Tensor:
    """Go through a stage and, in the finer ones, give the first half the channel means and spreads of the second."""
    maps = stage(maps, labels)
    if maps.shape[-1] < size // 4:
        return maps
    first, second = maps.chunk(2)
    (mean, spread), (other_mean, other_spread) = (_moments(half) for half in (first, second))
    return torch.cat([(first - mean) / spread * other_spread + other_mean, second])


def _moments(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Give each channel's mean and spread in each picture: B C 1 1 both."""
    mean = maps.mean(dim=(2, 3), keepdim=True)
    return mean, ((maps - mean).square().mean(dim=(2, 3), keepdim=True) + 1e-8).sqrt()
