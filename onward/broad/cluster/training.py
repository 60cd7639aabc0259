"""The loop: look, map, search for twins, choose, learn heads; a small piece of one of these a step.

Each stage has a share of the budget at whose end it is cut short, so that the groups are always made in time: of those
pictures that were looked at, by a map as good as there was time for. Under `--steps` each stage does as many pieces a
step as keep it inside its share.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from onward.broad.cluster.choosing import Choice
from onward.broad.cluster.concluding import concluded
from onward.broad.cluster.model import Groups
from onward.broad.cluster.pictures import map_picture
from onward.broad.cluster.reading import Items
from onward.broad.cluster.settings import Settings
from onward.broad.cluster.stages import Stage, stages_of
from onward.broad.cluster.work import Work
from onward.core.exhibits import Picture
from onward.core.run import Run, Step
from onward.parts.box import Box

__all__ = ["train"]


def train(run: Run, items: Items, settings: Settings) -> Groups:
    """Group items."""
    choice, groups, clock = Choice(), Box(None), Box({"begun": None, "cut": []})
    work = Work(run, items, settings, choice)
    run.keep(**work.kept(), choice=choice, groups=groups, clock=clock)
    stages = stages_of(work)
    for step in run.steps():
        if clock.value["begun"] is None:
            clock.value = {"begun": step.progress, "cut": []}
        stage = _turn(step, work, stages, clock.value)
        if stage is None:
            run.finish_early("Everything was looked at, mapped and grouped; more time would change little.")
        elif step.is_last or step.index in (8, 32, 128) or (stage.name == "map" and step.every(40)):
            _show(step, work)
        step.log(**work.figures())
    for name in clock.value["cut"]:
        run.note(f"The time ended before all of this was done: {name}.")
    model = concluded(work)
    groups.value = model.state()
    run.save()
    return model


def _turn(step: Step, work: Work, stages: list[Stage], clock: dict[str, Any]) -> Stage | None:
    """Do the next pieces; give the stage worked on, or None when nothing is left."""
    steps = step.run.budget.steps
    begun = min(float(clock["begun"]), 0.9)
    reached = (step.progress - begun) / (1 - begun)
    ahead = reached + (1 / steps if steps and step.run.budget.seconds is None else 0.0)
    if stages[0].name in clock["cut"] and reached < stages[0].until:  # more time was given: go on looking
        work.begin_again()
        clock["cut"] = []
    worked: Stage | None = None
    since = 0.0
    for stage in stages:
        share = (ahead - since) / max(1e-9, stage.until - since)
        while stage.left() and stage.name not in clock["cut"]:
            is_due = stage.catches_up and steps is not None and stage.done() < share * (stage.done() + stage.left())
            if worked is not None and not is_due:
                return worked
            if worked is None and reached > stage.until and not stage.is_needed():
                clock["cut"] = [*clock["cut"], stage.name]
                break
            stage.piece(min(1.0, max(0.0, share)))
            worked = stage
        since = stage.until
    return worked


def _show(step: Step, work: Work) -> None:
    """Show the map as it is."""
    name = work.shown_encoder()
    if name is None:
        return
    points = work.maps.get(name).points
    if len(points) and np.isfinite(points).all():
        step.show(map=Picture(map_picture(points, None), f"the map so far, told by {name}: {len(points):,} items"))
