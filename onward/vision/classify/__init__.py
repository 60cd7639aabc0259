"""`classify`: which of some classes a picture shows.

Read in this order: `settings.py`, `reading.py` (albums and their three parts), `network.py` (learning to see),
`transfer.py` (pretrained eyes), `training.py` (the loop), `scores.py`, `using.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.vision.classify.settings import Looking, Settings

__all__ = ["TASK"]

_NOT_PICTURES = (".txt", ".json", ".jsonl", ".mp4")

TASK: Task = Task(
    name="classify",
    summary="tell which of some classes a picture shows",
    takes="pictures in a folder a class, or with a csv of labels: a folder, zip, npz, cifar10",
    example="meadow:classify",
    settings=Settings,
    read=late("onward.vision.classify.reading:read"),
    train=late("onward.vision.classify.training:train"),
    load=late("onward.vision.classify.using:load"),
    apply=late("onward.vision.classify.using:apply"),
    evaluate=late("onward.vision.classify.scores:evaluate"),
    export=late("onward.vision.classify.using:export"),
    eject=late("onward.vision.classify.ejecting:eject"),
    options=Looking,
    accepts=lambda address: not address.lower().endswith(_NOT_PICTURES),
    tried_with=("picture",),
    shares_batches=True,
)
