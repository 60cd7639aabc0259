"""A cut whose gradient only ever leads back into the range."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["bounded"]


class _Bounded(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, values: Tensor, most: float) -> Tensor:
        context.save_for_backward(values < 0, values > most)
        return values.clamp(0, most)

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None]:
        below, above = context.saved_tensors
        slope = slopes[0]
        return slope.masked_fill((below & (slope > 0)) | (above & (slope < 0)), 0), None


def bounded(values: Tensor, most: float) -> Tensor:
    """Cut to 0 and `most`, and let a gradient pass if a step against it leads back towards the range.

    A plain clamp gives what is outside no way back; one whose gradient always passes lets it run off without end: most
    latents are best told by the surest level that there is, and would pull the layers behind them ever further.

    Example:
        >>> level = torch.tensor([-2.0, -2.0, 1.0], requires_grad=True)
        >>> (bounded(level, 3.0) * torch.tensor([1.0, -1.0, 1.0])).sum().backward(); level.grad.tolist()
        [0.0, -1.0, 1.0]
    """
    return _Bounded.apply(values, most)  # pyright: ignore[reportReturnType]
