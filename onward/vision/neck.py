"""The neck that detection and pose share: it carries meaning down to fine maps, and edges up to coarse ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Neck", "Separable"]

_GROUPS = 8


class Separable(nn.Sequential):
    """A 3x3 filter for each channel, then a mixture of channels (arXiv:1704.04861)."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.GroupNorm(_GROUPS, channels),
            nn.SiLU(),
        )


class Neck(nn.Module):
    """Maps of several strides to as many, all of the same width, each of which knows of the others.

    Args:
        channels: of the maps that come in, fine to coarse; each map has half the side of the one before.
        width: channels of the maps that come out.

    Example:
        >>> import torch
        >>> maps = [torch.zeros(1, 40, 8, 8), torch.zeros(1, 112, 4, 4)]
        >>> [tuple(each.shape) for each in Neck((40, 112), width=16)(maps)]
        [(1, 16, 8, 8), (1, 16, 4, 4)]
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.across = nn.ModuleList(
            nn.Sequential(nn.Conv2d(each, width, 1, bias=False), nn.GroupNorm(_GROUPS, width)) for each in channels
        )
        self.tidy = nn.ModuleList(Separable(width) for _ in channels)
        self.upwards = nn.ModuleList(Separable(width) for _ in channels[1:])

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Mix maps B C H W, fine to coarse."""
        levels = [across(each) for across, each in zip(self.across, maps, strict=True)]
        for number in reversed(range(len(levels) - 1)):  # a feature pyramid, arXiv:1612.03144
            levels[number] = levels[number] + F.interpolate(levels[number + 1], size=levels[number].shape[2:])
        levels = [tidy(each) for tidy, each in zip(self.tidy, levels, strict=True)]
        for number, upward in enumerate(self.upwards):  # and back up: where edges are (arXiv:1803.01534)
            finer = F.max_pool2d(levels[number], 2)
            levels[number + 1] = levels[number + 1] + upward(finer)
        return levels
