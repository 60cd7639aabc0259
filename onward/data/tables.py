"""The door to tables: a csv in, columns with types out. Strict about what it cannot read, silent about nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, did_you_mean

__all__ = ["Column", "Table", "decoded_text", "read_table", "split_cells"]

_MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "-"})
_DELIMITERS = ",;\t|"
_MOST_BYTES = 2 * 2**30
_MOST_KINDS = 64


@dataclass(frozen=True)
class Column:
    """One column: numbers, or categories with their names.

    Attributes:
        values: N floats; a category's number, NaN where the cell was empty.
        categories: the names, most frequent first; empty for numbers.
    """

    name: str
    values: NDArray[np.float64]
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table in memory."""

    address: str
    columns: tuple[Column, ...]
    rows: int
    digest: str
    left_out: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column:
        """Find a column by name.

        Raises:
            DataFault: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise DataFault(
            f"{self.address} has no column {name!r}.{did_you_mean(name, [each.name for each in self.columns])}"
        )


def read_table(address: str, known: Sequence[Column] | None = None) -> Table:
    """Read a csv or tsv: UTF-8 (with or without BOM), UTF-16 or Windows-1252; `,` `;` tab or `|` between cells.

    Args:
        known: columns of an earlier table; categories then keep their numbers and unseen ones become NaN.
    Raises:
        DataFault: no table can be made of it; the sentence names the line.
    """
    path = Path(address)
    if path.is_dir():
        raise DataFault(f"{path} is a folder. Name a csv file in it.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        neighbours = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataFault(
            f"{path} is not there.{did_you_mean(path.name, neighbours[:200]) if neighbours else ''}"
        ) from None
    if len(content) > _MOST_BYTES:
        raise DataFault(f"{path} has {len(content):,} bytes, more than Onward reads at once. Use a part of it.")
    header, cells = split_cells(address, decoded_text(address, content))
    columns, left_out = [], []
    earlier = {column.name: column for column in known or ()}
    for place, name in enumerate(header):
        column = _column(name, [row[place] for row in cells], earlier.get(name))
        if isinstance(column, str):
            left_out.append((name, column))
        else:
            columns.append(column)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return Table(address, tuple(columns), len(cells), digest, tuple(left_out))


def decoded_text(title: str, content: bytes) -> str:
    """Decode a text file: UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        DataFault: it is no text.
    """
    if b"\0" in content[:4096] and content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise DataFault(f"{title} is no text: it holds zero bytes. Save it as text, in UTF-8.")
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252", "latin-1"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataFault(f"{title} is in no encoding Onward knows. Save it as UTF-8.")


def split_cells(title: str, text: str) -> tuple[list[str], list[list[str]]]:
    """Part a table into its header and its rows of cells; columns without names are numbered.

    Raises:
        DataFault: a line has too few or too many cells, or there are too few lines or columns.
    """
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if rows and len(row) != len(rows[0]):
                raise DataFault(
                    f"{title} line {reader.line_num}: {len(row)} cells, but line 1 has {len(rows[0])}. Mend that line."
                )
            rows.append([cell.strip() for cell in row])
    except csv.Error as reason:
        raise DataFault(f"{title} line {reader.line_num}: {reason}. Mend that line.") from None
    if len(rows) < 2:
        raise DataFault(f"{title} has {len(rows)} lines. A table needs a line of names and rows under it.")
    if len(rows[0]) < 2:
        raise DataFault(f"{title} has one column only. A table needs a target and something to tell it from.")
    if all(_is_number(cell) for cell in rows[0]):
        return [f"column_{number + 1}" for number in range(len(rows[0]))], rows
    header = [name or f"column_{number + 1}" for number, name in enumerate(rows[0])]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataFault(f"{title} line 1: the column name {twice[0]!r} stands twice. Rename one.")
    return header, rows[1:]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _column(name: str, cells: list[str], earlier: Column | None) -> Column | str:
    present = [cell for cell in cells if cell.lower() not in _MISSING]
    if earlier is not None and earlier.categories:
        return _category(name, cells, earlier.categories)
    if earlier is None and not present:
        return "empty"
    if earlier is not None or all(_is_number(cell) for cell in present):
        values = [float(cell) if _is_number(cell) else math.nan for cell in cells]
        return Column(name, np.array(values, np.float64))
    counts: dict[str, int] = {}
    for cell in present:
        counts[cell] = counts.get(cell, 0) + 1
    if len(counts) > _MOST_KINDS and len(counts) > 0.5 * len(present):
        return f"{len(counts)} different words"
    return _category(name, cells, tuple(sorted(counts, key=lambda kind: (-counts[kind], kind))))


def _category(name: str, cells: list[str], categories: tuple[str, ...]) -> Column:
    place = {kind: float(number) for number, kind in enumerate(categories)}
    return Column(name, np.array([place.get(cell, math.nan) for cell in cells], np.float64), categories)
