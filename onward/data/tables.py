"""The door to tables: a csv, tsv, json lines or parquet file in, columns with types out.

Read next: `table_files.py` (which bytes), `table_cells.py` (bytes to cells), `table_kinds.py` (cells to columns),
`table_numbers.py` (numbers and dates as people write them). What is odd is said; what cannot be read gets a sentence.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onward.core.faults import DataFault, did_you_mean
from onward.data.table_cells import Sheet, read_sheet
from onward.data.table_files import open_table
from onward.data.table_kinds import KINDS, Column, as_kind, as_known, judged
from onward.data.table_numbers import decimal_mark

__all__ = [
    "Column",
    "Table",
    "columns_from_json",
    "columns_to_json",
    "decoded_text",
    "kinds_told",
    "read_table",
    "split_cells",
    "table_of",
]

_DELIMITERS = ",;\t|"
_SEEN_ROWS = 1000
_DROP = "drop"
_RULES = b"kinds 3"  # what the same bytes are read as changes with the rules


@dataclass(frozen=True)
class Table:
    """A table in memory.

    Attributes:
        rows: how many there are.
        digest: of the file's bytes.
        left_out: name and reason of columns that are not among `columns`.
        troubles: sentences about what was odd, with file and line.
        lines: the line of the file each row begins in.
        gaps: places, from 0, of rows that were left out, counted among all rows.
    """

    address: str
    columns: tuple[Column, ...]
    rows: int
    digest: str
    left_out: tuple[tuple[str, str], ...] = ()
    troubles: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()
    gaps: tuple[int, ...] = ()

    @property
    def numbers(self) -> list[int]:
        """Give each row's number in the file, from 0: rows that were left out have one too."""
        gaps = set(self.gaps)
        return [number for number in range(self.rows + len(gaps)) if number not in gaps]

    def column(self, name: str) -> Column:
        """Find a column by name.

        Raises:
            DataFault: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        known = [each.name for each in self.columns]
        reason = dict(self.left_out).get(name)
        if reason is not None:
            raise DataFault(f"{self.address}: column {name} was left out ({reason}). Name another.")
        raise DataFault(f"{self.address} has no column {name!r}.{did_you_mean(name, known[:200])}")

    def findings(self) -> list[str]:
        """Say what every column was taken for, and what was odd."""
        sentences = []
        for kind in KINDS:
            names = [column.name for column in self.columns if column.kind == kind]
            if names:
                more = f" and {len(names) - 12} more" if len(names) > 12 else ""
                sentences.append(f"{_SPOKEN[kind]}: {', '.join(names[:12])}{more}.")
        sentences += [f"Column {name} was left out: {reason}." for name, reason in self.left_out[:10]]
        if len(self.left_out) > 10:
            sentences.append(f"{len(self.left_out) - 10:,} more columns were left out.")
        sentences += self.troubles
        notes = [note for column in self.columns for note in column.notes]
        return sentences + notes[:20] + ([f"{len(notes) - 20} more such sentences."] if len(notes) > 20 else [])


_SPOKEN = {
    "number": "Numbers",
    "category": "Categories",
    "date": "Dates",
    "text": "Free text",
    "id": "Names of rows, not learned from",
}


def read_table(
    address: str,
    known: Sequence[Column] | None = None,
    *,
    kinds: Mapping[str, str] | None = None,
    has_names: bool | None = None,
) -> Table:
    """Read a table.

    Args:
        address: a csv, tsv, json lines or parquet file, plain, gzipped or in a zip; `archive.zip:inner.csv`.
        known: columns of an earlier table; they are read as those were.
        kinds: by column name what the user says it is: one of `KINDS`, or `drop`.
        has_names: whether the first line names the columns; None to find out.
    Raises:
        DataFault: no table can be made of it; the sentence names the line.
        MachineFault: a parquet file, and nothing that reads it.
    """
    file = open_table(address)
    sheet = read_sheet(file, has_names, [column.name for column in known or ()])
    digest = hashlib.blake2b(file.content, digest_size=16, person=_RULES)
    digest.update(repr((sorted((kinds or {}).items()), has_names)).encode() if kinds or has_names is not None else b"")
    return table_of(address, sheet, digest.hexdigest(), known, kinds)


def table_of(
    address: str,
    sheet: Sheet,
    digest: str,
    known: Sequence[Column] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Table:
    """Give cells their types.

    Raises:
        DataFault: the user names a column that is not there.
    """
    told = dict(kinds or {})
    for name in told:
        if name not in sheet.names:
            raise DataFault(f"{address} has no column {name!r}.{did_you_mean(name, sheet.names[:200])}")
    earlier = {column.name: column for column in known or ()}
    mark = _usual_mark(sheet)
    order = "day first" if mark == "," else "month first"
    columns, left_out = [], []
    for place, name in enumerate(sheet.names):
        cells = sheet.column(place)
        if name in earlier:
            column = as_known(cells, earlier[name])
        elif told.get(name) == _DROP:
            left_out.append((name, "as asked"))
            continue
        elif name in told:
            column = as_kind(name, cells, told[name], mark)
        else:
            column = judged(name, cells, mark=mark, usual_order=order)
            if np.isnan(column.values).all():
                left_out.append((name, "empty"))
                continue
        columns.append(column)
    troubles, lines = tuple(sheet.troubles), tuple(sheet.lines)
    return Table(address, tuple(columns), len(sheet.rows), digest, tuple(left_out), troubles, lines, sheet.gaps)


def kinds_told(words: str | None, owner: str = "columns") -> dict[str, str]:
    """Read what the user says of columns: `zip=category,when=date,notes=drop`.

    Raises:
        DataFault: a kind is unknown.
    Example:
        >>> kinds_told("zip=category,a,b=number")
        {'zip': 'category', 'a,b': 'number'}
    """
    found: dict[str, str] = {}
    pending = ""
    for part in (words or "").split(","):
        pending = f"{pending},{part}" if pending else part
        name, equals, kind = pending.rpartition("=")
        if not equals:
            continue
        if kind.strip() not in (*KINDS, _DROP):
            raise DataFault(f"{owner}: {kind!r} is no kind of column.{did_you_mean(kind, (*KINDS, _DROP))}")
        found[name.strip()] = kind.strip()
        pending = ""
    if pending.strip():
        raise DataFault(f"{owner}: {pending!r} does not say what the column is. Write NAME=KIND, as zip=category.")
    return found


def columns_to_json(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Give what a run writes down of its columns."""
    return [column.as_json() for column in columns]


def columns_from_json(facts: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """Undo `columns_to_json`, without the values."""
    return tuple(
        Column(
            str(each["name"]),
            np.empty(0),
            tuple(map(str, each.get("categories", ()))),
            str(each.get("kind") or ("category" if each.get("categories") else "number")),
            form=str(each.get("form", "")),
        )
        for each in facts
    )


def _usual_mark(sheet: Sheet) -> str:
    """Tell what parts the whole from its fraction in this table, by all its columns."""
    votes = {",": 0, ".": 0}
    for place in range(min(len(sheet.names), 200)):
        mark = decimal_mark({row[place] for row in sheet.rows[:_SEEN_ROWS]})
        votes[mark] = votes.get(mark, 0) + 1
    return "," if votes[","] > votes["."] else "."


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
