"""New samples to rows of numbers, and what was told of them as a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Table
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.given_lines import given_lines
from onward.data.label_columns import find_text_column
from onward.data.pictures import read_pictures
from onward.data.table_numbers import date_word
from onward.data.tables import Table as Cells
from onward.data.tables import read_table
from onward.data.text import open_text
from onward.data.text_rows import JSONS, TABLES, file_cells
from onward.tables.columns import check_columns
from onward.tables.looks import Look, PictureLook, Rows, TableLook
from onward.tables.meadow import meadow_table

__all__ = ["numbers_told", "predictions_table", "rows_to_tell", "say_gaps"]


def rows_to_tell(look: Look, source: Source, example: str) -> tuple[Sequence[Any], Rows]:
    """Read what a user wants to be told about.

    Returns: what each row is called, and N F.
    Raises:
        DataFault: nothing was named, or it lacks a column.
    """
    if not source.address:
        raise DataFault(f"Name something to predict: {example}")
    if isinstance(look, PictureLook):
        pictures = read_pictures(source.address)
        return pictures.names, look.rows(pictures)
    if isinstance(look, TableLook):
        known = look.design.columns
        if source.address == "meadow:table":
            table = meadow_table()
        else:
            table = read_table(source.address, known)
            check_columns(table.columns, known, source.address)
            say_gaps(table)
        return table.numbers, look.rows(table.columns)
    texts = _texts_of(source.address, example)
    return range(len(texts)), look.rows(texts)


def _texts_of(address: str, example: str) -> list[str]:
    """Give the texts of a table's column of texts, or lines."""
    if not address.lower().endswith((*TABLES, *JSONS)):
        return list(given_lines((address,), example))
    cells = file_cells(open_text(address).files[0], address)
    column, has_heads = find_text_column(address, cells, "text")
    return [row[column] for row in cells.rows[1 if has_heads else 0 :]]


def say_gaps(table: Cells) -> None:
    """Say which rows get no answer, since their lines could not be read."""
    if table.gaps:
        some = ", ".join(map(str, table.gaps[:5])) + (" …" if len(table.gaps) > 5 else "")
        print(f"No prediction for row {some}: {' '.join(table.troubles)}", file=sys.stderr)  # noqa: T201


def numbers_told(predicted: NDArray[np.float64], kind: str) -> list[str]:
    """Write N predicted numbers; where the target's kind is `date`, as days since 1970, they are dates again."""
    return [date_word(each) if kind == "date" else f"{each:.10g}" for each in predicted.tolist()]


def predictions_table(
    predicted: NDArray[np.float64], classes: Sequence[str], names: Sequence[Any], kind: str = "number"
) -> Table:
    """Write a row for each sample: what it is called, the prediction, and a probability a class.

    Args:
        kind: of the target, where a number is predicted.
    """
    rows = []
    guesses = [classes[place] for place in predicted.argmax(axis=1)] if classes else numbers_told(predicted[:, 0], kind)
    for name, guess, row in zip(names, guesses, predicted, strict=True):
        rows.append([name, guess, *(f"{share:.6f}" for share in (row if classes else ()))])
    return Table(["row", "prediction", *(f"probability_{name}" for name in classes)], rows, "predictions")
