"""`table`: predict a column of a table by many learners of several families, blended by what each says of unseen rows.

Read `settings.py`, then `../ensemble/course.py` for the loop.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.tables.table.settings import Settings

__all__ = ["TASK"]

TASK: Task = Task(
    name="table",
    summary="predict a column of a table by a blend of many learners, with a scan for leaks",
    takes="a csv, tsv, json lines or parquet file; the last column, or --target, is predicted",
    example="made:customers",
    settings=Settings,
    read=late("onward.tables.table.reading:read"),
    train=late("onward.tables.table.training:train"),
    load=late("onward.tables.table.training:load"),
    apply=late("onward.tables.table.using:apply"),
    evaluate=late("onward.tables.table.using:evaluate"),
    accepts=lambda address: (
        address == "made:customers"
        or address.lower().endswith((".csv", ".tsv", ".txt", ".data", ".parquet", ".jsonl", ".gz"))
    ),
    tried_with=("table",),
)
