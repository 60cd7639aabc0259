"""From columns to a challenge: the recipe, the measure, and whether rows belong together or follow in time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, UsageFault, did_you_mean
from onward.data.tables import Column, Table
from onward.tables.ensemble.challenge import Challenge, Head, heads_of
from onward.tables.ensemble.measures import Measure, find_measure, usual_measure
from onward.tables.ensemble.recipe import Recipe, make_recipe

__all__ = ["Order", "column_at", "pose", "pose_table"]

_GROUP = re.compile(
    r"(?i)(patient|subject|user|customer|client|session|household|family|group|person|device|store|shop|player|driver)"
    r"([_ -]?(id|no|nr|number|code|key))?"
)
_FEWEST_GROUPS = 20
_IN_ORDER = 0.98


@dataclass(frozen=True)
class Order:
    """What the user says of how rows belong together.

    Attributes:
        group: the column whose rows stay in one fold; None to find out, `none` for no.
        when: the column of moments, rows being told from earlier ones; None to find out, `none` for no.
    """

    group: str | None = None
    when: str | None = None


def pose(
    columns: Sequence[Column],
    targets: Sequence[tuple[str, tuple[str, ...]]],
    y: NDArray[np.float64],
    *,
    measure: str | None,
    order: Order,
    digest: str,
    test: Callable[[list[Column]], Table] | None = None,
) -> tuple[Challenge, Recipe]:
    """Make a challenge of typed columns.

    Args:
        columns: to predict from, N rows each.
        targets: name and classes of each.
        y: N T.
        test: reads the rows whose target nobody has, given the columns that are learned from.
    Raises:
        UsageFault: the measure does not fit the target.
        DataFault: a column is named that is not there, or nothing is left to learn from.
    """
    table = Table("the training table", tuple(columns), len(y), digest)
    recipe = make_recipe(columns)
    if not recipe.steps:
        raise DataFault("No column is left to learn from. Leave fewer out.")
    heads = heads_of(list(targets))
    found = _measure(measure, heads, y)
    asked = None if test is None else test(recipe.known())
    groups, times, said = _belonging(columns, order, asked)
    x = recipe.matrix(table, is_own=True)
    if ((x == x[:1]) | (np.isnan(x) & np.isnan(x[:1]))).all():
        raise DataFault(f"All {len(x):,} rows are alike but for {heads[0].name}: nothing tells it. Add columns.")
    challenge = Challenge(
        recipe.features,
        x,
        y,
        heads,
        found,
        digest,
        None if asked is None else recipe.matrix(asked),
        groups,
        times,
        tuple(said),
    )
    return challenge, recipe


def column_at(column: Column, rows: NDArray[np.bool_]) -> Column:
    """Give some rows of a column."""
    words = tuple(word for word, here in zip(column.words, rows.tolist(), strict=True) if here) if column.words else ()
    return replace(column, values=column.values[rows], words=words)


def pose_table(table: Table, columns: Sequence[Column], rows: int) -> Table:
    """Give a table of the same name that has those columns, and as many rows as they."""
    return Table(table.address, tuple(columns), rows, table.digest)


def _measure(word: str | None, heads: Sequence[Head], y: NDArray[np.float64]) -> Measure:
    kinds = max(len(head.classes) for head in heads)
    measure = usual_measure(kinds) if word is None else find_measure(word)
    if (measure.kind == "numbers") == (kinds > 0):
        what = f"{kinds} classes" if kinds else "a number"
        raise UsageFault(
            f"{measure.name} does not fit {heads[0].name}, which is {what}. Leave --metric out, or say what is "
            "predicted with --set predict=classes or --set predict=number."
        )
    if measure.name == "quadratic kappa" and kinds > 2 and not _rise(heads[0].classes):
        raise UsageFault(
            f"{measure.name} counts how far apart classes are, and those of {heads[0].name} "
            f"({', '.join(heads[0].classes[:4])}) stand in no order here. Write them as plain numbers, 1 the lowest, "
            "in a column that is not said to be a category."
        )
    if measure.name == "F1" and kinds > 2:
        measure = find_measure("macro F1")
    if measure.is_logarithmic and y.min() < 0:
        raise UsageFault(f"{measure.name} takes no negative {heads[0].name}, and there are some. Use --metric rmse.")
    return measure


def _rise(classes: Sequence[str]) -> bool:
    """Say whether classes are numbers, lowest first."""
    try:
        values = [float(each) for each in classes]
    except ValueError:
        return False
    return values == sorted(values)


def _column(columns: Sequence[Column], name: str, flag: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    raise UsageFault(f"{flag}: there is no column {name!r}.{did_you_mean(name, [each.name for each in columns])}")


def _belonging(
    columns: Sequence[Column], order: Order, test: Table | None
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None, list[str]]:
    """Say which rows belong together, or which moment each is of; never both, for folds cannot keep to both."""
    told = [each if each != "none" else None for each in (order.group, order.when)]
    if all(told):
        raise UsageFault("--group and --when: folds keep groups whole or go forward in time, not both. Leave one out.")
    groups, said = (None, []) if told[1] else _groups(columns, order.group, test)
    times, words = (None, []) if told[0] else _times(columns, order.when, test)
    if groups is not None and times is not None:
        both = f"{words[0].partition(':')[0]} too, but groups come first (name it with --when if time does)."
        return groups, None, [*said, both]
    return groups, times, [*said, *words]


def _groups(
    columns: Sequence[Column], wanted: str | None, test: Table | None
) -> tuple[NDArray[np.int64] | None, list[str]]:
    if wanted == "none":
        return None, []
    if wanted is not None:
        groups = _numbered(_column(columns, wanted, "--group"))
        if groups.max() == groups.min():
            raise UsageFault(f"--group: every row has the same {wanted}, so no part could be held out. Name another.")
        return groups, [f"Rows of one {wanted} stay in one fold."]
    for column in columns:
        if column.kind not in ("number", "category") or not _GROUP.fullmatch(column.name):
            continue
        groups = _numbered(column)
        count = len(np.unique(groups))
        if _FEWEST_GROUPS <= count <= len(groups) / 2:
            if _asks_again(column, test):
                return None, [f"Most test rows have a {column.name} that is known, so rows of one may be in two folds."]
            sentence = f"{column.name} looks like a group: its rows stay in one fold (--group none if they need not)."
            return groups, [sentence]
    return None, []


def _asks_again(column: Column, test: Table | None) -> bool:
    """Say whether most rows of the test table are of groups that the rows to learn from show."""
    asked = next((each for each in test.columns if each.name == column.name), None) if test else None
    if asked is None:
        return False
    known = set(_cells(column)) - {None}
    return float(np.mean([cell in known for cell in _cells(asked)])) > 0.5


def _cells(column: Column) -> list[Any]:
    """Give what stands in a column, whatever number its kinds have."""
    if column.words:
        return list(column.words)
    if column.categories:
        names = dict(enumerate(column.categories))  # an unknown one has a number beyond them
        return [names.get(int(each)) for each in np.nan_to_num(column.values, nan=-1)]
    return list(column.values.tolist())


def _numbered(column: Column) -> NDArray[np.int64]:
    """Number a column's values; each empty cell is a group of its own."""
    cells = np.array(column.words) if column.words else column.values
    _, numbers = np.unique(cells, return_inverse=True)
    numbers = numbers.astype(np.int64)
    empty = np.isnan(column.values)
    numbers[empty] = numbers.max(initial=0) + 1 + np.arange(int(empty.sum()))
    return numbers


def _times(
    columns: Sequence[Column], wanted: str | None, test: Table | None
) -> tuple[NDArray[np.float64] | None, list[str]]:
    if wanted == "none":
        return None, []
    if wanted is not None:
        column = _column(columns, wanted, "--when")
        if column.kind not in ("date", "number"):
            raise UsageFault(f"--when: {wanted} holds no dates and no numbers. Name a column that does.")
        if len(np.unique(column.values[~np.isnan(column.values)])) < 2:
            raise UsageFault(f"--when: every row has the same {wanted}, so none comes after others. Name another.")
        return column.values, [f"Folds go forward in {wanted}."]
    for column in columns:
        days = column.values
        if column.kind != "date" or np.isnan(days).mean() > 0.02 or len(np.unique(days)) < 20:
            continue
        known = days[~np.isnan(days)]
        later = None if test is None else next((each for each in test.columns if each.name == column.name), None)
        if later is not None:
            comes_after = float(np.mean(later.values > np.max(known))) > 0.9
            why = f"The test rows come after all others in {column.name}"
        else:
            comes_after = test is None and float(np.mean(np.diff(known) >= 0)) > _IN_ORDER
            why = f"The rows are in order of {column.name}"
        if comes_after:
            return days, [f"{why}: folds go forward in time (--when none if they need not)."]
    return None, []
