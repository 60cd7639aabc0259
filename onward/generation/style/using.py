"""`onward apply`: further photos and films in a run's style, or in any, without a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from onward.core.exhibits import Table
from onward.core.task import Source
from onward.data.inputs import Input, checked_inputs, told_apart
from onward.data.photo import Photo, holds_photos, read_photo, read_photos
from onward.generation.features import find_sight
from onward.generation.redrawn import Redrawn
from onward.generation.style.painting import Painting
from onward.generation.style.reading import Subject, subject_of
from onward.generation.style.result import Restyled
from onward.generation.style.scales import Cost, fitting_side, measured_cost, plan_of
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.video import RestyledFilm

__all__ = ["apply", "painted"]

_EXAMPLE = "onward apply style photo.jpg --style scream.jpg"
_MOST_SAID = 5


def apply(model: Restyled, source: Source, options: Restyling) -> Iterator[Any]:
    """Restyle photos and films, one after the other; without any, give the run's own result again.

    Leaves `result.png` of one photo, `NAME.png` and `NAME.mp4` of several. A run's masks are of its own photo's places,
    so they serve for a single photo only.

    Raises:
        DataFault: nothing was named, or it cannot be read.
    """
    settings = _settings(model.settings, options)
    if not source.addresses and model.result is not None:
        yield Redrawn("result", model.result.pixels, model.result)
        return
    inputs = checked_inputs(source.addresses, _EXAMPLE)
    cost = measured_cost(find_sight(settings.backbone))
    is_alone = len(inputs) == 1 and not inputs[0].is_film and not holds_photos(inputs[0].address)
    if settings.mask and not is_alone:
        settings = replace(settings, mask="")
        _say("The run's masks are of its own photo, so these are restyled everywhere.")
    rows, stems = [], set[str]()
    for each in inputs:
        if each.is_film:
            yield RestyledFilm(_named(each.stem, stems, len(inputs)), each.address, settings, options, cost)
            continue
        for name, photo in _photos(each):
            stem = _named(Path(name).stem if holds_photos(each.address) else each.stem, stems, 1 if is_alone else 2)
            painting = painted(subject_of(photo, settings), settings, cost, options.seconds)
            yield Redrawn(stem, painting.picture(is_final=True), photo)
            rows.append([name, *reversed(painting.size), painting.looks])
    if rows:
        yield Table(["path", "width", "height", "looks"], rows, "photos")


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


def _settings(own: Settings, options: Restyling) -> Settings:
    """Give a run's settings, as far as the options say nothing else."""
    changed: dict[str, Any] = {"size": options.size or own.size}
    if options.style:
        changed |= {"style": options.style, "mask": ""}
    for name in ("strength", "stroke", "keep_color"):
        if (value := getattr(options, name)) is not None:
            changed[name] = value
    return replace(own, **changed)
