"""Films, without flicker: each frame begins from the last result, moved along with what is seen in the film.

What was there before is held to where it went (Ruder, Dosovitskiy and Brox 2016, arXiv:1604.08610, equation 6); what
comes into view begins as the photo. So a frame needs a few looks only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.film_writing import FilmWriter
from onward.data.films import footage
from onward.data.photo import Photo
from onward.generation.style.colours import palette_of
from onward.generation.style.painting import Painting, as_tensor
from onward.generation.style.quick import quickly_painted
from onward.generation.style.quick_network import QuickPainter
from onward.generation.style.reading import subject_of
from onward.generation.style.scales import Cost, film_side, plan_of
from onward.generation.style.settings import Restyling, Settings
from onward.parts.dense_flow import FlowFinder, fetched, searched
from onward.parts.film_progress import through_film

__all__ = ["RestyledFilm", "quickly_restyled_frames", "restyled_frames"]

_LEAST_LOOKS = 3
_FLAT = 3e-3  # of the variances of colours in 0 to 1: no picture yet


Restyler = Callable[[Iterator[NDArray[np.uint8]]], Iterator[NDArray[np.uint8]]]  # frames, H W 3 each, to others


@dataclass(frozen=True)
class RestyledFilm:
    """A film, restyled while it is written.

    Attributes:
        frames: of it, at most.
        restyled: what is done to it.
    """

    ending: ClassVar[str] = ".mp4"
    caption: str
    address: str
    frames: int | None
    restyled: Restyler

    def write(self, folder: Path, name: str) -> Path:
        """Write `NAME.mp4`, frame by frame; a kill leaves what was done to be watched."""
        shots = footage(self.address)
        frames = through_film(shots.moments(), shots.frames, Path(self.address).name)
        frames = islice(frames, self.frames)
        path = folder / f"{name}.mp4"
        moments: list[float] = []

        def pictures() -> Iterator[NDArray[np.uint8]]:
            for seconds, picture in frames:
                moments.append(seconds)
                yield np.asarray(picture.convert("RGB"))

        with FilmWriter(path) as film:
            for pixels in self.restyled(pictures()):
                film.add(pixels, moments[-1])
        return path


def restyled_frames(
    frames: Iterator[NDArray[np.uint8]], settings: Settings, options: Restyling, cost: Cost
) -> Iterator[NDArray[np.uint8]]:
    """Restyle pictures in time, H W 3 each.

    Raises:
        DataFault: there is none.
    """
    first = next(frames, None)
    if first is None:
        raise DataFault("The film has no frame that can be read. Give another.")
    height, width = first.shape[:2]
    wanted = settings.size or film_side(height, width, options.frame_seconds, cost, settings.tile)
    plan = plan_of(height, width, wanted)
    subject = subject_of(Photo(first), settings)
    painting = Painting(subject, settings, plan, cost.sight, torch.Generator().manual_seed(0))
    _turned(painting, options.seconds, 0.0)
    yield painting.picture(is_final=True)
    before = painting.small_photo()
    for frame in frames:
        size = before.shape[:2]
        photo = as_tensor(frame)
        now = _shrunk(photo, size)
        way, _ = searched(FlowFinder(), now, before)
        result = painting.walk.best[0].permute(1, 2, 0).numpy()
        moved = torch.from_numpy(fetched(result, way.way)).permute(2, 0, 1)[None]
        painting.next_frame(photo, moved, torch.from_numpy(way.sure)[None, None].float())
        _turned(painting, options.frame_seconds, 1.0)
        yield painting.picture(is_final=True)
        before = now


def quickly_restyled_frames(
    frames: Iterator[NDArray[np.uint8]], painter: QuickPainter, settings: Settings, longest: int | None
) -> Iterator[NDArray[np.uint8]]:
    """Restyle pictures in time at once, H W 3 each, each by itself, all from the first one's colours."""
    colours = None
    for frame in frames:
        if colours is None or np.trace(colours[1]) < _FLAT:  # a film may begin in black
            colours = palette_of(frame / np.float32(255))
        yield quickly_painted(painter, frame, settings, longest, colours)


def _turned(painting: Painting, seconds: float, progress: float) -> None:
    began, spent, looks = time.monotonic(), 0.0, 0
    last = len(painting.plan.sizes) - 1
    while spent < seconds or looks < _LEAST_LOOKS or painting.place < last:
        painting.turn(max(progress, min(1.0, spent / seconds)))
        spent, looks = time.monotonic() - began, looks + 1


def _shrunk(photo: torch.Tensor, size: tuple[int, ...]) -> NDArray[np.uint8]:
    small = F.interpolate(photo, size=size, mode="bilinear", align_corners=False, antialias=True)
    return (small[0].permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
