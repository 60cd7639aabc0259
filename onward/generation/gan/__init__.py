"""`gan`: a generator that learns to draw by cheating a discriminator, both trained in tandem.

Read in this order: `settings.py`, `networks.py`, `losses.py`, `training.py` (the loop), `watch.py` (is it going well?),
`scores.py` (how good is it?), `drawing.py` (pictures, walks, export).
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.generation.gan.settings import Drawing, Settings

__all__ = ["TASK"]

TASK: Task = Task(
    name="gan",
    summary="learn to draw pictures like yours, from random numbers",
    takes="pictures: a folder, zip, npz, cifar10:horse, meadow:horses",
    example="meadow:horses",
    settings=Settings,
    read=late("onward.generation.gan.reading:read"),
    train=late("onward.generation.gan.training:train"),
    load=late("onward.generation.gan.drawing:load"),
    apply=late("onward.generation.gan.drawing:apply"),
    evaluate=late("onward.generation.gan.scores:evaluate"),
    export=late("onward.generation.gan.drawing:export"),
    eject=late("onward.generation.gan.ejecting:eject"),
    options=Drawing,
    tried_with=("between:seed=towards",),
    accepts=lambda address: not address.lower().endswith((".csv", ".tsv", ".txt")),
    shares_batches=True,
)
