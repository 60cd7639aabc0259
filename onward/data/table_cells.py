"""From the bytes of a table to named rows of cells, whoever wrote them.

Encoding, line ends, what stands between cells, whether there is a line of names: all found by looking, all overridable,
and what is odd is said with its line. Quotes are read by Python's csv module; where that fails, as letters.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from onward.core.faults import DataFault, MachineFault
from onward.data.encodings import decoded, encoding_of
from onward.data.table_files import TableFile
from onward.data.table_numbers import is_missing, is_plain_number
from onward.data.text_tables import json_cells

__all__ = ["Sheet", "read_sheet"]

_DELIMITERS = (";", "\t", "|", ",")
_DECLARED = re.compile(r"\ufeff?sep=(.)[\r\n]+", re.IGNORECASE)
_LONGEST_CELL = 2**27
_MOST_CELLS = 100_000_000
_LONGEST_NAME = 120
_MOST_COLUMNS = 100_000
_FEW_WRONG = 0.01  # of the lines: left out and said; more is another kind of file
_MOST_PREAMBLE = 5  # lines above the names, as spreadsheets' exports have them
_SEEN_ROWS = 200  # looked at to tell a line of names
_USUAL = "cp1252"
_SEEN_LETTERS = 60_000  # ... and what stands between cells


@dataclass(frozen=True)
class Sheet:
    """A table as words.

    Attributes:
        names: of the columns, all different.
        rows: N rows of as many cells as there are names, without blanks around them.
        lines: the line each row begins in, from 1.
        gaps: places, from 0, of the rows that were left out, counted among all rows.
        has_names: whether the file itself names its columns.
        delimiter: what stands between cells; "" where the file is no text.
        troubles: sentences about what was odd.
    """

    title: str
    names: list[str]
    rows: list[list[str]]
    lines: list[int]
    has_names: bool
    delimiter: str = ","
    troubles: list[str] = field(default_factory=list)
    gaps: tuple[int, ...] = ()

    def column(self, place: int) -> list[str]:
        """Give a column's cells."""
        return [row[place] for row in self.rows]


def read_sheet(file: TableFile, has_names: bool | None = None, known: Sequence[str] = ()) -> Sheet:
    """Part a table into names and rows.

    Args:
        has_names: whether the first line names the columns; None to find out.
        known: names it should have, as those of an earlier table.
    Raises:
        DataFault: no table can be made of it; the sentence names the line.
    """
    ending = file.name.lower()
    if file.content.startswith(b"PAR1"):
        return _parquet(file)
    if ending.endswith((".jsonl", ".ndjson")):
        found = json_cells(file.title, _text(file, troubles := []))
        names, said = _told_apart(found.heads or [])
        rows = [[cell.strip() for cell in row] for row in found.rows]
        return _checked(Sheet(file.title, names, rows, found.lines, True, "", [*troubles, *found.troubles, *said]))
    troubles: list[str] = []
    text = _text(file, troubles)
    delimiter = None
    if declared := _DECLARED.match(text):  # Excel's own line, which is no row
        text, delimiter = text[declared.end() :], declared[1]
    rows, lines, delimiter = _rows(file, text, delimiter)
    all_lines = lines
    rows, lines = _evened(file.title, rows, lines, troubles)
    kept, begin = set(lines), lines[0]
    names_first = _has_names(rows, known) if has_names is None else has_names
    width = max(map(len, rows[:2]))
    if names_first:
        heads, rows, lines = _heads(rows, width), rows[1:], lines[1:]
    else:
        heads = list(known) if len(known) == width else [f"column_{number + 1}" for number in range(width)]
        if has_names is None:
            troubles.append(f"{file.title} has no line of names: its columns are called {heads[0]} to {heads[-1]}.")
    names, said = _told_apart(heads)
    among = [line for line in all_lines if line >= begin + names_first]  # without the names and what is above them
    gaps = tuple(place for place, line in enumerate(among) if line not in kept)
    return _checked(Sheet(file.title, names, rows, lines, names_first, delimiter, [*troubles, *said], gaps))


def _checked(sheet: Sheet) -> Sheet:
    title = sheet.title
    if not sheet.rows:
        raise DataFault(f"{title} has a line of names and no rows. A table needs rows under its names.")
    if len(sheet.names) < 2:
        raise DataFault(f"{title} has one column only. A table needs a target and something to tell it from.")
    return sheet


def _text(file: TableFile, troubles: list[str]) -> str:
    """Decode, with bare newlines between lines.

    Raises:
        DataFault: it is no text.
    """
    content = file.content
    if not content.strip():
        raise DataFault(f"{file.title} is empty: it has 0 lines. A table needs a line of names and rows under it.")
    encoding, said = encoding_of(lambda: [content[: 1 << 16], content[1 << 16 :]], file.title)
    if "read as" in said and encoding != _USUAL and _is_western(content):
        said = said.replace(encoding, _USUAL)
        encoding = _USUAL
    text = "".join(decoded([content], encoding))
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise DataFault(f"{file.title} line {line}: zero bytes stand there, as in no text. Fetch or save it again.")
    troubles += [said] if said else []
    if "\r" in text and "\n" not in text:
        troubles.append(f"{file.title} has an old Mac's line ends.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_western(content: bytes) -> bool:
    """Say whether letters that are no ASCII stand among letters that are, as é does and Cyrillic does not.

    The few words of a table are too little for a guess by how frequent letters are.
    """
    try:
        text = content[:_SEEN_LETTERS].decode(_USUAL)
    except UnicodeDecodeError:
        return False
    odd = len(re.findall(r"[^\x00-\x7f]", text))
    return len(re.findall(r"(?<=[a-zA-Z])[À-ÿŒœŠšŸŽž]|[À-ÿŒœŠšŸŽž](?=[a-zA-Z])", text)) >= 0.5 * odd


def _rows(file: TableFile, text: str, delimiter: str | None) -> tuple[list[list[str]], list[int], str]:
    """Part into cells: quotes hold cells together, unless rows are then of more lengths than with quotes as letters."""
    between = delimiter or ("\t" if file.name.lower().endswith((".tsv", ".tab")) and "\t" in text else _delimiter(text))
    if between is None:
        words = re.split(r"[ ]{1,}", text.strip().split("\n")[0].strip())
        if len(words) > 1 and all(len(each.split()) == len(words) for each in text.strip().split("\n")[:50]):
            kept = [(number, line.split()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
            return [row for _, row in kept], [number for number, _ in kept], " "
        count = sum(bool(line.strip()) for line in text.split("\n"))
        if count < 2:
            raise DataFault(f"{file.title} has {count} lines. A table needs a line of names and rows under it.")
        raise DataFault(f"{file.title} has one column only. A table needs a target and something to tell it from.")
    quoted = _quoted(text, between, is_strict=True)
    if quoted is not None and _odd_rows(quoted[0]) == 0:
        return *quoted, between
    kept = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    plain = [[cell.strip() for cell in line.split(between)] for _, line in kept], [number for number, _ in kept]
    loose = (quoted or _quoted(text, between)) if _odd_rows(plain[0]) else None
    return *(loose if loose is not None and _odd_rows(loose[0]) <= _odd_rows(plain[0]) else plain), between


def _odd_rows(rows: list[list[str]]) -> int:
    widths = Counter(map(len, rows))
    return len(rows) - max(widths.values(), default=0)


def _quoted(text: str, between: str, *, is_strict: bool = False) -> tuple[list[list[str]], list[int]] | None:
    """Read with quotes that hold cells together; strictly, None if one is opened and not closed at a cell's end."""
    before = csv.field_size_limit(min(_LONGEST_CELL, sys.maxsize))
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=between, skipinitialspace=True, strict=is_strict)
    rows, lines, line = [], [], 1
    try:
        for row in reader:
            if any(row):
                cells = [cell.strip() for cell in row]
                if any(cells):
                    rows.append(cells)
                    lines.append(line)
            line = reader.line_num + 1
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(before)  # other doors have limits of their own
    return rows, lines


def _delimiter(text: str) -> str | None:
    """Choose what parts most lines into as many cells as their neighbours; of several, what parts them finest.

    A comma within numbers also parts lines evenly, but a `;` beside it is never there by chance.
    """
    rows: dict[str, Counter[int]] = {}
    for each in _DELIMITERS:
        found = _quoted(text[:_SEEN_LETTERS].rpartition("\n")[0] or text[:_SEEN_LETTERS], each)
        if found is not None:
            rows[each] = Counter(len(row) for row in found[0][:_SEEN_ROWS])
    best, most = None, (0.0, 0.0)
    for each in _DELIMITERS:
        counts = rows.get(each, Counter())
        width, agreed = max(counts.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        share = agreed / max(1, counts.total())
        if width > 1 and share > most[0] + 0.1:
            best, most = each, (share, width)
    return best


def _evened(
    title: str, rows: list[list[str]], lines: list[int], troubles: list[str]
) -> tuple[list[list[str]], list[int]]:
    """Give rows of one length: a few of others are left out and said, and so are lines of prose above the names."""
    if len(rows) < 2:
        raise DataFault(f"{title} has {len(rows)} lines. A table needs a line of names and rows under it.")
    width = Counter(map(len, rows[1:])).most_common(1)[0][0]
    if width > _MOST_COLUMNS:
        raise DataFault(f"{title} has {width:,} columns, more than Onward reads. Choose some of them.")
    if width == len(rows[0]) + 1:  # R leaves the name of its row names out, others end each row with a comma
        if all(not row[-1] for row in rows[1:] if len(row) == width):
            rows = [rows[0], *(row[:-1] if len(row) == width else row for row in rows[1:])]
            width -= 1
        else:
            rows = [["row", *rows[0]], *rows[1:]]
    begin = next((place for place, row in enumerate(rows[: _MOST_PREAMBLE + 1]) if len(row) == width), 0)
    wrong = [place for place, row in enumerate(rows) if len(row) != width and place >= begin]
    if wrong:
        first = f"line {lines[wrong[0]]}: {len(rows[wrong[0]])} cells, but {width} in most other lines"
        if len(wrong) > max(1 if len(rows) > 20 else 0, _FEW_WRONG * len(rows)):
            more = f", and so have {len(wrong):,} lines" if len(wrong) > 1 else ""
            raise DataFault(f"{title} {first}{more}. Mend that line, or put cells with commas into quotes.")
        troubles.append(f"{title} {first}: {len(wrong):,} such lines are left out.")
    if begin:
        troubles.append(f"{title}: {begin} lines above the table are left out, the first is {rows[0][0][:40]!r}.")
    kept = [place for place in range(begin, len(rows)) if len(rows[place]) == width]
    return [rows[place] for place in kept], [lines[place] for place in kept]


def _has_names(rows: list[list[str]], known: Sequence[str]) -> bool:
    """Tell a line of names from a row: a word over numbers is a name, what stands below again is none."""
    first, rest = rows[0], rows[1 : _SEEN_ROWS + 1]
    if known:
        shared = len(set(first) & set(known))
        if shared >= min(2, len(known)):
            return True
        if len(first) == len(known) and all(name == f"column_{place + 1}" for place, name in enumerate(known)):
            return False
    years = _rising_years(first)
    columns = [[row[place] for row in rest if not is_missing(row[place])] for place in range(len(first))]
    return sum(_votes(cell, below) for cell, below in zip(first, columns, strict=True) if cell not in years) >= 0


def _votes(cell: str, below: Sequence[str]) -> float:
    """Say how far a cell of the first line looks like the name of what stands below; less than 0 against it."""
    if is_plain_number(cell):
        return -0.25
    if is_missing(cell):
        return -1.0 if cell else 0.0
    if below and sum(map(is_plain_number, below)) > 0.9 * len(below):
        return 1.0
    if cell in below:
        return -1.0
    return 0.5 if len(set(below)) < len(below) else 0.0


def _rising_years(cells: Sequence[str]) -> set[str]:
    """Give the years among cells that name columns, as in a table of countries: 1960, 1961, 1962 ..."""
    years = [cell for cell in cells if re.fullmatch(r"(18|19|20)\d\d", cell)]
    return set(years) if len(years) > 2 and all(int(b) == int(a) + 1 for a, b in pairwise(years)) else set()


def _heads(rows: list[list[str]], width: int) -> list[str]:
    heads = [" ".join(cell.split())[:_LONGEST_NAME] for cell in rows[0]] + [""] * (width - len(rows[0]))
    plain = ["".join(each for each in head if each.isprintable()) for head in heads]
    return [head or f"column_{number + 1}" for number, head in enumerate(plain)]


def _told_apart(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give each column a name of its own; say which ones had the same.

    Example:
        >>> _told_apart(["a", "b", "a"])[0]
        ['a', 'b', 'a_2']
    """
    taken, found, twice = set(names), [], []
    seen: set[str] = set()
    for name in names:
        own, number = name, 2
        while own in seen:
            own, number = f"{name}_{number}", number + 1
            own = own if own not in taken else name
        if own != name:
            twice.append(f"{name} ({own})")
        seen.add(own)
        found.append(own)
    said = [f"Column names that stand twice were numbered: {', '.join(twice[:5])}."] if twice else []
    return found, said


def _parquet(file: TableFile) -> Sheet:
    """Read a parquet file as words, so that every form gets the same types.

    Raises:
        MachineFault: the package that reads it is missing.
    """
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        raise MachineFault(
            f"{file.title} is a parquet file, which needs the package pyarrow. Install it with: pip install pyarrow, "
            "or save the table as csv."
        ) from None
    try:
        facts: Any = parquet.ParquetFile(io.BytesIO(file.content)).metadata
        if facts.num_rows * facts.num_columns > _MOST_CELLS:  # a few bytes may stand for a billion equal rows
            size = f"{facts.num_rows:,} rows of {facts.num_columns:,} columns"
            raise DataFault(f"{file.title} unpacks to {size}, too many to be held. Take a part of it.")
        held: Any = parquet.read_table(io.BytesIO(file.content))
        columns = [[_word(value) for value in column.to_pylist()] for column in held.columns]
        heads = [str(name) for name in held.column_names]
    except DataFault:
        raise
    except Exception as reason:  # the library raises kinds of its own, also for words that are none
        raise DataFault(f"{file.title} is a damaged parquet file ({type(reason).__name__}). Fetch it again.") from None
    names, said = _told_apart(_heads([heads], len(columns)))
    rows = [list(row) for row in zip(*columns, strict=True)]
    return _checked(Sheet(file.title, names, rows, list(range(1, len(rows) + 1)), True, "", said))


def _word(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else str(value)
