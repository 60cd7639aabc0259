"""Bits and errors of a fitted picture with all their gradients, by compiled kernels: a fifth of torch's time or less.

Where numba is missing, or the budget too short to compile (some tens of seconds, once), `fitting.py` takes the same
from `single.py`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.broad.compress import kernels
from onward.broad.compress.single import CONTEXT, Layout, Single

__all__ = ["Swift"]


class _Counted(torch.autograd.Function):
    """A kernel's sum; its gradients are taken on the way there, and only multiplied on the way back."""

    @staticmethod
    def forward(context: Any, kernel: Any, given: tuple[Any, ...], latents: Tensor, *weights: Tensor) -> Tensor:
        *values, extra, is_learning = given
        arrays = [each.detach().numpy() for each in weights]
        slopes = np.zeros(len(latents), np.float32), tuple(np.zeros_like(each) for each in arrays)
        total = kernel(latents.detach().numpy(), *values, (*arrays, *extra), slopes, is_learning)
        context.slopes = [slopes[0], *slopes[1]]
        return latents.new_tensor(total)

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *(torch.from_numpy(each).mul_(slopes[0]) for each in context.slopes)


class _Softened(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, latents: Tensor, drawn: Tensor, numbers: NDArray[np.float32]) -> Tensor:
        values, context.slopes = torch.empty_like(latents), torch.empty_like(latents)
        kernels.soften(
            *(each.detach().numpy() for each in (latents, drawn)), numbers, values.numpy(), context.slopes.numpy()
        )
        return values

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        return context.slopes.mul_(slopes[0]), None, None


class Swift:
    """What the kernels need to know of where a picture's latents are."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def compile(self) -> Swift:
        """Compile all kernels, or read them from the disk, so that no step takes longer than the others."""
        tiny = Single(Layout(1, 1), 1, 1)
        swift, latents = Swift(tiny.layout), torch.zeros(1, requires_grad=True)
        swift.bits(tiny, swift.softened(latents, torch.zeros(1), 0.3, 2.0))
        swift.errors(tiny, latents, torch.zeros(1, 3, 1, 1))
        return self

    @cached_property
    def _telling(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.layout.parts, np.array(CONTEXT)

    @cached_property
    def _painting(self) -> tuple[Any, ...]:
        """Give where the grids' latents are in the list and in the picture.

        First the places in the list, grid by grid and row by row; then of each grid where it begins there, its height,
        its width and its first row in the stack of all; then what `_between` says of columns and of rows.
        """
        sizes = np.array(self.layout.grids)
        starts, tops = (np.cumsum([0, *each[:-1]]) for each in (sizes.prod(1), sizes[:, 0]))
        lefts, column_shares = _between(sizes[:, 1], self.layout.width)
        uppers, row_shares = _between(sizes[:, 0], self.layout.height)
        lowers = np.minimum(uppers + 1, sizes[:, :1] - 1)
        rows = uppers + tops[:, None], lowers + tops[:, None], row_shares
        places = np.concatenate([each.numpy() for each in self.layout.orders])
        return places, np.stack([starts, *sizes.T, tops], 1), (lefts, column_shares), rows

    def softened(self, latents: Tensor, drawn: Tensor, sharpness: float, peak: float) -> Tensor:
        """Round softly, add noise made of what was drawn evenly from 0 to 1, round softly again; see `fitting.py`."""
        bend, other = 2 * np.tanh(0.5 / sharpness), (2**peak * (peak - 1) + 1) / peak
        numbers = np.array([sharpness, bend, peak, other], np.float32)
        return _Softened.apply(latents, drawn, numbers)  # pyright: ignore[reportReturnType]

    def bits(self, single: Single, latents: Tensor) -> Tensor:
        """Sum what `single.bits` gives."""
        layers: list[Any] = list(single.teller.layers)
        given = self._telling, (), torch.is_grad_enabled()
        return _counted(kernels.tell, given, latents, *map(_with_bias, layers))

    def errors(self, single: Single, latents: Tensor, pictures: Tensor) -> Tensor:
        """Give the mean squared error of `single.pictures` against 1 3 H W."""
        painter = single.painter
        smooth = painter.smooth.weight
        back = smooth.detach().transpose(0, 1).flip(2, 3).reshape(3, 27).contiguous().numpy()
        weights = _with_bias(painter.mix), _with_bias(painter.paint), smooth.reshape(3, 27)
        given = pictures[0].numpy(), self._painting, (back,), torch.is_grad_enabled()
        return _counted(kernels.paint, given, latents, *weights) / pictures.numel()


def _counted(*given: Any) -> Tensor:
    return _Counted.apply(*given)  # pyright: ignore[reportReturnType]


def _with_bias(layer: Any) -> Tensor:
    return torch.cat([layer.weight, layer.bias[:, None]], 1)


def _between(sizes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Say for grids' sizes (G) and each place of the picture which of a grid's is before it, and the next's share."""
    found = ((np.arange(size) + 0.5) * (sizes[:, None] / size) - 0.5).clip(0)
    whole = np.minimum(found.astype(np.int64), sizes[:, None] - 1)
    return whole, (found - whole).astype(np.float32)
