"""The room ``meadow:classify``: one creature a picture, and which of four kinds it is.

Kinds come in turn, so that each has exactly a quarter; size, place, coat and land are drawn before the kind is looked
at. Level 0 is the calm meadow, level 2 adds weather.

Read next: ``stage.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from onward.meadow.cast import KINDS, cast_actor
from onward.meadow.chance import Chance
from onward.meadow.rooms import WORLD_VERSION, Room
from onward.meadow.scene import draw_scenery
from onward.meadow.stage import Scene, draw_scene

__all__ = ["one_creature", "one_of_each"]


def one_creature(index: int, *, size: int = 96, split: str = "train", seed: int = 0, level: int = 1) -> Scene:
    """Draw picture `index` of a split, with its truth: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> one_creature(5).creatures[0].kind
        'platypus'
    """
    room = Room("classify", level)
    room.check_range(index, 1, split, seed)
    room.check_size(size, 1)
    chance = Chance("meadow", WORLD_VERSION, "classify", split, level, seed, index)
    shifted = split == "test-shift"
    scenery = draw_scenery(chance, shifted=shifted, level=level)
    length = chance.between(52, 86) * size * 16 // 100
    x, y = chance.between(38, 62) * size * 16 // 100, chance.between(72, 95) * size * 16 // 100
    actor = cast_actor(chance, KINDS[index % len(KINDS)], length, x, y, shifted=shifted, level=level)
    return draw_scene(scenery, [actor], size, chance)


def one_of_each(
    split: str, *, seed: int = 0, level: int = 1
) -> tuple[NDArray[np.int64], Callable[[int], NDArray[np.uint8]]]:
    """Give a split's labels, and how to draw it at a size: N size size 3.

    Example:
        >>> labels, draw = one_of_each("val"); labels[:5].tolist()
        [0, 1, 2, 3, 0]
    """
    count = Room("classify", level).splits[split]

    def draw(size: int) -> NDArray[np.uint8]:
        scenes = (one_creature(index, size=size, split=split, seed=seed, level=level) for index in range(count))
        return np.stack([scene.pixels for scene in scenes])

    return np.arange(count) % len(KINDS), draw
