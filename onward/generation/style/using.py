"""`onward apply`: further photos and films in a run's style, or in any, without a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.exhibits import Table
from onward.core.faults import UsageFault
from onward.core.task import Source
from onward.data.inputs import Input, checked_inputs, told_apart
from onward.data.photo import Photo, holds_photos, read_photo, read_photos
from onward.generation.features import find_sight
from onward.generation.redrawn import Redrawn
from onward.generation.style.painting import Painting
from onward.generation.style.quick import quickly_painted
from onward.generation.style.quick_network import QuickPainter
from onward.generation.style.reading import Subject, subject_of
from onward.generation.style.result import Restyled
from onward.generation.style.scales import Cost, fitting_side, measured_cost, plan_of
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.video import RestyledFilm, Restyler, quickly_restyled_frames, restyled_frames

__all__ = ["apply", "painted", "restyling_settings"]

_EXAMPLE = "onward apply style photo.jpg --style scream.jpg"
_MOST_SAID = 5


def apply(model: Restyled, source: Source, options: Restyling) -> Iterator[Any]:
    """Restyle photos and films, one after the other; without any, give the run's own result again.

    Leaves `result.png` of one photo, `NAME.png` and `NAME.mp4` of several. A run's masks are of its own photo's places,
    so they serve for a single photo only.

    Raises:
        DataFault: nothing was named, or it cannot be read.
    """
    settings = restyling_settings(model.settings, options)
    if not source.addresses and model.result is not None:
        yield Redrawn("result", model.result.pixels, model.result)
        return
    inputs = checked_inputs(source.addresses, _EXAMPLE)
    is_alone = len(inputs) == 1 and not inputs[0].is_film and not holds_photos(inputs[0].address)
    if model.painter is not None and not options.style:
        way = _at_once(model.painter, settings, options)
    else:
        if settings.mask and not is_alone:
            settings = replace(settings, mask="")
            _say("The run's masks are of its own photo, so these are restyled everywhere.")
        way = _walking(settings, options)
    rows, stems = [], set[str]()
    for each in inputs:
        if each.is_film:
            yield RestyledFilm(_named(each.stem, stems, len(inputs)), each.address, options.frames, way.film)
            continue
        for name, photo in _photos(each):
            stem = _named(Path(name).stem if holds_photos(each.address) else each.stem, stems, 1 if is_alone else 2)
            pixels, spent = way.photo(photo)
            yield Redrawn(stem, pixels, photo)
            rows.append([name, pixels.shape[1], pixels.shape[0], spent])
    if rows:
        yield Table(["path", "width", "height", way.spent], rows, "photos")


@dataclass(frozen=True)
class _Way:
    """One of the two ways to restyle: of a photo, giving what was spent too, and of a film."""

    photo: Callable[[Photo], tuple[NDArray[np.uint8], float]]
    film: Restyler
    spent: str


def _walking(settings: Settings, options: Restyling) -> _Way:
    """Walk each photo's own pixels downhill."""
    cost = measured_cost(find_sight(settings.backbone))

    def photo(given: Photo) -> tuple[NDArray[np.uint8], int]:
        painting = painted(subject_of(given, settings), settings, cost, options.seconds)
        return painting.picture(is_final=True), painting.looks

    return _Way(photo, partial(restyled_frames, settings=settings, options=options, cost=cost), "looks")


def _at_once(painter: QuickPainter, settings: Settings, options: Restyling) -> _Way:
    """Restyle by a network that learned it.

    Raises:
        UsageFault: what it learned for good was to be changed.
    """
    if options.strength is not None or options.stroke is not None:
        raise UsageFault("A --fast run has its strength and strokes for good. Train another, or leave the option out.")

    def photo(given: Photo) -> tuple[NDArray[np.uint8], float]:
        began = time.monotonic()
        pixels = quickly_painted(painter, given.pixels, settings, options.size)
        return pixels, round(time.monotonic() - began, 2)

    film = partial(quickly_restyled_frames, painter=painter, settings=settings, longest=options.size)
    return _Way(photo, film, "seconds")


def _photos(given: Input) -> Iterator[tuple[str, Photo]]:
    """Read an input's photo, or all of a folder's or an archive's; what cannot be read there is said and left out."""
    if not holds_photos(given.address):
        yield given.name, read_photo(given.address)
        return
    unread: list[str] = []
    for photo in read_photos(given.address, unread):
        yield photo.name, photo
    for sentence in unread[:_MOST_SAID]:
        _say(f"Left out: {sentence}")


def _named(stem: str, taken: set[str], count: int) -> str:
    return "result" if count == 1 else told_apart(stem, stem, taken)


def _say(sentence: str) -> None:
    logging.getLogger("onward").warning(sentence)


def painted(subject: Subject, settings: Settings, cost: Cost, seconds: float) -> Painting:
    """Restyle one photo within so many seconds."""
    began = time.monotonic()
    height, width = subject.photo.pixels.shape[:2]
    plan = plan_of(height, width, settings.size or fitting_side(height, width, seconds, cost, settings.tile))
    painting = Painting(subject, settings, plan, cost.sight, torch.Generator().manual_seed(0))
    last = plan.sizes[-1]
    told = f"{subject.photo.name}: {last[1]} x {last[0]} pixels in {seconds:.0f} s"
    logging.getLogger("onward").info(told)
    spent = 0.0
    while spent < seconds or painting.place < len(plan.sizes) - 1:
        painting.turn(min(1.0, spent / seconds))
        spent = time.monotonic() - began
    return painting


def restyling_settings(own: Settings, options: Restyling) -> Settings:
    """Give a run's settings, as far as the options say nothing else."""
    changed: dict[str, Any] = {
        "size": options.size or (None if own.fast else own.size)
    }  # what it learned at is no result's
    if options.style:
        changed |= {"style": options.style, "mask": ""}
    for name in ("strength", "stroke", "keep_color"):
        if (value := getattr(options, name)) is not None:
            changed[name] = value
    return replace(own, **changed)
