"""A network in whole numbers: the same layers, the same on every machine.

Sums of floating-point numbers depend on their order, and the order on processor, threads and library; one last bit
that differs turns into another table, and all that follows in the file is noise (Ballé, Johnston and Minnen 2019,
"Integer networks for data compression with latent-variable models"). Whole numbers have no last bit: activations are
kept in 1/256, weights in 1/4096, sums in 64 bits, and nothing can overflow (see `_MOST`).
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ONE", "IntegerConvolution", "IntegerLinear", "in_integers"]

ONE = 256  # an activation of 1
_WEIGHT_BITS = 12
_MOST = 1 << 22  # activations; times weights below 2^15, times at most 2^13 of them, plus 2^40: below 2^51

N = TypeVar("N", bound=nn.Module)


class IntegerConvolution(nn.Module):
    """A convolution in whole numbers, dense or with a kernel of its own for each channel.

    Example:
        >>> plain = nn.Conv2d(1, 1, 1); _ = plain.weight.data.fill_(0.5), plain.bias.data.fill_(1.0)
        >>> IntegerConvolution(plain)(torch.full((1, 1, 1, 1), 2 * ONE)).item() / ONE
        2.0
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, plain: nn.Conv2d) -> None:
        super().__init__()
        self.side, self.stride, self.padding = plain.kernel_size[0], plain.stride[0], int(plain.padding[0])
        self.is_dense = plain.groups == 1
        weight, bias = _whole(plain)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, numbers: Tensor) -> Tensor:
        """Convolve B C H W of int64."""
        around = F.pad(numbers, (self.padding,) * 4)
        high, wide = ((each - self.side) // self.stride + 1 for each in around.shape[-2:])
        seen = [
            around[
                :,
                :,
                down : down + self.stride * (high - 1) + 1 : self.stride,
                across : across + self.stride * (wide - 1) + 1 : self.stride,
            ]
            for down in range(self.side)
            for across in range(self.side)
        ]
        columns = torch.stack(seen, 2).flatten(3)  # B C kernel (H W)
        weight = self.weight.long().flatten(2)
        if self.is_dense:
            sums = torch.stack([weight.flatten(1) @ each.flatten(0, 1) for each in columns])
        else:
            sums = (columns * weight[:, 0, :, None]).sum(2)
        return _narrowed(sums + self.bias[:, None]).unflatten(2, (high, wide))


class IntegerLinear(nn.Module):
    """A linear layer in whole numbers: N C of int64 to N D."""

    weight: Tensor
    bias: Tensor

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__()
        weight, bias = _whole(plain)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, numbers: Tensor) -> Tensor:
        """Multiply and add."""
        return _narrowed(numbers @ self.weight.long().T + self.bias)


def _whole(plain: nn.Conv2d | nn.Linear) -> tuple[Tensor, Tensor]:
    """Give weights in 1/4096, and biases in what a sum of products is in."""
    weight = (plain.weight.detach().double() * 2**_WEIGHT_BITS).round().clamp(-32767, 32767)
    bias = plain.bias.detach() if plain.bias is not None else torch.zeros(len(weight))
    scaled = (bias.double() * (ONE << _WEIGHT_BITS)).round().clamp(-(2.0**40), 2.0**40)
    return weight.to(torch.int16).contiguous(), scaled.to(torch.int64)


def _narrowed(sums: Tensor) -> Tensor:
    """Bring sums of products back to 1/256, rounded."""
    return ((sums + (1 << _WEIGHT_BITS - 1)) >> _WEIGHT_BITS).clamp(-_MOST, _MOST)


def in_integers(network: N) -> N:
    """Give a copy of a network whose layers are in whole numbers; what else it does has to suit both."""
    whole = copy.deepcopy(network)
    for module in list(whole.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(module, name, IntegerConvolution(child))
            elif isinstance(child, nn.Linear):
                setattr(module, name, IntegerLinear(child))
    return whole.requires_grad_(False).eval()
