"""Cells to numbers and dates: `1,234.5`, `1.234,5`, `12 %`, `$ 3`, `2024-03-05`, `5.3.2024`, a spreadsheet's 45356.

A cell alone is often ambiguous; so a column is read as a whole, by what its unambiguous cells say.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable
from typing import Literal

__all__ = [
    "date_days",
    "date_order",
    "date_word",
    "decimal_mark",
    "is_missing",
    "is_plain_number",
    "looks_like_date",
    "number_of",
]

_MISSING = frozenset({
    "", "?", "na", "n/a", "#n/a", "#na", "n.a.", "nan", "-nan", "null", "(null)", "none", "nil", "<na>", "-", "--", ".",
    "nat", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "missing", "\\n",
})  # fmt: skip
_LARGEST = 1e30
_INFINITE = frozenset({"inf", "+inf", "-inf", "infinity", "-infinity", "+infinity", "∞", "-∞"})
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRIMMED = re.compile(r"^[$€£¥₹]\s*|\s*([$€£¥₹%]|USD|EUR|GBP)$")
_THOUSANDS = {",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+"), ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")}
_BROKEN = {
    ",": re.compile(r"[+-]?(\d+|\d{1,3}([. ']\d{3})+)?,\d+"),
    ".": re.compile(r"[+-]?(\d+|\d{1,3}([, ']\d{3})+)?\.\d+"),
}
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_TIME = r"(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(AM|PM|am|pm)?\s*(?:Z|UTC|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_YEAR_MONTH = re.compile(r"((?:18|19|20|21)\d\d)-(0[1-9]|1[0-2])")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}|\d\d){_TIME}")
_WORDS = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(?:(\d{1,2})[-. ]+([A-Za-z]{3,9})|([A-Za-z]{3,9})[-. ]+(\d{1,2})),?[-. ]+(\d{4})" + _TIME
)
_SERIAL_1970 = 25_569  # a spreadsheet's number of 1970-01-01
_SERIALS = (18_000, 70_000)  # 1949 to 2091
Order = Literal["day first", "month first"]


def is_missing(cell: str) -> bool:
    """Say whether a cell stands for nothing."""
    return len(cell) < 10 and cell.lower() in _MISSING


def is_plain_number(cell: str) -> bool:
    """Say whether a cell is a number as programs write it, or as spreadsheets do."""
    return _PLAIN.fullmatch(cell) is not None or number_of(cell, ".") is not None or number_of(cell, ",") is not None


def decimal_mark(cells: Iterable[str]) -> str:
    """Tell what parts the whole from its fraction in a column: `.`, `,`, or "" if nothing says so.

    Example:
        >>> decimal_mark(["1,5", "2"]), decimal_mark(["1,234"]), decimal_mark(["1.234,5"]), decimal_mark(["0.5"])
        (',', '', ',', '.')
    """
    votes = {",": 0, ".": 0}
    for cell in cells:
        if ("," in cell) or ("." in cell):
            trimmed = _TRIMMED.sub("", cell)
            for mark in votes:
                votes[mark] += bool(_BROKEN[mark].fullmatch(trimmed)) and not _THOUSANDS[mark].fullmatch(trimmed)
    if votes[","] == votes["."]:
        return ""
    return max(votes, key=lambda mark: votes[mark])


def number_of(cell: str, mark: str = ".") -> float | None:
    """Give a cell's number, NaN where it is infinite or beyond 1e30, None where it is none.

    Args:
        mark: what parts the whole from its fraction in this column.
    Example:
        >>> number_of("1,234.5"), number_of("1.234,5", ","), number_of("12 %"), number_of("(3)"), number_of("x")
        (1234.5, 1234.5, 12.0, -3.0, None)
    """
    if mark == "." and _PLAIN.fullmatch(cell):
        return _within_reach(float(cell))
    if cell.lower() in _INFINITE:
        return math.nan
    if not any(each.isdigit() for each in cell) or len(cell) > 60:
        return None
    plain = _TRIMMED.sub("", cell.replace("\u2212", "-").replace("\xa0", " ").replace("\u202f", " ")).strip()
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    other = "," if mark == "." else "."
    head, point, tail = plain.partition(mark)
    grouped = re.fullmatch(rf"[+-]?\d{{1,3}}([{other} ']\d{{3}})+", head)
    if grouped:
        head = re.sub(rf"[{other} ']", "", head)
    joined = f"{head}{'.' if point else ''}{tail}"
    if not _PLAIN.fullmatch(joined):
        return None
    return _within_reach(float(joined))


def _within_reach(value: float) -> float:
    """Take what is too large to be squared and added up, or to be held in single precision, for infinite."""
    return value if abs(value) <= _LARGEST else math.nan


def looks_like_date(cell: str) -> bool:
    """Say whether a cell has a date's form.

    Example:
        >>> looks_like_date("2024-03-05 10:00"), looks_like_date("5 March 2024"), looks_like_date("1.5")
        (True, True, False)
    """
    return any(date_days(cell, order) is not None for order in ("day first", "month first"))


def date_order(cells: Iterable[str], usual: Order = "month first") -> tuple[Order, bool]:
    """Tell from the cells of a column whether `5/3/2024` is in March; and whether they say so.

    Example:
        >>> date_order(["5/3/2024", "25/3/2024"]), date_order(["5/3/2024"]), date_order(["5.3.2024"])
        (('day first', True), ('month first', False), ('day first', True))
    """
    for cell in cells:
        if found := _YEAR_LAST.fullmatch(cell):
            first, second = int(found[1]), int(found[2])
            if first > 12 or "." in cell[:3]:  # with dots the day is always first
                return "day first", True
            if second > 12:
                return "month first", True
    return usual, False


def date_days(cell: str, order: Order = "month first", *, serials: bool = False) -> float | None:
    """Give a date as days since 1970-01-01, None where it is none.

    Args:
        serials: take 18,000 to 70,000 for a spreadsheet's days.
    Example:
        >>> date_days("1970-01-02 12:00"), date_days("3/1/1970", "day first"), date_days("25570", serials=True)
        (1.5, 2.0, 1.0)
        >>> date_days("1970-02")
        31.0
    """
    if not 5 <= len(cell) <= 40:
        return None
    if serials and _PLAIN.fullmatch(cell):
        value = float(cell)
        return value - _SERIAL_1970 if _SERIALS[0] <= value <= _SERIALS[1] else None
    if found := _YEAR_FIRST.fullmatch(cell):
        return _days(int(found[1]), int(found[2]), int(found[3]), found.groups()[3:])
    if found := _YEAR_MONTH.fullmatch(cell):
        return _days(int(found[1]), int(found[2]), 1, (None, None, None, None))
    if found := _YEAR_LAST.fullmatch(cell):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        day, month = (first, second) if order == "day first" else (second, first)
        return _days(year if year > 99 else year + (2000 if year < 70 else 1900), month, day, found.groups()[3:])
    if found := _WORDS.fullmatch(cell):
        month = _MONTHS.get((found[2] or found[3])[:3].lower(), 0)
        return _days(int(found[5]), month, int(found[1] or found[4]), found.groups()[5:])
    return None


def date_word(days: float, *, has_time: bool = False) -> str:
    """Write days since 1970-01-01 as a date, "" where it is none or lies outside the years 1 to 9999.

    Example:
        >>> date_word(1.7), date_word(1.75, has_time=True), date_word(-1e9)
        ('1970-01-03', '1970-01-02 18:00', '')
    """
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=round(1440 * days))
    except (OverflowError, ValueError):
        return ""
    if has_time:
        return moment.strftime("%Y-%m-%d %H:%M")
    return (moment + datetime.timedelta(hours=12)).date().isoformat()


def _days(year: int, month: int, day: int, time: tuple[str | None, ...]) -> float | None:
    try:
        whole = datetime.date(year, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal()
    except ValueError:
        return None
    hour, minute, second, half = time
    if hour is None:
        return float(whole)
    hours = int(hour) % 12 + 12 * (half.lower() == "pm") if half else int(hour)
    if hours > 24 or int(minute or 0) > 59:
        return None
    return whole + (hours + (int(minute or 0) + float(second or 0) / 60) / 60) / 24
