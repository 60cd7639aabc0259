"""The door to pictures with boxes: an address in; letterboxed pictures, boxes in pixels, classes and findings out.

Read next: `box_files.py` (the formats) and `archive.py` (where bytes come from). Boxes are left, top, right, bottom in
pixels of the *upright* picture: where a file's EXIF turns a picture, boxes drawn on the unturned one turn with it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data.archive import Store, open_store
from onward.data.box_files import Drawn, Noted, read_box_files
from onward.data.meadow_boxes import draw_meadow_boxes
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_upright

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["BoxedPictures", "letterboxed", "read_boxes"]

_GREY = 127
_TURNED = {5, 6, 7, 8}  # EXIF orientations that swap width and height
_NAMED_AT_MOST = 5


@dataclass
class BoxedPictures:
    """Pictures with boxes.

    Attributes:
        images: N S S 3, uint8: each picture shrunk or enlarged to fit, the rest grey.
        scales: N, by which each was shrunk; a box times its scale is in letterboxed pixels.
        sizes: N 2, width and height of the upright originals.
        boxes: N arrays K 4, in pixels of the upright originals.
        labels: N arrays K, class numbers.
        names: each picture's path.
        splits: `train`, `val`, `test` or "" for each.
        troubles: kind of trouble to sentences that name file and line.
    """

    address: str
    images: NDArray[np.uint8]
    scales: NDArray[np.float32]
    sizes: NDArray[np.int64]
    boxes: list[NDArray[np.float32]]
    labels: list[NDArray[np.int64]]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    splits: tuple[str, ...]
    digests: tuple[bytes, ...]
    kind: str
    troubles: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.images)

    @property
    def fingerprint(self) -> str:
        """Give a digest of pixels, boxes and labels."""
        digest = hashlib.blake2b(self.images.tobytes(), digest_size=16)
        for boxes, labels in zip(self.boxes, self.labels, strict=True):
            digest.update(boxes.tobytes() + labels.tobytes())
        return digest.hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, with files and lines."""
        counts = Counter(int(label) for labels in self.labels for label in labels)
        empty = sum(not len(labels) for labels in self.labels)
        shares = ", ".join(f"{self.classes[kind]} {count:,}" for kind, count in counts.most_common(8))
        sentences = [
            f"{self.address}: {len(self):,} pictures with {sum(counts.values()):,} boxes ({self.kind}): {shares}; "
            f"{empty:,} show nothing."
        ]
        for words, found in self.troubles.items():
            rest = f" and {len(found) - _NAMED_AT_MOST:,} more" if len(found) > _NAMED_AT_MOST else ""
            sentences.append(f"{words}: {'; '.join(found[:_NAMED_AT_MOST])}{rest}.")
        return sentences

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        counts = Counter(self.classes[int(label)] for labels in self.labels for label in labels)
        return {
            "pictures": len(self),
            "boxes": sum(counts.values()),
            "classes": dict(counts),
            "format": self.kind,
            "empty": sum(not len(labels) for labels in self.labels),
            "troubles": {words: len(found) for words, found in self.troubles.items()},
        }


def read_boxes(address: str, size: int = 320, photos: Photos | None = None) -> BoxedPictures:
    """Read pictures and their boxes from a folder or archive; a csv or json file means the folder it lies in.

    Args:
        size: side of the letterboxed pictures in pixels.
        photos: what stands behind the creatures of a room of the meadow.
    Raises:
        DataFault: no boxes, no pictures, or none that belong together.
    """
    if address.startswith("meadow:"):
        return _from_meadow(address, size, photos)
    path = Path(address)
    if path.suffix.lower() in (".csv", ".tsv", ".json") and path.is_file():
        store = _beside(open_store(str(path.parent)), path.name)
    else:
        store = open_store(address)
    noted, kind = read_box_files(store)
    troubles: dict[str, list[str]] = {}
    pictures = _Pictures(store)
    found = [(each, name) for each in noted if (name := pictures.find(each.picture)) is not None]
    lost = [f"{each.where} ({each.picture})" for each in noted if pictures.find(each.picture) is None]
    if not found:
        raise DataFault(
            f"{address}: none of its {len(noted)} annotated pictures is there ({lost[0]}). Add the pictures."
        )
    if lost:
        troubles["Annotated, but the picture is missing"] = lost
    known = {name for _, name in found}
    bare = [name for name in pictures.names if name not in known]
    if bare:
        troubles["Left out, since nobody drew boxes for them"] = bare
    return _gathered(address, store, found, kind, size, troubles)


def _from_meadow(address: str, size: int, photos: Photos | None) -> BoxedPictures:
    (images, boxes, labels, classes), splits = draw_meadow_boxes(address, size, photos)
    count = len(images)
    digests = tuple(hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    names = tuple(f"{split}/{number:05d}.png" for number, split in enumerate(splits))
    return BoxedPictures(
        address,
        images,
        np.ones(count, np.float32),
        np.full((count, 2), size, np.int64),
        boxes,
        labels,
        classes,
        names,
        splits,
        digests,
        "drawn",
    )


def _beside(store: Store, chosen: str) -> Store:
    """Leave out other tables than the chosen one."""
    endings = (".csv", ".tsv", ".json", ".xml", ".txt")
    names = tuple(name for name in store.names if name == chosen or not name.lower().endswith(endings))
    return Store(store.title, names, store.read)


class _Pictures:
    """Finds pictures by the whole path as written, or by the name alone, with or without its ending."""

    def __init__(self, store: Store) -> None:
        self.names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
        self._whole = {str(PurePosixPath(name)): name for name in self.names}
        self._plain = {PurePosixPath(name).name: name for name in self.names}
        self._stems = {PurePosixPath(name).stem: name for name in self.names}

    def find(self, written: str) -> str | None:
        path = PurePosixPath(written.replace("\\", "/"))
        return self._whole.get(str(path)) or self._plain.get(path.name) or self._stems.get(path.stem)


def _gathered(
    address: str, store: Store, found: Sequence[tuple[Noted, str]], kind: str, size: int, troubles: dict[str, list[str]]
) -> BoxedPictures:
    rows, merged = [], _merged(found)
    for name, noted in merged.items():
        try:
            content = store.read(name)
            upright, orientation = decode_upright(content)
        except UnreadablePicture as reason:
            troubles.setdefault("Unreadable", []).append(f"{name} ({reason})")
            continue
        boxes = _true_boxes(noted, upright.size, orientation, troubles)
        digest = hashlib.blake2b(content, digest_size=16).digest()
        rows.append((name, noted.split, letterboxed(upright, size), upright.size, boxes, digest))
    if not rows:
        raise DataFault(f"{address}: none of its {len(merged)} annotated pictures can be read.")
    classes = tuple(sorted({box.label for *_, boxes, _ in rows for box, _ in boxes}))
    if not classes:
        raise DataFault(f"{address}: not one box is drawn in {len(rows)} pictures, nothing to find. Draw some.")
    number = {label: place for place, label in enumerate(classes)}
    return BoxedPictures(
        address,
        np.stack([row[2][0] for row in rows]),
        np.array([row[2][1] for row in rows], np.float32),
        np.array([row[3] for row in rows], np.int64),
        [np.array([corners for _, corners in row[4]], np.float32).reshape(-1, 4) for row in rows],
        [np.array([number[box.label] for box, _ in row[4]], np.int64) for row in rows],
        classes,
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple(row[5] for row in rows),
        kind,
        troubles,
    )


def _merged(found: Sequence[tuple[Noted, str]]) -> dict[str, Noted]:
    """Bring several records of one picture together."""
    merged: dict[str, Noted] = {}
    for noted, name in found:
        before = merged.get(name)
        boxes = (before.boxes if before else ()) + noted.boxes
        merged[name] = Noted(
            noted.picture, boxes, noted.size, noted.split or (before.split if before else ""), noted.where
        )
    return merged


def _true_boxes(
    noted: Noted, size: tuple[int, int], orientation: int, troubles: dict[str, list[str]]
) -> list[tuple[Drawn, tuple[float, float, float, float]]]:
    """Bring boxes to pixels of the upright picture, and find out what is wrong with them."""
    width, height = size
    raw = (height, width) if orientation in _TURNED else (width, height)
    turn = orientation if noted.size == raw and raw != size else 1
    if noted.size not in (None, size, raw):
        words = "Drawn on a picture of another size, so the boxes were scaled"
        troubles.setdefault(words, []).append(f"{noted.where} says {noted.size}, the picture has {size}")
    frame = noted.size or size
    values = [value for box in noted.boxes for value in (box.left, box.top, box.right, box.bottom)]
    are_shares = bool(values) and (noted.boxes[0].is_share or max(values) <= 1.0)
    kept = []
    for box in noted.boxes:
        corners = np.array([box.left, box.top, box.right, box.bottom], np.float64)
        corners *= np.tile(raw if turn != 1 else size, 2) if are_shares else np.tile(_ratio(frame, size, turn), 2)
        left, top, right, bottom = _turned(corners, turn, raw)
        if right < left or bottom < top:
            troubles.setdefault("Corners the wrong way round, put right", []).append(box.where)
            left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
        inside = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
        if max(-left, -top, right - width, bottom - height) > 1.5:
            troubles.setdefault("Reaches outside its picture, cut off", []).append(box.where)
        if inside[2] - inside[0] < 1 or inside[3] - inside[1] < 1:
            troubles.setdefault("Left out, since the box has no area", []).append(box.where)
            continue
        kept.append((box, inside))
    if are_shares and noted.boxes and not noted.boxes[0].is_share:
        troubles.setdefault("All coordinates are at most 1, taken as shares of the picture", []).append(noted.where)
    return kept


def _ratio(frame: tuple[int, int], size: tuple[int, int], turn: int) -> tuple[float, float]:
    """Say what coordinates drawn on another size are multiplied by."""
    return (1.0, 1.0) if turn != 1 else (size[0] / frame[0], size[1] / frame[1])


def _turned(corners: NDArray[np.float64], orientation: int, raw: tuple[int, int]) -> tuple[float, float, float, float]:
    """Turn a box drawn on the unturned picture as EXIF turns the picture (orientations 5 to 8 swap the sides)."""
    left, top, right, bottom = map(float, corners)
    width, height = raw
    if orientation == 6:  # a quarter clockwise
        return height - bottom, left, height - top, right
    if orientation == 8:  # a quarter counter-clockwise
        return top, width - right, bottom, width - left
    if orientation == 5:  # mirrored on the main diagonal
        return top, left, bottom, right
    if orientation == 7:  # mirrored on the other diagonal
        return height - bottom, width - right, height - top, width - left
    return left, top, right, bottom


def letterboxed(upright: Image.Image, size: int) -> tuple[NDArray[np.uint8], float]:
    """Fit a picture into a square, upper left, the rest grey: S S 3 and the scale.

    Example:
        >>> letterboxed(Image.new("RGB", (64, 32)), 32)[1]
        0.5
    """
    scale = size / max(upright.size)
    fitted = (max(1, round(upright.width * scale)), max(1, round(upright.height * scale)))
    canvas = np.full((size, size, 3), _GREY, np.uint8)
    small = upright.resize(fitted, Image.Resampling.BILINEAR if scale > 0.5 else Image.Resampling.BOX)
    canvas[: fitted[1], : fitted[0]] = np.asarray(small, np.uint8)
    return canvas, scale
