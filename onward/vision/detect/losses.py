"""What the detector wants: scores that equal the overlap, and boxes that overlap."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["overlap", "overlap_loss", "quality_focal_loss"]


def quality_focal_loss(logits: Tensor, quality: Tensor) -> Tensor:
    """Ask a score to be the overlap its box has, 0 on the background, with less weight the nearer it is already.

    (q − score)² times the cross-entropy (arXiv:2006.04388, equation 4, β = 2), summed.

    Args:
        logits: ... classes.
        quality: the same shape, in [0, 1].
    """
    apart = (quality - logits.sigmoid()).square()
    return (apart * F.binary_cross_entropy_with_logits(logits, quality, reduction="none")).sum()


def overlap(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Give the intersection over union of N pairs of boxes, N 4 each, and the generalised one (arXiv:1902.09630).

    Example:
        >>> one = torch.tensor([[0.0, 0, 2, 2]]); [round(each.item(), 3) for each in overlap(one, one + 1)]
        [0.143, -0.079]
    """
    inner = (torch.min(boxes[:, 2:], others[:, 2:]) - torch.max(boxes[:, :2], others[:, :2])).clamp(min=0).prod(dim=1)
    outer = (torch.max(boxes[:, 2:], others[:, 2:]) - torch.min(boxes[:, :2], others[:, :2])).prod(dim=1)
    areas = [(each[:, 2:] - each[:, :2]).prod(dim=1) for each in (boxes, others)]
    union = (areas[0] + areas[1] - inner).clamp(min=1e-6)
    shared = inner / union
    return shared, shared - (outer - union) / outer.clamp(min=1e-6)


def overlap_loss(boxes: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Ask boxes to overlap with the wanted ones: 1 − GIoU, weighted, summed."""
    _, generalised = overlap(boxes, wanted)
    return ((1 - generalised) * weights).sum()
