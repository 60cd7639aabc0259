"""`dream`: deep dream; what a network believes to see in a photo is drawn into it.

`onward apply dream photo.jpg` needs no training. Read in this order: `settings.py`, `reading.py`, `wishes.py` (what is
to be seen more of), `ascent.py` (one step up the gradient), `octaves.py` (coarse to fine, and what fits the minutes),
`dreaming.py` (the picture and its way through octaves and a zoom), `training.py` (the loop), `using.py`, `scores.py`,
`gallery.py` (what each layer sees).
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.generation.dream.settings import Dreaming, Settings

__all__ = ["TASK"]

TASK: Task = Task(
    name="dream",
    summary="draw into a photo what a network believes to see in it; works untrained",
    takes="a photo (or a folder's first), noise, meadow:scene",
    example="meadow:scene",
    settings=Settings,
    read=late("onward.generation.dream.reading:read"),
    train=late("onward.generation.dream.training:train"),
    load=late("onward.generation.dream.using:load"),
    apply=late("onward.generation.dream.using:apply"),
    evaluate=late("onward.generation.dream.scores:evaluate"),
    options=Dreaming,
    untrained=late("onward.generation.dream.using:untrained"),
    accepts=late("onward.data.photo:may_hold_photo"),
    tried_with=("picture", "option:guide=picture"),
)
