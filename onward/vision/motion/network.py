"""A small network that sees motion: pyramid, warping, correlation (PWC-Net, arXiv:1709.02371, sections 3 and 4).

From coarse to fine: the second picture's features are brought back by what is known of the flow already, compared with
the first's in a small neighbourhood, and the flow is mended. Three changes make it learn in minutes what the paper's
learns in days: one decoder serves all levels (IRR-PWC, arXiv:1904.05290); features are compared by the cosine between
them, their means taken off (arXiv:2006.04902, section 4); and where they agree best is a first guess already (softmax
matching, arXiv:2111.13680, section 3.2), so that the decoder only mends. A context network has the last word.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["LEVELS", "FlowNetwork", "best_match", "correlation", "warp"]

LEVELS = 5  # strides 2 to 32
_FINEST = 2  # the flow is told at stride 4 and drawn larger from there
_REACH = 3  # places that are compared on each side, on every level
_FIRST_SHARPNESS = 20.0  # of the guess; it is learned


def warp(features: Tensor, flow: Tensor) -> Tensor:
    """Fetch for each place what stands where its flow leads: B C H W along B 2 H W in places; 0 from outside.

    Source: spatial transformer, arXiv:1506.02025, section 3.3.
    Example:
        >>> torch.equal(warp(torch.ones(1, 3, 4, 4), torch.zeros(1, 2, 4, 4)).round(), torch.ones(1, 3, 4, 4))
        True
    """
    high, wide = features.shape[2:]
    rows = torch.arange(high, dtype=flow.dtype, device=flow.device)[:, None]
    columns = torch.arange(wide, dtype=flow.dtype, device=flow.device)[None, :]
    x = (2 * (columns + flow[:, 0]) + 1) / wide - 1
    y = (2 * (rows + flow[:, 1]) + 1) / high - 1
    return F.grid_sample(features, torch.stack([x, y], dim=3), align_corners=False)


def correlation(first: Tensor, second: Tensor, reach: int = _REACH) -> Tensor:
    """Compare each place with its neighbourhood in the other (equation 2): B C H W twice to B (2 reach + 1)² H W.

    Example:
        >>> one = torch.randn(1, 4, 6, 6); correlation(one, one).shape
        torch.Size([1, 49, 6, 6])
    """
    high, wide = first.shape[2:]
    around = F.pad(second, [reach] * 4)
    steps = range(2 * reach + 1)
    told = [
        (first * around[:, :, down : down + high, right : right + wide]).sum(1) for down in steps for right in steps
    ]
    return torch.stack(told, dim=1)


def best_match(told: Tensor, sharpness: Tensor, reach: int = _REACH) -> Tensor:
    """Guess where each place went: the mean of the neighbourhood, weighted by how well it agrees.

    Args:
        told: B (2 reach + 1)² H W, as `correlation` tells.
        sharpness: of the weights.
    Returns: B 2 H W in places, right and down.
    Example:
        >>> told = torch.zeros(1, 49, 1, 1); told[0, 3 * 7 + 5] = 1.0
        >>> best_match(told, torch.tensor(50.0)).flatten().round().tolist()
        [2.0, 0.0]
    """
    steps = torch.arange(-reach, reach + 1, dtype=told.dtype, device=told.device)
    down, right = steps.repeat_interleave(len(steps)), steps.repeat(len(steps))
    weights = (sharpness * told).softmax(dim=1)
    ways = torch.stack([right, down])[None, :, :, None, None]
    return (weights[:, None] * ways).sum(dim=2)


def _unlike(features: Tensor) -> Tensor:
    """Take off what all places share, and keep directions only: B C H W, each place of length 1."""
    features = features.float()
    return F.normalize(features - features.mean(dim=(2, 3), keepdim=True), dim=1)


def _layer(inputs: int, outputs: int, stride: int = 1, gap: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, gap, gap), nn.LeakyReLU(0.1))


class _Decoder(nn.Module):
    """Reads a comparison: what to add to the flow, and what to remember for the next level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inputs = (2 * _REACH + 1) ** 2 + width + 4 + width
        self.body = nn.Sequential(_layer(inputs, 3 * width), _layer(3 * width, 2 * width), _layer(2 * width, 2 * width))
        self.memory = _layer(2 * width, width)
        self.flow = nn.Conv2d(width, 2, 3, padding=1)

    def forward(self, told: Tensor) -> tuple[Tensor, Tensor]:
        memory = self.memory(self.body(told))
        return self.flow(memory).float(), memory


class FlowNetwork(nn.Module):
    """Finds the way of each pixel from one picture to another.

    Args:
        width: channels that are compared; 32 gives about 0.7 million parameters.

    Example:
        >>> network = FlowNetwork(width=8); network(torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)).shape
        torch.Size([1, 2, 64, 64])
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        channels = [3, width // 2, width, 2 * width, 3 * width, 4 * width]
        self.stages = nn.ModuleList(
            nn.Sequential(_layer(before, after, stride=2), _layer(after, after)) for before, after in pairwise(channels)
        )
        self.same_width = nn.ModuleList(nn.Conv2d(each, width, 1) for each in channels[_FINEST:])
        self.decoder = _Decoder(width)
        self.context = nn.Sequential(
            *(_layer(width + 2 if gap == 1 else 2 * width, 2 * width, gap=gap) for gap in (1, 2, 4, 8)),
            _layer(2 * width, width),
        )
        self.last_word = nn.Conv2d(width, 2, 3, padding=1)
        for last in (self.decoder.flow, self.last_word):  # at first nothing moves
            nn.init.normal_(last.weight, std=1e-3)
            nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.sharpness = nn.Parameter(torch.tensor(_FIRST_SHARPNESS))
        self.width = width

    def pyramid(self, pictures: Tensor) -> list[Tensor]:
        """See: B 3 H W in [-1, 1] to maps of equal width at strides 4, 8, 16, 32."""
        maps, seen = [], pictures
        for number, stage in enumerate(self.stages, 1):
            seen = stage(seen)
            if number >= _FINEST:
                maps.append(self.same_width[number - _FINEST](seen))
        return maps

    def levels(self, first: Tensor, second: Tensor) -> list[Tensor]:
        """Find the flow from coarse to fine: B 2 H W at strides 32, 16, 8, 4, in places of each; the last one twice."""
        flow = memory = first.new_zeros(())
        found: list[Tensor] = []
        for maps, others in zip(reversed(self.pyramid(first)), reversed(self.pyramid(second)), strict=True):
            here, there = (_unlike(each) for each in (maps, others))
            if not found:
                flow = torch.zeros_like(here[:, :2])
                memory = torch.zeros_like(here)
            else:
                flow = 2 * F.interpolate(flow, scale_factor=2.0, mode="bilinear", align_corners=False)
                memory = F.interpolate(memory, scale_factor=2.0, mode="bilinear", align_corners=False)
            flow = flow.detach()  # each level answers for its own step (IRR-PWC, section 3.2)
            told = correlation(here, warp(there, flow))
            guess = best_match(told, self.sharpness)
            step, memory = self.decoder(torch.cat([told, maps.float(), flow, guess, memory.float()], dim=1))
            flow = flow + guess + step
            found.append(flow)
        found.append(flow + self.last_word(self.context(torch.cat([flow, memory.float()], dim=1))).float())
        return found

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Find the way of each pixel: B 3 H W twice, in [-1, 1], sides multiples of 32, to B 2 H W in pixels."""
        return 4 * F.interpolate(self.levels(first, second)[-1], scale_factor=4.0, mode="bilinear", align_corners=False)
