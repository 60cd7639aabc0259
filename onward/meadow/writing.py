"""The meadow written out as ordinary files: class folders, COCO, VOC and YOLO, to try readers and other programs with.

Pictures are PNG, so that what is read back is what was drawn. Boxes are those of what is seen.

Read next: ``film_writing.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from PIL import Image

from onward.meadow.cast import KINDS
from onward.meadow.stage import Box, Scene, keypoint_names

__all__ = ["Sample", "write_classes", "write_coco", "write_voc", "write_yolo"]


class Sample(NamedTuple):
    """A scene, the split it belongs to, and its number there."""

    split: str
    number: int
    scene: Scene

    @property
    def name(self) -> str:
        """Return a name no other sample has."""
        return f"{self.split}-{self.number:05d}"

    @property
    def seen(self) -> list[tuple[str, Box]]:
        """Return the kind and box of whoever is seen."""
        return [(each.kind, each.box) for each in self.scene.creatures if each.box is not None]

    def save(self, folder: Path) -> Path:
        """Write the picture into a folder, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.png"
        Image.fromarray(self.scene.pixels).save(path)
        return path


def write_classes(folder: Path, samples: Iterable[Sample]) -> None:
    """Write pictures of one creature each as SPLIT/KIND/NAME.png."""
    for sample in samples:
        sample.save(folder / sample.split / sample.scene.creatures[0].kind)


def write_coco(folder: Path, samples: Iterable[Sample]) -> None:
    """Write SPLIT.json with boxes and keypoints, and images/NAME.png."""
    categories = [
        {"id": place + 1, "name": kind, "keypoints": list(keypoint_names(kind)), "skeleton": []}
        for place, kind in enumerate(KINDS)
    ]
    pages: dict[str, dict[str, list[Any]]] = {}
    for number, sample in enumerate(samples, start=1):
        page = pages.setdefault(sample.split, {"images": [], "annotations": [], "categories": categories})
        path = sample.save(folder / "images")
        high, wide = sample.scene.owners.shape
        page["images"].append({"id": number, "file_name": f"images/{path.name}", "width": wide, "height": high})
        for creature in sample.scene.creatures:
            if creature.box is None:
                continue
            left, top, right, bottom = creature.box
            page["annotations"].append(
                {
                    "id": len(page["annotations"]) + 1,
                    "image_id": number,
                    "category_id": KINDS.index(creature.kind) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    "iscrowd": 0,
                    "keypoints": [
                        round(part, 3) if sight else 0
                        for x, y, sight in creature.keypoints.tolist()
                        for part in (x, y, int(sight))
                    ],
                    "num_keypoints": int((creature.keypoints[:, 2] > 0).sum()),
                }
            )
    for split, page in pages.items():
        (folder / f"{split}.json").write_text(json.dumps(page), encoding="utf-8")


def write_voc(folder: Path, samples: Iterable[Sample]) -> None:
    """Write Annotations/NAME.xml, JPEGImages/NAME.png and ImageSets/Main/SPLIT.txt."""
    splits: dict[str, list[str]] = {}
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    for sample in samples:
        path = sample.save(folder / "JPEGImages")
        splits.setdefault(sample.split, []).append(sample.name)
        root = ElementTree.Element("annotation")
        _leaf(root, "filename", path.name)
        size = ElementTree.SubElement(root, "size")
        for name, length in zip(("height", "width", "depth"), sample.scene.pixels.shape, strict=True):
            _leaf(size, name, length)
        for kind, box in sample.seen:
            entry = ElementTree.SubElement(root, "object")
            _leaf(entry, "name", kind)
            corners = ElementTree.SubElement(entry, "bndbox")
            for name, place in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
                _leaf(corners, name, place)
        ElementTree.ElementTree(root).write(folder / "Annotations" / f"{sample.name}.xml", encoding="utf-8")
    lists = folder / "ImageSets" / "Main"
    lists.mkdir(parents=True, exist_ok=True)
    for split, names in splits.items():
        (lists / f"{split}.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


def write_yolo(folder: Path, samples: Iterable[Sample]) -> None:
    """Write images/SPLIT/NAME.png, labels/SPLIT/NAME.txt and data.yaml."""
    splits: dict[str, None] = {}
    for sample in samples:
        splits[sample.split] = None
        sample.save(folder / "images" / sample.split)
        high, wide = sample.scene.owners.shape
        lines = [
            f"{KINDS.index(kind)} {(left + right) / 2 / wide:.6f} {(top + bottom) / 2 / high:.6f}"
            f" {(right - left) / wide:.6f} {(bottom - top) / high:.6f}\n"
            for kind, (left, top, right, bottom) in sample.seen
        ]
        notes = folder / "labels" / sample.split
        notes.mkdir(parents=True, exist_ok=True)
        (notes / f"{sample.name}.txt").write_text("".join(lines), encoding="utf-8")
    paths = "".join(f"{split}: images/{split}\n" for split in splits)
    (folder / "data.yaml").write_text(f"{paths}names: [{', '.join(KINDS)}]\n", encoding="utf-8")


def _leaf(parent: ElementTree.Element, name: str, value: object) -> None:
    ElementTree.SubElement(parent, name).text = str(value)
