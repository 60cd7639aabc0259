"""The way into a room: an address is checked, its stream of chance is opened, and its scenery is drawn by lot.

Read next: any ``*_room.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from onward.meadow.chance import Chance
from onward.meadow.distractors import some_distractors
from onward.meadow.photos import Photos
from onward.meadow.rooms import STREAM, Room
from onward.meadow.scene import Scenery, draw_scenery
from onward.meadow.stage import Look

__all__ = ["HARDER", "HARDEST", "Visit", "enter", "look_of"]

HARDER, HARDEST = 2, 3  # levels
_QUALITIES = (25, 85)
_MOONLIT = 0.7  # of the darkest night
_DARKEST = "detect"  # the room where no moon shines


@dataclass(frozen=True)
class Visit:
    """One sample of a room before anything stands in it.

    Attributes:
        shifted: show what no other split shows.
        look: before the photo if there is one; among distractors and through bad cameras as the level says.
    """

    chance: Chance
    scenery: Scenery
    shifted: bool
    level: int
    look: Look


def enter(name: str, index: int, size: int, split: str, seed: int, level: int, photos: Photos | None = None) -> Visit:
    """Open a sample: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.
    """
    room = Room(name, level)
    room.check_range(index, 1, split, seed)
    room.check_size(size, 1)
    chance = Chance("meadow", STREAM, name, split, level, seed, index)
    shifted = split == "test-shift"
    scenery = draw_scenery(chance, shifted=shifted, level=level)
    land = None if photos is None else photos.behind(Chance("photo", name, split, level, seed, index), size)
    look = look_of(Chance("look", name, split, level, seed, index), scenery, size, level)
    if name == _DARKEST and look.night:
        look = replace(look, night=1)
    look = replace(look, land=land)
    return Visit(chance, scenery, shifted, level, look)


def look_of(chance: Chance, scenery: Scenery, size: int, level: int) -> Look:
    """Draw by lot what makes a level harder than what stands in it."""
    if level < HARDER:
        return Look()
    is_hard = level >= HARDEST
    return Look(
        distractors=some_distractors(chance, scenery, size),
        jpeg_quality=chance.between(*_QUALITIES) if chance.below(2) else 0,
        soft=int(is_hard and chance.below(3) == 0),
        night=_MOONLIT if is_hard and chance.below(4) == 0 else 0,
    )
