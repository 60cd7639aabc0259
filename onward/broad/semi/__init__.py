"""`semi`: few pictures with a label and many without; learn from both.

Read in this order: `settings.py`, `folders.py` and `reading.py` (what is labelled, what is not, what is for the test),
`looking.py` (features of several views), `linear.py` (the head, and the baseline), then a file for each way to use
pictures without a label: `spreading.py`, `self_training.py`, `agreement.py`; `choosing.py` (which of them to keep),
`training.py` (the loop), `label_next.py` (which pictures to label next), `fixmatch.py` (all of it from nothing).
"""

from __future__ import annotations

from onward.broad.semi.settings import Looking, Settings
from onward.core.task import Task, late

__all__ = ["TASK"]

_NOT_PICTURES = (".txt", ".json", ".jsonl", ".mp4")

TASK: Task = Task(
    name="semi",
    summary="tell classes of pictures from few labels and many pictures without one",
    takes="pictures in a folder a class and a folder `unlabelled`, or a csv with blanks",
    example="meadow:semi",
    settings=Settings,
    read=late("onward.broad.semi.reading:read"),
    train=late("onward.broad.semi.training:train"),
    load=late("onward.broad.semi.using:load"),
    apply=late("onward.broad.semi.using:apply"),
    evaluate=late("onward.broad.semi.scores:evaluate"),
    export=late("onward.broad.semi.using:export"),
    options=Looking,
    untrained=late("onward.broad.semi.using:untrained"),
    accepts=lambda address: not address.lower().endswith(_NOT_PICTURES),
    tried_with=("picture",),
)
