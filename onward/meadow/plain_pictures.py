"""Whole splits of the rooms that hold plain pictures: arrays, and what each picture shows.

Read next: ``classify_room.py``, ``pictures_room.py``, ``semi_room.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.meadow.cast import KINDS
from onward.meadow.classify_room import one_creature
from onward.meadow.photos import Photos
from onward.meadow.pictures_room import heap_labels, heap_picture
from onward.meadow.rooms import Room
from onward.meadow.semi_room import semi_creature, semi_labels

__all__ = ["picture_labels", "pictures_of"]


def pictures_of(
    name: str, split: str, size: int, *, seed: int = 0, level: int = 1, photos: Photos | None = None
) -> NDArray[np.uint8]:
    """Draw a split of `classify`, `pictures` or `semi` (N size size 3).

    Raises: UsageFault for an unknown split or level, a negative seed, or an absurd size.
    """
    room = Room(name, level)
    room.check_range(0, 1, split, seed)
    count = room.splits[split]
    room.check_size(size, count)
    images = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        if name == "pictures":
            images[index] = heap_picture(index, size=size, split=split, seed=seed, level=level, photos=photos)
        else:
            draw = semi_creature if name == "semi" else one_creature
            images[index] = draw(index, size=size, split=split, seed=seed, level=level, photos=photos).pixels
    return images


def picture_labels(name: str, split: str, *, seed: int = 0, level: int = 1) -> NDArray[np.int64]:
    """Give what each picture of a split shows, by its place in `KINDS`; -1 for nobody.

    Example:
        >>> picture_labels("classify", "val")[:5].tolist()
        [0, 1, 2, 3, 0]
    """
    if name == "semi":
        return semi_labels(split, level)
    if name == "pictures":
        return heap_labels(split, seed=seed, level=level)
    return np.arange(Room(name, level).splits[split]) % len(KINDS)
