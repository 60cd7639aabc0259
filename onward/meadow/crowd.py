"""Several creatures in one picture: how many, how large and where, drawn by lot before their kind is looked at.

Sizes are log-uniform. Who stands lower in the picture stands nearer and hides who stands behind.

Read next: ``detect_room.py`` and ``pose_room.py``, which say how many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from onward.meadow.cast import KINDS, Actor, camouflaged, cast_actor
from onward.meadow.chance import Chance
from onward.meadow.doors import HARDEST
from onward.meadow.scene import Scenery

__all__ = ["NATIVE_SIZE", "Crowd", "gather", "log_uniform"]

NATIVE_SIZE = 192  # pixels; sizes are given for a picture of this side
_STEPS = 64  # of the log-uniform sizes
_TRIES = 6


@dataclass(frozen=True)
class Crowd:
    """How many creatures there are and how large, at 192 pixels.

    Attributes:
        free: they may hide each other and be cut by the border.
        empty_percent: how many pictures hold none.
        crowded: two in three stand beside somebody who is there already.
    """

    fewest: int
    most: int
    shortest: int
    longest: int
    free: bool = False
    empty_percent: int = 0
    crowded: bool = False


def gather(chance: Chance, scenery: Scenery, size: int, crowd: Crowd, *, shifted: bool, level: int) -> list[Actor]:
    """Draw the creatures of a picture by lot, back to front."""
    count = crowd.most
    if crowd.fewest < crowd.most:
        count = 0 if chance.below(100) < crowd.empty_percent else chance.between(crowd.fewest, crowd.most)
    actors: list[Actor] = []
    for _ in range(count):
        for _ in range(_TRIES):
            actor = _placed(chance, scenery, size, crowd, shifted, level)
            if crowd.crowded and actors and chance.below(3):
                actor = _beside(chance, actor, chance.choose(actors), size)
            if crowd.free or not any(_overlap(actor, other) for other in actors):
                actors.append(actor)
                break
    return sorted(actors, key=lambda actor: (actor.y, actor.x))


def log_uniform(chance: Chance, lowest: float, highest: float) -> float:
    """Draw one of 64 numbers by lot, as many below the geometric mean as above."""
    return lowest * (highest / lowest) ** (chance.below(_STEPS) / (_STEPS - 1))


def _placed(chance: Chance, scenery: Scenery, size: int, crowd: Crowd, shifted: bool, level: int) -> Actor:
    """Draw a creature's size and place by lot, then its kind."""
    length = round(16 * log_uniform(chance, crowd.shortest, crowd.longest) * size / NATIVE_SIZE)
    margin = 0 if crowd.free else length // 2
    x = chance.between(min(margin, 8 * size), max(16 * size - margin, 8 * size))
    low = scenery.horizon * size // 16
    y = chance.between(max(low, min(length, 15 * size)), 16 * size - (0 if crowd.free else 8))
    actor = cast_actor(chance, chance.choose(KINDS), length, x, y, shifted=shifted, level=level)
    return camouflaged(actor, scenery) if level >= HARDEST and chance.below(2) else actor


def _beside(chance: Chance, actor: Actor, other: Actor, size: int) -> Actor:
    """Stand a creature so near another one that the nearer hides some of the farther, and of a like size."""
    reach = other.size
    length = max(actor.size, other.size * 2 // 3)
    x = other.x + chance.between(-reach * 6 // 10, reach * 6 // 10)
    y = other.y + chance.between(-reach // 5, reach // 5)
    return replace(actor, size=length, x=max(0, min(16 * size, x)), y=max(8 * size, min(16 * size, y)))


def _overlap(one: Actor, other: Actor) -> bool:
    """Say whether two creatures would hide more than a little of each other, from their sizes alone."""
    reach = (one.size + other.size) // 2
    return abs(one.x - other.x) < reach * 7 // 10 and abs(one.y - other.y) < reach // 2
