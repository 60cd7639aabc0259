"""The networks: pretrained eyes with a head in the space that all pictures span, and a small one that starts new."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import Eyes
from onward.backbones.features import enlarged

__all__ = ["SemiNetwork", "WideNetwork"]

_STEADY = 1e-6


class SemiNetwork(nn.Module):
    """Eyes, principal components of what they see, and a linear head on what has length 1 there.

    Args:
        eyes: what looks.
        side: pictures are brought to this many pixels before it looks.
        dimensions: principal components.
        kinds: classes.

    Example:
        >>> from onward.backbones import find_eyes
        >>> SemiNetwork(find_eyes("lite0", weights=False), 64, 8, 3)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 3])
    """

    def __init__(self, eyes: Eyes, side: int, dimensions: int, kinds: int) -> None:
        super().__init__()
        self.side = side
        self.eyes = eyes.network
        self.mean = nn.Parameter(torch.zeros(eyes.features))
        self.axes = nn.Parameter(torch.zeros(eyes.features, dimensions))
        self.head = nn.Linear(dimensions, kinds)

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 H W in [-1, 1] to B F."""
        return self.eyes(enlarged(pictures, self.side))

    def placed(self, features: Tensor) -> Tensor:
        """Bring B F features to B D, of length 1."""
        turned = (features - self.mean) @ self.axes
        return turned / turned.norm(dim=1, keepdim=True).clamp(min=_STEADY)

    def judged(self, features: Tensor) -> Tensor:
        """Give B K logits of features."""
        return self.head(self.placed(features))

    def both_sides(self, pictures: Tensor) -> Tensor:
        """Give the mean features of pictures and of their mirror images, B F."""
        return (self.features(pictures) + self.features(pictures.flip(3))) / 2

    def answers(self, pictures: Tensor) -> Tensor:
        """Give B K logits, of both sides of each picture."""
        return self.judged(self.both_sides(pictures))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell: B 3 H W in [-1, 1] to B K logits."""
        return self.judged(self.features(pictures))


class _Block(nn.Module):
    """Two 3x3 convolutions beside a way around them (arXiv:1605.07146, figure 1d)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first_norm = nn.BatchNorm2d(channels_in)
        self.first = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels_out)
        self.second = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        is_same = channels_in == channels_out and stride == 1
        self.around = nn.Identity() if is_same else nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        ready = F.leaky_relu(self.first_norm(maps), 0.1)
        inner = F.leaky_relu(self.second_norm(self.first(ready)), 0.1)
        return self.around(ready) + self.second(inner)


class WideNetwork(nn.Module):
    """A wide residual network of ten layers, the kind that FixMatch's authors use, for small pictures and few cores.

    Args:
        kinds: classes.
        width: channels of the first group; the next ones have twice and four times as many.
        size: side of the pictures; larger ones are halved first, until they are 32 pixels or fewer.

    Example:
        >>> WideNetwork(10, width=8, size=32)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    def __init__(self, kinds: int, width: int, size: int) -> None:
        super().__init__()
        halvings = max(0, (size - 1).bit_length() - 5)
        self.stem = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.early = nn.Sequential(*(nn.Conv2d(16, 16, 3, 2, 1, bias=False) for _ in range(halvings)))
        self.blocks = nn.Sequential(_Block(16, width, 1), _Block(width, 2 * width, 2), _Block(2 * width, 4 * width, 2))
        self.norm = nn.BatchNorm2d(4 * width)
        self.head = nn.Linear(4 * width, kinds)

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 S S in [-1, 1] to B F."""
        return F.leaky_relu(self.norm(self.blocks(self.early(self.stem(pictures)))), 0.1).mean(dim=(2, 3))

    def both_sides(self, pictures: Tensor) -> Tensor:
        """Give the mean features of pictures and of their mirror images, B F."""
        return (self.features(pictures) + self.features(pictures.flip(3))) / 2

    def judged(self, features: Tensor) -> Tensor:
        """Give B K logits of features."""
        return self.head(features)

    def answers(self, pictures: Tensor) -> Tensor:
        """Give B K logits, of both sides of each picture."""
        return self.judged(self.both_sides(pictures))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell: B 3 S S in [-1, 1] to B K logits."""
        return self.head(self.features(pictures))
