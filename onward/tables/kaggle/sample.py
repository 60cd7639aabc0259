"""What a sample submission decides: which rows in which order, which columns, and how each cell is written.

labels         the classes as the sample spells them: 1, True, Yes, setosa
probability    of the class that counts as yes
columns        a probability for each class, a column each, whose names hold the classes' names
guesses        several classes in one cell, the likeliest first
number         a number, whole where the sample's and the training's are
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from onward.core.faults import DataFault
from onward.data.table_kinds import plain_key
from onward.tables.problem import YES_AND_NO

__all__ = ["Form", "TargetForm", "form_of", "is_yes", "spelled"]

_MOST_KINDS = 1000


@dataclass(frozen=True)
class TargetForm:
    """How one target is written.

    Attributes:
        target: its column in the training table.
        kind: `labels`, `probability`, `columns`, `guesses` or `number`.
        columns: the sample's columns that are its; with `columns` one a class, in the sample's order.
        classes: the class each column is for, with `columns`.
        spelling: how a class is written, by its name.
        yes: the class whose probability is asked for.
        is_whole: numbers are written without a fraction.
        guesses: how many classes a cell holds.
    """

    target: str
    kind: str
    columns: tuple[str, ...]
    classes: tuple[str, ...] = ()
    spelling: dict[str, str] = field(default_factory=dict)
    yes: str = ""
    is_whole: bool = False
    guesses: int = 1


@dataclass(frozen=True)
class Form:
    """How a submission is written.

    Attributes:
        header: the columns' names, in order.
        delimiter, newline: between cells and lines.
        ids: N rows of the cells that name rows; empty where none do.
        id_columns: their columns.
        targets: one a target.
    """

    header: tuple[str, ...]
    delimiter: str
    newline: str
    ids: tuple[tuple[str, ...], ...]
    id_columns: tuple[str, ...]
    targets: tuple[TargetForm, ...]


def is_yes(names: Sequence[str], seldom: str) -> str:
    """Say which of two classes is the one whose probability is asked for.

    Args:
        seldom: the one that is seldom, taken where the names do not tell.
    Example:
        >>> is_yes(["No", "Yes"], "No"), is_yes(["0", "1"], "0"), is_yes(["cat", "dog"], "dog")
        ('Yes', '1', 'dog')
    """
    plain = {plain_key(name): name for name in names}
    for yes, no in YES_AND_NO:
        if set(plain) == {yes, no}:
            return plain[yes]
    return seldom


def spelled(classes: Sequence[str], shown: Sequence[str]) -> dict[str, str] | None:
    """Say how a sample spells each class, or None where its cells are no classes.

    Args:
        shown: the sample's different cells.
    Example:
        >>> spelled(["1", "0"], ["False"]), spelled(["a", "b"], ["0.5"])
        ({'1': 'True', '0': 'False'}, None)
    """
    plain = {plain_key(name): name for name in classes}
    keys = {plain_key(cell): cell for cell in shown}
    if set(keys) <= set(plain):
        return {name: keys.get(key, name) for key, name in plain.items()}
    own = next((pair for pair in YES_AND_NO if set(plain) == set(pair)), None)
    for pair in YES_AND_NO:
        if own is not None and set(keys) <= set(pair):
            cells = [keys.get(pair[place], _like(next(iter(keys.values())), pair[place])) for place in (0, 1)]
            return {plain[own[place]]: cells[place] for place in (0, 1)}
    return None


def _like(cell: str, word: str) -> str:
    """Write a word with the capitals of another."""
    return word.upper() if cell.isupper() else word.capitalize() if cell[:1].isupper() else word


def _is_fraction(cells: Sequence[str]) -> bool:
    return any(re.fullmatch(r"-?\d*\.\d+([eE][-+]?\d+)?", cell) for cell in cells)


def form_of(
    target: str, classes: Sequence[str], cells: Sequence[str], column: str, seldom: str, *, asks_shares: bool
) -> TargetForm:
    """Decide how one column of a sample is written.

    Args:
        classes: of the target; empty for a number.
        cells: of the sample.
        seldom: the class that is taken for yes where names do not tell.
        asks_shares: the measure takes probabilities.
    Raises:
        DataFault: the sample's cells are neither classes nor probabilities.
    """
    shown = list(dict.fromkeys(cells))[:_MOST_KINDS]
    if not classes:
        return TargetForm(target, "number", (column,), is_whole=False)
    spelling = spelled(classes, shown)
    is_number = all(re.fullmatch(r"-?\d*\.?\d+([eE][-+]?\d+)?", cell) for cell in shown)
    if len(classes) == 2 and is_number and (asks_shares or _is_fraction(shown)):
        return TargetForm(target, "probability", (column,), yes=is_yes(classes, seldom))
    if spelling is not None:
        return TargetForm(target, "labels", (column,), spelling=spelling)
    parts = [cell.split() for cell in shown]
    if all(len(each) > 1 and {plain_key(part) for part in each} <= set(map(plain_key, classes)) for each in parts):
        return TargetForm(
            target, "guesses", (column,), guesses=len(parts[0]), spelling={name: name for name in classes}
        )
    if len(shown) == 1 and shown[0] in ("", "0"):
        return TargetForm(target, "labels", (column,), spelling={name: name for name in classes})
    raise DataFault(
        f"The sample submission's {column} holds {', '.join(map(repr, shown[:3]))}, which is none of "
        f"{target}'s classes ({', '.join(map(repr, list(classes)[:4]))}). Say which column to predict: --target NAME"
    )
