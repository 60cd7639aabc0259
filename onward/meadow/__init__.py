"""The meadow: a small drawn world inside the package, where every true answer is known and nothing is downloaded.

Its first room is ``meadow:horses``, the training set of the generation tasks: `horses` draws pictures, `factors` says
what is in them. Pillow and NumPy only, loaded when the first picture is asked for.

Read next: ``rooms.py`` (names and addresses), then ``horse_room.py``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from onward.meadow.rooms import ROOMS, WORLD_VERSION, Room, parse_address

if TYPE_CHECKING:
    from onward.meadow.cast import KINDS
    from onward.meadow.classify_room import one_of_each
    from onward.meadow.horse_room import factors, horse, horses
    from onward.meadow.scene import Factors

__all__ = [
    "KINDS",
    "ROOMS",
    "WORLD_VERSION",
    "Factors",
    "Room",
    "factors",
    "horse",
    "horses",
    "one_of_each",
    "parse_address",
]

_LAZY = {
    "KINDS": "cast",
    "one_of_each": "classify_room",
    "factors": "horse_room",
    "horse": "horse_room",
    "horses": "horse_room",
    "Factors": "scene",
}


def __getattr__(name: str) -> object:
    """Load the drawing only when it is asked for, so that addresses can be read without NumPy."""
    if name in _LAZY:
        return getattr(import_module(f"onward.meadow.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
