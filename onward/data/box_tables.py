"""Boxes in a csv: a line a box, columns found by their heads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from onward.core.faults import DataFault
from onward.data.box_records import Drawn, Noted, checked_corners, checked_size
from onward.data.splits import table_split

__all__ = ["read_box_table"]

_DELIMITERS = ",;\t|"
_COLUMNS = {
    "filename": ("filename", "file", "image", "path", "image_path", "file_name", "imagename"),
    "class": ("class", "label", "name", "category", "class_name"),
    "xmin": ("xmin", "x_min", "left", "x1"),
    "ymin": ("ymin", "y_min", "top", "y1"),
    "xmax": ("xmax", "x_max", "right", "x2"),
    "ymax": ("ymax", "y_max", "bottom", "y2"),
}
_SIZES = {
    "width": ("width", "image_width", "img_width", "picture_width"),
    "height": ("height", "image_height", "img_height", "picture_height"),
}
_CORNERS = ("xmin", "ymin", "xmax", "ymax")

_Found = dict[tuple[str, tuple[int, int] | None], tuple[int, list[Drawn]]]


def read_box_table(text: str, name: str) -> Iterator[Noted]:
    """Read a csv with a line a box; a picture whose box is empty shows nothing. Other tables give nothing.

    Raises:
        DataFault: a line has no box, or no place in a picture.
    """
    head = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(_DELIMITERS, key=head.count))
    try:
        heads = [cell.strip().lower() for cell in next(reader, [])]
        columns = _places(heads, _COLUMNS)
        if len(columns) < len(_COLUMNS):
            return
        columns |= _places(heads, _SIZES)
        found: _Found = {}
        for row in reader:
            if any(cell.strip() for cell in row):
                _add(found, row, columns, name, reader.line_num)
    except csv.Error as reason:
        raise DataFault(
            f"{name}, line {reader.line_num}: it cannot be read ({reason}). Write the table anew."
        ) from None
    for (picture, size), (line, boxes) in found.items():
        yield Noted((picture,), tuple(boxes), size, table_split(name), name, f"{name}, line {line}")


def _places(heads: Sequence[str], known: dict[str, tuple[str, ...]]) -> dict[str, int]:
    return {
        key: next(heads.index(word) for word in words if word in heads)
        for key, words in known.items()
        if any(word in heads for word in words)
    }


def _add(found: _Found, row: Sequence[str], columns: dict[str, int], name: str, line: int) -> None:
    where = f"{name}, line {line}"
    try:
        cells = {key: row[place].strip() for key, place in columns.items()}
        size = checked_size(cells.get("width", ""), cells.get("height", ""))
        _, boxes = found.setdefault((cells["filename"], size), (line, []))
        if any(cells[key] for key in _CORNERS):
            corners = checked_corners([cells[key] for key in _CORNERS], where)
            boxes.append(Drawn(cells["class"] or "nameless", *corners, where))
    except (IndexError, ValueError):
        raise DataFault(f"{where}: {','.join(row)[:80]!r} is no box. Write filename, class and four numbers.") from None


def is_table(name: str) -> bool:
    """Say whether a file is a table by its name."""
    return PurePosixPath(name).suffix.lower() in (".csv", ".tsv")
