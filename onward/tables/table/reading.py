"""A table as `table` takes it: typed columns, a challenge made of them, and what looks too good to be true."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from onward.core.task import Source
from onward.data.table_cells import Sheet
from onward.data.tables import Table, kinds_told, read_table, table_of
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.leaks import Leak, find_leaks
from onward.tables.ensemble.lineup import chosen_families
from onward.tables.ensemble.posing import Order, pose
from onward.tables.ensemble.recipe import Recipe
from onward.tables.made import CUSTOMERS, customers
from onward.tables.problem import Asked, Problem, make_problem
from onward.tables.table.settings import Settings

__all__ = ["Question", "read", "read_rows"]

_MADE_ROWS = 3000


@dataclass(frozen=True)
class Question:
    """A table and what is asked of it."""

    problem: Problem
    challenge: Challenge
    recipe: Recipe

    @property
    def fingerprint(self) -> str:
        """Give the table's digest."""
        return self.problem.fingerprint

    @cached_property
    def leaks(self) -> list[Leak]:
        """Give what tells the target too well."""
        problem = self.problem
        return find_leaks(problem.features, problem.aside, problem.target.name, problem.y, len(problem.classes))

    def findings(self) -> list[str]:
        """Say what was understood, what measure counts, and what looks like a leak."""
        first, *others = self.problem.findings()
        counts = f"Measured by {self.challenge.measure.name}."
        return [first, counts, *self.challenge.said, *(leak.said for leak in self.leaks[:8]), *others]

    def as_json(self) -> dict[str, Any]:
        """Give the doctor's facts."""
        leaks = [{"kind": leak.kind, "columns": list(leak.columns), "said": leak.said} for leak in self.leaks]
        return {**self.problem.as_json(), "measure": self.challenge.measure.name, "leaks": leaks}


def read(source: Source, settings: Settings) -> Question:
    """Read a table, set the target apart and pose the question.

    Raises:
        DataFault: no table, no target, one class only, too few rows.
        UsageFault: the measure, a group or a family does not fit.
    """
    chosen_families(settings.members)
    asked = Asked(settings.target, settings.columns, settings.names, settings.predict)
    table = read_rows(source.address, settings)
    problem = make_problem(table, asked)
    challenge, recipe = pose(
        problem.features,
        [(problem.target.name, problem.classes)],
        np.asarray(problem.y, np.float64)[:, None],
        measure=settings.metric,
        order=Order(settings.group, settings.when),
        digest=problem.fingerprint,
    )
    return Question(problem, challenge, recipe)


def read_rows(address: str, settings: Settings, known: Any = None) -> Table:
    """Read a table, or make the embedded one; another part of it where columns are known already."""
    if address != CUSTOMERS:
        return read_table(address, known, kinds=kinds_told(settings.columns), has_names=settings.names)
    names, rows, _ = customers(_MADE_ROWS, 0 if known is None else _MADE_ROWS)
    digest = hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()
    sheet = Sheet(address, names, rows, list(range(2, len(rows) + 2)), True)
    return table_of(address, sheet, digest, known, kinds_told(settings.columns))
