"""`svm`: the boundary between classes that keeps the widest margin (Cortes and Vapnik 1995), within your minutes.

Read `kernels.py`, `machine.py` (a fitted one, as plain arrays), `ladder.py` (what is tried next), then `training.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.tables.svm.settings import Settings

__all__ = ["TASK"]

_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".parquet", ".csv.gz", ".csv.zip", ".jsonl")

TASK: Task = Task(
    name="svm",
    summary="predict a column of a table, or a class of pictures or texts, by a support vector machine",
    takes="a table; the last column, or --target, is predicted; or pictures or texts with classes",
    example="meadow:table",
    settings=Settings,
    read=late("onward.tables.svm.reading:read"),
    train=late("onward.tables.svm.training:train"),
    load=late("onward.tables.svm.training:load"),
    apply=late("onward.tables.svm.using:apply"),
    evaluate=late("onward.tables.svm.using:evaluate"),
    accepts=lambda address: address == "meadow:table" or address.lower().endswith(_ENDINGS),
    tried_with=("table", "picture", "text"),
)
