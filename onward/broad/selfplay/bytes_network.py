"""The network with its tower in numbers of eight bits, for self-play: it answers faster and nearly alike.

Weights are rounded once, a scale for each channel; what flows through the tower is rounded anew in each batch, by the
largest value in it, so nothing has to be tried out beforehand and nothing is cut off. Stem, pooling and heads stay in
floats. Games learn from the search, which mends what rounding does to the network's first guess by far; strength is
measured with the floats. `search.py` asks either network alike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onward.broad.selfplay.network import Network

__all__ = ["gains_by_bytes", "in_bytes"]

_LARGEST_WEIGHT, _LARGEST = 127, 255
_FEWEST_CHANNELS = 32  # with fewer, rounding takes longer than it saves


def gains_by_bytes(network: Network) -> bool:
    """Say whether this processor multiplies bytes faster than floats, and the network is one that gains by it."""
    if network.shape.channels < _FEWEST_CHANNELS or network.shape.cells == 1:
        return False
    if not hasattr(torch.ops.onednn, "qconv2d_pointwise"):
        return False
    told = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(told.get("avx512_vnni") or told.get("avx_vnni") or told.get("amx_int8"))


class _Convolution(nn.Module):
    """A convolution of B C H W floats, rounded to 256 levels between the least of them, or 0, and the largest."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight, outputs = convolution.weight.detach(), convolution.out_channels
        self._scales = weight.abs().amax((1, 2, 3)).clamp(min=1e-8) / _LARGEST_WEIGHT
        self._whole = (weight / self._scales[:, None, None, None]).round().to(torch.int8)
        self._padding = [int(each) for each in convolution.padding]
        self._bias = torch.zeros(outputs) if convolution.bias is None else convolution.bias.detach()
        self._zeros, self._half = torch.zeros(outputs, dtype=torch.int32), torch.tensor(0.5)
        self._packed: Tensor | None = None

    def forward(self, x: Tensor, then: str, least: float = 0.0) -> Tensor:
        """Give floats; `then` is `relu` or `none`."""
        scale = (float(x.amax()) - least) / _LARGEST or 1.0
        zero = round(-least / scale)
        if self._packed is None:  # laid out for the size of board that comes; without it that is done at every call
            prepack: Any = torch.ops.onednn.qconv_prepack
            steps = ([1, 1], self._padding, [1, 1], 1)
            self._packed = prepack(self._whole, self._scales, scale, zero, *steps, list(x.shape))
        levels = torch.add(self._half + zero, x, alpha=1.0 / scale).int().to(torch.uint8)  # at once takes twice as long
        convolve: Any = torch.ops.onednn.qconv2d_pointwise
        kernel = (levels, scale, zero, self._packed, self._scales, self._zeros, self._bias)
        return convolve(*kernel, [1, 1], self._padding, [1, 1], 1, 1.0, 0, torch.float32, then, [None], "")


class _Block(nn.Module):
    """A residual block of `network.py` with its convolutions in bytes."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        self.first, self.second = _Convolution(block.first.convolution), _Convolution(block.second.convolution)
        self.world = block.world

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(x, "relu")
        if self.world is not None:
            cells = inner.flatten(2)
            pooled = torch.cat([cells.mean(2), cells.amax(2)], 1)
            inner = inner + self.world(pooled)[:, :, None, None]
        least = 0.0 if self.world is None else min(0.0, float(inner.amin()))
        return self.second(inner, "none", least).add_(x).relu_()


def in_bytes(network: Network) -> Network:
    """Put a folded network's blocks in bytes, where that is faster here; else give it as it is."""
    if gains_by_bytes(network):
        network.blocks = nn.ModuleList(map(_Block, network.blocks))
    return network
