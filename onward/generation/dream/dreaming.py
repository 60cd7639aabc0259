"""A picture being dreamt: through the octaves, then frame by frame into it. Its state is all that a run has to keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from onward.generation.dream.ascent import direction, gradient
from onward.generation.dream.octaves import Plan
from onward.generation.dream.wishes import Wish

__all__ = ["Dream", "Manner", "pixels_of", "resized"]

_FULL_CHANGE = 0.14  # mean change of a pixel in an octave, of full brightness, at strength 1
_FRAME_CHANGE = 0.25  # of an octave's change, in each frame of a zoom
_LARGEST_TURN = 0.25  # of an octave's change, in one step, whatever happened to the clock
_DREAM_BEFORE_ZOOM = 0.4  # of the way
_CLOSER = 0.02  # of the picture, cut off at each frame
_NEARLY_THERE = 0.9


@dataclass(frozen=True)
class Manner:
    """How a picture is dreamt.

    Attributes:
        natural: whether colours stay near the photo's.
        strength: 0 to 1.
        frames: of a zoom; 0 for none.
        frames_folder: where they are kept.
    """

    natural: bool = True
    strength: float = 0.5
    jitter: int = 32
    tile: int = 640
    frames: int = 0
    frames_folder: Path | None = None


class Dream:
    """A photo on its way into a dream.

    How far it is changed depends on the way alone, not on the number of steps: many steps are small ones, so that more
    time makes it finer and not louder.

    Args:
        photo: 1 3 H W in [0, 1], of any size; the octaves are made from it.
        chance: where the picture is rolled to.
    """

    def __init__(self, photo: Tensor, wish: Wish, plan: Plan, manner: Manner, seed: int) -> None:
        self.wish, self.plan, self.manner = wish, plan, manner
        self._photo = resized(photo, plan.sizes[-1]).clamp(0, 1).contiguous()
        self._chance = torch.Generator().manual_seed(seed)
        self.octave = 0
        self.picture = self._photo_at(0)
        self.walk = 0  # how often the whole way was gone
        self.position = 0.0
        self.frame = -1  # the last one that was begun
        self._progress = float("inf")  # so that the way begins where the first step finds the budget
        self._anchor = (0.0, 0.0)  # progress and position where this sitting's budget began to count

    @property
    def is_zooming(self) -> bool:
        """Say whether the first dream is done and frames are made."""
        return self.frame >= 0

    def turn(self, progress: float) -> float:
        """Go on to where the run is, by one step up the gradient; gives the wish's value before it."""
        self.picture = self.picture.contiguous()  # as a checkpoint gives it back, since the layout changes last bits
        due = self._advance(progress)
        if self.manner.frames and self.position >= self._begin_zoom:
            return self._turn_zooming(due)
        way = 1.0 if not self.manner.frames else self._begin_zoom
        self._climb(self.plan.at(self.position / way))
        return self._step(due / way / self.plan.shares[self.octave])

    def finish(self) -> None:
        """Come to the result: at its full size, and with every frame of the film."""
        self._climb(len(self.plan.sizes) - 1)
        if self.manner.frames:
            self._reach_frame((self.walk + 1) * self.manner.frames - 1)
            self._keep_frame()

    def pixels(self) -> NDArray[np.uint8]:
        """Give the picture as it is: H W 3."""
        return pixels_of(self.picture)

    @property
    def _begin_zoom(self) -> float:
        return 0.0 if self.walk else _DREAM_BEFORE_ZOOM

    def _advance(self, progress: float) -> float:
        """Turn progress of the budget into a place on the way, and give how much of the way is due.

        A run that was given more time has progress that falls: what was unfinished is stretched over the new time, and
        what was finished begins a new way, on the dream instead of the photo.
        """
        if progress < self._progress - 1e-9:
            if self.position > _NEARLY_THERE:
                self.walk, self.position = self.walk + 1, 0.0
                if not self.manner.frames:
                    self._climb(len(self.plan.sizes) - 1)
                    self._photo, self.octave = self.picture, 0
                    self.picture = self._photo_at(0)
            self._anchor = (progress, self.position)
        self._progress = progress
        began, place = self._anchor
        reached = place + (progress - began) / max(1e-9, 1 - began) * (1 - place)
        due, self.position = max(0.0, reached - self.position), reached
        return due

    def _climb(self, octave: int) -> None:
        """Carry what was dreamt over to a larger size of the photo."""
        if octave <= self.octave:
            return
        dreamt = self.picture - self._photo_at(self.octave)
        self.picture = (self._photo_at(octave) + resized(dreamt, self.plan.sizes[octave])).clamp(0, 1)
        self.octave = octave

    def _photo_at(self, octave: int) -> Tensor:
        return resized(self._photo, self.plan.sizes[octave]).clamp(0, 1)

    def _step(self, share: float) -> float:
        """Move by a share of an octave's whole change."""
        slope, value = gradient(self.picture, self.wish, self._chance, self.manner.jitter, self.manner.tile)
        far = min(share, _LARGEST_TURN) * _FULL_CHANGE * self.manner.strength * self.wish.reach
        self.picture = (self.picture + far * direction(slope, natural=self.manner.natural)).clamp(0, 1)
        return value

    def _turn_zooming(self, due: float) -> float:
        self._climb(len(self.plan.sizes) - 1)
        along = (self.position - self._begin_zoom) / (1 - self._begin_zoom)
        last = (self.walk + 1) * self.manner.frames - 1
        self._reach_frame(min(last, self.walk * self.manner.frames + int(along * self.manner.frames)))
        frames_due = due / (1 - self._begin_zoom) * self.manner.frames
        return self._step(frames_due * _FRAME_CHANGE)

    def _reach_frame(self, frame: int) -> None:
        """Keep each finished frame and come closer for the next, until `frame` is the one that is worked on."""
        if self.frame < 0:
            self.frame = 0
        while self.frame < frame:
            self._keep_frame()
            self.picture = closer(self.picture)
            self.frame += 1

    def _keep_frame(self) -> None:
        folder = self.manner.frames_folder
        if folder is None:
            return
        folder.mkdir(exist_ok=True)
        aside = folder / f".{self.frame:06d}.png"
        Image.fromarray(self.pixels()).save(aside, compress_level=1)
        os.replace(aside, folder / f"{self.frame:06d}.png")

    def state_dict(self) -> dict[str, Any]:
        """Take the picture and the place on the way."""
        return {
            "picture": self.picture,
            "photo": self._photo if self.walk and not self.manner.frames else None,
            "chance": self._chance.get_state(),
            "places": [self.octave, self.walk, self.frame],
            "way": [self.position, self._progress, *self._anchor],
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.picture = state["picture"]
        if state["photo"] is not None:
            self._photo = state["photo"]
        self._chance.set_state(state["chance"])
        self.octave, self.walk, self.frame = state["places"]
        self.position, self._progress, *anchor = state["way"]
        self._anchor = (anchor[0], anchor[1])


def closer(picture: Tensor) -> Tensor:
    """Cut a border of 2 % off and bring the rest to the old size: 1 3 H W."""
    height, width = picture.shape[2:]
    inner = 1 - _CLOSER
    rows, columns = (torch.linspace(-1 + 1 / side, 1 - 1 / side, side) * inner for side in (height, width))
    where = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], dim=-1)[None]
    return F.grid_sample(picture, where, mode="bicubic", padding_mode="reflection", align_corners=False).clamp(0, 1)


def resized(picture: Tensor, size: Sequence[int]) -> Tensor:
    """Bring 1 3 H W to another size; down without aliasing, up smoothly.

    Example:
        >>> resized(torch.zeros(1, 3, 8, 8), (4, 6)).shape
        torch.Size([1, 3, 4, 6])
    """
    if tuple(picture.shape[2:]) == tuple(size):
        return picture
    return F.interpolate(picture, tuple(size), mode="bicubic", antialias=True, align_corners=False)


def pixels_of(picture: Tensor) -> NDArray[np.uint8]:
    """Give 1 3 H W in [0, 1] as H W 3."""
    return (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
