"""The loop: one look at the picture and one step of its pixels downhill, from coarse to fine, until the time is up."""

from __future__ import annotations

import logging
import math
import time
from typing import Any

import torch

from onward.core.budget import spoken_duration
from onward.core.exhibits import Picture
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.data.photo import Photo
from onward.generation.features import Sight, find_sight
from onward.generation.redrawn import write_redrawn
from onward.generation.style.painting import Painting
from onward.generation.style.pictures import small
from onward.generation.style.quick import learned
from onward.generation.style.reading import Subject
from onward.generation.style.result import Restyled
from onward.generation.style.scales import (
    Cost,
    Plan,
    bytes_needed,
    fitting_side,
    measured_cost,
    plan_of,
    remembered,
    tile_side,
)
from onward.generation.style.settings import Settings

__all__ = ["train"]

_PREVIEWS, _LEAST_SECONDS = 40, 2.0
_USUAL_SIDE = 384  # where no clock runs
_SIDES = (16, 8192)  # the least and the greatest that can be chosen
_TAIL = (2.5, 0.02)  # seconds, and share of the time: writing the picture, measuring, the report


def train(run: Run, subject: Subject, settings: Settings) -> Restyled:
    """Restyle a photo (Gatys, Ecker and Bethge 2015, arXiv:1508.06576; coarse to fine)."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = 0.0
    if settings.fast:
        return learned(run, subject, settings)
    if run.budget.seconds is not None:
        run.tail_seconds = run.crowding * min(_TAIL[0] + _TAIL[1] * run.budget.seconds, 0.3 * run.budget.seconds)
    sight = find_sight(settings.backbone)
    side = _stored(run) or _chosen(run, subject, settings, sight)
    height, width = subject.photo.pixels.shape[:2]
    plan = plan_of(height, width, side)
    chance = torch.Generator().manual_seed(run.seed)
    painting = Painting(subject, settings, plan, sight, chance)
    shown = _Shown(run, painting)
    run.keep(painting=painting, shown=shown)
    for step in run.steps():
        figures = painting.turn(step.progress)
        if all(math.isfinite(each) for each in figures.values()):  # else the walk took its step back by itself
            step.log(**figures, side=float(max(painting.size)))
        shown.look(step.progress, step.index, is_last=step.is_last)
    pixels = painting.picture(is_final=True)
    write_redrawn(run.path / "result.png", pixels, subject.photo)
    return Restyled(settings, Photo(pixels, subject.photo.alpha))


class _Shown:
    """Shows the picture now and then: at each new size, and a few times between."""

    def __init__(self, run: Run, painting: Painting) -> None:
        self._run, self._painting = run, painting
        self._place, self._number, self._shown_at = -1, -1, -math.inf

    def look(self, progress: float, index: int, *, is_last: bool) -> None:
        number = int(progress * _PREVIEWS)
        is_new = self._painting.place != self._place
        # under steps alone nothing goes by the clock, so that a repeat shows the same
        has_rested = self._run.budget.seconds is None or time.monotonic() - self._shown_at > _LEAST_SECONDS
        is_due = number != self._number and has_rested
        if not (is_new or is_due or is_last):
            return
        self._place, self._number, self._shown_at = self._painting.place, number, time.monotonic()
        height, width = self._painting.size
        words = f"{width} x {height}, look {self._painting.looks}"
        self._run.show("picture", Picture(small(self._painting.picture()), words))

    def state_dict(self) -> dict[str, Any]:
        """Take what was shown last."""
        return {"place": self._place, "number": self._number}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back, so that a run that is gone on with shows nothing twice."""
        self._place, self._number = state.get("place", -1), state.get("number", -1)  # only ever compared


def _stored(run: Run) -> int | None:
    """Give the longer side that an earlier sitting chose; the record may be a stranger's.

    Raises:
        RunFault: no sitting can have chosen that.
    """
    facts = run.folder.record.get("style")
    if facts is None:
        return None
    side = facts.get("side") if isinstance(facts, dict) else None
    if not isinstance(side, int) or not _SIDES[0] <= side <= _SIDES[1]:
        raise RunFault(f"{run.name}'s run.json tells of a size that cannot be. Train it anew.")
    return side


def _chosen(run: Run, subject: Subject, settings: Settings, sight: Sight) -> int:
    """Choose the longer side by what a look costs, and say so before the work begins."""
    height, width = subject.photo.pixels.shape[:2]
    side, cost = settings.size or min(_USUAL_SIDE, max(height, width)), None
    if run.budget.seconds is not None:
        cost = measured_cost(sight)
        side = settings.size or fitting_side(height, width, run.seconds_left, cost, settings.tile)
    told = _told(run, plan_of(height, width, side), sight, cost, settings)
    logging.getLogger("onward").warning(told)  # of a level that is heard where nobody has set up logging
    run.note(told)
    run.folder.update(style={"side": side})
    return side


def _told(run: Run, plan: Plan, sight: Sight, cost: Cost | None, settings: Settings) -> str:
    """Say size, time and memory."""
    (height, width), sizes = plan.sizes[-1], " ".join(str(max(each)) for each in plan.sizes)
    tile = settings.tile or tile_side(sight, height, width)
    gigabytes = bytes_needed(sight, height, width, tile, remembered(height, width, settings.history)) / 1e9
    words = f"The result is {width} x {height} pixels, by way of longer sides {sizes}"
    if cost is not None:
        look = cost.look(height, width, tile)
        count = plan.last * run.seconds_left / max(look, 1e-9)
        words += f"; about {count:.0f} looks at the last, {look:.2g} s each, in {spoken_duration(run.seconds_left)}"
    tiled = f", in tiles of {tile} pixels" if max(height, width) > tile else ""
    return f"{words}; about {gigabytes:.1f} GB of memory{tiled}."
