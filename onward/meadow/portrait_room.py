"""The room ``meadow:portraits``: heads and shoulders of people who do not exist, 64 px, with all their factors.

Nobody sat for them, so nobody has to be asked, and of each picture it is known who wears what: whoever learns to draw
such pictures can be asked how many kinds it has found. A picture is a pure function of (world, level, split, seed,
index). At level 0 faces look ahead in front of an even ground, without hat, glasses or beard; at level 2 heads turn
further, come nearer and leave the middle, and there are traces of JPEG; at level 3 some are blurred or in poor light.
The split `test-shift` shows hair and a ground of a colour that no other split has.

Read next: ``portrait_traits.py`` (what is decided) and ``portrait_drawing.py`` (how it is drawn).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import Chance
from onward.meadow.doors import HARDER, HARDEST
from onward.meadow.portrait_drawing import render_portrait
from onward.meadow.portrait_traits import Portrait, draw_portrait
from onward.meadow.rooms import Room

__all__ = ["portrait", "portrait_factors", "portraits"]

_QUALITIES = (40, 85)


def portrait_factors(index: int, *, split: str = "train", seed: int = 0, level: int = 1) -> Portrait:
    """Return what is in portrait `index`: skin, hair, mouth, hat and the rest, the same on every machine.

    Raises: UsageFault for an unknown split or level, a negative seed, or an index outside the split.

    Example:
        >>> portrait_factors(0, level=0).hat
        'none'
    """
    Room("portraits", level).check_range(index, 1, split, seed)
    return draw_portrait(index, split, seed, level)


def portrait(index: int, *, size: int = 64, split: str = "train", seed: int = 0, level: int = 1) -> NDArray[np.uint8]:
    """Draw portrait `index` (size size 3), red, green, blue from 0 to 255.

    Raises: UsageFault for a size below 16 or beyond memory, and as `portrait_factors` does.

    Example:
        >>> portrait(0).shape
        (64, 64, 3)
    """
    return portraits(1, size=size, split=split, seed=seed, start=index, level=level)[0]


def portraits(
    count: int, *, size: int = 64, split: str = "train", seed: int = 0, start: int = 0, level: int = 1
) -> NDArray[np.uint8]:
    """Draw portraits `start` to `start` + `count` - 1 (count size size 3).

    Raises: UsageFault for a count below 1, and as `portrait` does.

    Example:
        >>> bool((portraits(2, start=5)[1] == portrait(6)).all())
        True
    """
    room = Room("portraits", level)
    room.check_range(start, count, split, seed)
    room.check_size(size, count)
    pictures = np.empty((count, size, size, 3), dtype=np.uint8)
    for place in range(count):
        pictures[place] = _drawn(start + place, split, seed, level, size)
    return pictures


def _drawn(index: int, split: str, seed: int, level: int, size: int) -> NDArray[np.uint8]:
    seen = draw_portrait(index, split, seed, level)
    if level < HARDER:
        return render_portrait(seen, size)
    chance = Chance("look", "portraits", split, level, seed, index)
    quality = chance.between(*_QUALITIES) if chance.below(2) else 0
    is_hard = level >= HARDEST
    soft, dim = is_hard and chance.below(3) == 0, is_hard and chance.below(3) == 0
    return render_portrait(seen, size, quality, soft, dim)
