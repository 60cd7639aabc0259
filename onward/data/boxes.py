"""The door to pictures with boxes: an address in; letterboxed pictures, boxes in pixels, classes and findings out.

Read next: `box_files.py` and `box_tables.py` (the formats), `picture_finding.py` (which picture is meant),
`box_frames.py` (from what was written to pixels) and `archive.py` (where bytes come from). Boxes are left, top, right,
bottom in pixels of the *upright* picture.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data import likeness
from onward.data.archive import Store, open_store
from onward.data.box_files import read_box_files
from onward.data.box_frames import Corners, true_boxes
from onward.data.box_records import Drawn, Noted
from onward.data.meadow_boxes import draw_meadow_boxes
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture
from onward.data.picture_finding import match_pictures
from onward.data.splits import folder_split, most_held_out
from onward.data.upright import read_upright

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["BoxedPictures", "letterboxed", "read_boxes"]

_GREY = 127
_NAMED_AT_MOST = 5

Ignored = tuple[NDArray[np.float32], NDArray[np.int64]]


@dataclass
class BoxedPictures:
    """Pictures with boxes.

    Attributes:
        images: N S S 3, uint8: each picture shrunk or enlarged to fit, the rest grey.
        scales: N, by which each was shrunk; a box times its scale is in letterboxed pixels.
        sizes: N 2, width and height of the upright originals.
        boxes: N arrays K 4, in pixels of the upright originals.
        labels: N arrays K, class numbers.
        ignored: by place of a picture what of it is neither learned nor scored (crowds, what is too difficult):
            boxes J 4 in pixels of the upright original, and class numbers J.
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
    ignored: dict[int, Ignored] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.images)

    @property
    def fingerprint(self) -> str:
        """Give a digest of pixels, boxes and labels; without anything ignored that of before there was such."""
        digest = hashlib.blake2b(self.images.tobytes(), digest_size=16)
        for boxes, labels in zip(self.boxes, self.labels, strict=True):
            digest.update(boxes.tobytes() + labels.tobytes())
        for place, (boxes, labels) in sorted(self.ignored.items()):
            digest.update(place.to_bytes(8, "little") + boxes.tobytes() + labels.tobytes())
        return digest.hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, with files and lines."""
        counts = Counter(int(label) for labels in self.labels for label in labels)
        shares = ", ".join(f"{self.classes[kind]} {count:,}" for kind, count in counts.most_common(8))
        sentences = [
            f"{self.address}: {len(self):,} pictures with {sum(counts.values()):,} boxes ({self.kind}): {shares}; "
            f"{self._empty():,} show nothing."
        ]
        for words, found in self.troubles.items():
            rest = f" and {len(found) - _NAMED_AT_MOST:,} more" if len(found) > _NAMED_AT_MOST else ""
            sentences.append(f"{words}: {'; '.join(found[:_NAMED_AT_MOST])}{rest}.")
        return [
            *sentences,
            *likeness.said_copies(self.names, self.digests, self.splits),
            *likeness.said_alike(self.classes),
        ]

    def _empty(self) -> int:
        """Count pictures in which there is nothing, not even a crowd."""
        return sum(not len(labels) and place not in self.ignored for place, labels in enumerate(self.labels))

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        counts = Counter(self.classes[int(label)] for labels in self.labels for label in labels)
        return {
            "pictures": len(self),
            "boxes": sum(counts.values()),
            "classes": dict(counts),
            "format": self.kind,
            "empty": self._empty(),
            "exact_duplicates": len(likeness.exact_duplicates(self.digests)),
            "shared_between_splits": len(likeness.shared_between_splits(self.digests, self.splits)),
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
        store, named = _beside(open_store(str(path.parent)), path.name), path.name
    else:
        store, named = open_store(address), ""
    read = read_box_files(store, named)
    pictures = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
    found = match_pictures(read.noted, pictures, read.troubles)
    if not found:
        first = read.noted[0]
        raise DataFault(
            f"{address}: none of its {len(read.noted)} annotated pictures is there ({first.where}: "
            f"{first.pictures[0]}). Add the pictures."
        )
    known = {name for _, name in found}
    bare = [name for name in pictures if name not in known]
    if bare:
        read.troubles["Left out, since nobody drew boxes for them"] = bare
    return _gathered(address, store, found, read.kind, size, read.troubles)


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


def _gathered(
    address: str, store: Store, found: Sequence[tuple[Noted, str]], kind: str, size: int, troubles: dict[str, list[str]]
) -> BoxedPictures:
    records: dict[str, list[Noted]] = {}
    for noted, name in found:
        records.setdefault(name, []).append(noted)
    rows = []
    for name, own in records.items():
        try:
            upright, orientation, content = read_upright(store, name)
        except UnreadablePicture as reason:
            troubles.setdefault("Unreadable", []).append(f"{name} ({reason})")
            continue
        boxes = [box for noted in own for box in true_boxes(noted, name, upright.size, orientation, troubles)]
        digest = hashlib.blake2b(content, digest_size=16).digest()
        split = _split(name, own, troubles)
        rows.append((name, split, letterboxed(upright, size), upright.size, _once(boxes, troubles), digest))
    if not rows:
        first = troubles["Unreadable"][0]
        raise DataFault(f"{address}: none of its {len(records)} annotated pictures can be read, not {first}.")
    classes = tuple(sorted({box.label for *_, boxes, _ in rows for box, _ in boxes if not box.is_ignored}))
    if not classes:
        said = "".join(f"; {words.lower()}: {where[0]}" for words, where in list(troubles.items())[:3])
        raise DataFault(f"{address}: not one box is there in {len(rows)} pictures, nothing to find{said}. Draw some.")
    number = {label: place for place, label in enumerate(classes)}
    asked = [_numbered([each for each in row[4] if not each[0].is_ignored], number) for row in rows]
    ignored = [_numbered([each for each in row[4] if each[0].is_ignored], number) for row in rows]
    return BoxedPictures(
        address,
        np.stack([row[2][0] for row in rows]),
        np.array([row[2][1] for row in rows], np.float32),
        np.array([row[3] for row in rows], np.int64),
        [boxes for boxes, _ in asked],
        [labels for _, labels in asked],
        classes,
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple(row[5] for row in rows),
        kind,
        troubles,
        {place: each for place, each in enumerate(ignored) if len(each[1])},
    )


def _numbered(drawn: Sequence[tuple[Drawn, Corners]], number: dict[str, int]) -> Ignored:
    """Give boxes, K 4, and class numbers, K; of a class that is only ever ignored nothing is asked, so it has none."""
    known = [(corners, number[box.label]) for box, corners in drawn if box.label in number]
    boxes = np.array([corners for corners, _ in known], np.float32).reshape(-1, 4)
    return boxes, np.array([label for _, label in known], np.int64)


def _split(name: str, records: Sequence[Noted], troubles: dict[str, list[str]]) -> str:
    """Give a picture's part: what its files say, else what its own folder says; never train on what is for the test."""
    splits = {noted.split for noted in records if noted.split}
    chosen = most_held_out(splits) or folder_split(name)
    if len(splits) > 1:
        words = "Annotated for several parts, kept in the one farthest from training"
        troubles.setdefault(words, []).append(f"{name} ({', '.join(sorted(splits))}: {chosen})")
    return chosen


def _once(boxes: Sequence[tuple[Drawn, Corners]], troubles: dict[str, list[str]]) -> list[tuple[Drawn, Corners]]:
    """Drop what is drawn again with the same name, in another file or in the same one."""
    seen: dict[tuple[str, ...], tuple[Drawn, Corners]] = {}
    for box, corners in boxes:
        key = (box.label, *(f"{corner:.1f}" for corner in corners))
        if seen.setdefault(key, (box, corners))[0] is not box:
            troubles.setdefault("Drawn twice, counted once", []).append(f"{box.where} as {seen[key][0].where}")
    return list(seen.values())


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
