"""Points in a csv: DeepLabCut's, with three or four lines of names, and the plain one with a column a coordinate.

file,nose_x,nose_y,tail_x,tail_y        (plain; `subject`, `split` and nose_likelihood columns are understood too)
img000.png,12.5,80,,                    (an empty cell: missing)
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from onward.core.faults import DataFault
from onward.data.archive import Store, read_whole
from onward.data.keypoint_files import Kind, Marked, PointFile, sight_of
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.splits import SPLITS, split_of
from onward.data.tables import decoded_text

__all__ = ["read_point_tables"]

_MISSING = {"", "nan", "na", "n/a", "none", "null", "-", "?"}
_FILE_COLUMNS = ("file", "filename", "file_name", "image", "picture", "path", "image_path", "frame", "name")
_SUBJECT_COLUMNS = ("subject", "individual", "animal", "id", "track")
_LIKELY = 0.5
_COORDINATE = re.compile(
    r"^(?P<name>.+?)[ _.:-]?(?P<which>x|y|v|vis|visible|visibility|likelihood|score)$", re.IGNORECASE
)
_FRONT = re.compile(r"^(?P<which>x|y)[ _.:-](?P<name>.+)$", re.IGNORECASE)


@dataclass(frozen=True)
class _Column:
    """Where a number of a point stands: the subject it belongs to, the point, and which number it is."""

    place: int
    subject: str
    point: str
    which: str


def read_point_tables(store: Store) -> PointFile | None:
    """Read every csv with points in a store; None if there is none.

    Raises:
        DataFault: a table's lines do not fit its header, or it has no header.
    """
    found: PointFile | None = None
    files = [name for name in store.names if name.lower().endswith((".csv", ".tsv"))]
    parted = [name for name in files if split_of(PurePosixPath(name).name)]
    for name in parted or files:
        rows = _rows(f"{store.title}/{name}", read_whole(store, name), name)
        page = _deeplabcut(name, rows) or _plain(name, rows)
        if page is None:
            continue
        if found is None:
            found = page
            continue
        if page.kinds[0].names != found.kinds[0].names:
            raise DataFault(
                f"{store.title}: {name} names other points than the table before it ("
                f"{', '.join(page.kinds[0].names[:4])} …). Name one of the files instead of the folder."
            )
        found.marked += page.marked
        for words, where in page.troubles.items():
            found.troubles.setdefault(words, []).extend(where)
    return found


def _rows(title: str, content: bytes, name: str) -> list[list[str]]:
    text = decoded_text(title, content)
    first = text.partition("\n")[0]
    delimiter = "\t" if name.lower().endswith(".tsv") else max(",;\t", key=first.count)
    try:
        return [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as reason:
        raise DataFault(f"{title}: {reason}. Save it as csv anew.") from None


def _deeplabcut(name: str, rows: list[list[str]]) -> PointFile | None:
    """Read DeepLabCut's table: the lines scorer, (individuals,) bodyparts, coords, then a line a picture."""
    heads = {row[0].lower(): row for row in rows[:4] if row}
    if not {"bodyparts", "coords"} <= heads.keys():
        return None
    coords = [cell.lower() for cell in heads["coords"]]
    people = heads.get("individuals") or [""] * len(coords)
    if "x" not in coords or not len(coords) == len(heads["bodyparts"]) == len(people):
        raise DataFault(f"{name}: its lines bodyparts and coords do not fit each other. Export it anew.")
    first = coords.index("x")
    columns = [
        _Column(place, people[place], heads["bodyparts"][place], coords[place]) for place in range(first, len(coords))
    ]
    top = next(number for number, row in enumerate(rows) if row and row[0].lower() == "coords") + 1
    found = PointFile([], [], "DeepLabCut csv" + (" of several animals" if "individuals" in heads else ""))
    lines = [(number + 1, rows[number]) for number in range(top, len(rows)) if any(rows[number])]
    pictures = ["/".join(cell for cell in row[:first] if cell) for _, row in lines]
    _gather(found, name, columns, lines, pictures)
    return found


def _plain(name: str, rows: list[list[str]]) -> PointFile | None:
    """Read a table with a line a picture (or a subject of one) and two columns a point."""
    if not rows or not rows[0]:
        return None
    heads = [cell.lower() for cell in rows[0]]
    if any(cell.endswith(PICTURE_ENDINGS) for cell in heads) and sum(map(_is_number, heads)) >= 2:
        raise DataFault(
            f"{name}, line 1: {','.join(rows[0])[:60]!r} is no line of names. Write one above it: file,nose_x,nose_y …"
        )
    columns = []
    for place, head in enumerate(rows[0]):
        told = _FRONT.match(head) or _COORDINATE.match(head)
        if told:
            which = told["which"].lower()
            columns.append(_Column(place, "", told["name"], which if which in ("x", "y") else "likelihood"))
    points = {each.point for each in columns if each.which == "x"} & {
        each.point for each in columns if each.which == "y"
    }
    columns = [each for each in columns if each.point in points]
    if not columns or {"xmin", "x_min"} & set(heads):
        return None
    file_column = next((heads.index(word) for word in _FILE_COLUMNS if word in heads), 0)
    subject_column = next((heads.index(word) for word in _SUBJECT_COLUMNS if word in heads), None)
    split_column = heads.index("split") if "split" in heads else None
    found = PointFile([], [], "csv of points")
    lines = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(row)]
    for number, row in lines:
        _check_width(name, number, row, len(heads))
    pictures = [row[file_column] for _, row in lines]
    _gather(found, name, columns, lines, pictures)
    if split_column is not None:
        parts = {f"{name}, line {number}": SPLITS.get(row[split_column].lower(), "") for number, row in lines}
        found.marked = [Marked(**{**vars(each), "split": parts[each.where]}) for each in found.marked]
    if subject_column is None:
        _drop_repeated(found)
    return found


def _gather(
    found: PointFile,
    name: str,
    columns: Sequence[_Column],
    lines: Sequence[tuple[int, list[str]]],
    pictures: Sequence[str],
) -> None:
    """Make a record of each subject of each line."""
    points = tuple(dict.fromkeys(each.point for each in columns))
    subjects = tuple(dict.fromkeys(each.subject for each in columns))
    found.kinds.append(Kind("subject", points))
    width = max(each.place for each in columns) + 1
    for (number, row), picture in zip(lines, pictures, strict=True):
        where = f"{name}, line {number}"
        if len(row) < width:
            _check_width(name, number, row, width)
        for subject in subjects:
            values = {
                (each.point, each.which): _number(where, row[each.place]) for each in columns if each.subject == subject
            }
            if not values:
                continue
            marked = [_point(values, point) for point in points]
            if len(subjects) > 1 and not any(sight for *_, sight in marked):
                continue  # an animal that is not in this picture
            split = split_of(PurePosixPath(name).name) or split_of(
                str(PurePosixPath(picture.replace("\\", "/")).parent)
            )
            folder = PurePosixPath(name).parent
            found.marked.append(
                Marked(str(folder / picture), 0, np.array(marked, np.float32), None, None, split, where)
            )


def _point(values: dict[tuple[str, str], float], point: str) -> tuple[float, float, int]:
    x, y = values.get((point, "x"), math.nan), values.get((point, "y"), math.nan)
    likely = values.get((point, "likelihood"), 1.0)
    return sight_of(x, y, 2.0 if likely >= _LIKELY else 0.0)


def _check_width(name: str, number: int, row: Sequence[str], width: int) -> None:
    if len(row) != width:
        raise DataFault(f"{name}, line {number}: {len(row)} cells, but its header has {width}. Mend that line.")


def _number(where: str, cell: str) -> float:
    if cell.lower() in _MISSING:
        return math.nan
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        raise DataFault(f"{where}: {cell[:40]!r} is no number. Write one, or leave the cell empty.") from None


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _drop_repeated(found: PointFile) -> None:
    """Keep the first line of each picture, since nothing tells two subjects apart."""
    first: dict[str, Marked] = {}
    kept = []
    for each in found.marked:
        before = first.setdefault(each.picture, each)
        if before is not each:
            same = "the same as" if np.array_equal(before.points, each.points) else "differs from"
            words = "A second line for one picture, left out (a column `subject` tells subjects apart)"
            found.trouble(words, f"{each.where}, {same} {before.where}")
            continue
        kept.append(each)
    found.marked = kept
