"""Boxes as people write them down: Pascal VOC, COCO, YOLO, csv. Each reader gives the same plain records.

Coordinates come out as they were written; what is wrong with them is left for `boxes.py` and `box_frames.py`, so that
they can name file and line. Which picture a record means is found in `picture_finding.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree

from onward.core.faults import DataFault
from onward.data.archive import Store, read_whole
from onward.data.box_records import Annotations, Drawn, Noted, checked_corners, checked_size, is_set
from onward.data.box_tables import is_table, read_box_table
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.splits import folder_split, holds_answers, table_split
from onward.data.tables import decoded_text
from onward.data.yaml_names import yaml_names

__all__ = ["read_box_files"]

_FORMATS = ("coco", "csv", "voc", "yolo")
_WHOLE = "Left out, since files of the parts lie beside it"
_CROWD = "Neither learned nor scored, since it outlines a crowd"
_DIFFICULT = "Neither learned nor scored, since it is marked as difficult"
_UNLISTED = "Drawn for a picture that the file does not list"
_UNNAMED = "Of a number that the list of classes does not name"
_ANSWERS = "Left out, since its name is that of answers; name it itself to learn from it"
_UNREAD = "Left out, since it cannot be read"
_UNKNOWN = "Of a category that the file does not list"
_MOST_CLASSES = 100_000
_Troubles = dict[str, list[str]]


def read_box_files(store: Store, named: str = "") -> Annotations:
    """Read the annotations in a folder or archive: a record for each annotated picture in each file.

    Args:
        named: the table that the user named himself, which is read whatever it is called.
    Raises:
        DataFault: there are none, or a file of them cannot be read.
    """
    unread: list[str] = []
    for kind in _FORMATS:
        troubles: _Troubles = {}
        noted = list(_READERS[kind](store, troubles, named))
        if noted:
            return Annotations(noted, kind, troubles)
        unread += troubles.get(_UNREAD, [])
    if unread:  # nothing else tells the boxes, so what is wrong with the table is what matters
        raise DataFault(unread[0])
    raise DataFault(
        f"{store.title} holds no boxes. Put COCO json, Pascal VOC xml, YOLO txt, or a csv with filename, class, xmin, "
        "ymin, xmax, ymax beside the pictures."
    )


def _text(store: Store, name: str) -> str:
    """Read a text that may turn out to be none of ours, so that no byte of it is refused."""
    return read_whole(store, name).decode("utf-8-sig", "replace")


def _decoded(store: Store, name: str) -> str:
    return decoded_text(f"{store.title}/{name}", read_whole(store, name))


def _without_whole(files: dict[str, list[Noted]], troubles: _Troubles) -> Iterator[Noted]:
    """Take the files of the parts where there are some: one with all of them often lies beside."""
    parted = {name: noted for name, noted in files.items() if table_split(name)}
    if parted and len(parted) < len(files):
        troubles[_WHOLE] = [name for name in files if name not in parted]
    for noted in (parted or files).values():
        yield from noted


def _coco(store: Store, troubles: _Troubles, _: str) -> Iterator[Noted]:
    files: dict[str, list[Noted]] = {}
    for name in store.names:
        if not name.lower().endswith(".json"):
            continue
        try:
            page = json.loads(_decoded(store, name))
        except (ValueError, RecursionError) as reason:
            raise DataFault(f"{store.title}: {name} is no readable json ({reason}). Write it anew.") from None
        if isinstance(page, dict) and {"images", "annotations", "categories"} <= page.keys():
            files[name] = list(_coco_page(store, name, page, troubles))
    yield from _without_whole(files, troubles)


def _coco_page(store: Store, name: str, page: dict[str, Any], troubles: _Troubles) -> Iterator[Noted]:
    try:
        classes = {_identity(entry["id"]): str(entry["name"]) for entry in page["categories"]}
        boxes: dict[str, list[Drawn]] = {_identity(entry["id"]): [] for entry in page["images"]}
        for number, entry in enumerate(page["annotations"], start=1):
            where = f"{name}, annotation {number}"
            if is_crowd := is_set(entry.get("iscrowd")):
                troubles.setdefault(_CROWD, []).append(where)
            if "bbox" not in entry:
                continue
            image, category = _identity(entry["image_id"]), _identity(entry["category_id"])
            if image not in boxes:
                troubles.setdefault(_UNLISTED, []).append(where)
                continue
            if category not in classes:
                troubles.setdefault(_UNKNOWN, []).append(f"{where} (category {category})")
            left, top, width, height = checked_corners(entry["bbox"], where)
            label = classes.get(category, f"category {category}")
            corners = left, top, left + width, top + height
            boxes[image].append(Drawn(label, *corners, where, is_ignored=is_crowd))
        for number, entry in enumerate(page["images"], start=1):
            size = checked_size(entry.get("width"), entry.get("height"))
            where, picture = f"{name}, image {number}", str(entry["file_name"])
            yield Noted((picture,), tuple(boxes[_identity(entry["id"])]), size, table_split(name), name, where)
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise DataFault(f"{store.title}: {name} is no whole COCO file ({reason!r}). Export it anew.") from None


def _identity(value: object) -> str:
    """Write a number in one way: some tools write 7 in one list, and "7" or 7.0 in the other."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _csv(store: Store, troubles: _Troubles, named: str) -> Iterator[Noted]:
    files: dict[str, list[Noted]] = {}
    for name in filter(is_table, store.names):
        try:
            text = _decoded(store, name)
        except DataFault as fault:
            troubles.setdefault(_UNREAD, []).append(str(fault))
            continue
        noted = list(read_box_table(text, name))
        if noted and holds_answers(name) and name != named:
            troubles.setdefault(_ANSWERS, []).append(name)
        elif noted:
            files[name] = noted
    yield from _without_whole(files, troubles)


def _voc(store: Store, troubles: _Troubles, _: str) -> Iterator[Noted]:
    splits = _voc_splits(store)
    for name in store.names:
        if not name.lower().endswith(".xml"):
            continue
        root = _voc_root(store, name)
        if root.tag == "annotation":
            yield _voc_page(name, root, _listed(splits, name) or folder_split(name), troubles)


class _Plain(ElementTree.TreeBuilder):
    """Builds a tree of a file that declares nothing; a declaration is met before anything in it could unfold."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse it."""
        raise _Declared


class _Declared(Exception):
    pass


def _voc_root(store: Store, name: str) -> ElementTree.Element:
    """Read an xml in the encoding it names, or, where that fails, as any other text."""
    content, reason = read_whole(store, name), ""
    for form in (content, None):
        try:
            parser = ElementTree.XMLParser(target=_Plain())
            return ElementTree.fromstring(_decoded(store, name) if form is None else form, parser)
        except _Declared:
            raise DataFault(
                f"{store.title}: {name} declares entities, which annotations never need. Do not trust it."
            ) from None
        except (ElementTree.ParseError, ValueError, LookupError) as found:
            reason = reason or str(found)
    raise DataFault(f"{store.title}: {name} is no readable xml ({reason}). Write it anew.")


def _voc_page(name: str, root: ElementTree.Element, split: str, troubles: _Troubles) -> Noted:
    boxes = []
    for number, entry in enumerate(root.iter("object"), start=1):
        corners = [entry.findtext(f"bndbox/{key}") for key in ("xmin", "ymin", "xmax", "ymax")]
        where = f"{name}, object {number}"
        try:
            checked = checked_corners(corners, where)
        except ValueError:
            raise DataFault(f"{where}: its bndbox has no four numbers. Draw it anew.") from None
        label = (entry.findtext("name") or "").strip() or "nameless"
        if is_difficult := is_set(entry.findtext("difficult")):
            troubles.setdefault(_DIFFICULT, []).append(where)
        boxes.append(Drawn(label, *checked, where, is_ignored=is_difficult))
    size = checked_size(root.findtext("size/width"), root.findtext("size/height"))
    written, stem = (root.findtext("filename") or "").strip(), PurePosixPath(name).stem
    return Noted((written, stem) if written else (stem,), tuple(boxes), size, split, name, name)


def _voc_splits(store: Store) -> dict[tuple[str, str], str]:
    """Read `ImageSets/Main/train.txt` and its like, a picture's name a line: by the set's folder and that name."""
    found: dict[tuple[str, str], str] = {}
    for name in store.names:
        path = PurePosixPath(name)
        if path.suffix == ".txt" and path.stem in ("train", "val", "test") and "ImageSets" in path.parts:
            folder = "/".join(path.parts[: path.parts.index("ImageSets")])
            for line in _text(store, name).splitlines():
                if line.strip():
                    found[folder, line.split()[0]] = path.stem
    return found


def _listed(splits: dict[tuple[str, str], str], name: str) -> str:
    """Find an annotation in the lists of the nearest set around it."""
    path = PurePosixPath(name)
    folders = ("" if str(folder) == "." else str(folder) for folder in path.parents)
    return next((splits[folder, path.stem] for folder in folders if (folder, path.stem) in splits), "")


def _yolo(store: Store, troubles: _Troubles, _: str) -> Iterator[Noted]:
    classes, bare, has_boxes = _yolo_classes(store), list[Noted](), False
    pictures = {name.rpartition(".")[0] for name in store.names if name.lower().endswith(PICTURE_ENDINGS)}
    for name in store.names:
        path = PurePosixPath(name)
        is_label = "labels" in path.parts[:-1]
        if path.suffix.lower() != ".txt" or "ImageSets" in path.parts:
            continue
        if not is_label and path.stem.lower() in ("classes", "readme", "train", "val", "test"):
            continue
        text = _text(store, name)
        boxes = list(_yolo_boxes(text, name, classes, is_label, troubles))
        noted = Noted((path.stem,), tuple(boxes), None, folder_split(name), name, name)
        if boxes or is_label:
            has_boxes |= bool(boxes)
            yield noted
        elif (
            not text.strip() and name.rpartition(".")[0] in pictures
        ):  # beside its picture: nothing is to be seen there
            bare.append(noted)
    yield from bare if has_boxes else ()


def _yolo_boxes(text: str, name: str, classes: dict[int, str], is_label: bool, troubles: _Troubles) -> Iterator[Drawn]:
    """Read a line a box; a text that begins otherwise is no label file, unless it lies among them."""
    for number, line in enumerate(text.splitlines(), start=1):
        words, where = line.split(), f"{name}, line {number}"
        if not words:
            continue
        try:
            kind = float(words[0])
            x, y, width, height = checked_corners(words[1:], where)
            if not kind.is_integer():
                raise ValueError(kind)
        except (ValueError, OverflowError):
            if not is_label and not re.fullmatch(r"-?\d+", words[0]):
                return
            raise DataFault(f"{where}: {line[:60]!r} is no box. Write class, middle x, y, width, height.") from None
        if not 0 <= kind <= _MOST_CLASSES:
            raise DataFault(f"{where}: there is no class {words[0][:20]}. Number the classes from 0.")
        if classes and kind not in classes:
            troubles.setdefault(_UNNAMED, []).append(where)
        label = classes.get(int(kind), f"class {int(kind)}")
        corners = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        yield Drawn(label, *corners, where, is_share=True)
        is_label = True


def _yolo_classes(store: Store) -> dict[int, str]:
    for name in store.names:
        plain = PurePosixPath(name).name.lower()
        if plain in ("classes.txt", "obj.names"):
            return dict(enumerate(line.strip() for line in _text(store, name).splitlines() if line.strip()))
        if plain in ("data.yaml", "data.yml", "dataset.yaml"):
            return yaml_names(_text(store, name))
    return {}


_READERS = {"coco": _coco, "csv": _csv, "voc": _voc, "yolo": _yolo}
