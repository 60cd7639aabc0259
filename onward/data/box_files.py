"""Boxes as people write them down: Pascal VOC, COCO, YOLO, csv. Each reader gives the same plain records.

Paths in an annotation file are meant relative to that file, but people move things: a picture is looked for by its
whole path, then by its name alone. Coordinates come out in pixels, left, top, right, bottom; what is wrong with them is
left for ``boxes.py`` to find, so that it can name file and line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from onward.core.faults import DataFault
from onward.data.archive import Store
from onward.data.splits import split_of

__all__ = ["Drawn", "Noted", "read_box_files"]

_FORMATS = ("coco", "csv", "voc", "yolo")
_COLUMNS = {
    "filename": ("filename", "file", "image", "path", "image_path", "file_name", "imagename"),
    "class": ("class", "label", "name", "category", "class_name"),
    "xmin": ("xmin", "x_min", "left", "x1"),
    "ymin": ("ymin", "y_min", "top", "y1"),
    "xmax": ("xmax", "x_max", "right", "x2"),
    "ymax": ("ymax", "y_max", "bottom", "y2"),
}


@dataclass(frozen=True)
class Drawn:
    """One box as it was written: left, top, right, bottom, and where it stands in the files."""

    label: str
    left: float
    top: float
    right: float
    bottom: float
    where: str
    is_share: bool = False


@dataclass(frozen=True)
class Noted:
    """One picture's boxes.

    Attributes:
        picture: its path as written.
        size: width and height as written, or None.
        split: `train`, `val` or `test`, or "" where the files do not say.
        where: the file, and the line if there is one.
    """

    picture: str
    boxes: tuple[Drawn, ...]
    size: tuple[int, int] | None
    split: str
    where: str


def read_box_files(store: Store) -> tuple[list[Noted], str]:
    """Read the annotations in a folder or archive.

    Returns: a record for each annotated picture, and the name of the format.
    Raises:
        DataFault: there are none, or a file of them cannot be read.
    """
    for kind in _FORMATS:
        noted = list(_READERS[kind](store))
        if noted:
            return noted, kind
    raise DataFault(
        f"{store.title} holds no boxes. Put COCO json, Pascal VOC xml, YOLO txt, or a csv with filename, class, xmin, "
        "ymin, xmax, ymax beside the pictures."
    )


def _text(store: Store, name: str) -> str:
    return store.read(name).decode("utf-8-sig", "replace")


def _coco(store: Store) -> Iterator[Noted]:
    for name in store.names:
        if not name.lower().endswith(".json"):
            continue
        try:
            page = json.loads(_text(store, name))
        except ValueError as reason:
            raise DataFault(f"{store.title}: {name} is no readable json ({reason}). Write it anew.") from None
        if not isinstance(page, dict) or not {"images", "annotations", "categories"} <= page.keys():
            continue
        yield from _coco_page(store, name, page)


def _coco_page(store: Store, name: str, page: dict[str, Any]) -> Iterator[Noted]:
    try:
        classes = {entry["id"]: str(entry["name"]) for entry in page["categories"]}
        boxes: dict[object, list[Drawn]] = {}
        for number, entry in enumerate(page["annotations"]):
            if entry.get("iscrowd") or "bbox" not in entry:
                continue
            left, top, width, height = map(float, entry["bbox"])
            label = classes.get(entry["category_id"], f"category {entry['category_id']}")
            where = f"{name}, annotation {number + 1}"
            boxes.setdefault(entry["image_id"], []).append(Drawn(label, left, top, left + width, top + height, where))
        for entry in page["images"]:
            size = (int(entry["width"]), int(entry["height"])) if "width" in entry and "height" in entry else None
            picture = str(PurePosixPath(name).parent / str(entry["file_name"]))
            yield Noted(picture, tuple(boxes.get(entry["id"], ())), size, split_of(name), name)
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise DataFault(f"{store.title}: {name} is no whole COCO file ({reason!r}). Export it anew.") from None


def _csv(store: Store) -> Iterator[Noted]:
    files = [name for name in store.names if name.lower().endswith((".csv", ".tsv"))]
    parted = [name for name in files if split_of(PurePosixPath(name).name)]
    for name in parted or files:  # one file with all of them often lies beside those of the parts
        yield from read_box_table(_text(store, name), name)


def read_box_table(text: str, name: str) -> Iterator[Noted]:
    """Read a csv with a line a box; a picture whose box is empty shows nothing."""
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if name.lower().endswith(".tsv") else ","))
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    columns = {
        key: next((heads.index(word) for word in words if word in heads), None) for key, words in _COLUMNS.items()
    }
    if any(place is None for place in columns.values()):
        return
    found: dict[str, list[Drawn]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        where = f"{name}, line {number}"
        try:
            cells = {key: row[place].strip() for key, place in columns.items() if place is not None}
            boxes = found.setdefault(str(PurePosixPath(name).parent / cells["filename"]), [])
            if cells["xmin"] or cells["xmax"]:
                left, top, right, bottom = (float(cells[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
                boxes.append(Drawn(cells["class"], left, top, right, bottom, where))
        except (IndexError, ValueError):
            raise DataFault(
                f"{where}: {','.join(row)[:80]!r} is no box. Write filename, class and four numbers."
            ) from None
    for picture, boxes in found.items():
        yield Noted(picture, tuple(boxes), None, split_of(PurePosixPath(name).name), name)


def _voc(store: Store) -> Iterator[Noted]:
    splits = _voc_splits(store)
    for name in store.names:
        if not name.lower().endswith(".xml"):
            continue
        text = _text(store, name)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DataFault(f"{store.title}: {name} declares entities, which annotations never need. Do not trust it.")
        try:
            root = ElementTree.fromstring(text)
        except ElementTree.ParseError as reason:
            raise DataFault(f"{store.title}: {name} is no readable xml ({reason}). Write it anew.") from None
        if root.tag == "annotation":
            yield _voc_page(name, root, splits.get(PurePosixPath(name).stem, ""))


def _voc_page(name: str, root: ElementTree.Element, split: str) -> Noted:
    boxes = []
    for number, entry in enumerate(root.iter("object"), start=1):
        corners = [entry.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
        where = f"{name}, object {number}"
        try:
            left, top, right, bottom = (float(corner or "") for corner in corners)
        except ValueError:
            raise DataFault(f"{where}: its bndbox has no four numbers. Draw it anew.") from None
        label = (entry.findtext("name") or "").strip() or "nameless"
        boxes.append(Drawn(label, left, top, right, bottom, where))
    try:
        size = (int(float(root.findtext("size/width") or 0)), int(float(root.findtext("size/height") or 0)))
    except ValueError:
        size = (0, 0)
    picture = (root.findtext("filename") or "").strip() or PurePosixPath(name).stem
    return Noted(picture, tuple(boxes), size if min(size) > 0 else None, split, name)


def _voc_splits(store: Store) -> dict[str, str]:
    """Read `ImageSets/Main/train.txt` and its like: a picture's name a line."""
    found: dict[str, str] = {}
    for name in store.names:
        path = PurePosixPath(name)
        if path.suffix == ".txt" and path.stem in ("train", "val", "test") and "ImageSets" in path.parts:
            for line in _text(store, name).splitlines():
                if line.strip():
                    found[line.split()[0]] = path.stem
    return found


def _yolo(store: Store) -> Iterator[Noted]:
    classes = _yolo_classes(store)
    for name in store.names:
        path = PurePosixPath(name)
        if (
            path.suffix.lower() != ".txt"
            or "ImageSets" in path.parts
            or path.stem in ("classes", "readme", "train", "val")
        ):
            continue
        boxes = list(_yolo_boxes(_text(store, name), name, classes))
        if boxes or "labels" in path.parts:
            yield Noted(
                name.replace("labels", "images").removesuffix(path.suffix), tuple(boxes), None, split_of(name), name
            )


def _yolo_boxes(text: str, name: str, classes: Sequence[str]) -> Iterator[Drawn]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if len(words) != 5:
            if words and words[0].isdigit():
                raise DataFault(
                    f"{name}, line {number}: {line[:60]!r} is no box. Write class, middle x, y, width, height."
                )
            return
        try:
            kind, (x, y, width, height) = int(words[0]), map(float, words[1:])
        except ValueError:
            return
        label = classes[kind] if kind < len(classes) else f"class {kind}"
        yield Drawn(
            label, x - width / 2, y - height / 2, x + width / 2, y + height / 2, f"{name}, line {number}", is_share=True
        )


def _yolo_classes(store: Store) -> list[str]:
    for name in store.names:
        plain = PurePosixPath(name).name.lower()
        if plain in ("classes.txt", "obj.names"):
            return [line.strip() for line in _text(store, name).splitlines() if line.strip()]
        if plain in ("data.yaml", "data.yml", "dataset.yaml"):
            text = _text(store, name)
            listed = re.search(r"names:\s*\[(.*?)\]", text, re.DOTALL)
            if listed:
                return [word.strip().strip("'\"") for word in listed[1].split(",")]
            return [word.strip().strip("'\"") for word in re.findall(r"^\s+(?:\d+:|-)\s*(.+)$", text, re.MULTILINE)]
    return []


_READERS = {"coco": _coco, "csv": _csv, "voc": _voc, "yolo": _yolo}
