"""Points as people write them: COCO keypoints, DeepLabCut csv, plain csv. Each reader gives the same plain records.

A point that is empty, NaN, of no sight (COCO's 0) or of a likelihood below a half is *missing*: nobody knows where it
is, which is not the same as its being nowhere. Coordinates come out as written; ``keypoints.py`` brings them to pixels
of the upright picture and finds out what is wrong with them. Read next: ``keypoint_tables.py`` (the two kinds of csv).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.archive import Store, read_whole
from onward.data.box_records import checked_size
from onward.data.splits import split_of

__all__ = ["Kind", "Marked", "PointFile", "read_coco_points", "sight_of"]

HIDDEN, SEEN, MISSING = 1, 2, 0
_BOX_NUMBERS = 4
_FARTHEST = 1e9  # pixels; what is said to be beyond is nowhere


@dataclass(frozen=True)
class Kind:
    """A kind of subject: the names of its points, lines between them, and what changes places in a mirror.

    Attributes:
        edges: pairs of places in `names`.
        pairs: the same, where the file says so; usually names tell.
    """

    name: str
    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Marked:
    """One subject in one picture.

    Attributes:
        picture: its path as written.
        kind: place among the file's kinds.
        points: K 3: x, y, and 2 seen, 1 hidden, 0 missing.
        box: left, top, right, bottom as written, or None.
        size: width and height of the picture as written, or None.
        split: `train`, `val` or `test`, or "" where the files do not say.
        where: file and line.
    """

    picture: str
    kind: int
    points: NDArray[np.float32]
    box: tuple[float, float, float, float] | None
    size: tuple[int, int] | None
    split: str
    where: str


@dataclass
class PointFile:
    """What the files say: kinds, subjects, the format, and troubles met while reading."""

    kinds: list[Kind]
    marked: list[Marked]
    form: str
    troubles: dict[str, list[str]] = field(default_factory=dict)

    def trouble(self, words: str, where: str) -> None:
        """Note what is wrong with a line."""
        self.troubles.setdefault(words, []).append(where)


def sight_of(x: float, y: float, sight: float) -> tuple[float, float, int]:
    """Make one point of three numbers; what is not finite is missing.

    Example:
        >>> sight_of(3.0, 4.0, 2.0), sight_of(float("nan"), 4.0, 2.0)
        ((3.0, 4.0, 2), (0.0, 0.0, 0))
    """
    if not (abs(x) < _FARTHEST and abs(y) < _FARTHEST and sight > 0):  # which holds for no nan
        return 0.0, 0.0, MISSING
    return x, y, HIDDEN if sight == HIDDEN else SEEN


def read_coco_points(store: Store) -> PointFile | None:
    """Read every COCO json of a store whose categories name keypoints; None if there is none.

    Raises:
        DataFault: a json file is damaged, or an annotation does not fit its category.
    """
    found = PointFile([], [], "COCO keypoints")
    refused = ""
    for name in store.names:
        if not name.lower().endswith(".json"):
            continue
        try:
            page = json.loads(read_whole(store, name).decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError) as reason:
            raise DataFault(f"{store.title}: {name} is no readable json ({reason}). Write it anew.") from None
        if isinstance(page, list) and page and isinstance(page[0], dict) and "joints" in page[0]:
            refused = f"{name} lists joints without names (as MPII does)"
            found.trouble("Left out, since its points have no names", name)
            continue
        if isinstance(page, dict) and {"images", "annotations", "categories"} <= page.keys():
            _coco_page(found, store.title, name, page)
    if found.marked:
        return found
    if refused:
        raise DataFault(f"{store.title}: {refused}. Write COCO keypoints, whose categories name them.")
    return None


def _coco_page(found: PointFile, title: str, name: str, page: dict[str, Any]) -> None:
    try:
        numbers = _coco_kinds(found, name, page["categories"])
        pictures = {entry["id"]: entry for entry in page["images"]}
        seen: dict[tuple[object, bytes], str] = {}
        for number, entry in enumerate(page["annotations"], start=1):
            where = f"{name}, annotation {number}"
            kind = numbers.get(entry.get("category_id"))
            if entry.get("iscrowd") or not entry.get("keypoints") or kind is None:
                continue
            picture = pictures.get(entry["image_id"])
            if picture is None:
                found.trouble("Of a picture the file does not list", where)
                continue
            points = _coco_points(title, where, entry["keypoints"], found.kinds[kind])
            key = (entry["image_id"], points.tobytes())
            if points[:, 2].any() and key in seen:
                found.trouble("Written twice, taken once", f"{where}, the same as {seen[key]}")
                continue
            seen[key] = where
            found.marked.append(
                Marked(
                    str(PurePosixPath(name).parent / str(picture["file_name"])),
                    kind,
                    points,
                    _coco_box(entry.get("bbox")),
                    checked_size(picture.get("width"), picture.get("height")),
                    split_of(name) or split_of(str(PurePosixPath(str(picture["file_name"])).parent)),
                    where,
                )
            )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as reason:
        raise DataFault(f"{title}: {name} is no whole COCO file ({reason!r}). Export it anew.") from None


def _coco_kinds(found: PointFile, name: str, categories: Sequence[dict[str, Any]]) -> dict[object, int]:
    """Add a file's categories to the kinds known; give each identifier's place among them."""
    numbers: dict[object, int] = {}
    for entry in categories:
        names = tuple(str(each).strip() for each in entry.get("keypoints") or ())
        if not names:
            continue
        if len(set(names)) < len(names):
            twice = next(each for each in names if names.count(each) > 1)
            raise DataFault(f"{name}: the point {twice!r} stands twice in category {entry['name']}. Rename one.")
        edges = _from_nothing(entry.get("skeleton") or (), len(names))
        pairs = _from_nothing(entry.get("flip_pairs") or (), len(names))
        kind = Kind(str(entry["name"]), names, edges, pairs)
        if kind not in found.kinds:
            found.kinds.append(kind)
        numbers[entry["id"]] = found.kinds.index(kind)
    return numbers


def _from_nothing(lines: Sequence[Sequence[int]], count: int) -> tuple[tuple[int, int], ...]:
    """Bring lines to places from 0: COCO counts from 1, some write from 0."""
    numbers = [int(end) for line in lines for end in line[:2]]
    first = 0 if 0 in numbers else 1
    pairs = [(int(line[0]) - first, int(line[1]) - first) for line in lines if len(line) >= 2]
    return tuple((one, other) for one, other in pairs if 0 <= one < count and 0 <= other < count and one != other)


def _coco_points(title: str, where: str, numbers: Sequence[Any], kind: Kind) -> NDArray[np.float32]:
    if len(numbers) != 3 * len(kind.names):
        raise DataFault(
            f"{title}: {where} has {len(numbers)} numbers, but {kind.name} has {len(kind.names)} points of three "
            "numbers each. Export it anew."
        )
    try:
        values = [math.nan if each is None else float(each) for each in numbers]
    except (TypeError, ValueError, OverflowError):
        wrong = next((each for each in numbers if not isinstance(each, (int, float))), "a number too large")
        raise DataFault(f"{title}: {where} holds {wrong!r:.40}, which is no number. Export it anew.") from None
    return np.array([sight_of(*values[at : at + 3]) for at in range(0, len(values), 3)], np.float32)


def _coco_box(numbers: Sequence[float] | None) -> tuple[float, float, float, float] | None:
    if numbers is None or len(numbers) != _BOX_NUMBERS:
        return None
    left, top, width, height = map(float, numbers)
    is_one = max(map(abs, (left, top, width, height))) < _FARTHEST and width > 0 and height > 0
    return (left, top, left + width, top + height) if is_one else None
