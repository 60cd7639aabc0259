"""The user's items: pictures, texts or rows of a table, each with a name; nothing is decoded yet.

    a folder, zip, tar of pictures; npz; cifar10, meadow:classify …     pictures
    lines or paragraphs of a .txt; a folder of .txt; csv with a column of texts     texts
    any other csv                                                       rows

Classes that folders or a column name are kept aside: they are compared with at the end and used for nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.books import Book, array_book, store_book
from onward.broad.cluster.settings import Settings
from onward.core.faults import DataFault, did_you_mean
from onward.core.task import Source
from onward.data.archive import check_there, split_address
from onward.data.arrays import read_arrays
from onward.data.label_columns import find_text_column
from onward.data.named_sets import find_named
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.tables import Column, Table, columns_from_json, read_table
from onward.data.text import Text, open_text, own_lines, said_notes
from onward.data.text_rows import file_cells

__all__ = ["Items", "columns_as_grouped", "read"]

_FEWEST = 8
_TABLES = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".data")
_LONGEST_TEXT = 20_000  # characters
_WORDS_OF_A_TEXT = 3.0


@dataclass(frozen=True)
class Items:
    """What is to be grouped.

    Attributes:
        kind: `pictures`, `texts` or `rows`.
        names: N, each item's path or place, relative to the address.
        labels: N class numbers, or None where nobody says any; never learned from.
        classes: their names.
        book: of pictures.
        texts: N.
        columns: of a table, each N values.
    """

    address: str
    kind: str
    names: tuple[str, ...]
    fingerprint: str
    labels: NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()
    book: Book | None = None
    texts: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the items."""
        return len(self.names)

    def findings(self) -> list[str]:
        """Say what was understood, the summary first."""
        known = ""
        if self.labels is not None:
            known = f"; {len(self.classes)} classes are known, and will be compared with at the end only"
        return [f"{self.address}: {len(self):,} {self.kind} to group{known}.", *self.notes]


def read(source: Source, settings: Settings, fewest: int = _FEWEST, known: Mapping[str, Any] | None = None) -> Items:
    """Find the items and their names.

    Args:
        fewest: items needed.
        known: what a run wrote of the items it grouped; the columns of a table then keep their categories.
    Raises:
        DataFault: nothing is there, too few items, or fewer than the groups asked for.
    """
    items = _found(source.address, settings, known)
    wanted = settings.clusters or 0
    if len(items) < max(fewest, wanted):
        needed = f"{wanted} groups need at least as many" if wanted > fewest else f"at least {fewest} are needed"
        raise DataFault(f"{source.address} has {len(items)} {items.kind} to group; {needed}. Add some.")
    return items


def _found(address: str, settings: Settings, known: Mapping[str, Any] | None) -> Items:
    named = find_named(address)
    if isinstance(named, str):
        return _found(named, settings, known)
    if named is not None:
        (images, labels, classes), _ = named(None)
        return _of_book(address, array_book(images, labels, classes))
    path, inner = split_address(address)
    if address != "stdlib:docstrings":
        check_there(path)
        held = read_arrays(path) if path.is_file() else None
        if held is not None:
            return _of_book(address, array_book(*held[0]))
        if path.is_file() and not inner and path.name.lower().endswith(_TABLES):
            return _of_table(address, settings, known)
        book = store_book(address) if _holds_pictures(address, path) else None
        if book is not None:
            return _of_book(address, book)
    return _of_text(address, open_text(address))


def _holds_pictures(address: str, path: Path) -> bool:
    """Say whether it can be a folder or archive of pictures; a single text file cannot."""
    is_archive = address.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz")) or split_address(address)[1] != ""
    return path.is_dir() or is_archive or path.name.lower().endswith(PICTURE_ENDINGS)


def _of_book(address: str, book: Book) -> Items:
    labels, classes = (book.labels, book.classes) if len(book.classes) > 1 else (None, ())
    return Items(address, "pictures", book.names, book.fingerprint, labels, classes, book=book, notes=book.notes)


def _of_table(address: str, settings: Settings, known: Mapping[str, Any] | None) -> Items:
    """Take a table for texts if a column holds sentences, else for rows."""
    if known is not None and known["kind"] == "rows":
        return _of_known_rows(address, known)
    file = open_text(address).files[0]
    try:
        cells = file_cells(file, address)
    except DataFault:
        if settings.text or address.lower().endswith((".jsonl", ".ndjson")):
            raise
        return _of_rows(address, read_table(address), settings)
    heads = cells.heads or [cell.strip() for cell in cells.rows[0]]
    if settings.text is not None and settings.text not in heads:
        raise DataFault(f"{address} has no column {settings.text!r}.{did_you_mean(settings.text, heads)}")
    place, has_heads = find_text_column(address, cells, settings.text or "text")
    has_heads = cells.heads is None and (has_heads or settings.text is not None or settings.label in heads)
    rows, lines = (cells.rows[1:], cells.lines[1:]) if has_heads else (cells.rows, cells.lines)
    words = [len(row[place].split()) for row in rows]
    if settings.text is None and (not words or float(np.mean(words)) < _WORDS_OF_A_TEXT):
        return _of_rows(address, read_table(address), settings)
    labels = None
    if settings.label is not None:
        if settings.label not in heads:
            raise DataFault(f"{address} has no column {settings.label!r}.{did_you_mean(settings.label, heads)}")
        labels = [row[heads.index(settings.label)].strip() for row in rows]
    named = heads[place] if has_heads or cells.heads else f"column {place + 1}"
    notes = (f"The texts are those of {named}.", *cells.troubles)
    return _of_texts(address, [row[place] for row in rows], [f"{file.name}:{line}" for line in lines], labels, notes)


def _of_text(address: str, text: Text) -> Items:
    """Take each file of a folder for an item; of a single file its paragraphs, or its lines where none is empty."""
    if len(text.files) > 1:
        text = text.without_notes()
        whole = ["".join(file.pieces())[:_LONGEST_TEXT] for file in text.files]
        return _of_texts(address, whole, [file.name for file in text.files], None, tuple(text.troubles))
    file = next(iter(text.files))
    lines = own_lines(file)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if len(filled) > 0.9 * file.without_notes().lines or not filled:
        begins = [(number, lines[number]) for number in filled]
        told = "Each line is an item."
    else:
        begins = []
        for number in filled:
            if begins and number and lines[number - 1].strip():
                begins[-1] = (begins[-1][0], f"{begins[-1][1]}\n{lines[number]}")
            else:
                begins.append((number, lines[number]))
        told = "Each paragraph is an item."
    names = [f"{file.name}:{number + 1}" for number, _ in begins]
    notes = (told, *text.troubles, *said_notes(text.files))
    return _of_texts(address, [each[:_LONGEST_TEXT] for _, each in begins], names, None, notes)


def _of_texts(
    address: str, texts: Sequence[str], names: Sequence[str], labels: Sequence[str] | None, notes: tuple[str, ...]
) -> Items:
    digest = hashlib.blake2b("\0".join([*names, *texts]).encode("utf-8", "replace"), digest_size=16).hexdigest()
    numbers, classes = _numbered(labels)
    return Items(address, "texts", tuple(names), digest, numbers, classes, texts=tuple(texts), notes=notes)


def _of_rows(address: str, table: Table, settings: Settings) -> Items:
    columns, labels = table.columns, None
    if settings.label is not None:
        known = table.column(settings.label)
        labels = [
            known.categories[int(each)] if known.categories and each == each else f"{each:g}" for each in known.values
        ]
        columns = tuple(column for column in columns if column is not known)
    counted = [column for column in columns if _only_counts(column)]
    columns = tuple(column for column in columns if column not in counted)
    if not columns:
        raise DataFault(f"{address} has no column to group its rows by. Add some, or name texts with --text.")
    notes = [f"Column {column.name} only counts the rows and was left out." for column in counted]
    notes += [f"Column {name} was left out: {reason}." for name, reason in table.left_out[:5]]
    names = tuple(f"{Path(address).name}:{row + 2}" for row in range(table.rows))
    numbers, classes = _numbered(labels)
    return Items(address, "rows", names, table.digest, numbers, classes, columns=columns, notes=tuple(notes))


def _of_known_rows(address: str, known: Mapping[str, Any]) -> Items:
    """Take the columns that a run grouped by, as it knows them."""
    table, columns = columns_as_grouped(address, known["columns"])
    names = tuple(f"{Path(address).name}:{row + 2}" for row in range(table.rows))
    return Items(address, "rows", names, table.digest, columns=columns)


def columns_as_grouped(address: str, known: Sequence[Mapping[str, Any]]) -> tuple[Table, tuple[Column, ...]]:
    """Read a table's columns as those that a run grouped by: the same kinds, numbers and order.

    Raises:
        DataFault: one is missing.
    """
    earlier = columns_from_json(known)
    table = read_table(address, earlier)
    missing = [each.name for each in earlier if each.name not in {column.name for column in table.columns}]
    if missing:
        raise DataFault(f"{address} lacks {', '.join(missing[:5])}, which the rows were grouped by. Add it.")
    return table, tuple(table.column(each.name) for each in earlier)


def _only_counts(column: Column) -> bool:
    """Say whether a column is a running number."""
    return not column.categories and len(column.values) > 2 and bool(np.all(np.diff(column.values) == 1))


def _numbered(labels: Sequence[str] | None) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if labels is None or len(set(labels)) < 2:
        return None, ()
    classes = tuple(sorted(set(labels)))
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[each] for each in labels], np.int64), classes
