"""`--fast`: a small network learns from a folder of photos to restyle any, by the same loss as the walk of the pixels.

Each step one piece of one photo goes through the network, what came out is looked at as in `tiles.py`, and the slope of
the pixels goes on into the network's weights. After some minutes a photo takes a second instead of a minute; what it
costs is said by the score beside the walk's, on a photo nobody learned from.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.core.exhibits import Picture
from onward.core.faults import DataFault
from onward.core.run import Run
from onward.data.photo import Photo
from onward.generation.features import Sight, find_sight
from onward.generation.redrawn import write_redrawn
from onward.generation.style.colours import Palette, palette_of, with_colours_of
from onward.generation.style.painting import CALM, as_pixels, as_tensor, content_weight
from onward.generation.style.pictures import beside, small
from onward.generation.style.quick_network import QuickPainter
from onward.generation.style.reading import LONGEST_LEARNED, Subject, learned_side
from onward.generation.style.result import Restyled
from onward.generation.style.scales import tile_side
from onward.generation.style.settings import Settings
from onward.generation.style.statistics import mixed, moments_of
from onward.generation.style.tiles import Goal, Objective, mirrored
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.looks import Looks
from onward.parts.schedules import triangle

__all__ = ["Lessons", "learned", "quickly_painted"]

_PIECE = 160  # pixels
_LEARNING_RATE, _LONGEST_SLOPE = 4e-3, 1.0
_WIDTH = 16
_KEPT = 3.0  # times what the photo counts in a walk, which begins at it and never goes far
_HALF_LIFE = 100  # pictures
_EXAMS = 12
_LONGEST = 1024  # of a result, unless a size is asked for
_MOST_PIXELS, _BYTES_A_PIXEL = 12_000_000, 600  # of a result; measured
_LEAST_STYLE_SIDE = 32
_TAIL = (2.0, 0.02)  # seconds, and share of the time: painting the photo that was held out, measuring, the report


class Lessons:
    """Pieces of photos in the styles' colours, a function of seed and number; the place is part of the checkpoint.

    Args:
        side: the longer one, in pixels, that photos are brought to.
    """

    def __init__(self, subject: Subject, painter: QuickPainter, side: int, seed: int) -> None:
        photos = subject.photos or (subject.photo,)
        self._photos = [small(photo.pixels, side) for photo in photos]
        self._moved = [as_pixels(painter.in_colours(pixels)) for pixels in self._photos]
        self._seed, self._taken = seed, 0

    def next(self) -> tuple[Tensor, Tensor]:
        """Draw a piece: the photo's own and in the styles' colours, 1 3 S S each."""
        chance = np.random.default_rng([self._seed, self._taken])
        self._taken += 1
        number = int(chance.integers(len(self._photos)))
        height, width = self._photos[number].shape[:2]
        top, left = (int(chance.integers(max(1, length - _PIECE + 1))) for length in (height, width))
        way = 1 if chance.random() < 0.5 else -1
        pair = (
            np.ascontiguousarray(pixels[number][top : top + _PIECE, left : left + _PIECE][:, ::way])
            for pixels in (self._photos, self._moved)
        )
        own, moved = (as_tensor(piece) for piece in pair)
        missing = (0, max(0, _PIECE - width), 0, max(0, _PIECE - height))
        return mirrored(own, missing), mirrored(moved, missing)

    def state_dict(self) -> dict[str, Any]:
        """Take the place."""
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to a place."""
        self._taken = int(state["taken"])


def learned(run: Run, subject: Subject, settings: Settings) -> Restyled:
    """Train a network that restyles at once (Johnson, Alahi and Fei-Fei 2016, arXiv:1603.08155)."""
    if run.budget.seconds is not None:
        run.tail_seconds = run.crowding * min(_TAIL[0] + _TAIL[1] * run.budget.seconds, 0.3 * run.budget.seconds)
    run.folder.update(style={"styles": len(subject.styles), "width": _WIDTH})
    sight, side = find_sight(settings.backbone).magnified(1), learned_side(settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        painter = QuickPainter(_WIDTH, len(subject.styles))
    weights = [style.weight for style in subject.styles]
    palettes = [palette_of(small(style.pixels, LONGEST_LEARNED) / np.float32(255)) for style in subject.styles]
    painter.take_colours(palettes, weights)
    objective = _objective(subject, settings, sight, side)
    descent = Adam(painter.parameters(), _LEARNING_RATE, (0.9, 0.99))
    average, lessons = Average(painter, _HALF_LIFE), Lessons(subject, painter, side, run.seed)
    run.keep(painter=painter, descent=descent, average=average, lessons=lessons)
    tap, weight = len(sight.taps) - 1, _KEPT * content_weight(settings.strength)
    exams = Looks(run, _EXAMS, is_first_step_one=True)
    for step in run.steps():
        photo, moved = lessons.next()
        objective.keep_content((tap, objective.maps(photo, (tap,))[0], weight))
        result = painter(moved)
        figures, slope = objective.look(result)
        descent.learning_rate = _LEARNING_RATE * triangle(step.progress, peak=0.1) * 0.5**run.setbacks
        descent.zero_grad()
        result.backward(slope)
        torch.nn.utils.clip_grad_norm_(painter.parameters(), _LONGEST_SLOPE)
        descent.step()
        average.follow(painter, pictures=1)
        step.log(**figures)
        if exams.is_due(step):
            step.show(picture=_shown(average.network, subject.photo, settings))
    pixels = quickly_painted(average.network, subject.photo.pixels, settings)
    write_redrawn(run.path / "result.png", pixels, subject.photo)
    return Restyled(settings, Photo(pixels, subject.photo.alpha), average.network)


def _objective(subject: Subject, settings: Settings, sight: Sight, side: int) -> Objective:
    """Say what each piece is to become."""
    read = []
    for style in subject.styles:
        picture = as_tensor(small(style.pixels, max(_LEAST_STYLE_SIDE, math.ceil(side * settings.stroke))))
        height, width = int(picture.shape[2]), int(picture.shape[3])
        looked = Objective(sight, (height, width), (), None, 0.0, tile_side(sight, height, width))
        read.append([moments_of(each) for each in looked.sums(picture)])
    weights = [style.weight for style in subject.styles]
    goal = Goal(tuple(mixed(each, weights) for each in zip(*read, strict=True)))
    calm = CALM * settings.smooth**2
    return Objective(sight, (_PIECE, _PIECE), [goal], None, calm, -(-_PIECE // sight.grid) * sight.grid)


@torch.no_grad()
def quickly_painted(
    painter: QuickPainter,
    photo: NDArray[np.uint8],
    settings: Settings,
    longest: int | None = None,
    colours: Palette | None = None,
) -> NDArray[np.uint8]:
    """Restyle a photo, H W 3: no side longer than was asked for, or 1024 pixels, or its own.

    Args:
        colours: what it is taken to have: a film's first frame's.
    Raises:
        DataFault: it is too large to be restyled at once.
    """
    own = small(photo, longest or _LONGEST)
    height, width = own.shape[:2]
    if height * width > _MOST_PIXELS:
        gigabytes = height * width * _BYTES_A_PIXEL / 1e9
        raise DataFault(
            f"{width} x {height} pixels at once need {gigabytes:.0f} GB of memory. Choose a smaller --size."
        )
    pixels = as_pixels(painter(painter.in_colours(own, colours)))
    if settings.keep_color:
        kept = with_colours_of(pixels / np.float32(255), own / np.float32(255))
        return (kept * 255).round().astype(np.uint8)
    return pixels


def _shown(painter: QuickPainter, photo: Photo, settings: Settings) -> Picture:
    shown = small(photo.pixels)
    return Picture(beside([shown, quickly_painted(painter, shown, settings)], most_wide=1024), "photo | restyled")
