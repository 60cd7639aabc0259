"""The two players: a generator that draws from random numbers and a discriminator that looks at pixels.

`Generator` and `PixelDiscriminator` are the recommended pair. `TutorialGenerator` and `TutorialDiscriminator` are the
networks of the DCGAN paper (arXiv:1511.06434), one layer shorter for 32-pixel pictures, for `--loss classic`.
All take sides of 32, 64 or 128 pixels. Next: `losses.py`, `training.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Generator", "PixelDiscriminator", "TutorialDiscriminator", "TutorialGenerator"]

Stage = Callable[[Tensor, Tensor | None], Tensor]  # maps and class numbers to maps of twice the side


def _widths(size: int, width: int, most: int) -> list[int]:
    """Channels at sides 4, 8, … `size`, halving from `most` times `width` down to `width / 2` at the finest."""
    doublings = int(math.log2(size)) - 2
    return [min(most * width, width * 2 ** (doublings - 1 - level)) for level in range(doublings)] + [width // 2]


def _coloured(painted: Tensor) -> Tensor:
    """Show a single plane three times: B 1 H W or B 3 H W to B 3 H W."""
    return painted if painted.shape[1] == 3 else painted.expand(-1, 3, -1, -1)


class _Conditioned(nn.Module):
    """Batch normalisation whose scale and shift a class may move (arXiv:1610.07629)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(channels)
        self.scale_and_shift = nn.Embedding(classes, 2 * channels) if classes > 1 else None
        if self.scale_and_shift is not None:
            nn.init.zeros_(self.scale_and_shift.weight)

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        maps = self.normalise(maps)
        if self.scale_and_shift is None or labels is None:
            return maps
        scale, shift = self.scale_and_shift(labels)[:, :, None, None].chunk(2, dim=1)
        return maps * (1 + scale) + shift


class _Doubling(nn.Module):
    """Twice the side: each pixel four times and a 3x3 convolution, then a residual 3x3 convolution that tidies it.

    A strided transposed convolution in its place leaves a checkerboard and loses a third of the recall.
    """

    def __init__(self, channels_in: int, channels_out: int, classes: int, tidy: bool) -> None:
        super().__init__()
        self.enlarge = nn.Conv2d(channels_in, channels_out, 3, 1, 1, bias=False)
        self.norm = _Conditioned(channels_out, classes)
        self.tidy = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False) if tidy else None
        self.tidy_norm = _Conditioned(channels_out, classes) if tidy else None

    def forward(self, maps: Tensor, labels: Tensor | None) -> Tensor:
        maps = F.relu(self.norm(self.enlarge(F.interpolate(maps, scale_factor=2)), labels))
        if self.tidy is None or self.tidy_norm is None:
            return maps
        return maps + F.relu(self.tidy_norm(self.tidy(maps), labels))


class Generator(nn.Module):
    """Random numbers to pictures.

    Args:
        size: side of the pictures in pixels, a power of two from 16.
        width: channels at half the side; 64 for two CPU cores.
        classes: how many kinds of picture; 1 for no conditioning.
        grey: paint one plane and show it three times, where the data have no colour.

    Example:
        >>> Generator(size=32, width=16)(torch.zeros(2, 128)).shape
        torch.Size([2, 3, 32, 32])
    """

    latent_length = 128

    def __init__(self, size: int = 32, width: int = 64, classes: int = 1, grey: bool = False) -> None:
        super().__init__()
        channels = _widths(size, width, most=4)
        self.size, self.classes = size, classes
        self.start = nn.Linear(self.latent_length, channels[0] * 16, bias=False)
        self.start_norm = _Conditioned(channels[0], classes)
        self.doublings = nn.ModuleList(
            _Doubling(before, after, classes, tidy=after >= width) for before, after in pairwise(channels)
        )
        self.paint = nn.Conv2d(channels[-1], 1 if grey else 3, 3, 1, 1)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw: B 128 standard normal numbers (and B class numbers) to B 3 size size in [-1, 1]."""
        maps = self.begin(noise, labels)
        for stage in self.stages:
            maps = stage(maps, labels)
        return self.finish(maps)

    def begin(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give the first maps, B C 4 4: all that the noise has a say in."""
        maps = self.start(noise).unflatten(1, (-1, 4, 4)).contiguous(memory_format=torch.channels_last)
        return F.relu(self.start_norm(maps, labels))

    @property
    def stages(self) -> Sequence[Stage]:
        """Give what doubles the maps' side, one after the other; each also takes the class numbers."""
        return tuple(self.doublings)

    def finish(self, maps: Tensor) -> Tensor:
        """Paint the last maps: B 3 size size."""
        return _coloured(self.paint(maps).tanh())


class PixelDiscriminator(nn.Module):
    """Pictures to logits, by strided convolutions without normalisation, so that gradient penalties mean something.

    The spread of the batch is shown to it as one more channel (arXiv:1710.10196, section 3), so a generator that
    draws the same picture again and again is found out. Classes enter by projection (arXiv:1802.05637).

    Example:
        >>> PixelDiscriminator(size=32, width=16)(torch.zeros(4, 3, 32, 32)).shape
        torch.Size([4])
    """

    def __init__(self, size: int = 32, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        channels = _widths(size, 2 * width, most=2)[::-1][1:]
        layers, before = [], 3
        for after in [width, *channels][: int(math.log2(size)) - 2]:
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2)]
            before = after
        self.look = nn.Sequential(*layers)
        self.think = nn.Sequential(nn.Conv2d(before + 1, 256, 3, 1, 1), nn.LeakyReLU(0.2), nn.Flatten())
        self.judge = nn.Linear(256 * 16, 1)
        self.kind = nn.Embedding(classes, 256 * 16) if classes > 1 else None

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge: B 3 size size in [-1, 1] (and B class numbers) to B logits, high for real."""
        maps = self.look(pictures)
        groups = maps.unflatten(0, (-1, 4)) if len(maps) % 4 == 0 else maps.unsqueeze(0)
        apart = groups.float() - groups.float().mean(dim=1, keepdim=True)  # ten times as fast as torch's own var
        spread = (apart.square().mean(dim=1) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        spread = spread.to(maps.dtype).repeat_interleave(groups.shape[1])[:, None, None, None].expand(-1, 1, 4, 4)
        thought = self.think(torch.cat([maps, spread], dim=1))
        logits = self.judge(thought).squeeze(1)
        if self.kind is None or labels is None:
            return logits
        return logits + (self.kind(labels) * thought).sum(dim=1) / thought.shape[1] ** 0.5


class TutorialGenerator(nn.Module):
    """The DCGAN generator: transposed 4x4 convolutions, batch normalisation, ReLU; latent length 100.

    Example:
        >>> TutorialGenerator(32)(torch.zeros(2, 100)).shape
        torch.Size([2, 3, 32, 32])
    """

    latent_length = 100

    def __init__(self, size: int = 32, width: int = 64, classes: int = 1, grey: bool = False) -> None:
        super().__init__()
        self.size, self.classes = size, classes
        channels = [width * 2**level for level in range(int(math.log2(size)) - 2)][::-1]
        layers: list[nn.Module] = []
        before, stride, padding = self.latent_length, 1, 0
        for after in channels:
            convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
            before, stride, padding = after, 2, 1
        planes = 1 if grey else 3
        self.draw = nn.Sequential(*layers, nn.ConvTranspose2d(before, planes, 4, 2, 1, bias=False), nn.Tanh())
        self.apply(_tutorial_start)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw: B 100 standard normal numbers to B 3 size size in [-1, 1]; classes are not part of the tutorial."""
        maps = self.begin(noise, labels)
        for stage in self.stages:
            maps = stage(maps, labels)
        return self.finish(maps)

    def begin(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Give the first maps, B C 4 4: all that the noise has a say in."""
        return self.draw[:3](noise[:, :, None, None])

    @property
    def stages(self) -> Sequence[Stage]:
        """Give what doubles the maps' side, one after the other: convolution, normalisation, ReLU."""
        threes = (self.draw[place : place + 3] for place in range(3, len(self.draw) - 2, 3))
        return tuple(lambda maps, labels, three=three: three(maps) for three in threes)

    def finish(self, maps: Tensor) -> Tensor:
        """Paint the last maps: B 3 size size."""
        return _coloured(self.draw[-2:](maps))


class TutorialDiscriminator(nn.Module):
    """The DCGAN discriminator: strided 4x4 convolutions, batch normalisation, leaky ReLU.

    Example:
        >>> TutorialDiscriminator(32)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2])
    """

    def __init__(self, size: int = 32, width: int = 64) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(int(math.log2(size)) - 2)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for before, after in pairwise(channels):
            convolution = nn.Conv2d(before, after, 4, 2, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.judge = nn.Sequential(*layers, nn.Conv2d(channels[-1], 1, 4, 1, 0, bias=False), nn.Flatten(0))
        self.apply(_tutorial_start)

    def forward(self, pictures: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge: B 3 size size in [-1, 1] to B logits, high for real."""
        return self.judge(pictures)


def _tutorial_start(module: nn.Module) -> None:
    """Start as the paper says: weights normal with deviation 0.02, gains around 1."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
