"""What to predict from what: a table with its target set apart, and a part of the rows that only the final score sees.

Shared by the tasks that learn from tables. Read `columns.py` next, which makes numbers of the columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.table_kinds import plain_key
from onward.data.table_numbers import date_word
from onward.data.tables import Column, Table, kinds_told, read_table
from onward.tables.columns import check_columns

__all__ = ["YES_AND_NO", "Asked", "Problem", "column_at", "make_problem", "read_as_known", "read_problem", "split_rows"]

YES_AND_NO = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("1", "0"), ("positive", "negative"))
_FEWEST_ROWS = 20
_MOST_WHOLE_CLASSES = 20
_MOST_CLASSES = 200
_TESTED = 0.2


@dataclass(frozen=True)
class Asked:
    """What the user says of a table.

    Attributes:
        target: the column to predict; None for the last.
        columns: kinds by name, as in `zip=category,when=date,notes=drop`.
        names: whether the first line names the columns; None to find out.
        predict: `classes` or `number`; None to find out.
    """

    target: str | None = None
    columns: str | None = None
    names: bool | None = None
    predict: str | None = None


@dataclass(frozen=True)
class Problem:
    """Rows to learn from.

    Attributes:
        features: the columns to predict from, without rows that have no target.
        target: the column to predict.
        y: N class numbers, or numbers.
        classes: the classes' names; empty when a number is predicted.
        is_test: N; rows kept for the final score, by content.
        dropped: rows without a target, which were left out.
        aside: columns that only name the rows; not learned from.
    """

    table: Table
    features: tuple[Column, ...]
    target: Column
    y: NDArray[np.float64]
    classes: tuple[str, ...]
    is_test: NDArray[np.bool_]
    dropped: int
    aside: tuple[Column, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Give the table's digest."""
        return self.table.digest

    def findings(self) -> list[str]:
        """Say what was understood, the summary first."""
        kinds = sum(column.kind == "category" for column in self.features)
        empty = float(np.mean([np.isnan(column.values).mean() for column in self.features]))
        what = "a date, errors in days" if self.target.kind == "date" else "a number"
        what = f"{len(self.classes)} classes" if self.classes else what
        sentences = [
            f"{self.table.address}: {len(self.y):,} rows, {len(self.features)} columns to learn from ({kinds} of "
            f"words), {100 * empty:.1f} % of cells empty; predicts {self.target.name}, {what}."
        ]
        if self.dropped:
            sentences.append(f"{self.dropped:,} rows without a target were left out.")
        if self.classes:
            counts = np.bincount(self.y.astype(int), minlength=len(self.classes))
            sentences.append(
                f"The biggest class, {self.classes[int(counts.argmax())]}, has "
                f"{100 * counts.max() / len(self.y):.0f} % of the rows."
            )
            if few := [f"{self.classes[place]} ({counts[place]})" for place in np.flatnonzero(counts < 5)]:
                sentences.append(f"Classes of very few rows, hardly to be learned: {', '.join(few[:5])}.")
        return sentences + self.table.findings()

    def as_json(self) -> dict[str, Any]:
        """Give the doctor's facts."""
        columns = [
            {"name": column.name, "kind": column.kind, "missing": int(np.isnan(column.values).sum())}
            for column in self.table.columns
        ]
        return {"rows": len(self.y), "target": self.target.name, "classes": list(self.classes), "columns": columns}


def read_problem(address: str, asked: Asked) -> Problem:
    """Read a table and set the target apart.

    Raises:
        DataFault: no table, no target, one class only, too few rows.
    """
    return make_problem(read_table(address, kinds=kinds_told(asked.columns), has_names=asked.names), asked)


def read_as_known(address: str, known: Sequence[Column], target: Column, classes: Sequence[str]) -> Problem:
    """Read rows with known answers as an earlier table was read; all of them are for testing.

    Args:
        known: the columns that were learned from.
        classes: the names of what was predicted, in their order; empty for a number.
    Raises:
        DataFault: a column is missing, or no row has a target that was learned.
    """
    table = read_table(address, (*known, target))
    check_columns(table.columns, (*known, target), address)
    values = table.column(target.name).values
    features = [table.column(column.name) for column in known]
    if classes and not target.categories:
        number = {name: float(place) for place, name in enumerate(classes)}
        values = np.array([number.get(_class_name(value, target.kind), np.nan) for value in values.tolist()])
    elif classes:
        values = np.where(values < len(classes), values, np.nan)
    present = ~np.isnan(values)
    if not present.any():
        raise DataFault(f"{address} has no row whose {target.name} is one that was learned. Name rows with answers.")
    kept = tuple(column_at(column, present) for column in features)
    dropped = int((~present).sum())
    return Problem(table, kept, target, values[present], tuple(classes), np.ones(int(present.sum()), bool), dropped)


def make_problem(table: Table, asked: Asked) -> Problem:
    """Set the target apart from the other columns.

    Raises:
        DataFault: no target, one class only, too few rows.
    """
    target = _yes_last(_target(table, asked))
    present = ~np.isnan(target.values) & (target.values != len(target.categories) if target.categories else True)
    features = tuple(
        column_at(column, present) for column in table.columns if column.name != target.name and column.kind != "id"
    )
    if not features:
        raise DataFault(f"{table.address} has nothing to predict {target.name} from. Add columns.")
    if present.sum() < _FEWEST_ROWS:
        raise DataFault(
            f"{table.address} has {int(present.sum())} rows with a {target.name}; at least {_FEWEST_ROWS} are needed."
        )
    values = target.values[present]
    kinds = np.unique(values)
    if len(kinds) < 2:
        raise DataFault(
            f"{table.address}: every row has the same {target.name}; nothing can be told apart. Name another --target."
        )
    y, classes = _classes(table, target, values, kinds, asked)
    aside = tuple(column_at(column, present) for column in table.columns if column.kind == "id")
    return Problem(table, features, target, y, classes, split_rows(features, y), int((~present).sum()), aside)


def _target(table: Table, asked: Asked) -> Column:
    if asked.target is not None:
        target = table.column(asked.target)
    elif not table.columns:
        raise DataFault(f"{table.address} has no column that can be predicted ({dict(table.left_out)}). Name --target.")
    else:
        target = table.columns[-1]
    if target.kind in ("id", "text"):
        what = "names the rows" if target.kind == "id" else "is free text"
        raise DataFault(
            f"{table.address}: {target.name} {what} and cannot be predicted. Name another --target, or say it is a "
            f"category with --set columns={target.name}=category."
        )
    return target


def _yes_last(target: Column) -> Column:
    """Number yes after no, as 1 is after 0, whichever is more frequent: F1 counts the second of two classes.

    Example:
        >>> _yes_last(Column("y", np.array([0.0, 1.0, 0.0]), ("Yes", "No"), "category")).values.tolist()
        [1.0, 0.0, 1.0]
    """
    if tuple(map(plain_key, target.categories)) not in YES_AND_NO:
        return target
    values = np.where(target.values <= 1, 1 - target.values, target.values)
    return Column(**{**vars(target), "values": values, "categories": target.categories[::-1]})


def _classes(
    table: Table, target: Column, values: NDArray[np.float64], kinds: NDArray[np.float64], asked: Asked
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Decide whether classes or a number are predicted; number the classes."""
    if target.categories:
        if asked.predict == "number":
            raise DataFault(f"{table.address}: {target.name} holds words, no numbers to predict. Leave --predict out.")
        if len(target.categories) > _MOST_CLASSES:
            raise DataFault(
                f"{table.address}: {target.name} has {len(target.categories):,} different words, too many for "
                "classes. Name another --target."
            )
        return values, target.categories
    is_whole = bool(np.all(kinds == np.round(kinds)))
    few = is_whole and len(kinds) <= (_MOST_CLASSES if asked.predict == "classes" else _MOST_WHOLE_CLASSES)
    if asked.predict == "number" or not few:
        if asked.predict == "classes":
            raise DataFault(
                f"{table.address}: {target.name} has {len(kinds):,} different numbers, too many for classes."
            )
        return values, ()
    return np.searchsorted(kinds, values).astype(np.float64), tuple(_class_name(each, target.kind) for each in kinds)


def _class_name(value: float, kind: str = "number") -> str:
    """Write a whole number with all its digits, or two codes of seven would bear one name; and a day as a date.

    Example:
        >>> _class_name(1000001.0), _class_name(-1.0), _class_name(float("nan")), _class_name(1.0, "date")
        ('1000001', '-1', 'nan', '1970-01-02')
    """
    if kind == "date":
        return date_word(value) if value == value else ""
    return f"{value:.0f}" if value == round(value, 0) else f"{value:g}"


def column_at(column: Column, rows: NDArray[np.bool_]) -> Column:
    """Give some rows of a column.

    Args:
        rows: N; whether each is wanted.
    """
    words = tuple(word for word, here in zip(column.words, rows.tolist(), strict=True) if here) if column.words else ()
    return Column(**{**vars(column), "values": column.values[rows], "words": words})


def split_rows(features: Sequence[Column], y: NDArray[np.float64], share: float = _TESTED) -> NDArray[np.bool_]:
    """Choose test rows by their content, so that equal rows are on the same side and the choice never changes."""
    rows = np.ascontiguousarray(np.column_stack([*(column.values for column in features), y]))
    words = [column.words for column in features if column.words]
    keys: list[int] = []
    for place, row in enumerate(rows):
        digest = hashlib.blake2b(row.tobytes(), digest_size=8)
        for own in words:
            digest.update(own[place].encode("utf-8", "replace"))
        keys.append(int.from_bytes(digest.digest(), "big"))
    chosen = np.array([key < share * 2**64 for key in keys])
    if not chosen.any() or chosen.all():
        chosen = np.arange(len(y)) % 5 == 0
    return chosen
