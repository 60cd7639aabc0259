"""A picture on its way from a photo to a painting: its size, its pixels, and what they are to become.

For each size the photo and the styles are brought to it, what is wanted is read off them, and the picture so far is
enlarged; then each turn is one look and one step of L-BFGS.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.core.faults import RunFault
from onward.generation.features import Sight
from onward.generation.style.colours import blended_colours, moved_colours, palette_of, with_colours_of
from onward.generation.style.pictures import small
from onward.generation.style.reading import Subject
from onward.generation.style.scales import Plan, remembered, tile_side
from onward.generation.style.settings import Settings
from onward.generation.style.statistics import Moments, mixed, moments_of
from onward.generation.style.tiles import Goal, Objective, mirrored
from onward.parts.lbfgs import LBFGS

__all__ = ["CALM", "Painting", "as_pixels", "as_tensor", "content_weight"]

_CONTENT_TAP = -1
CALM = 2.5  # what differences of neighbours count at the greatest `smooth`
_STEADY = 20.0  # what it counts that a film's things keep their look
_LEAST_STYLE_SIDE = 32


def content_weight(strength: float) -> float:
    """Give what the photo's content counts beside the style.

    Example:
        >>> [round(content_weight(each), 3) for each in (0.0, 0.5, 1.0)]
        [5.012, 0.05, 0.001]
    """
    return 10 ** (0.7 - 4 * strength)


def as_tensor(pixels: NDArray[Any]) -> Tensor:
    """Turn uint8 H W 3 into 1 3 H W in [0, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


def as_pixels(picture: Tensor) -> NDArray[np.uint8]:
    """Turn 1 3 H W into uint8 H W 3."""
    return (picture[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


class Painting:
    """The picture, and all that a checkpoint has to hold of it.

    Args:
        subject: photo, styles and masks.
        plan: the sizes it goes through.
        sight: what it is looked at through.
        chance: draws the noise, if it begins from noise.
    """

    def __init__(self, subject: Subject, settings: Settings, plan: Plan, sight: Sight, chance: torch.Generator) -> None:
        self.subject, self.settings, self.plan, self.chance = subject, settings, plan, chance
        self._sight = sight
        self.place = 0
        self.looks = 0
        self.walk = LBFGS(torch.zeros(0), memory=torch.bfloat16)
        self._objective: Objective | None = None
        longest = max(plan.sizes[-1])  # a camera's many pixels are not held as floats where few are wanted
        strokes = max(_LEAST_STYLE_SIDE, math.ceil(longest * settings.stroke))
        self._photo = as_tensor(small(subject.photo.pixels, longest))
        self._styles = [as_tensor(small(style.pixels, strokes)) for style in subject.styles]
        masks = (torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in subject.masks)
        self._masks = [_resized(mask, tuple(self._photo.shape[2:])) for mask in masks]

    @property
    def size(self) -> tuple[int, int]:
        """Give H W of the picture as it is."""
        return self.plan.sizes[self.place]

    def turn(self, progress: float) -> dict[str, float]:
        """Look once and step once, at the size it is time for; give the parts of the loss.

        A size once begun is not gone back from, also when a run is given more time.
        """
        place = max(self.place, self.plan.place(progress))
        if self._objective is None or place != self.place:
            begins = self.walk.point.numel() == 0 or place != self.place
            self.place = place
            self._objective = self.objective_at(*self.size)
            if begins:
                self.walk.history = remembered(*self.size, self.settings.history)
                self.walk.restart(self._beginning() if self.looks == 0 else _resized(self.walk.best, self.size))
        figures, slope = self._objective.look(self.walk.point)
        self.walk.step(sum(figures.values()), slope)
        self.looks += 1
        return figures

    def picture(self, *, is_final: bool = False) -> NDArray[np.uint8]:
        """Give the best picture so far: H W 3; at the last size if it is final."""
        best = self._beginning() if self.looks == 0 else self.walk.best
        if is_final and tuple(best.shape[2:]) != self.plan.sizes[-1]:
            best = _resized(best, self.plan.sizes[-1])
        size = tuple(int(each) for each in best.shape[2:])
        photo = _resized(self._photo, size)
        if len(self._masks) == 1 and len(self._styles) == 1:
            share = _resized(self._masks[0], size)
            best = share * best + (1 - share) * photo
        if self.settings.keep_color:
            own, kept = (each[0].permute(1, 2, 0).numpy() for each in (best.clamp(0, 1), photo))
            return (with_colours_of(own, kept) * 255).round().astype(np.uint8)
        return as_pixels(best)

    def next_frame(self, photo: Tensor, moved: Tensor, sure: Tensor) -> None:
        """Go on with a film's next frame, in the same style and size.

        Args:
            photo: 1 3 H W, the frame.
            moved: 1 3 h w, the last result, moved to where things are now, at the size of the picture.
            sure: 1 1 h w, 1 where that is known, 0 where something came into view.
        """
        self._photo = photo
        objective = self._objective if self._objective is not None else self.objective_at(*self.size)
        fresh = self._beginning()
        beginning = sure * moved + (1 - sure) * fresh
        objective.keep_content(self._content(objective, _resized(photo, self.size)))
        objective.steady = (moved, sure, _STEADY)
        self._objective = objective
        self.walk.restart(beginning)

    def small_photo(self) -> NDArray[np.uint8]:
        """Give the photo at the size of the picture."""
        return as_pixels(_resized(self._photo, self.size))

    def _beginning(self) -> Tensor:
        size = self.size
        if self.settings.start == "noise":
            return torch.rand(1, 3, *size, generator=self.chance)
        photo = _resized(self._photo, size)
        if self.settings.start == "photo" or self.settings.keep_color:
            return photo
        if len(self._masks) > 1:
            return self._patched(photo)
        palettes = [palette_of(style[0].permute(1, 2, 0).numpy()) for style in self._styles]
        weights = [style.weight for style in self.subject.styles]
        moved = blended_colours(photo[0].permute(1, 2, 0).numpy(), palettes, weights)
        return torch.from_numpy(moved).permute(2, 0, 1)[None].contiguous()

    def _patched(self, photo: Tensor) -> Tensor:
        """Give each region its own style's colours."""
        masks = [_resized(mask, tuple(photo.shape[2:])) for mask in self._masks]
        parts = [mask * _with_colours(photo, style) for mask, style in zip(masks, self._styles, strict=True)]
        covered = torch.stack(masks).sum(dim=0)
        return (torch.stack(parts).sum(dim=0) + (1 - covered).clamp(min=0) * photo) / covered.clamp(min=1)

    def objective_at(self, height: int, width: int) -> Objective:
        """Say what a picture of H W is to become."""
        sight, side = self._sight, self._side(height, width)
        photo = _resized(self._photo, (height, width))
        empty = Objective(sight, (height, width), (), None, 0.0, side)
        content = self._content(empty, photo)
        styles = [self._moments(style, photo, max(height, width)) for style in self._styles]
        goals = self._goals(styles, empty)
        calm = CALM * self.settings.smooth**2
        return Objective(sight, (height, width), goals, content, calm, side)

    def _side(self, height: int, width: int) -> int:
        """Give the side of the tiles a picture of H W is looked at in."""
        if self.settings.tile is None:
            return tile_side(self._sight, height, width)
        return max(1, self.settings.tile // self._sight.grid) * self._sight.grid

    def _content(self, objective: Objective, photo: Tensor) -> tuple[int, Tensor, float]:
        """Give what is to be kept of a photo."""
        tap = range(len(self._sight.taps))[_CONTENT_TAP]
        return tap, objective.maps(photo, (tap,))[0], content_weight(self.settings.strength)

    def _moments(self, style: Tensor, photo: Tensor, longest: int) -> tuple[Moments, ...]:
        """Read off a style what it is made of, at the size its strokes are wanted in."""
        wanted = longest * self.settings.stroke
        factor = min(wanted / max(style.shape[2:]), 4.0)
        height, width = (max(_LEAST_STYLE_SIDE, round(each * factor)) for each in style.shape[2:])
        picture = _resized(style, (height, width))
        if self.settings.keep_color:
            picture = _with_colours(picture, photo)
        looked = Objective(self._sight, (height, width), (), None, 0.0, self._side(height, width))
        return tuple(moments_of(each) for each in looked.sums(picture))

    def _goals(self, styles: Sequence[tuple[Moments, ...]], empty: Objective) -> list[Goal]:
        sight = self._sight
        if not self._masks:
            weights = [style.weight for style in self.subject.styles]
            return [Goal(tuple(mixed(each, weights) for each in zip(*styles, strict=True)))]
        goals = []
        for mask, style in zip(self._masks, styles, strict=True):
            down, across = (whole - each for whole, each in zip(empty.whole, empty.size, strict=True))
            framed = mirrored(_resized(mask, empty.size), (0, across, 0, down))
            shapes = [tuple(int(each / sight.stride(tap)) for each in empty.whole) for tap in sight.taps]
            places = tuple(_resized(framed, shape)[0, 0] for shape in shapes)
            goals.append(Goal(style, places, float(mask.mean())))
        return goals

    def state_dict(self) -> dict[str, Any]:
        """Take everything."""
        return {"place": self.place, "looks": self.looks, "walk": self.walk.state_dict()}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back.

        Raises:
            RunFault: its pixels are not of the plan's sizes.
        """
        if not self._fits(state):
            raise RunFault("A checkpoint of this run is of a picture of another size. Train it anew.")
        self.place, self.looks = state["place"], state["looks"]
        self.walk.load_state_dict(state["walk"])
        self.walk.history = remembered(*self.size, self.settings.history)
        self._objective = None

    def _fits(self, state: dict[str, Any]) -> bool:
        """Say whether a checkpoint, maybe a stranger's, is one of a picture of this plan's sizes."""
        try:
            place, looks, walk = int(state["place"]), int(state["looks"]), state["walk"]
            pairs, before = (walk["steps"], walk["bends"]), walk["before"]
            shape = (1, 3, *self.plan.sizes[place]) if looks else (0,)
            held = (walk["point"], walk["best"], *pairs[0], *pairs[1], *before)
            has_pairs = len(pairs[0]) == len(pairs[1]) and len(before) in (0, 2)
            return has_pairs and place >= 0 and all(each.shape == shape and each.is_floating_point() for each in held)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return False


def _resized(picture: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bring 1 C H W to a size: the mean of what falls together, or a smooth curve between."""
    if tuple(picture.shape[2:]) == tuple(size):
        return picture
    height, width = picture.shape[2:]
    if size[0] <= height and size[1] <= width:
        return F.interpolate(picture, size=size, mode="bilinear", align_corners=False, antialias=True)
    return F.interpolate(picture, size=size, mode="bicubic", align_corners=False).clamp(0, 1)


def _with_colours(picture: Tensor, other: Tensor) -> Tensor:
    moved = moved_colours(*(each[0].permute(1, 2, 0).numpy() for each in (picture, other)))
    return torch.from_numpy(moved).permute(2, 0, 1)[None].contiguous()
