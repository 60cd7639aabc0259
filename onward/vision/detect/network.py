"""The detector: pretrained eyes, the neck it shares with pose (`onward/vision/neck.py`), a head that asks every point.

An anchor-free one-stage detector (FCOS, arXiv:1904.01355): each point of the maps at strides 8, 16 and 32 says which
class it is inside of, and how far the box reaches left, up, right and down. The class's score is trained to be the
overlap with the true box as well (arXiv:2006.04388), so no second "centre-ness" is needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from onward.backbones import EfficientNetLite0
from onward.vision.detect.decoding import Found, decode
from onward.vision.neck import Neck, Separable

__all__ = ["STRIDES", "Detector", "Head", "points_of"]

STRIDES = (8, 16, 32)
_TAPS, _CHANNELS = (2, 4, 6), (40, 112, 320)
_FROZEN_STAGES = 3  # the stem and these learn nothing new
_FIRST_SCORE = 0.01
_LONGEST_EXPONENT = 6.0


class Head(nn.Module):
    """Neck and head: the eyes' three maps to scores and distances at every point.

    Args:
        classes: how many there are.
        width: channels.
    """

    def __init__(self, classes: int, width: int = 96) -> None:
        super().__init__()
        self.neck = Neck(_CHANNELS, width)
        self.judging = nn.Sequential(Separable(width), Separable(width))
        self.measuring = nn.Sequential(Separable(width), Separable(width))
        self.score = nn.Conv2d(width, classes, 1)
        self.reach = nn.Conv2d(width, 4, 1)
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.constant_(self.score.bias, -math.log(1 / _FIRST_SCORE - 1))  # type: ignore[arg-type]
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.reach.weight, std=0.01)
        nn.init.constant_(self.reach.bias, 0.7)  # type: ignore[arg-type]

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Ask every point: three maps B C H W, fine to coarse, to B P classes logits and B P 4 distances in pixels."""
        logits, reaches = [], []
        for number, level in enumerate(self.neck(maps)):
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
