"""The detector: pretrained eyes, a neck that carries meaning down to fine maps, and a head that asks every point.

An anchor-free one-stage detector (FCOS, arXiv:1904.01355): each point of the maps at strides 8, 16 and 32 says which
class it is inside of, and how far the box reaches left, up, right and down. The class's score is trained to be the
overlap with the true box as well (arXiv:2006.04388), so no second "centre-ness" is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import EfficientNetLite0
from onward.vision.detect.decoding import Found, decode

__all__ = ["STRIDES", "Detector", "Head", "points_of"]

STRIDES = (8, 16, 32)
_TAPS, _CHANNELS = (2, 4, 6), (40, 112, 320)
_FROZEN_STAGES = 3  # the stem and these learn nothing new
_GROUPS = 8
_FIRST_SCORE = 0.01
_LONGEST_EXPONENT = 6.0


class _Separable(nn.Sequential):
    """A 3x3 filter for each channel, then a mixture of channels (arXiv:1704.04861)."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.GroupNorm(_GROUPS, channels),
            nn.SiLU(),
        )


class Head(nn.Module):
    """Neck and head: the eyes' three maps to scores and distances at every point.

    Args:
        classes: how many there are.
        width: channels.
    """

    def __init__(self, classes: int, width: int = 96) -> None:
        super().__init__()
        self.across = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, width, 1, bias=False), nn.GroupNorm(_GROUPS, width))
            for channels in _CHANNELS
        )
        self.tidy = nn.ModuleList(_Separable(width) for _ in STRIDES)
        self.upwards = nn.ModuleList(_Separable(width) for _ in STRIDES[1:])
        self.judging = nn.Sequential(_Separable(width), _Separable(width))
        self.measuring = nn.Sequential(_Separable(width), _Separable(width))
        self.score = nn.Conv2d(width, classes, 1)
        self.reach = nn.Conv2d(width, 4, 1)
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.constant_(self.score.bias, -torch.tensor(1 / _FIRST_SCORE - 1).log().item())  # type: ignore[arg-type]
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.reach.weight, std=0.01)
        nn.init.constant_(self.reach.bias, 0.7)  # type: ignore[arg-type]

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Ask every point: three maps B C H W, fine to coarse, to B P classes logits and B P 4 distances in pixels."""
        levels = [across(each) for across, each in zip(self.across, maps, strict=True)]
        for number in reversed(range(len(levels) - 1)):  # a feature pyramid, arXiv:1612.03144
            levels[number] = levels[number] + F.interpolate(levels[number + 1], size=levels[number].shape[2:])
        levels = [tidy(each) for tidy, each in zip(self.tidy, levels, strict=True)]
        for number, upward in enumerate(self.upwards):  # and back up: where edges are (arXiv:1803.01534)
            finer = F.max_pool2d(levels[number], 2)
            levels[number + 1] = levels[number + 1] + upward(finer)
        logits, reaches = [], []
        for number, level in enumerate(levels):
            logits.append(self.score(self.judging(level)).flatten(2).transpose(1, 2).float())
            exponent = self.reach(self.measuring(level)).flatten(2).transpose(1, 2).float() * self.scales[number]
            reaches.append(exponent.clamp(max=_LONGEST_EXPONENT).exp() * STRIDES[number])
        return torch.cat(logits, dim=1), torch.cat(reaches, dim=1)


class Detector(nn.Module):
    """Eyes, neck and head.

    Args:
        classes: how many there are.
        width: channels of neck and head.
        eyes: pretrained ones; new ones if None.

    Example:
        >>> logits, reach = Detector(2, width=16)(torch.zeros(1, 3, 64, 64)); logits.shape, reach.shape
        (torch.Size([1, 84, 2]), torch.Size([1, 84, 4]))
    """

    def __init__(self, classes: int, width: int = 96, eyes: EfficientNetLite0 | None = None) -> None:
        super().__init__()
        self.eyes = eyes or EfficientNetLite0()
        self.eyes.head = nn.Identity()  # type: ignore[assignment]
        self.head = Head(classes, width)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """See: B 3 S S in [-1, 1] to the eyes' maps at strides 8, 16 and 32."""
        return self.eyes.stages(pictures, _TAPS)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Find: B 3 S S in [-1, 1] to B P classes logits and B P 4 distances in pixels."""
        return self.head(self.look(pictures))

    def found(self, pictures: Tensor) -> list[Found]:
        """Find things: B 3 S S in [-1, 1] to what is in each picture."""
        points, _ = points_of(pictures.shape[2])
        return [decode(one, other, points) for one, other in zip(*self(pictures), strict=True)]

    def unfreeze(self, everything: bool) -> None:
        """Let the deeper stages of the eyes learn, or all of them."""
        for number, stage in enumerate(self.eyes.body):
            stage.requires_grad_(everything or number >= _FROZEN_STAGES)
        self.eyes.stem.requires_grad_(everything)


def points_of(size: int) -> tuple[Tensor, Tensor]:
    """Give where a picture of `size` pixels is asked: P 2 points (x, y) and each point's stride.

    Example:
        >>> points, strides = points_of(64); len(points), points[0].tolist(), strides.unique().tolist()
        (84, [4.0, 4.0], [8.0, 16.0, 32.0])
    """
    points, strides = [], []
    for stride in STRIDES:
        middles = (torch.arange(size // stride) + 0.5) * stride
        rows, columns = torch.meshgrid(middles, middles, indexing="ij")
        points.append(torch.stack([columns.flatten(), rows.flatten()], dim=1))
        strides.append(torch.full((len(points[-1]),), float(stride)))
    return torch.cat(points), torch.cat(strides)
