"""The way into a room: an address is checked, its stream of chance is opened, and its scenery is drawn by lot.

Read next: any ``*_room.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import Chance
from onward.meadow.photos import Photos
from onward.meadow.rooms import WORLD_VERSION, Room
from onward.meadow.scene import Scenery, draw_scenery
from onward.meadow.stage import Look

__all__ = ["Visit", "enter"]


@dataclass(frozen=True)
class Visit:
    """One sample of a room before anything stands in it.

    Attributes:
        shifted: show what no other split shows.
    """

    chance: Chance
    scenery: Scenery
    shifted: bool
    level: int
    land: NDArray[np.floating] | None = None

    @property
    def look(self) -> Look:
        """Show it as it is, before the photo if there is one."""
        return Look(land=self.land)


def enter(name: str, index: int, size: int, split: str, seed: int, level: int, photos: Photos | None = None) -> Visit:
    """Open a sample: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.
    """
    room = Room(name, level)
    room.check_range(index, 1, split, seed)
    room.check_size(size, 1)
    chance = Chance("meadow", WORLD_VERSION, name, split, level, seed, index)
    shifted = split == "test-shift"
    scenery = draw_scenery(chance, shifted=shifted, level=level)
    land = None if photos is None else photos.behind(Chance("photo", name, split, level, seed, index), size)
    return Visit(chance, scenery, shifted, level, land)
