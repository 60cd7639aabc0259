"""The room ``meadow:detect``: a meadow with no creature, one, or several, each with its box, mask and keypoints.

| level | creatures | size at 192 px | empty | overlap |
|---|---|---|---|---|
| 0 | exactly 1 | 60 to 120 | none | none |
| 1 | 0 to 3 | 30 to 120 | 12 % | light |
| 2 | 0 to 6 | 20 to 120 | 12 % | as it falls, cut by the border; weather |
| 3 | 0 to 6 | 12 to 120 | 12 % | the same, in a crowd |

Sizes are log-uniform. Who stands lower in the picture stands nearer and hides who stands behind.

Read next: ``stage.py``.
"""

from __future__ import annotations

from onward.meadow.cast import KINDS, Actor, cast_actor
from onward.meadow.chance import Chance
from onward.meadow.rooms import WORLD_VERSION, Room
from onward.meadow.scene import Scenery, draw_scenery
from onward.meadow.stage import Scene, draw_scene

__all__ = ["some_creatures"]

_SIZES = {0: (60, 120), 1: (30, 120), 2: (20, 120), 3: (12, 120)}  # shortest and longest, at 192 pixels
_MOST = {0: 1, 1: 3, 2: 6, 3: 6}
_EMPTY_PERCENT = 12
_STEPS = 64  # of the log-uniform sizes
_TRIES = 6
_NATIVE = 192


def some_creatures(index: int, *, size: int = 192, split: str = "train", seed: int = 0, level: int = 1) -> Scene:
    """Draw picture `index` of a split, with its truth: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> len(some_creatures(0, level=0, size=96).creatures)
        1
    """
    room = Room("detect", level)
    room.check_range(index, 1, split, seed)
    room.check_size(size, 1)
    chance = Chance("meadow", WORLD_VERSION, "detect", split, level, seed, index)
    shifted = split == "test-shift"
    scenery = draw_scenery(chance, shifted=shifted, level=level)
    count = 1 if level == 0 else 0 if chance.below(100) < _EMPTY_PERCENT else chance.between(1, _MOST[level])
    actors: list[Actor] = []
    for _ in range(count):
        for _ in range(_TRIES):
            actor = _placed(chance, scenery, size, level, shifted)
            if level > 1 or not any(_overlap(actor, other) for other in actors):
                actors.append(actor)
                break
    actors.sort(key=lambda actor: (actor.y, actor.x))
    return draw_scene(scenery, actors, size, chance)


def _placed(chance: Chance, scenery: Scenery, size: int, level: int, shifted: bool) -> Actor:
    """Draw a creature's size and place by lot, then its kind."""
    short, long = _SIZES[level]
    length = round(16 * short * (long / short) ** (chance.below(_STEPS) / (_STEPS - 1)) * size / _NATIVE)
    margin = 0 if level > 1 else length // 2
    x = chance.between(min(margin, 8 * size), max(16 * size - margin, 8 * size))
    low = scenery.horizon * size // 16
    y = chance.between(max(low, min(length, 15 * size)), 16 * size - (0 if level > 1 else 8))
    return cast_actor(chance, chance.choose(KINDS), length, x, y, shifted=shifted, level=level)


def _overlap(one: Actor, other: Actor) -> bool:
    """Say whether two creatures would hide more than a little of each other, from their sizes alone."""
    reach = (one.size + other.size) // 2
    return abs(one.x - other.x) < reach * 7 // 10 and abs(one.y - other.y) < reach // 2
