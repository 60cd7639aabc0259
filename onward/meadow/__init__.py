"""The meadow: a small drawn world inside the package, where every true answer is known and nothing is downloaded.

Rooms: `horses` and `portraits` for generation, `classify`, `detect`, `pose`, `flow`, `tracks`, `semi`, `pictures`,
`scene`; a number after @ is the level of difficulty. Pillow and NumPy only, loaded when the first picture is asked for.

    >>> from onward import meadow
    >>> [seen.who for seen in meadow.film(1, size=64).tracks(0)]
    [3, 4]

Read next: ``rooms.py`` (names and addresses), then any ``*_room.py``; ``writing.py`` writes samples as files.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from onward.meadow.rooms import ROOMS, WORLD_VERSION, Room, parse_address

if TYPE_CHECKING:
    from onward.meadow.cast import KINDS
    from onward.meadow.classify_room import one_creature
    from onward.meadow.detect_room import some_creatures
    from onward.meadow.flow_room import frame_pair
    from onward.meadow.horse_room import factors, horse, horses
    from onward.meadow.photos import Photos
    from onward.meadow.pictures_room import planted
    from onward.meadow.plain_pictures import picture_labels, pictures_of
    from onward.meadow.portrait_room import portrait, portrait_factors, portraits
    from onward.meadow.portrait_traits import Portrait
    from onward.meadow.pose_room import flip_pairs, posed_creatures, skeleton
    from onward.meadow.scene import Factors
    from onward.meadow.scene_room import large_scene, part_mask
    from onward.meadow.semi_room import labelled
    from onward.meadow.tracks_room import Clip, film

__all__ = [
    "KINDS",
    "ROOMS",
    "WORLD_VERSION",
    "Clip",
    "Factors",
    "Photos",
    "Portrait",
    "Room",
    "factors",
    "film",
    "flip_pairs",
    "frame_pair",
    "horse",
    "horses",
    "labelled",
    "large_scene",
    "one_creature",
    "parse_address",
    "part_mask",
    "picture_labels",
    "pictures_of",
    "planted",
    "portrait",
    "portrait_factors",
    "portraits",
    "posed_creatures",
    "skeleton",
    "some_creatures",
]

_LAZY = {
    "KINDS": "cast",
    "factors": "horse_room",
    "horse": "horse_room",
    "horses": "horse_room",
    "Factors": "scene",
    "one_creature": "classify_room",
    "some_creatures": "detect_room",
    "posed_creatures": "pose_room",
    "flip_pairs": "pose_room",
    "skeleton": "pose_room",
    "frame_pair": "flow_room",
    "film": "tracks_room",
    "Clip": "tracks_room",
    "labelled": "semi_room",
    "planted": "pictures_room",
    "large_scene": "scene_room",
    "part_mask": "scene_room",
    "pictures_of": "plain_pictures",
    "picture_labels": "plain_pictures",
    "Photos": "photos",
    "Portrait": "portrait_traits",
    "portrait": "portrait_room",
    "portrait_factors": "portrait_room",
    "portraits": "portrait_room",
}


def __getattr__(name: str) -> object:
    """Load the drawing only when it is asked for, so that addresses can be read without NumPy."""
    if name in _LAZY:
        return getattr(import_module(f"onward.meadow.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
