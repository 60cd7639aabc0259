"""The meadow's pictures with boxes, drawn once and kept on disk: arrays that `boxes.py` makes a set of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.cache import cache_key, recall, remember

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["MeadowBoxes", "draw_meadow_boxes"]

MeadowBoxes = tuple[NDArray[np.uint8], list[NDArray[np.float32]], list[NDArray[np.int64]], tuple[str, ...]]


def draw_meadow_boxes(address: str, size: int, photos: Photos | None = None) -> tuple[MeadowBoxes, tuple[str, ...]]:
    """Draw a room of the meadow that has boxes, or recall it.

    Returns: pictures N S S 3, boxes and class numbers of each, the classes; and each picture's split.
    Raises:
        DataFault: the room has no boxes.
    """
    from onward.meadow import KINDS, WORLD_VERSION, parse_address

    room = parse_address(address)
    if room.name != "detect":
        raise DataFault(f"{address} has no boxes. Use meadow:detect.")
    images, boxes, labels, splits = [], [], [], []
    for split, count in room.splits.items():
        key = cache_key("meadow-boxes", WORLD_VERSION, room.address, split, count, size, photos and photos.digest)
        found = recall(key, "images", "boxes")
        if found is None or found["images"].shape != (count, size, size, 3):
            found = _drawn(split, count, size, room.level, photos)
            remember(key, **found)
        images.append(np.asarray(found["images"], np.uint8))
        rows = np.asarray(found["boxes"], np.float32)
        for number in range(count):
            own = rows[rows[:, 0] == number]
            boxes.append(own[:, 2:])
            labels.append(own[:, 1].astype(np.int64))
        splits += [split] * count
    return (np.concatenate(images), boxes, labels, KINDS), tuple(splits)


def _drawn(split: str, count: int, size: int, level: int, photos: Photos | None) -> dict[str, NDArray[Any]]:
    """Draw a split: its pictures, and a row a box: the picture's number, the kind, left, top, right, bottom."""
    from onward.meadow import KINDS
    from onward.meadow.detect_room import some_creatures

    images, rows = np.empty((count, size, size, 3), np.uint8), []
    for number in range(count):
        scene = some_creatures(number, size=size, split=split, level=level, photos=photos)
        images[number] = scene.pixels
        for creature in scene.creatures:
            if creature.box is not None and min(np.subtract(creature.box[2:], creature.box[:2])) >= 2:
                rows.append((number, KINDS.index(creature.kind), *creature.box))
    return {"images": images, "boxes": np.array(rows, np.float32).reshape(-1, 6)}
