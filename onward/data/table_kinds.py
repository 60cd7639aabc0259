"""What a column is: number, category, date, text or id; found by looking at all its cells, or said by the user.

A kind is decided once, on the table that is learned from, and written down. A later table's columns are then read as
those were: categories keep their numbers, and a word that was not there gets a number of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.data.table_numbers import date_days, date_order, decimal_mark, is_missing, is_plain_number, number_of

__all__ = ["KINDS", "Column", "as_known", "judged", "plain_key"]

KINDS = ("number", "category", "date", "text", "id")
_ODD = 0.05  # of the cells of a column may be something else, and are then taken for missing
_FEW_KINDS = 20  # as few different words are always categories
_MOST_CATEGORIES = 1000  # the most frequent; the rest share one number
_UNIQUE = 0.9
_SENTINELS = tuple(float(sign * int("9" * digits)) for digits in range(3, 8) for sign in (-1, 1))
_ID_NAME = re.compile(
    r"(?i:(.*[_ .-])?(ids?|uid|uuid|guid|key|index|idx|row|rowid|nr|no)|unnamed: 0)"
    r"|.*[a-z](Id|ID)"  # userId, but neither paid nor bid
)
_STANDS_FOR_NONE = re.compile(r"(-?9{3,7}) is empty")
_ROUNDED = re.compile(r"\d+(\.\d+)?[eE]\+\d+")
_NONE = frozenset({"none", "nil", "missing"})  # which are words, too
_TURNED = re.compile(r"(?i)(\d{1,2}-)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-\d{1,2})?")


@dataclass(frozen=True)
class Column:
    """One column, typed.

    Attributes:
        values: N floats. Of a number: itself. Of a category: its number, and `len(categories)` for a word that is none
            of them. Of a date: days since 1970. NaN where the cell was empty. Of text and id: NaN where it was
            empty, else 0.
        categories: their names, most frequent first; empty for other kinds.
        kind: one of `KINDS`.
        words: the cells themselves of text and id; of others empty.
        form: how ambiguous cells were read: `decimal comma`, `day first`, `-999 is empty`, ...
        notes: sentences about what was odd.
        is_told: the kind is the user's word.
    """

    name: str
    values: NDArray[np.float64]
    categories: tuple[str, ...] = ()
    kind: str = "number"
    words: tuple[str, ...] = ()
    form: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)
    is_told: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give what `columns.json` holds of it."""
        facts: dict[str, Any] = {"name": self.name, "kind": self.kind, "categories": list(self.categories)}
        return facts | {"form": self.form, "missing": int(np.isnan(self.values).sum()), "told": self.is_told}


def judged(name: str, cells: Sequence[str], *, mark: str = ".", usual_order: str = "month first") -> Column:
    """Decide what a column is.

    Args:
        mark: what parts the whole from its fraction where the column itself does not say.
    Example:
        >>> judged("a", ["1", "2.5", "?"]).kind, judged("b", ["x", "y", "x"]).categories
        ('number', ('x', 'y'))
    """
    counts = Counter(cells)
    present = {cell: count for cell, count in counts.items() if not is_missing(cell)}
    total = sum(present.values())
    if not total:
        return Column(name, np.full(len(cells), np.nan), kind="number", notes=(f"Column {name} is empty.",))
    is_code = all(cell.isdigit() for cell in present) and any(cell[0] == "0" and len(cell) > 1 for cell in present)
    own = decimal_mark(present) or mark
    parsed = dict.fromkeys(present) if is_code else {cell: number_of(cell, own) for cell in present}
    numbers = sum(count for cell, count in present.items() if parsed[cell] is not None)
    if numbers >= (1 - _ODD) * total:
        column = _numbers(name, cells, present, parsed, own)
        return _id(column, cells) if _is_id(name, column.values) else column
    order, is_sure = date_order(present, "day first" if usual_order == "day first" else "month first")
    dated = {cell: date_days(cell, order, serials=True) for cell in present}
    days = sum(count for cell, count in present.items() if dated[cell] is not None)
    if days >= (1 - _ODD) * total:
        return _dates(name, cells, order, is_sure)
    return _words(name, cells, present | _words_for_none(counts), total)


def as_kind(name: str, cells: Sequence[str], kind: str, mark: str = ".") -> Column:
    """Read a column as the user says."""
    present = {cell: count for cell, count in Counter(cells).items() if not is_missing(cell)}
    if kind == "number":
        own = decimal_mark(present) or mark
        column = _numbers(name, cells, present, {cell: number_of(cell, own) for cell in present}, own)
    elif kind == "date":
        column = _dates(name, cells, *date_order(present))
    elif kind == "category":
        column = _categories(name, cells, present | _words_for_none(Counter(cells)))
    else:
        column = _plain(name, cells, kind)
    return Column(**{**vars(column), "is_told": True})


def as_known(cells: Sequence[str], known: Column) -> Column:
    """Read a column as an earlier table's was read."""
    if known.kind == "category":
        return Column(known.name, _coded(cells, known.categories), known.categories, "category")
    if known.kind == "number":
        present = {cell: 1 for cell in cells if not is_missing(cell)}
        mark = decimal_mark(present) or ("," if known.form.startswith("decimal comma") else ".")
        empty = [float(word) for word in _STANDS_FOR_NONE.findall(known.form)]
        column = _numbers(known.name, cells, present, {cell: number_of(cell, mark) for cell in present}, mark, empty)
        return Column(**{**vars(column), "form": known.form})
    if known.kind == "date":
        order, is_sure = date_order(cells)
        return _dates(known.name, cells, order if is_sure or "first" not in known.form else known.form, True)  # type: ignore[arg-type]
    return _plain(known.name, cells, known.kind)


def plain_key(cell: str) -> str:
    """Give what spellings of one category share: without case, blanks, a full stop at the end, a zero fraction.

    Example:
        >>> plain_key(" <=50K."), plain_key("YES") == plain_key("yes"), plain_key("3.0")
        ('<=50k', True, '3')
    """
    plain = " ".join(cell.casefold().split()).rstrip(".")
    if plain and (plain[-1] == "0" or plain[0] in "+0123456789.") and is_plain_number(plain):
        value = number_of(plain)
        return f"{value:g}" if value is not None and abs(value) < 1e6 and not plain.startswith("0") else plain
    return plain


def _words_for_none(counts: Mapping[str, int]) -> dict[str, int]:
    """Give words for nothing that stand so often among other words that they are a kind: no disorder, no garage."""
    often = max(5, 0.05 * sum(counts.values()))
    return {cell: count for cell, count in counts.items() if cell.lower() in _NONE and count >= often}


def _filled(cells: Sequence[str], of: Callable[[str], float | None], kept: Collection[str] = ()) -> NDArray[np.float64]:
    """Give each cell's number, worked out once for each different cell.

    Args:
        kept: cells that count though they look like missing ones.
    """
    table: dict[str, float] = {}
    for cell in set(cells):
        value = None if is_missing(cell) and cell not in kept else of(cell)
        table[cell] = np.nan if value is None else value
    return np.fromiter(map(table.__getitem__, cells), np.float64, len(cells))


def _numbers(
    name: str,
    cells: Sequence[str],
    present: Mapping[str, int],
    parsed: Mapping[str, float | None],
    mark: str,
    empty: Sequence[float] | None = None,
) -> Column:
    """Make numbers of cells.

    Args:
        empty: numbers that stand for nothing, as an earlier table showed; None to find them in this one.
    """
    values = _filled(cells, parsed.get)
    notes: list[str] = []
    forms = ["decimal comma"] if mark == "," else []
    odd = [cell for cell in present if parsed[cell] is None]
    if odd:
        count = sum(present[cell] for cell in odd)
        notes.append(f"Column {name}: {count:,} cells that are no numbers, as {odd[0][:30]!r}, count as empty.")
    if infinite := sum(count for cell, count in present.items() if np.isnan(parsed[cell] or 0.0)):
        notes.append(f"Column {name}: {infinite:,} cells that are infinite or beyond 1e30 count as empty.")
    for value in _SENTINELS if empty is None else empty:
        if found := _marks_missing(values, value) if empty is None else int((values == value).sum()):
            values = np.where(values == value, np.nan, values)
            notes.append(f"Column {name}: {value:.0f} in {found:,} rows is taken for a missing value.")
            forms.append(f"{value:.0f} is empty")
    if _ID_NAME.fullmatch(name) and any(_ROUNDED.fullmatch(cell) for cell in present):
        notes.append(f"Column {name}: a spreadsheet has rounded its numbers (1E+05); take them from where they came.")
    return Column(name, values, kind="number", form="; ".join(forms), notes=tuple(notes))


def _marks_missing(values: NDArray[np.float64], value: float) -> int:
    """Count the cells of a value that only stands for nothing: far below all others, or far above and frequent."""
    is_it = values == value
    count = int(is_it.sum())
    others = values[~is_it & ~np.isnan(values)]
    if not count or len(others) < 5:
        return 0
    low, high = float(others.min()), float(others.max())
    reach = max(high - low, 1e-9)
    if value < 0:
        far = value < low and (low >= 0 or low - value > 5 * reach)
    else:
        far = value > high and value - high > 5 * reach and count >= max(2, 0.01 * len(values))
    return count if far else 0


def _is_id(name: str, values: NDArray[np.float64]) -> bool:
    """Say whether whole numbers only name the rows: nearly all different under such a name, or 1, 2, 3 ..."""
    here = values[~np.isnan(values)]
    if len(here) < 10 or not np.all(here == np.round(here)):
        return False
    if _ID_NAME.fullmatch(name) and len(np.unique(here)) >= 0.95 * len(here):
        return True
    return len(here) == len(values) and here[0] in (0, 1) and bool(np.all(np.diff(here) == 1))


def _id(column: Column, cells: Sequence[str]) -> Column:
    here = [cell for cell in cells if not is_missing(cell)]
    twice = len(here) - len(set(here))
    notes = [f"Column {column.name} only numbers the rows: it is not learned from."]
    notes += [f"Column {column.name}: {twice:,} rows have an id that stands there before."] if twice else []
    return Column(**{**vars(_plain(column.name, cells, "id")), "notes": (*column.notes, *notes)})


def _dates(name: str, cells: Sequence[str], order: Any, is_sure: bool) -> Column:
    values = _filled(cells, lambda cell: date_days(cell, order, serials=True))
    notes: list[str] = []
    lost = sum(not is_missing(cell) for cell, value in zip(cells, values.tolist(), strict=True) if value != value)
    if lost:
        notes.append(f"Column {name}: {lost:,} cells that are no dates count as empty.")
    slashed = any("/" in cell[:3] or "-" in cell[:3] for cell in cells if cell)
    if slashed and not is_sure:
        notes.append(f"Column {name}: no date tells day from month; read {order}.")
    return Column(name, values, kind="date", form=order, notes=tuple(notes))


def _words(name: str, cells: Sequence[str], present: Mapping[str, int], total: int) -> Column:
    """Tell categories from free text and from names of rows."""
    kinds = len(present)
    spaces = sum(cell.count(" ") * count for cell, count in present.items()) / total
    if kinds > 3 * _FEW_KINDS and spaces >= 2 and kinds > 0.3 * total:
        return _plain(name, cells, "text")
    if kinds > _FEW_KINDS and kinds > _UNIQUE * total:
        if spaces >= 2:
            return _plain(name, cells, "text")
        column = _plain(name, cells, "id")
        note = f"Column {name} has {kinds:,} different words in {total:,} rows: it is not learned from."
        notes = (note, f"Column {name}: {total - kinds:,} rows have one that stands there before.")
        return Column(**{**vars(column), "notes": notes if kinds < total else (note,)})
    if kinds > 10 * _MOST_CATEGORIES and spaces >= 2:
        return _plain(name, cells, "text")
    return _categories(name, cells, present)


def _categories(name: str, cells: Sequence[str], present: Mapping[str, int]) -> Column:
    """Number the words of a column, most frequent first; spellings of one word share a number."""
    notes: list[str] = []
    groups: dict[str, Counter[str]] = {}
    for cell, count in present.items():
        groups.setdefault(plain_key(cell), Counter())[cell] += count
    merged = [group for group in groups.values() if len(group) > 1]
    if merged:
        some = ", ".join(f"{' and '.join(map(repr, sorted(group)[:3]))}" for group in merged[:3])
        notes.append(f"Column {name}: spellings of one word were joined: {some}.")
    sizes = {group.most_common(1)[0][0]: group.total() for group in groups.values()}
    names = sorted(sizes, key=lambda word: (-sizes[word], word))
    if len(names) > _MOST_CATEGORIES:
        rare = len(names) - _MOST_CATEGORIES
        notes.append(f"Column {name} has {len(names):,} different words; the {rare:,} rarest count as one.")
        names = names[:_MOST_CATEGORIES]
    notes += [f"Column {name}: {word!r} is a kind there, not an empty cell." for word in names if is_missing(word)]
    turned = [cell for cell in present if _TURNED.fullmatch(cell)]
    if turned and len(turned) < len(present):
        notes.append(f"Column {name}: {turned[0]!r} looks like a word that a spreadsheet turned into a date.")
    return Column(name, _coded(cells, names), tuple(names), "category", notes=tuple(notes))


def _coded(cells: Sequence[str], names: Sequence[str]) -> NDArray[np.float64]:
    place = {name: float(number) for number, name in enumerate(names)}
    plain: dict[str, float] = {}
    for name, number in place.items():
        plain.setdefault(plain_key(name), number)
    unseen = float(len(names))
    kinds = {plain_key(name) for name in names if is_missing(name)}
    kept = [cell for cell in set(cells) if is_missing(cell) and plain_key(cell) in kinds]
    return _filled(cells, lambda cell: place[cell] if cell in place else plain.get(plain_key(cell), unseen), kept)


def _plain(name: str, cells: Sequence[str], kind: str) -> Column:
    words = tuple("" if is_missing(cell) else cell for cell in cells)
    values = np.array([0.0 if word else np.nan for word in words], np.float64)
    return Column(name, values, kind=kind, words=words)
