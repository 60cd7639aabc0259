"""`kaggle`: a competition's folder to a submission that its sample decides to the letter.

Read `sample.py` for what the sample decides, `reading.py` for the folder, `../ensemble/course.py` for the loop.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.tables.kaggle.settings import Settings

__all__ = ["TASK"]

TASK: Task = Task(
    name="kaggle",
    summary="a competition's folder to a valid submission within seconds, replaced by better ones only",
    takes="a folder or zip with train, test and sample_submission, or kaggle:NAME, which is downloaded",
    example="made:contest",
    settings=Settings,
    read=late("onward.tables.kaggle.reading:read"),
    train=late("onward.tables.kaggle.training:train"),
    load=late("onward.tables.kaggle.training:load"),
    apply=late("onward.tables.kaggle.using:apply"),
    evaluate=late("onward.tables.kaggle.using:evaluate"),
    accepts=late("onward.tables.kaggle.files:looks_like_a_contest"),
    commands=late("onward.tables.kaggle.commands:commands"),
)
