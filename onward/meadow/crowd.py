"""Several creatures in one picture: how many, how large and where, drawn by lot before their kind is looked at.

Sizes are log-uniform. Who stands lower in the picture stands nearer and hides who stands behind.

Read next: ``detect_room.py`` and ``pose_room.py``, which say how many.
"""

from __future__ import annotations

from dataclasses import dataclass

from onward.meadow.cast import KINDS, Actor, camouflaged, cast_actor
from onward.meadow.chance import Chance
from onward.meadow.scene import Scenery

__all__ = ["NATIVE_SIZE", "Crowd", "gather", "log_uniform"]

NATIVE_SIZE = 192  # pixels; sizes are given for a picture of this side
_STEPS = 64  # of the log-uniform sizes
_TRIES = 6
_CAMOUFLAGE = 3  # the level from which half the creatures look like their ground


@dataclass(frozen=True)
class Crowd:
    """How many creatures there are and how large, at 192 pixels.

    Attributes:
        free: they may hide each other and be cut by the border.
        empty_percent: how many pictures hold none.
    """

    fewest: int
    most: int
    shortest: int
    longest: int
    free: bool = False
    empty_percent: int = 0


def gather(chance: Chance, scenery: Scenery, size: int, crowd: Crowd, *, shifted: bool, level: int) -> list[Actor]:
    """Draw the creatures of a picture by lot, back to front."""
    count = crowd.most
    if crowd.fewest < crowd.most:
        count = 0 if chance.below(100) < crowd.empty_percent else chance.between(crowd.fewest, crowd.most)
    actors: list[Actor] = []
    for _ in range(count):
        for _ in range(_TRIES):
            actor = _placed(chance, scenery, size, crowd, shifted, level)
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
    return camouflaged(actor, scenery) if level >= _CAMOUFLAGE and chance.below(2) else actor


def _overlap(one: Actor, other: Actor) -> bool:
    """Say whether two creatures would hide more than a little of each other, from their sizes alone."""
    reach = (one.size + other.size) // 2
    return abs(one.x - other.x) < reach * 7 // 10 and abs(one.y - other.y) < reach // 2
