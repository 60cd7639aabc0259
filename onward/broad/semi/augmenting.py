"""Views of a picture: a weak one, moved and mirrored, a strong one after RandAugment (arXiv:1909.13719) and Cutout.

As in FixMatch (arXiv:2001.07685, section 2.3 and table 12): two operations drawn by lot, each of a strength drawn by
lot, then a grey square. What they do is drawn from a number, so a view can be made again.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["strong_view", "weak_view"]

_REACH = 0.125  # of a side: how far a weak view is moved
_OPERATIONS = 2
_CUT = 0.5  # of a side: the grey square's, at most


def weak_view(picture: Tensor, seed: int) -> Tensor:
    """Mirror a picture or not, and move it by up to an eighth; what comes in is its mirror image.

    Args:
        picture: 3 H W in [-1, 1].
    """
    chance = torch.Generator().manual_seed(seed)
    height, width = picture.shape[1:]
    reach = max(1, round(_REACH * min(height, width)))
    mirrored, top, left = torch.rand(3, generator=chance).tolist()
    picture = picture.flip(2) if mirrored < 0.5 else picture
    padded = F.pad(picture[None], (reach,) * 4, mode="reflect")[0]
    first, begin = (min(int(each * (2 * reach + 1)), 2 * reach) for each in (top, left))
    return padded[:, first : first + height, begin : begin + width]


def strong_view(picture: Tensor, seed: int) -> Tensor:
    """Change a weak view by two operations drawn by lot, and cover a square of it with grey.

    Args:
        picture: 3 H W in [-1, 1].
    """
    view = weak_view(picture, seed)
    chance = torch.Generator().manual_seed(seed + 1)
    for _ in range(_OPERATIONS):
        which, strength = torch.rand(2, generator=chance).tolist()
        operation = _ALL[min(int(which * len(_ALL)), len(_ALL) - 1)]
        view = operation(view, 2 * strength - 1).clamp(-1, 1)
    return _covered(view, torch.rand(3, generator=chance).tolist())


def _covered(view: Tensor, chance: list[float]) -> Tensor:
    """Cover a square of up to half the side (Cutout, arXiv:1708.04552)."""
    height, width = view.shape[1:]
    half = max(1, round(_CUT * chance[0] * min(height, width) / 2))
    row, column = int(chance[1] * height), int(chance[2] * width)
    view = view.clone()
    view[:, max(0, row - half) : row + half, max(0, column - half) : column + half] = 0
    return view


def _warped(view: Tensor, matrix: list[list[float]]) -> Tensor:
    grid = F.affine_grid(torch.tensor([matrix]), [1, *view.shape], align_corners=False)
    return F.grid_sample(view[None], grid, mode="bilinear", padding_mode="reflection", align_corners=False)[0]


def _turned(view: Tensor, strength: float) -> Tensor:
    angle = strength * math.pi / 6
    cosine, sine = math.cos(angle), math.sin(angle)
    return _warped(view, [[cosine, -sine, 0.0], [sine, cosine, 0.0]])


def _sheared_across(view: Tensor, strength: float) -> Tensor:
    return _warped(view, [[1.0, 0.3 * strength, 0.0], [0.0, 1.0, 0.0]])


def _sheared_down(view: Tensor, strength: float) -> Tensor:
    return _warped(view, [[1.0, 0.0, 0.0], [0.3 * strength, 1.0, 0.0]])


def _moved_across(view: Tensor, strength: float) -> Tensor:
    return _warped(view, [[1.0, 0.0, 0.6 * strength], [0.0, 1.0, 0.0]])


def _moved_down(view: Tensor, strength: float) -> Tensor:
    return _warped(view, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.6 * strength]])


def _brighter(view: Tensor, strength: float) -> Tensor:
    return (view + 1) * (1 + 0.9 * strength) - 1


def _more_contrast(view: Tensor, strength: float) -> Tensor:
    middle = view.mean()
    return middle + (view - middle) * (1 + 0.9 * strength)


def _more_colour(view: Tensor, strength: float) -> Tensor:
    grey = view.mean(dim=0, keepdim=True)
    return grey + (view - grey) * (1 + 0.9 * strength)


def _sharper(view: Tensor, strength: float) -> Tensor:
    smooth = F.avg_pool2d(F.pad(view[None], (1,) * 4, mode="replicate"), 3, 1)[0]
    return smooth + (view - smooth) * (1 + 0.9 * strength)


def _coarser(view: Tensor, strength: float) -> Tensor:
    levels = 2 ** (8 - round(2 + 2 * abs(strength)))
    return ((view + 1) / 2 * levels).round() / levels * 2 - 1


def _solarised(view: Tensor, strength: float) -> Tensor:
    return torch.where(view > 1 - 2 * abs(strength), -view, view)


def _stretched(view: Tensor, strength: float) -> Tensor:
    low, high = view.amin(dim=(1, 2), keepdim=True), view.amax(dim=(1, 2), keepdim=True)
    return (view - low) / (high - low).clamp(min=1e-3) * 2 - 1


def _unchanged(view: Tensor, strength: float) -> Tensor:
    return view


_ALL = (
    _turned, _sheared_across, _sheared_down, _moved_across, _moved_down, _brighter, _more_contrast, _more_colour,
    _sharper, _coarser, _solarised, _stretched, _unchanged,
)  # fmt: skip
