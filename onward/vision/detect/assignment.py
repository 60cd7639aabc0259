"""Which point learns which box: by its size a level, by its middle the points on it (arXiv:1904.01355, 3.1-3.2)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["UNASKED", "assign", "leave_unasked", "reaches_to_boxes"]

UNASKED = -2  # the kind of a point of which neither an object nor background is asked
_NEAR = 1.5  # strides around a box's middle
_LARGEST = 8.0  # strides that a point reaches on its level; the coarsest has no limit


def assign(boxes: Tensor, labels: Tensor, points: Tensor, strides: Tensor) -> tuple[Tensor, Tensor]:
    """Give each point its box.

    Args:
        boxes: K 4, left top right bottom in pixels.
        labels: K class numbers.
        points: P 2.
        strides: P.
    Returns: P class numbers, -1 for the background, and P 4 boxes.

    Example:
        >>> from onward.vision.detect.network import points_of
        >>> kinds, _ = assign(torch.tensor([[8.0, 8, 40, 40]]), torch.tensor([0]), *points_of(64))
        >>> int((kinds == 0).sum()) > 0
        True
    """
    kinds = torch.full((len(points),), -1, dtype=torch.long)
    if not len(boxes):
        return kinds, torch.zeros(len(points), 4)
    x, y = points[:, :1], points[:, 1:]
    reach = torch.stack([x - boxes[:, 0], y - boxes[:, 1], boxes[:, 2] - x, boxes[:, 3] - y], dim=2)  # P K 4
    longest = reach.amax(dim=2)
    coarsest, finest = strides.max(), strides.min()
    step = strides[:, None]
    fits = (longest <= _LARGEST * step) | (step == coarsest)
    fits &= (longest > _LARGEST / 2 * step) | (step == finest)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = (points[:, None] - middles).abs().amax(dim=2) < _NEAR * step
    chosen = (reach.amin(dim=2) > 0) & fits & near
    _give_the_left_out(chosen, points, middles, boxes, strides)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    cost = torch.where(chosen, areas, torch.inf)
    least, which = cost.min(dim=1)  # of two boxes on one point the smaller
    is_taken = least.isfinite()
    kinds[is_taken] = labels[which[is_taken]]
    return kinds, boxes[which]


def leave_unasked(kinds: Tensor, ignored: Tensor, points: Tensor) -> Tensor:
    """Ask nothing of background points in boxes that are ignored: whoever finds somebody in a crowd is not wrong.

    Args:
        kinds: P class numbers, -1 for the background.
        ignored: J 4.
        points: P 2.

    Example:
        >>> at = torch.tensor([[4.0, 4], [4, 4], [20, 20]])
        >>> leave_unasked(torch.tensor([-1, 0, -1]), torch.tensor([[0.0, 0, 8, 8]]), at).tolist()
        [-2, 0, -1]
    """
    if not len(ignored):
        return kinds
    at = points[:, None]
    is_inside = ((at > ignored[:, :2]) & (at < ignored[:, 2:])).all(dim=2).any(dim=1)
    return kinds.masked_fill((kinds < 0) & is_inside, UNASKED)


def _give_the_left_out(chosen: Tensor, points: Tensor, middles: Tensor, boxes: Tensor, strides: Tensor) -> None:
    """Give a box without any point the nearest one of the level for its size."""
    for place in (~chosen.any(dim=0)).nonzero().flatten().tolist():
        longest = float((boxes[place, 2:] - boxes[place, :2]).max()) / 2
        fitting = [stride for stride in strides.unique().tolist() if longest <= _LARGEST * stride]
        level = strides == (fitting[0] if fitting else strides.max())
        apart = (points - middles[place]).square().sum(dim=1)
        chosen[torch.where(level, apart, torch.inf).argmin(), place] = True


def reaches_to_boxes(points: Tensor, reaches: Tensor) -> Tensor:
    """Turn distances, ... P 4, around points, P 2, into boxes, ... P 4."""
    return torch.cat([points - reaches[..., :2], points + reaches[..., 2:]], dim=-1)
