"""`forest`: many trees, each grown on a sample of the rows, that vote (Breiman 2001).

Read `settings.py`, then `growing.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.tables.forest.settings import Settings

__all__ = ["TASK"]

_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".parquet", ".csv.gz", ".csv.zip", ".jsonl")

TASK: Task = Task(
    name="forest",
    summary="predict a column of a table, or a class of pictures or texts, by a random forest",
    takes="a table; the last column, or --target, is predicted; or pictures or texts with classes",
    example="meadow:table",
    settings=Settings,
    read=late("onward.tables.forest.reading:read"),
    train=late("onward.tables.forest.growing:train"),
    load=late("onward.tables.forest.growing:load"),
    apply=late("onward.tables.forest.using:apply"),
    evaluate=late("onward.tables.forest.using:evaluate"),
    accepts=lambda address: address == "meadow:table" or address.lower().endswith(_ENDINGS),
    tried_with=("table", "picture", "text"),
)
