"""Places out of maps: the likeliest cell, then the mean place around it, finer than a cell."""

from __future__ import annotations

import torch
from torch import Tensor

from onward.vision.pose.network import Answer

__all__ = ["decode", "shares_of"]

_REACH = 2  # cells around the likeliest one, each way


def shares_of(answer: Answer) -> tuple[Tensor, Tensor]:
    """Share each point out over its cells and "nowhere": B K h w and B K, which add up to 1."""
    count, points, height, width = answer.heat.shape
    whole = torch.cat([answer.heat.flatten(2), answer.nowhere[:, :, None]], dim=2).softmax(dim=2)
    return whole[:, :, :-1].reshape(count, points, height, width), whole[:, :, -1]


def decode(answer: Answer, stride: int) -> Tensor:
    """Say where each point is: B K 3: x, y in pixels, and the score.

    The place is the mean of what the 5 x 5 cells around the likeliest one say (a soft argmax in a window,
    arXiv:1711.08229, of cells moved by their offsets). The score is those cells' share: how sure it is
    that the point is just there, rather than elsewhere or nowhere.

    Example:
        >>> heat = torch.full((1, 1, 8, 8), -9.0); heat[0, 0, 2, 5] = 9.0
        >>> offsets = torch.zeros(1, 1, 2, 8, 8); offsets[0, 0, 0] = 0.25
        >>> [round(each, 2) for each in decode(Answer(heat, torch.full((1, 1), -9.0), offsets), 4).flatten().tolist()]
        [23.0, 10.0, 1.0]
    """
    shares, _ = shares_of(answer)
    height, width = shares.shape[2:]
    best = shares.flatten(2).argmax(dim=2)
    rows, columns = torch.arange(height), torch.arange(width)
    near_rows = ((best // width)[:, :, None] - rows).abs() <= _REACH
    near_columns = ((best % width)[:, :, None] - columns).abs() <= _REACH
    window = shares * near_rows[:, :, :, None] * near_columns[:, :, None, :]
    score = window.sum(dim=(2, 3))
    x = (window * (columns + 0.5 + answer.offsets[:, :, 0])).sum(dim=(2, 3)) / score
    y = (window * (rows[:, None] + 0.5 + answer.offsets[:, :, 1])).sum(dim=(2, 3)) / score
    return torch.stack([x * stride, y * stride, score], dim=2)
