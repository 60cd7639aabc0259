"""The finder of points: pretrained eyes, the neck it shares with detection (`onward/vision/neck.py`), maps on top.

For each point a heat map over cells of 4 (or 8) pixels, and for each cell how far the point is from its middle (as in
DeepLabCut, Mathis et al. 2018, and arXiv:1701.01779). A heat map is a share-out: its cells and one more answer,
"nowhere", add up to 1, so that a point that is not in the picture need not be somewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from onward.backbones import EfficientNetLite0
from onward.vision.neck import Neck, Separable

__all__ = ["Answer", "PoseNetwork"]

_TAPS = {4: (1, 2, 4, 6), 8: (2, 4, 6)}
_CHANNELS = {4: (24, 40, 112, 320), 8: (40, 112, 320)}
_FROZEN_STAGES = 3  # the stem and these learn nothing new


class Answer(NamedTuple):
    """What the network says of a batch.

    Attributes:
        heat: B K h w, logits of the cells.
        nowhere: B K, logit of not being in the picture.
        offsets: B K 2 h w, from a cell's middle to the point (right, down), in cells.
    """

    heat: Tensor
    nowhere: Tensor
    offsets: Tensor


class Head(nn.Module):
    """Neck and head: the eyes' maps to what is said of every point.

    Args:
        points: how many there are, K.
        width: channels.
        stride: pixels a cell, 4 or 8.
    """

    def __init__(self, points: int, width: int, stride: int) -> None:
        super().__init__()
        self.points = points
        self.neck = Neck(_CHANNELS[stride], width)
        self.sharpening = nn.Sequential(Separable(width), Separable(width))
        self.heat = nn.Conv2d(width, points, 1)
        self.offsets = nn.Conv2d(width, 2 * points, 1)
        self.nowhere = nn.Linear(width, points)
        for layer in (self.heat, self.offsets, self.nowhere):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, maps: Sequence[Tensor]) -> Answer:
        """Ask: maps B C h w, fine to coarse."""
        levels = self.neck(maps)
        fine = self.sharpening(levels[0])
        offsets = self.offsets(fine).float()
        offsets = offsets.reshape(offsets.shape[0], self.points, 2, *offsets.shape[2:])
        return Answer(self.heat(fine).float(), self.nowhere(levels[-1].mean(dim=(2, 3))).float(), offsets)


class PoseNetwork(nn.Module):
    """Eyes, neck and head.

    Args:
        points: how many there are, K.
        width: channels of neck and head.
        stride: pixels a cell, 4 or 8.
        eyes: pretrained ones; new ones if None.

    Example:
        >>> import torch
        >>> answer = PoseNetwork(5, width=16)(torch.zeros(1, 3, 64, 96)); answer.heat.shape, answer.offsets.shape
        (torch.Size([1, 5, 16, 24]), torch.Size([1, 5, 2, 16, 24]))
    """

    def __init__(self, points: int, width: int = 64, stride: int = 4, eyes: EfficientNetLite0 | None = None) -> None:
        super().__init__()
        self.stride = stride
        self.eyes = eyes or EfficientNetLite0()
        self.eyes.head = nn.Identity()  # type: ignore[assignment]
        self.head = Head(points, width, stride)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """See: B 3 H W in [-1, 1] to the eyes' maps, fine to coarse."""
        return self.eyes.stages(pictures, _TAPS[self.stride])

    def forward(self, pictures: Tensor) -> Answer:
        """Find: B 3 H W in [-1, 1]; H and W are multiples of 32."""
        return self.head(self.look(pictures))

    def unfreeze(self, everything: bool) -> None:
        """Let the deeper stages of the eyes learn, or all of them."""
        for number, stage in enumerate(self.eyes.body):
            stage.requires_grad_(everything or number >= _FROZEN_STAGES)
        self.eyes.stem.requires_grad_(everything)
