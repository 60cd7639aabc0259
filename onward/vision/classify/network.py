"""A network that learns to see in minutes, after airbench (arXiv:2404.00498), in sizes for a home machine.

A first layer that is computed, not learned: 2x2 filters that whiten the training pictures' patches (section 3.2). Then
three blocks of two 3x3 convolutions whose first filters start as the identity (section 3.3), GELU, batch normalisation
without scales, and a linear layer on the largest response of each channel.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["SeeingNetwork", "whitening_filters"]

_WHITENED = 24  # 12 directions of a 2x2 RGB patch, each with both signs
_STEADY = 5e-4


class _Convolution(nn.Conv2d):
    """A 3x3 convolution that starts by passing its first channels on as they are."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            nn.init.dirac_(self.weight[: self.weight.shape[1]])


class _Block(nn.Sequential):
    """Two convolutions; the first is followed by halving the sides."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(
            _Convolution(channels_in, channels_out, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            _normalisation(channels_out),
            nn.GELU(),
            _Convolution(channels_out, channels_out, 3, padding=1, bias=False),
            _normalisation(channels_out),
            nn.GELU(),
        )


def _normalisation(channels: int) -> nn.BatchNorm2d:
    """Normalise a batch; its scales stay 1, only the shifts are learned."""
    layer = nn.BatchNorm2d(channels, eps=1e-5, momentum=0.4)
    layer.weight.requires_grad_(False)
    return layer


class SeeingNetwork(nn.Module):
    """Pictures to logits.

    Args:
        classes: how many there are.
        width: channels of the first block; the others have four times as many.
        size: side of the pictures in pixels; more blocks halve larger ones.

    Example:
        >>> SeeingNetwork(10, width=8, size=32)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    def __init__(self, classes: int, width: int = 64, size: int = 32) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, _WHITENED, 2, bias=True)
        self.whiten.weight.requires_grad_(False)
        extra = max(0, (size - 1).bit_length() - 5)  # one more halving for each doubling beyond 32 pixels
        widths = [*([width] * (extra + 1)), 4 * width, 4 * width]
        blocks, before = [], _WHITENED
        for after in widths:
            blocks.append(_Block(before, after))
            before = after
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(before, classes, bias=False)

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 S S in [-1, 1] to B C, the largest response of each channel."""
        # in full precision: it enlarges small differences of pixels that bfloat16 does not see
        with torch.autocast(pictures.device.type, enabled=False):
            whitened = self.whiten(pictures.float())
        return self.blocks(F.gelu(whitened)).amax(dim=(2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell: B 3 S S in [-1, 1] to B classes logits."""
        features = self.features(pictures)
        return self.head(features) / features.shape[1] ** 0.5 * 2


def whitening_filters(pictures: Tensor) -> Tensor:
    """Compute the first layer: filters after which neighbouring pixels and colours tell nothing about each other.

    Args:
        pictures: N 3 H W in [-1, 1]; some thousand are enough.
    Returns: 24 3 2 2: eigenvectors of the patches' covariance over the roots of their eigenvalues, and their negatives.
    """
    patches = F.unfold(pictures.float(), 2).transpose(1, 2).reshape(-1, 12)
    patches = patches - patches.mean(dim=0)
    values, vectors = torch.linalg.eigh(patches.T.double() @ patches.double() / len(patches))
    filters = (vectors / (values + _STEADY).sqrt()).T.flip(0).reshape(12, 3, 2, 2).float()
    return torch.cat([filters, -filters])
