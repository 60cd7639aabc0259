"""A network that restyles any photo at once: what the walk of the pixels takes minutes for, learned beforehand.

After Johnson, Alahi and Fei-Fei (arXiv:1603.08155), with instance normalisation (arXiv:1607.08022), and enlarging by
repeating pixels instead of transposed convolutions (distill.pub/2016/deconv-checkerboard). It is given the photo in the
style's colours and begins as doing nothing to it, so it has only the strokes to learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.generation.style.colours import Palette, blended_colours

__all__ = ["QuickPainter"]

_BLOCKS, _FIRST = 4, 9
_STEEP = 0.02  # colours are kept so far from black and white, where the curve through them is too flat to learn by


class QuickPainter(nn.Module):
    """Photo to painting.

    Args:
        width: channels at the photo's own size; twice and four times as many at its half and quarter.
        styles: whose colours are mixed.

    Example:
        >>> _ = torch.manual_seed(1)
        >>> painter = QuickPainter(4, 1).eval(); photo = torch.rand(1, 3, 19, 30) * 0.9 + 0.05
        >>> torch.allclose(painter(photo), photo, atol=0.1)
        True
    """

    shares: Tensor
    means: Tensor
    covariances: Tensor

    def __init__(self, width: int, styles: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, 3, _FIRST, padding=_FIRST // 2, padding_mode="reflect")
        if not last.weight.is_meta:
            nn.init.normal_(last.weight, 0.0, 0.01)
            nn.init.zeros_(last.bias)  # pyright: ignore[reportArgumentType]
        self.body = nn.Sequential(
            _Turn(3, width, _FIRST),
            _Turn(width, 2 * width, 3, 2),
            _Turn(2 * width, 4 * width, 3, 2),
            *(_Block(4 * width) for _ in range(_BLOCKS)),
            nn.Upsample(scale_factor=2.0),
            _Turn(4 * width, 2 * width, 3),
            nn.Upsample(scale_factor=2.0),
            _Turn(2 * width, width, 3),
            last,
        )
        self.kept = nn.Parameter(torch.ones(3, 1, 1))
        self.register_buffer("shares", torch.ones(styles) / styles)
        self.register_buffer("means", torch.zeros(styles, 3))
        self.register_buffer("covariances", torch.eye(3).repeat(styles, 1, 1))

    def take_colours(self, palettes: Sequence[Palette], weights: Sequence[float]) -> None:
        """Learn by heart the styles' colours, and in which shares."""
        self.shares.copy_(torch.tensor(weights) / sum(weights))
        self.means.copy_(torch.from_numpy(np.stack([mean for mean, _ in palettes])))
        self.covariances.copy_(torch.from_numpy(np.stack([spread for _, spread in palettes])))

    def in_colours(self, pixels: NDArray[np.uint8], own: Palette | None = None) -> Tensor:
        """Bring a photo, H W 3, to the styles' colours: 1 3 H W.

        Args:
            own: the colours it is taken to have: a film's first frame's.
        """
        palettes = list(zip(self.means.double().numpy(), self.covariances.double().numpy(), strict=True))
        moved = blended_colours(pixels / np.float32(255), palettes, self.shares.tolist(), own)
        return torch.from_numpy(moved).permute(2, 0, 1)[None].contiguous()

    def forward(self, photos: Tensor) -> Tensor:
        """Restyle B 3 H W, in the style's colours, about 0 to 1; sides are any.

        Returns: the same, within 0 to 1.
        """
        height, width = photos.shape[2:]
        begun = photos.clamp(_STEEP, 1 - _STEEP)
        right, below = (max(8 - side, -side % 4) for side in (width, height))  # the widest mirrored rim is 4
        filled = nn.functional.pad(begun, (0, right, 0, below), mode="replicate")
        changed = self.body(2 * filled - 1)[..., :height, :width]
        return torch.sigmoid(changed + self.kept * torch.logit(begun))


class _Turn(nn.Sequential):
    """A convolution with mirrored rims, normalised by each picture's own statistics."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1, *, is_bent: bool = True) -> None:
        convolution = nn.Conv2d(before, after, size, stride, size // 2, padding_mode="reflect", bias=False)
        super().__init__(convolution, nn.InstanceNorm2d(after, affine=True), nn.ReLU() if is_bent else nn.Identity())


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(_Turn(channels, channels, 3), _Turn(channels, channels, 3, is_bent=False))

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.change(maps)
