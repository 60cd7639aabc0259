"""The room ``meadow:detect``: a meadow with no creature, one, or several, each with its box, mask and keypoints.

| level | creatures | size at 192 px | empty | overlap |
|---|---|---|---|---|
| 0 | exactly 1 | 60 to 120 | none | none |
| 1 | 0 to 3 | 30 to 120 | 12 % | light |
| 2 | 0 to 6 | 20 to 120 | 12 % | as it falls, cut by the border; weather, trees and rocks, traces of JPEG |
| 3 | 0 to 6 | 12 to 120 | 12 % | the same; coats near the ground's colour, blur, night |

Read next: ``crowd.py`` and ``stage.py``.
"""

from __future__ import annotations

from onward.meadow.crowd import Crowd, gather
from onward.meadow.doors import enter
from onward.meadow.photos import Photos
from onward.meadow.stage import Scene, draw_scene

__all__ = ["some_creatures"]

_CROWDS = {
    0: Crowd(1, 1, 60, 120),
    1: Crowd(1, 3, 30, 120, empty_percent=12),
    2: Crowd(1, 6, 20, 120, free=True, empty_percent=12),
    3: Crowd(1, 6, 12, 120, free=True, empty_percent=12),
}


def some_creatures(
    index: int, *, size: int = 192, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Scene:
    """Draw picture `index` of a split, with its truth: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> len(some_creatures(0, level=0, size=96).creatures)
        1
    """
    visit = enter("detect", index, size, split, seed, level, photos)
    actors = gather(visit.chance, visit.scenery, size, _CROWDS[level], shifted=visit.shifted, level=level)
    return draw_scene(visit.scenery, actors, size, visit.chance, visit.look)
