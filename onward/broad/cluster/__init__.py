"""`cluster`: group pictures, texts or rows that nobody has labelled, and find what is there twice.

Read in this order: `settings.py`, `reading.py` (the user's files), `looking.py` (one look at every picture, kept on
disk), `embedding.py` (a map in which neighbours stay neighbours), `kmeans.py`, `mixture.py`, `heads.py` (groups),
`choosing.py` (how many, without labels), `training.py` (the loop), `twins.py` (what is there twice), `scores.py`,
`using.py`, `sorting.py` (copies and links into a new folder, and back).
"""

from __future__ import annotations

from onward.broad.cluster.settings import Settings, Sorting
from onward.core.task import Task, late

__all__ = ["TASK"]

_NOT_THESE = (".json", ".mp4", ".mov", ".avi", ".mkv", ".game", ".py")

TASK: Task = Task(
    name="cluster",
    summary="group what nobody has labelled, and find what is there twice",
    takes="pictures in a folder, zip or npz; lines or files of text; rows of a csv",
    example="meadow:classify",
    settings=Settings,
    read=late("onward.broad.cluster.reading:read"),
    train=late("onward.broad.cluster.training:train"),
    load=late("onward.broad.cluster.model:load"),
    apply=late("onward.broad.cluster.using:apply"),
    evaluate=late("onward.broad.cluster.scores:evaluate"),
    options=Sorting,
    accepts=lambda address: not address.lower().endswith(_NOT_THESE),
    tried_with=("file",),
)
