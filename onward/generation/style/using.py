"""`onward apply`: further photos and films in a run's style, or in any, without a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.exhibits import Table
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.films import is_film
from onward.data.inputs import checked_inputs
from onward.data.photo import Photo, read_photo
from onward.generation.features import find_sight
from onward.generation.style.painting import Painting
from onward.generation.style.reading import Subject, subject_of
from onward.generation.style.result import Restyled, write_result
from onward.generation.style.scales import Cost, fitting_side, measured_cost, plan_of
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.video import RestyledFilm

__all__ = ["apply", "painted"]

_EXAMPLE = "onward apply style photo.jpg --style scream.jpg"


def apply(model: Restyled, source: Source, options: Restyling) -> Iterator[Any]:
    """Restyle photos and films, one after the other; without any, give the run's own result again.

    Leaves `result.png` of one photo, `NAME.png` and `NAME.mp4` of several.

    Raises:
        DataFault: nothing was named, or it cannot be read.
    """
    settings = _settings(model.settings, options)
    if not source.addresses and model.pixels is not None and model.subject is not None:
        yield _Result("result", model.pixels, model.subject.photo)
        return
    inputs = checked_inputs(source.addresses, _EXAMPLE)
    cost = measured_cost(find_sight(settings.backbone))
    rows = []
    for each in inputs:
        name = "result" if len(inputs) == 1 else each.stem
        if is_film(each.address):
            yield RestyledFilm(name, each.address, settings, options, cost)
            continue
        photo = read_photo(each.address)
        subject = subject_of(photo, replace(settings, mask=settings.mask if len(inputs) == 1 else ""))
        painting = painted(subject, settings, cost, options.seconds)
        yield _Result(name, painting.picture(is_final=True), photo)
        rows.append([each.name, *reversed(painting.size), painting.looks])
    if rows:
        yield Table(["path", "width", "height", "looks"], rows, "photos")


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


@dataclass(frozen=True)
class _Result:
    """A restyled photo, to be written with what was transparent in it."""

    caption: str
    pixels: NDArray[np.uint8]
    photo: Photo

    def write(self, folder: Path, name: str) -> Path:
        path = folder / f"{name}.png"
        try:
            return write_result(path, self.pixels, self.photo)
        except OSError as reason:
            raise DataFault(f"{path} cannot be written ({reason.strerror}). Choose another --out.") from None
