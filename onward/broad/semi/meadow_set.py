"""`meadow:semi`, the example that needs no files: a few labelled pictures of the room, its pool, and its test.

Read next: `onward/meadow/semi_room.py`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onward.broad.semi.folders import NOBODY
from onward.data.cache import cache_key, recall, remember
from onward.data.pictures import Pictures

if TYPE_CHECKING:
    from onward.broad.semi.settings import Settings

__all__ = ["meadow_semi"]

_SIDE, _LABELS, _POOL, _TESTED, _SHIFTED = 64, 4, 1200, 300, 100


def meadow_semi(address: str, settings: Settings, notes: list[str]) -> tuple[Pictures, NDArray[np.int64]]:
    """Draw the room's labelled pictures of one of five draws, its pool without labels, and its test.

    Returns: the pictures, and the labels that nobody may learn from.
    Raises:
        UsageFault: there is no such draw or number of labels.
    """
    from onward.meadow import KINDS, labelled, parse_address
    from onward.meadow.semi_room import semi_labels

    room = parse_address(address)
    side, count = settings.size or _SIDE, settings.labels or _LABELS
    wanted = {
        "labelled": labelled(count, settings.draw),
        "train": list(range(min(_POOL if settings.pool is None else settings.pool, room.splits["train"]))),
        "test": list(range(min(_TESTED, room.splits["test"]))),
        "test-shift": list(range(min(_SHIFTED, room.splits["test-shift"]))),
    }
    images, labels, hidden, splits, names = [], [], [], [], []
    for split, numbers in wanted.items():
        images.append(_drawn(room.name, room.level, split, numbers, side))
        shown = semi_labels(split, room.level)[numbers]
        labels.append(np.full(len(numbers), NOBODY) if split == "train" else shown)
        hidden.append(shown if split == "train" else np.full(len(numbers), NOBODY))
        splits += [split if split.startswith("test") else "train"] * len(numbers)
        names += [f"{split}-{number:04d}" for number in numbers]
    pixels = np.concatenate(images)
    digests = tuple(hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in pixels)
    sides = (side, side, side)
    notes.append(f"Draw {settings.draw} of the room's labels, {count} a class (--labels, --draw).")
    pictures = Pictures(address, pixels, np.concatenate(labels), KINDS, tuple(names), tuple(splits), (), digests, sides)
    return pictures, np.concatenate(hidden)


def _drawn(name: str, level: int, split: str, numbers: list[int], side: int) -> NDArray[np.uint8]:
    """Draw pictures of a split, or recall them."""
    from onward.meadow import WORLD_VERSION
    from onward.meadow.semi_room import semi_creature

    key = cache_key("meadow-semi", WORLD_VERSION, name, level, split, numbers, side)
    found = recall(key, "images")
    if found is not None and found["images"].shape == (len(numbers), side, side, 3):
        return np.asarray(found["images"], np.uint8)
    images = np.stack([semi_creature(each, size=side, split=split, level=level).pixels for each in numbers])
    remember(key, images=images)
    return images
