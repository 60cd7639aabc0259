"""One file to rows of text and label: a table, json lines, or lines that begin with their label."""

from __future__ import annotations

from dataclasses import dataclass, field

from onward.core.faults import DataFault
from onward.data.label_columns import find_columns
from onward.data.label_lines import label_lines
from onward.data.splits import SPLITS
from onward.data.text import TextFile
from onward.data.text_tables import Cells, json_cells, table_cells

__all__ = ["JSONS", "TABLES", "Reading", "Row", "file_cells", "rows_of"]

TABLES, JSONS = (".csv", ".tsv", ".tab"), (".jsonl", ".ndjson", ".json")
_MISSING = frozenset({"", "nan", "null"})
_MOST_LINES_SEEN = 2_000


@dataclass(frozen=True)
class Row:
    """A text, its label ("" if there is none), its part ("" if nobody says it), and the line it begins in."""

    text: str
    label: str
    part: str
    line: int


@dataclass(frozen=True)
class Reading:
    """How the user wants files to be read.

    Attributes:
        text, label: names of columns; None to find out.
        fine: of labels like `DESC:manner`, take the whole.
    """

    text: str | None = None
    label: str | None = None
    fine: bool = False


@dataclass(frozen=True)
class FileRows:
    """What a file held.

    Attributes:
        form: how it was read, in words.
        column: name of the column of texts, "" where there are no columns.
    """

    rows: list[Row]
    form: str
    column: str = ""
    troubles: list[str] = field(default_factory=list)


def file_cells(file: TextFile, title: str) -> Cells:
    """Give the cells of a table or of json lines.

    Raises:
        DataFault: it is neither.
    """
    text, name = "".join(file.pieces()), file.name.lower()
    if name.endswith(JSONS):
        return json_cells(title, text)
    return table_cells(title, text, "\t" if name.endswith((".tsv", ".tab")) and "\t" in text else None)


def rows_of(file: TextFile, title: str, reading: Reading) -> FileRows | None:
    """Read a file of labelled texts; None if its lines have no labels of their own.

    Raises:
        DataFault: a table without columns of text and labels.
    """
    if file.name.lower().endswith((*TABLES, *JSONS)) or _has_tabs(file):
        return _table_rows(file_cells(file, title), title, reading)
    lines = "".join(file.pieces()).split("\n")
    found = label_lines(lines, fine=reading.fine)
    if found is None:
        return None
    pairs, form = found
    rows = [Row(pair[1], pair[0], "", number) for number, pair in enumerate(pairs, 1) if pair is not None]
    return FileRows(rows, f"lines of `{form}`")


def _has_tabs(file: TextFile) -> bool:
    """Say whether each of the first lines has a tab, as tables do whatever they are called."""
    head = next(iter(file.pieces()), "").split("\n")[:_MOST_LINES_SEEN]
    lines = [line for line in head if line.strip()]
    return len(lines) > 1 and all("\t" in line for line in lines[: max(2, len(lines) - 1)])


def _table_rows(cells: Cells, title: str, reading: Reading) -> FileRows:
    found = find_columns(title, cells, reading.text, reading.label)
    begin = 1 if found.has_heads else 0
    rows = [
        Row(
            row[found.text].strip(),
            "" if row[found.label].strip().lower() in _MISSING else row[found.label].strip(),
            SPLITS[row[found.part].strip().lower()] if found.part is not None else "",
            line,
        )
        for row, line in zip(cells.rows[begin:], cells.lines[begin:], strict=True)
    ]
    heads = "with a line of names" if found.has_heads else "" if cells.heads else "without a line of names"
    form = f"text in {found.names[0]!r}, label in {found.names[1]!r}{', ' if heads else ''}{heads}"
    if not rows:
        raise DataFault(f"{title} has no rows. Add rows with a text and a label each.")
    column = found.names[0] if found.has_heads or cells.heads else ""
    return FileRows(rows, form, column, list(cells.troubles))
