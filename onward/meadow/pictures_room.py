"""The room ``meadow:pictures``: pictures as a heap, for tasks that look for order without being told the classes.

Pictures are like those of ``meadow:classify`` of the same level, under addresses of their own. From level 2 on one in
twenty is a near-duplicate of another one: shrunk and enlarged again, saved as a poor JPEG, or cut by a twentieth;
`planted` lists which and of what.

Read next: ``classify_room.py``.
"""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.meadow.cast import KINDS
from onward.meadow.chance import Chance
from onward.meadow.classify_room import alone
from onward.meadow.doors import HARDER, enter
from onward.meadow.photos import Photos
from onward.meadow.rooms import STREAM, Room

__all__ = ["Duplicate", "heap_labels", "heap_picture", "planted"]

_EVERY = 20
_JPEG_QUALITY = 40


class Duplicate(NamedTuple):
    """Picture `copy` shows picture `original` again; `how` is shrunk, jpeg or cropped."""

    copy: int
    original: int
    how: str


def planted(split: str = "train", *, seed: int = 0, level: int = 1) -> list[Duplicate]:
    """List the near-duplicates of a split: none below level 2.

    Example:
        >>> len(planted(level=2)), planted(level=1)
        (100, [])
    """
    room = Room("pictures", level)
    room.check_range(0, 1, split, seed)
    if level < HARDER:
        return []
    chance = Chance("meadow", STREAM, "pictures", "planted", split, level, seed)
    found = []
    kinds = len(KINDS)
    for number in range(room.splits[split] // _EVERY):  # copies of each kind in turn, so that kinds stay balanced
        copy = _EVERY * number + _EVERY - kinds + number % kinds
        original = copy - kinds * chance.between(1, _EVERY // kinds - 1)
        found.append(Duplicate(copy, original, chance.choose(("shrunk", "jpeg", "cropped"))))
    return found


def heap_labels(split: str = "train", *, seed: int = 0, level: int = 1) -> NDArray[np.int64]:
    """Give what each picture shows, by its place in `KINDS`: for the report, never for learning."""
    room = Room("pictures", level)
    room.check_range(0, 1, split, seed)
    return np.arange(room.splits[split]) % len(KINDS)  # copies too: they are of the kind whose turn it is


def heap_picture(
    index: int, *, size: int = 96, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> NDArray[np.uint8]:
    """Draw picture `index` (size size 3).

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> heap_picture(0, size=32).shape
        (32, 32, 3)
    """
    copies = {each.copy: each for each in planted(split, seed=seed, level=level)}
    again = copies.get(index)
    source = index if again is None else again.original
    visit = enter("pictures", source, size, split, seed, level, photos)
    scene = alone(visit, KINDS[source % len(KINDS)], size)
    return scene.pixels if again is None else _again(scene.pixels, again.how)


def _again(pixels: NDArray[np.uint8], how: str) -> NDArray[np.uint8]:
    """Show a picture once more, a little worse."""
    picture, size = Image.fromarray(pixels), pixels.shape[0]
    if how == "shrunk":
        small = picture.resize((size * 3 // 5, size * 3 // 5), Image.Resampling.LANCZOS)
        return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC))
    if how == "cropped":
        edge = max(1, size // 40)
        part = picture.crop((edge, edge, size - edge, size - edge))
        return np.asarray(part.resize((size, size), Image.Resampling.BICUBIC))
    file = BytesIO()
    picture.save(file, "JPEG", quality=_JPEG_QUALITY)
    return np.asarray(Image.open(file).convert("RGB"))
