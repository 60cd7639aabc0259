r"""Tables of texts: csv, tsv and json lines, however their quotes were meant.

Quotes are a matter of opinion: in one file `"` holds a cell together over commas and line ends, in another it is a
letter of a message. Both readings are tried, and the one is taken in which every row has as many cells as the first.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field

from onward.core.faults import DataFault

__all__ = ["Cells", "json_cells", "table_cells"]

_DELIMITERS = "\t,;|"
_DECLARED = re.compile(r"\ufeff?sep=(.)\n", re.IGNORECASE)
_LONGEST_CELL = 2**31 - 1
_FEW_WRONG = 0.02  # of the lines: left out and said; more is another kind of file


@dataclass(frozen=True)
class Cells:
    """Rows of cells.

    Attributes:
        heads: the columns' names, where the file itself tells them (json does).
        rows: all of equal length.
        lines: the line each row begins in, from 1.
    """

    rows: list[list[str]]
    lines: list[int]
    heads: list[str] | None = None
    troubles: list[str] = field(default_factory=list)


def table_cells(title: str, text: str, delimiter: str | None = None) -> Cells:
    r"""Part a table into rows of cells.

    Args:
        delimiter: what stands between cells; by itself the one that most lines agree on.
    Raises:
        DataFault: there are no columns in it, or rows of many lengths.
    Example:
        >>> table_cells("a", 'ham\t"hi\nspam\t"win" a prize\n').rows
        [['ham', '"hi'], ['spam', '"win" a prize']]
        >>> table_cells("a", 'text,label\n"one,\ntwo",x\n').rows
        [['text', 'label'], ['one,\ntwo', 'x']]
    """
    if not text.strip():
        raise DataFault(f"{title} is empty. Give it rows with a text and a label each.")
    if "\n" not in text:
        text = text.replace("\r", "\n")  # an old Mac's line ends
    if declared := _DECLARED.match(text):  # Excel's own line, which is no row
        text, delimiter = text[declared.end() :], delimiter or declared[1]
    between = delimiter or _delimiter(text)
    if between is None:
        raise DataFault(
            f"{title} has one column only: no tab, comma or semicolon. Give a text and a label in each row."
        )
    quoted, plain = _quoted(text, between), _unquoted(text, between)
    if quoted is not None and (_is_even(quoted) or not _is_even(plain)):
        return _evened(title, quoted, between)
    return _evened(title, plain, between)


def json_cells(title: str, text: str) -> Cells:
    r"""Read one object a line, or a list of objects; what is nested in them is left out.

    Raises:
        DataFault: a line is no object.
    Example:
        >>> json_cells("a", '{"text": "hi", "label": 1}\n').rows
        [['hi', '1']]
    """
    found: list[tuple[int, dict[str, object]]] = []
    if text.lstrip().startswith("["):
        whole = _parsed(title, 1, text)
        found = [(1, each) for each in whole if isinstance(each, dict)] if isinstance(whole, list) else []
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                each = _parsed(title, number, line)
                if not isinstance(each, dict):
                    raise DataFault(f"{title}, line {number} is no object in braces. Write one object a line.")
                found.append((number, each))
    plain = (str, int, float, bool)
    heads = list(dict.fromkeys(key for _, each in found for key, value in each.items() if isinstance(value, plain)))
    if len(heads) < 2:
        raise DataFault(f'{title} has no objects with a text and a label. Write {{"text": ..., "label": ...}} a line.')
    rows = [[_word(each.get(head)) for head in heads] for _, each in found]
    return Cells(rows, [number for number, _ in found], heads)


def _parsed(title: str, number: int, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as reason:  # brackets within brackets have an end
        raise DataFault(f"{title}, line {number} is no JSON ({reason}). Mend that line.") from None


def _word(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _delimiter(text: str) -> str | None:
    """Choose what stands in most lines; of several, what stands equally often in them."""
    lines = [line for line in text[:200_000].split("\n")[:200] if line.strip()]
    best, most = None, (0.5, 0.0)
    for each in _DELIMITERS:
        counts = Counter(line.count(each) for line in lines)
        there = 1 - counts[0] / len(lines)
        agreed = max((count for number, count in counts.items() if number), default=0) / len(lines)
        if there > most[0] + 0.05 or (there >= most[0] and agreed > most[1]):
            best, most = each, (there, agreed)
    head = lines[0] if lines else ""
    return best or next((each for each in _DELIMITERS if each in head), None)


_Read = tuple[list[list[str]], list[int]]


def _quoted(text: str, between: str) -> _Read | None:
    """Read with quotes that hold cells together; None if one is opened and not closed at a cell's end."""
    before = csv.field_size_limit(min(_LONGEST_CELL, sys.maxsize))
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=between, strict=True)
    rows, lines, line = [], [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(before)  # other doors have limits of their own
    return rows, lines


def _unquoted(text: str, between: str) -> _Read:
    """Read quotes as letters."""
    kept = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [line.split(between) for _, line in kept], [number for number, _ in kept]


def _is_even(read: _Read) -> bool:
    width = len(read[0][0]) if read[0] else 0
    return width > 1 and all(len(row) == width for row in read[0])


def _evened(title: str, read: _Read, between: str) -> Cells:
    """Give rows of one length; a line of two columns is cut once only, a few others are left out and said."""
    rows, lines = read
    width = Counter(map(len, rows)).most_common(1)[0][0]
    said: list[str] = []
    if not _is_even(read) and (len(rows[0]) == 2 or width == 2):
        cut = _cut_once(rows, between)
        if cut is not None:
            return Cells(
                cut, lines, None, [f"{title}: only the comma next to the label parts a line; the rest are text."]
            )
    if wrong := [place for place, row in enumerate(rows) if len(row) != width]:
        first = f"line {lines[wrong[0]]} has {len(rows[wrong[0]])} cells instead of {width}"
        if len(wrong) > max(1, _FEW_WRONG * len(rows)):
            raise DataFault(f"{title}: {first}, and so have {len(wrong):,} lines. Put texts with commas into quotes.")
        said.append(f"{title}: {len(wrong):,} lines are left out: {first}.")
        kept = [place for place in range(len(rows)) if len(rows[place]) == width]
        rows, lines = [rows[place] for place in kept], [lines[place] for place in kept]
    if width < 2:
        raise DataFault(f"{title} has one column only. Give a text and a label in each row.")
    return Cells([[cell.strip() for cell in row] for row in rows], lines, None, said)


def _cut_once(rows: list[list[str]], between: str) -> list[list[str]] | None:
    """Cut `label,a text, with commas` at its first comma or its last, whichever gives few different labels."""
    if any(len(row) < 2 for row in rows):
        return None
    first = [[row[0].strip(), between.join(row[1:]).strip()] for row in rows]
    last = [[between.join(row[:-1]).strip(), row[-1].strip()] for row in rows]
    kinds = len({row[0] for row in first}), len({row[1] for row in last})
    return first if kinds[0] <= kinds[1] else last
