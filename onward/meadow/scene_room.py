"""The room ``meadow:scene``: one large picture with several creatures, and a mask for each of them and of their parts.

There is one creature at level 0, there are two to four at level 1, three to six at levels 2 and 3: never none, since
masks are what the room is for. Level 3 crowds them, some tiny, some in a coat like the ground, blurred or at night.

Read next: ``stage.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import UsageFault, did_you_mean
from onward.meadow.cast import KINDS, anatomy_of
from onward.meadow.crowd import Crowd, gather
from onward.meadow.doors import enter
from onward.meadow.photos import Photos
from onward.meadow.stage import Scene, draw_scene

__all__ = ["large_scene", "part_mask"]

_CROWDS = {
    0: Crowd(1, 1, 80, 130),
    1: Crowd(2, 4, 56, 110),
    2: Crowd(3, 6, 40, 120, free=True),
    3: Crowd(3, 6, 16, 120, free=True, crowded=True),
}


def large_scene(
    index: int = 0, *, size: int = 512, split: str = "test", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Scene:
    """Draw scene `index` of a split, 64 to 4095 pixels large.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> large_scene(0, size=64).pixels.shape
        (64, 64, 3)
    """
    visit = enter("scene", index, size, split, seed, level, photos)
    actors = gather(visit.chance, visit.scenery, size, _CROWDS[level], shifted=visit.shifted, level=level)
    return draw_scene(visit.scenery, actors, size, visit.chance, visit.look)


def part_mask(scene: Scene, name: str) -> NDArray[np.bool_]:
    """Say where a kind is seen, or a part of it, or the land (H W): `person`, `horse/head`, `land`.

    Raises:
        UsageFault: there is no such kind or part.
    Example:
        >>> scene = large_scene(0, size=64)
        >>> bool((part_mask(scene, "land") == (scene.owners == 0)).all())
        True
    """
    kind, _, part = name.partition("/")
    if kind == "land":
        return scene.owners == 0
    if kind not in KINDS:
        raise UsageFault(f"The meadow has no {kind!r}.{did_you_mean(kind, (*KINDS, 'land'))}")
    where = scene.mask(kind)
    if not part:
        return where
    places = anatomy_of(kind).places
    if part not in places:
        raise UsageFault(f"A {kind} has no {part!r}.{did_you_mean(part, places)}")
    return where & (scene.limbs == places[part] + 1)
