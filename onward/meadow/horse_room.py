"""The room ``meadow:horses``: one horse in a field under a sky, drawn at the size asked for, with all its factors.

A picture is a pure function of (`WORLD_VERSION`, level, split, seed, index): no state, no order, no files. A split is
finite (5000 to train on, as many as CIFAR-10 has horses), so that memorising is possible and can be seen; another seed
gives as many horses again, without end.

Read next: ``scene.py`` (what is decided) and ``render.py`` (how it is drawn).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.meadow.render import render_horse
from onward.meadow.rooms import Room
from onward.meadow.scene import Factors, draw_factors

__all__ = ["factors", "horse", "horses"]


def factors(index: int, *, split: str = "train", seed: int = 0, level: int = 1) -> Factors:
    """Return what is in horse `index`: heading, coat, gait, light, ground and the rest, the same on every machine.

    Raises: UsageFault for an unknown split or level, a negative seed, or an index outside the split.

    Example:
        >>> factors(0).heading in ("left", "right")
        True
    """
    Room("horses", level).check_range(index, 1, split, seed)
    return draw_factors(index, split, seed, level)


def horse(index: int, *, size: int = 32, split: str = "train", seed: int = 0, level: int = 1) -> NDArray[np.uint8]:
    """Draw horse `index` (size size 3), red, green, blue from 0 to 255.

    Raises: UsageFault for a size below 16 or beyond memory, and as `factors` does.

    Example:
        >>> horse(0, size=64).shape
        (64, 64, 3)
    """
    Room("horses", level).check_size(size, 1)
    return render_horse(factors(index, split=split, seed=seed, level=level), size)


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
        pictures[place] = render_horse(draw_factors(start + place, split, seed, level), size)
    return pictures
