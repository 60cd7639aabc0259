"""Differentiable augmentation (arXiv:2006.10738): the same kind of change to real and forged pictures.

The discriminator then cannot learn the few real pictures by heart, and gradients still reach the generator.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.group import Group

__all__ = ["augment"]


def augment(pictures: Tensor, strength: float = 1.0, *, colour: bool = False, group: Group | None = None) -> Tensor:
    """Flip, shift by up to an eighth of the side times `strength`, and for small sets change colours and cut a hole.

    Args:
        pictures: B 3 H W in [-1, 1]; differentiable in it.
        strength: 0 for none, 1 for the published shift.
        colour: also brightness, saturation and a cut-out hole; for sets under 1,000 pictures.
        group: of processes that share a batch: all draw the same lots for the whole of it, and use their own.
    Returns: B 3 H W.
    Example:
        >>> augment(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """
    group = group or Group()
    count, _, height, width = pictures.shape
    whole = count * group.size
    mirrored = (group.share(torch.rand(whole, 1, 1, 1, device=pictures.device)) < 0.5).expand_as(pictures)
    pictures = torch.where(mirrored, pictures.flip(3), pictures)
    if strength <= 0:
        return pictures
    if colour:
        pictures = _hole(_colours(pictures, strength, group), strength, group)
    reach = max(1, round(height / 8 * strength))
    shift = group.share(torch.randint(-reach, reach + 1, (2, whole, 1), device=pictures.device), axis=1)
    rows = (torch.arange(height, device=pictures.device) + shift[0] + 1).clamp(0, height + 1)
    columns = (torch.arange(width, device=pictures.device) + shift[1] + 1).clamp(0, width + 1)
    padded = F.pad(pictures, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    which = torch.arange(count, device=pictures.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _colours(pictures: Tensor, strength: float, group: Group) -> Tensor:
    whole = pictures.shape[0] * group.size
    draw = group.share(torch.rand(2, whole, 1, 1, 1, device=pictures.device), axis=1) - 0.5
    grey = pictures.mean(dim=1, keepdim=True)
    return (pictures - grey) * (1 + 2 * strength * draw[0]) + grey + strength * draw[1]


def _hole(pictures: Tensor, strength: float, group: Group) -> Tensor:
    count, _, height, width = pictures.shape
    whole = count * group.size
    side = max(1, round(height / 2 * min(1.0, strength)))
    corner = torch.randint(-side // 2, height - side // 2 + 1, (2, whole, 1), device=pictures.device)
    top, left = group.share(corner, axis=1)
    rows = torch.arange(height, device=pictures.device)
    columns = torch.arange(width, device=pictures.device)
    in_rows = (rows >= top) & (rows < top + side)
    in_columns = (columns >= left) & (columns < left + side)
    return pictures * ~(in_rows[:, None, :, None] & in_columns[:, None, None, :])
