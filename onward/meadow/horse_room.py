"""The room ``meadow:horses``: one horse in a field under a sky, drawn at the size asked for, with all its factors.

A picture is a pure function of (world, level, split, seed, index): no state, no order, no files. A split is finite
(5000 to train on, as many as CIFAR-10 has horses), so that memorising is possible and can be seen; another seed gives
as many horses again, without end. At level 2 trees and rocks stand about, the border may cut the horse, and there are
traces of JPEG; at level 3 some horses are small, some in a coat like the ground, some blurred or at night.

Read next: ``scene.py`` (what is decided) and ``render.py`` (how it is drawn).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onward.meadow.cast import near_ground
from onward.meadow.chance import Chance
from onward.meadow.doors import HARDER, HARDEST, look_of
from onward.meadow.render import render_horse
from onward.meadow.rooms import Room
from onward.meadow.scene import Factors, draw_factors

__all__ = ["factors", "horse", "horses"]

_FINE = 64  # pixels; in smaller pictures a blur, or blocks of 8 pixels, would leave no horse
_GOOD_QUALITY = 70


def factors(index: int, *, split: str = "train", seed: int = 0, level: int = 1) -> Factors:
    """Return what is in horse `index`: heading, coat, gait, light, ground and the rest, the same on every machine.

    Raises: UsageFault for an unknown split or level, a negative seed, or an index outside the split.

    Example:
        >>> factors(0).heading in ("left", "right")
        True
    """
    Room("horses", level).check_range(index, 1, split, seed)
    return _factors(index, split, seed, level)


def horse(index: int, *, size: int = 32, split: str = "train", seed: int = 0, level: int = 1) -> NDArray[np.uint8]:
    """Draw horse `index` (size size 3), red, green, blue from 0 to 255.

    Raises: UsageFault for a size below 16 or beyond memory, and as `factors` does.

    Example:
        >>> horse(0, size=64).shape
        (64, 64, 3)
    """
    Room("horses", level).check_size(size, 1)
    Room("horses", level).check_range(index, 1, split, seed)
    return _drawn(index, split, seed, level, size)


def horses(
    count: int, *, size: int = 32, split: str = "train", seed: int = 0, start: int = 0, level: int = 1
) -> NDArray[np.uint8]:
    """Draw horses `start` to `start` + `count` - 1 (count size size 3).

    Raises: UsageFault for a count below 1, and as `horse` does.

    Example:
        >>> bool((horses(2, start=5)[1] == horse(6)).all())
        True
    """
    room = Room("horses", level)
    room.check_range(start, count, split, seed)
    room.check_size(size, count)
    pictures = np.empty((count, size, size, 3), dtype=np.uint8)
    for place in range(count):
        pictures[place] = _drawn(start + place, split, seed, level, size)
    return pictures


def _factors(index: int, split: str, seed: int, level: int) -> Factors:
    """Draw a horse by lot, and from level 2 on stand it where the border may cut it."""
    found = draw_factors(index, split, seed, level)
    if level < HARDER:
        return found
    chance = Chance("harder", "horses", split, level, seed, index)
    beyond = 40 if level < HARDEST else 80
    found = replace(found, across=chance.between(-beyond, 256 + beyond))
    if level < HARDEST:
        return found
    found = replace(found, fill=chance.between(96, 220))
    return replace(found, tint=near_ground(found.coat, found.ground)) if chance.below(2) else found


def _drawn(index: int, split: str, seed: int, level: int, size: int) -> NDArray[np.uint8]:
    found = _factors(index, split, seed, level)
    chance = Chance("look", "horses", split, level, seed, index)
    look = look_of(chance, found.scenery, size, level)
    if size < _FINE:
        look = replace(look, soft=0, jpeg_quality=look.jpeg_quality and max(_GOOD_QUALITY, look.jpeg_quality))
    return render_horse(found, size, look)
