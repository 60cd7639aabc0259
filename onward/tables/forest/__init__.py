"""`forest`: many trees, each grown on a sample of the rows, that vote (Breiman 2001).

Read `settings.py`, then `growing.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.tables.forest.settings import Settings

__all__ = ["TASK"]

TASK: Task = Task(
    name="forest",
    summary="predict a column of a table from the others, by a random forest",
    takes="a csv with a line of column names; the last column, or --target, is predicted",
    example="meadow:table",
    settings=Settings,
    read=late("onward.tables.forest.reading:read"),
    train=late("onward.tables.forest.growing:train"),
    load=late("onward.tables.forest.growing:load"),
    apply=late("onward.tables.forest.using:apply"),
    evaluate=late("onward.tables.forest.using:evaluate"),
    accepts=lambda address: address == "meadow:table" or address.lower().endswith((".csv", ".tsv", ".txt", ".data")),
    tried_with=("table",),
)
