"""What the forest learns from: a table with its target set apart, or the embedded one."""

from __future__ import annotations

from onward.core.task import Source
from onward.tables.forest.settings import Settings
from onward.tables.meadow import meadow_table
from onward.tables.problem import Asked, Problem, make_problem, read_problem

__all__ = ["read"]


def read(source: Source, settings: Settings) -> Problem:
    """Read a table and set the target apart.

    Raises:
        DataFault: no target, one class only, too few rows.
    """
    asked = Asked(settings.target, settings.columns, settings.names, settings.predict)
    if source.address == "meadow:table":
        return make_problem(meadow_table(), asked)
    return read_problem(source.address, asked)
