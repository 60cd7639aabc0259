"""The rooms of the meadow: which names exist, how many samples each split holds, and how an address is read.

An address is ``meadow:ROOM`` or ``meadow:ROOM@LEVEL``. Every room has four levels:

| level | what is hard |
|---|---|
| 0 | nothing: noon, clear, grass, one creature and no other thing; exact tests run here |
| 1 | every light and ground |
| 2 | weather, creatures that hide each other or are cut by the border, trees and rocks, traces of JPEG |
| 3 | crowds, tiny ones, coats near the colour of the ground, blurred pictures, night |

This file imports no NumPy, so that a command line can check an
address before anything heavy is loaded.

Read next: ``horse_room.py``, the door of the first room.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from onward.core.faults import UsageFault, did_you_mean

__all__ = ["LEVELS", "ROOMS", "STREAM", "WORLD_VERSION", "Room", "parse_address"]

WORLD_VERSION = 2  # raised by every change of the golden tests; caches are keyed by it
STREAM = 1  # what every stream of chance begins with; raised only where every sample is to be drawn anew

ROOMS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "horses": MappingProxyType({"train": 5000, "val": 500, "test": 500, "test-shift": 500}),
        "classify": MappingProxyType({"train": 2000, "val": 500, "test": 500, "test-shift": 500}),
        "detect": MappingProxyType({"train": 1000, "val": 100, "test": 200, "test-shift": 200}),
        "pose": MappingProxyType({"train": 1000, "val": 200, "test": 200, "test-shift": 200}),
        "flow": MappingProxyType({"train": 2000, "val": 100, "test": 200, "test-shift": 200}),
        "tracks": MappingProxyType({"train": 40, "val": 10, "test": 20, "test-shift": 20}),
        "semi": MappingProxyType({"train": 4000, "labelled": 2000, "val": 500, "test": 500, "test-shift": 500}),
        "pictures": MappingProxyType({"train": 2000, "val": 500, "test": 500, "test-shift": 500}),
        "scene": MappingProxyType({"train": 100, "val": 20, "test": 20, "test-shift": 20}),
        "portraits": MappingProxyType({"train": 5000, "val": 500, "test": 500, "test-shift": 500}),
    }
)
LEVELS = range(4)
_DEFAULT_LEVEL = 1
_LARGEST_ARRAY_GIB = 8
_SIZES = range(16, 4096)


@dataclass(frozen=True)
class Room:
    """One room at one level: `splits` says how many samples each split holds."""

    name: str
    level: int = _DEFAULT_LEVEL

    @property
    def address(self) -> str:
        """Return the full address, such as ``meadow:horses@1``."""
        return f"meadow:{self.name}@{self.level}"

    @property
    def splits(self) -> Mapping[str, int]:
        """Return split -> number of samples; fewer where `ONWARD_MEADOW_MOST` says so, for a quick trial."""
        most = os.environ.get("ONWARD_MEADOW_MOST", "")
        if not most.isdecimal() or int(most) < 1:
            return ROOMS[self.name]
        return {split: min(count, int(most)) for split, count in ROOMS[self.name].items()}

    def check_range(self, start: int, count: int, split: str, seed: int) -> None:
        """Refuse samples that do not exist.

        Raises: UsageFault for an unknown split or level, a negative seed, or numbers outside the split.
        """
        if self.level not in LEVELS:
            raise UsageFault(f"{self.address} asks for level {self.level}. {_levels_of(self.name)}")
        if split not in self.splits:
            raise UsageFault(f"meadow:{self.name} has no split {split!r}.{did_you_mean(split, self.splits)}")
        if seed < 0:
            raise UsageFault(f"The seed is {seed}. Give a whole number of at least 0.")
        if count < 1:
            raise UsageFault(f"{count} pictures were asked for. Ask for at least 1.")
        last = start + count - 1
        if start < 0 or last >= self.splits[split]:
            wrong = start if start < 0 else last
            raise UsageFault(
                f"meadow:{self.name} has no sample {wrong} in {split}. Its samples are 0 to {self.splits[split] - 1};"
                " another seed gives as many others."
            )

    def check_size(self, size: int, count: int) -> None:
        """Refuse pictures too small to show anything, or too large to hold.

        Raises: UsageFault, which names the memory that was asked for.
        """
        gib = size * size * 3 * count / 2**30
        if size not in _SIZES or gib > _LARGEST_ARRAY_GIB:
            raise UsageFault(
                f"{count} pictures of {size} x {size} pixels ({gib:.1f} GiB) were asked for. Choose a size of"
                f" {_SIZES.start} to {_SIZES.stop - 1} and at most {_LARGEST_ARRAY_GIB} GiB at once."
            )


def _levels_of(name: str) -> str:
    return f"{name} has levels {LEVELS.start} to {LEVELS.stop - 1}."


def parse_address(text: str) -> Room:
    """Read ``meadow:ROOM`` or ``meadow:ROOM@LEVEL``.

    Raises: UsageFault, with the nearest known name, for an unknown world, room or level.

    Example:
        >>> parse_address("meadow:horses").address
        'meadow:horses@1'
        >>> parse_address("meadow:horse")
        Traceback (most recent call last):
        onward.core.faults.UsageFault: The meadow has no room 'horse'. Did you mean horses?
    """
    world, colon, place = text.strip().partition(":")
    if world != "meadow" or not colon:
        raise UsageFault(f"{text!r} is no address of the meadow. Write meadow:ROOM, such as meadow:horses.")
    name, at, level_text = place.partition("@")
    if name not in ROOMS:
        raise UsageFault(f"The meadow has no room {name!r}.{did_you_mean(name, ROOMS)}")
    if not at:
        return Room(name)
    if level_text not in map(str, LEVELS):
        raise UsageFault(f"{text!r} asks for level {level_text!r}. {_levels_of(name)}")
    return Room(name, int(level_text))
