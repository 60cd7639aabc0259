"""Which column of a table is the text, which the label? By their names, else by what stands in them.

text,label      the usual names, in any order, with other columns around them
v1,v2 / no line of names at all     the label is the column with few different words, first or last
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from onward.core.faults import DataFault, did_you_mean
from onward.data.splits import SPLITS
from onward.data.text_tables import Cells

__all__ = ["LABEL_NAMES", "TEXT_NAMES", "Columns", "find_columns", "find_text_column"]

LABEL_NAMES = (
    "label", "labels", "class", "category", "target", "sentiment", "topic", "intent", "emotion", "language", "lang",
    "polarity", "stars", "rating", "tag", "genre", "kind", "type", "author", "spam", "is_spam", "class_name", "y",
)  # fmt: skip
TEXT_NAMES = (
    "text", "sentence", "message", "review", "content", "body", "comment", "tweet", "question", "document", "utterance",
    "phrase", "sms", "email", "description", "headline", "title", "summary", "name", "word", "query", "input", "x",
)  # fmt: skip
_PARTS = ("split", "set", "part", "subset", "partition")
_FEW = 0.2  # of the rows: how many different labels there may be


@dataclass(frozen=True)
class Columns:
    """Where text and label stand.

    Attributes:
        part: the column that says train, val or test, or None.
        has_heads: whether the first row names the columns.
        names: of the text's and the label's column, for sentences and for later files.
    """

    text: int
    label: int
    part: int | None
    has_heads: bool
    names: tuple[str, str]


def find_columns(title: str, cells: Cells, text: str | None = None, label: str | None = None) -> Columns:
    """Find the columns of a table.

    Args:
        text, label: their names, as the user says; None to find out.
    Raises:
        DataFault: a column named is not there, or there are no labels to be seen.
    Example:
        >>> found = find_columns("a", Cells([["stars", "review"], ["5", "so good"], ["1", "bad"]], [1, 2, 3]))
        >>> found.text, found.label, found.has_heads
        (1, 0, True)
    """
    rows = cells.rows
    first = [cell.strip().lower() for cell in (cells.heads or rows[0])]
    asked = [word.lower() for word in (text, label) if word is not None]
    names = {*LABEL_NAMES, *TEXT_NAMES, *asked}
    has_heads = cells.heads is None and _is_head(rows, first, names)
    heads = first if has_heads or cells.heads else None
    body = rows[1:] if has_heads else rows
    if not body:
        raise DataFault(f"{title} has a line of names and no rows. Add rows with a text and a label each.")
    place_label = _named(title, heads, label, LABEL_NAMES) if heads or label else None
    place_text = _named(title, heads, text, TEXT_NAMES, place_label) if heads or text else None
    part = next((place for place, head in enumerate(heads or ()) if head in _PARTS and _is_parts(body, place)), None)
    place_label = _few(title, body, (place_text, part)) if place_label is None else place_label
    place_text = _longest(body, (place_label, part)) if place_text is None else place_text
    if heads is None and cells.heads is None and _is_lone_head(body, place_label, place_text):
        has_heads, heads = True, first
    shown = cells.heads or (rows[0] if has_heads else [f"column {place + 1}" for place in range(len(first))])
    return Columns(place_text, place_label, part, has_heads, (shown[place_text], shown[place_label]))


def find_text_column(title: str, cells: Cells, name: str) -> tuple[int, bool]:
    """Find the column of texts in a table without labels: the one of that name, a usual one, or the longest.

    Returns: its place, and whether the first row names the columns.
    Raises:
        DataFault: there are no rows.
    """
    first = [cell.strip().lower() for cell in (cells.heads or cells.rows[0])]
    known = [head for head in (name.lower(), *TEXT_NAMES) if head in first]
    has_heads = cells.heads is None and (bool(known) or bool(set(first) & set(LABEL_NAMES)))
    if known:
        return first.index(known[0]), has_heads
    body = cells.rows[1:] if has_heads else cells.rows
    if not body:
        raise DataFault(f"{title} has a line of names and no rows. Add rows with a text each.")
    return _longest(body, ()), has_heads


def _is_head(rows: Sequence[Sequence[str]], first: Sequence[str], names: set[str]) -> bool:
    """Say whether the first row names columns: in usual words, and not in words that stand below them again."""
    known = {place for place, word in enumerate(first) if word in names}
    again = {place for place in known if any(row[place].strip().lower() == first[place] for row in rows[1:])}
    return bool(known - again) and len(set(first)) == len(first)


def _named(
    title: str, heads: Sequence[str] | None, asked: str | None, usual: Sequence[str], taken: int | None = None
) -> int | None:
    if asked is not None:
        if heads is None or asked.lower() not in heads:
            raise DataFault(f"{title} has no column {asked!r}.{did_you_mean(asked.lower(), heads or ())}")
        return heads.index(asked.lower())
    return next((heads.index(name) for name in usual if name in (heads or ()) and heads.index(name) != taken), None)  # type: ignore[union-attr]


def _is_parts(rows: Sequence[Sequence[str]], place: int) -> bool:
    return all(row[place].strip().lower() in SPLITS for row in rows)


def _few(title: str, rows: Sequence[Sequence[str]], taken: Sequence[int | None]) -> int:
    """Choose the column of labels by what stands in it: few different words; the first or last before those between."""
    width = len(rows[0])
    order = [0, width - 1, *range(1, width - 1)]
    kinds = {place: len({row[place] for row in rows}) for place in order if place not in taken}
    possible = [place for place, count in kinds.items() if 2 <= count <= max(3, _FEW * len(rows))]
    ends = [place for place in possible if place in (0, width - 1)]
    if possible:
        return min(ends or possible, key=lambda place: kinds[place])
    if len(rows) and min(kinds.values(), default=2) == 1:
        raise DataFault(f"{title}: every row has the same label, nothing to tell apart. Add rows of another class.")
    raise DataFault(
        f"{title}: none of its {width} columns looks like a label (few different words). Name one with --label, or "
        "call it label in the first line."
    )


def _longest(rows: Sequence[Sequence[str]], taken: Sequence[int | None]) -> int:
    lengths = {place: sum(len(row[place]) for row in rows) for place in range(len(rows[0])) if place not in taken}
    return max(lengths, key=lambda place: lengths[place]) if lengths else 0


def _is_lone_head(rows: Sequence[Sequence[str]], label: int, text: int) -> bool:
    """Say whether the first row names columns in words of its own: its label comes never again, all others do."""
    others = Counter(row[label] for row in rows[1:])
    return rows[0][label] not in others and 1 not in others.values() and " " not in rows[0][text].strip()
