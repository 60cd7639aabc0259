"""Classes written in a csv beside the pictures: a column that names them, one with labels, maybe one with the part.

Which column is which is told by what stands in it: names are those that fit most pictures, by path, file name, or file
name without its ending, where that is no other picture's too. Pictures without a label and labels without a picture
are left out, and said. Where no table says the part, the folders do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from onward.core.faults import DataFault
from onward.data.archive import Store, open_store, read_whole
from onward.data.pictures import Pictures
from onward.data.splits import SPLITS, holds_answers, most_held_out, table_split
from onward.data.tables import decoded_text, split_cells

__all__ = ["labelled", "pictures_address"]

_ENDINGS = (".csv", ".tsv")
_LABEL_COLUMNS = ("label", "labels", "class", "class_name", "category", "target", "species", "breed", "kind", "tag")
_BOX_COLUMNS = {"xmin", "x_min", "bbox", "left"}
_PART_COLUMNS = {"split", "set", "part", "subset", "partition"}
_NAMED_AT_MOST = 3


def pictures_address(address: str) -> str:
    """Give where the pictures are: the folder of a csv, anything else as it is."""
    return str(Path(address).parent) if address.lower().endswith(_ENDINGS) and Path(address).is_file() else address


@dataclass(frozen=True)
class _Row:
    """One line: which picture, which label, which part ("" if the table does not say), and where it stands."""

    place: int | None
    picture: str
    label: str
    split: str
    where: str


def labelled(pictures: Pictures, address: str) -> tuple[Pictures, tuple[str, ...]]:
    """Give pictures the classes of the csv beside them, if there is one; pictures with class folders need none.

    Args:
        pictures: read from `pictures_address(address)`.
        address: as typed; a csv named there is taken whatever the folders say.
    Returns: the labelled pictures, and sentences on what was left out.
    Raises:
        DataFault: the csv named has no column of labels, fits no picture, or labels one twice in different ways.
    """
    is_named = pictures_address(address) != address
    if not is_named and (pictures.classes != ("all",) or not _may_be_store(address)):
        return pictures, ()
    store = open_store(pictures_address(address))
    tables = [name for name in store.names if name.lower().endswith(_ENDINGS) and not holds_answers(name)]
    names = [Path(address).name] if is_named else tables
    unread: list[DataFault] = []
    rows = [row for name in names for row in _rows(store, name, pictures, None if is_named else unread)]
    if unread and not rows:  # nothing else tells the classes, so what is wrong with the table is what matters
        raise unread[0]
    return _with_rows(pictures, rows, store.title) if rows else (pictures, ())


def _may_be_store(address: str) -> bool:
    return Path(address).is_dir() or ".zip" in address.lower() or ".tar" in address.lower() or ".tgz" in address.lower()


def _rows(store: Store, name: str, pictures: Pictures, unread: list[DataFault] | None) -> Iterator[_Row]:
    """Read one table; nothing, if it is not one of labels and nobody said it was (`unread` then takes what failed)."""
    title = f"{store.title}/{name}"
    try:
        header, cells = split_cells(title, decoded_text(title, read_whole(store, name)))
    except DataFault as fault:
        if unread is None:
            raise
        unread.append(fault)
        return
    known, folder = _known_names(pictures.names), str(PurePosixPath(name).parent)
    is_headless = any(_find(cell, known, folder) is not None for cell in header)
    if is_headless:  # the first line is a picture too
        header, cells = [f"column {number + 1}" for number in range(len(header))], [header, *cells]
    heads = [head.lower() for head in header]
    fits = [sum(_find(row[column], known, folder) is not None for row in cells) for column in range(len(heads))]
    names_column = int(np.argmax(fits))
    if not fits[names_column] or _BOX_COLUMNS & set(heads):
        if unread is None:
            raise DataFault(f"{title}: no column of it names a picture of its folder. Write a column with file names.")
        return
    first_line = 1 if is_headless else 2
    _check_parts(title, heads, cells, first_line)
    parts = [column for column in range(len(heads)) if _is_parts(cells, column)]
    label_column = _label_column(title, header, cells, {names_column, *parts})
    for number, row in enumerate(cells, start=first_line):
        split = SPLITS[row[parts[0]].lower()] if parts else table_split(name)
        picture, where = row[names_column], f"{name}, line {number}"
        yield _Row(_find(picture, known, folder), picture, row[label_column], split, where)


def _known_names(names: Sequence[str]) -> dict[str, int]:
    """Give the places of pictures by path, with and without ending, then by file name, where only one has it."""
    known: dict[str, int] = {}
    for form in (
        str,
        lambda name: str(PurePosixPath(name).with_suffix("")),
        lambda name: PurePosixPath(name).name,
        lambda name: PurePosixPath(name).stem,
    ):
        count = Counter(map(form, names))
        unique = {form(name): place for place, name in enumerate(names) if count[form(name)] == 1}
        known = {**unique, **known}
    return known


def _find(cell: str, known: dict[str, int], folder: str) -> int | None:
    """Find a picture as written, relative to its table, from the top, or by its file name alone."""
    tidy = cell.replace("\\", "/").removeprefix("./")
    forms = (str(PurePosixPath(folder) / tidy), tidy, PurePosixPath(tidy).name) if tidy else ()
    return next((known[form] for form in forms if form in known), None)


def _is_parts(cells: Sequence[Sequence[str]], column: int) -> bool:
    return all(row[column].lower() in SPLITS for row in cells)


def _label_column(title: str, header: Sequence[str], cells: Sequence[Sequence[str]], taken: set[int]) -> int:
    """Find the column of labels: the one called so, or the only one left; of two that agree, the one in words."""
    rest = [column for column in range(len(header)) if column not in taken]
    named = [column for column in rest if header[column].lower() in _LABEL_COLUMNS]
    pairs = {tuple(row[column] for column in named) for row in cells}
    say_the_same = all(len({row[column] for row in cells}) == len(pairs) for column in named)
    if len(named) > 1 and say_the_same and len(pairs) < len(cells):
        return next((column for column in named if not cells[0][column].isdecimal()), named[0])
    if len(named or rest) != 1:
        raise DataFault(
            f"{title}: which of the columns {', '.join(header)} is the label? Call one `label`, remove other labels."
        )
    return (named or rest)[0]


def _check_parts(title: str, heads: Sequence[str], cells: Sequence[Sequence[str]], first_line: int) -> None:
    """Refuse a column of parts with a word that is none: left unread, it would mix test and training pictures."""
    for column in (place for place, head in enumerate(heads) if head in _PART_COLUMNS):
        is_part = [row[column].lower() in SPLITS for row in cells]
        if any(is_part) and not all(is_part):
            place = is_part.index(False)
            raise DataFault(
                f"{title}, line {first_line + place}: {cells[place][column]!r} is no part in the column "
                f"{heads[column]}. Write train, val or test."
            )


def _with_rows(pictures: Pictures, rows: Sequence[_Row], title: str) -> tuple[Pictures, tuple[str, ...]]:
    chosen: dict[int, _Row] = {}
    said: dict[int, set[str]] = {}
    for row in rows:
        if row.place is None or not row.label:
            continue
        earlier = chosen.setdefault(row.place, row)
        said.setdefault(row.place, set()).add(row.split)
        if earlier.label != row.label:
            raise DataFault(
                f"{title}: {row.picture} is called {earlier.label!r} in {earlier.where} and {row.label!r} in "
                f"{row.where}. Keep one of them."
            )
    if not chosen:
        raise DataFault(f"{title}: no picture has a label in {rows[0].where.split(',')[0]}. Fill the column of labels.")
    missing = [f"{row.where} ({row.picture})" for row in rows if row.place is None]
    unlabelled = [name for place, name in enumerate(pictures.names) if place not in chosen]
    places = sorted(chosen)
    classes = tuple(sorted({row.label for row in chosen.values()}))
    number = {name: place for place, name in enumerate(classes)}
    folders = pictures.splits or ("",) * len(pictures)
    parts = [most_held_out(said[place]) or folders[place] for place in places]  # never train on what is for the test
    kept = replace(
        pictures,
        images=pictures.images[places],
        labels=np.array([number[chosen[place].label] for place in places], np.int64),
        classes=classes,
        names=tuple(pictures.names[place] for place in places),
        splits=tuple(part or "train" for part in parts) if any(parts) else None,
        digests=tuple(pictures.digests[place] for place in places) if pictures.digests else (),
    )
    return kept, _left_out(missing, "labelled, but not there or of a name that several have", title) + _left_out(
        unlabelled, "without a label", title
    )


def _left_out(found: Sequence[str], words: str, title: str) -> tuple[str, ...]:
    if not found:
        return ()
    more = f" and {len(found) - _NAMED_AT_MOST:,} more" if len(found) > _NAMED_AT_MOST else ""
    return (f"{title}: {len(found):,} pictures {words}: {'; '.join(found[:_NAMED_AT_MOST])}{more}. They are left out.",)
