"""The room ``meadow:pose``: creatures large enough that their joints can be seen, each point named and its sight known.

| level | creatures | size at 192 px | hidden or outside |
|---|---|---|---|
| 0 | exactly 1 | 100 to 160 | only behind the creature itself |
| 1 | exactly 1 | 80 to 160 | the same, in all the meadow's lights |
| 2 | 1 to 3 | 60 to 160 | behind others, trees and rocks, cut by the border; weather |
| 3 | 0 to 6, in crowds | 36 to 140 | the same; coats near the ground's colour, blur, night |

Every kind has a skeleton of its own (horse 12 points, platypus 9, person 13, bird 8). Left and right are the
creature's own, as in COCO; `flip_pairs` says which points change places in a mirror.

Read next: ``crowd.py`` and ``stage.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from onward.meadow.cast import KINDS, cast_actor
from onward.meadow.crowd import Crowd, gather
from onward.meadow.doors import enter
from onward.meadow.photos import Photos
from onward.meadow.stage import Scene, draw_scene, keypoint_names

__all__ = ["flip_pairs", "posed_creatures", "skeleton"]

_SIZES = {0: (100, 160), 1: (80, 160)}
_CROWDS = {
    2: Crowd(1, 3, 60, 160, free=True),
    3: Crowd(1, 6, 36, 140, free=True, empty_percent=12, crowded=True),
}


def posed_creatures(
    index: int, *, size: int = 192, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Scene:
    """Draw picture `index` of a split; below level 2 kinds come in turn, one a picture.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> posed_creatures(2, size=96).creatures[0].keypoints.shape
        (13, 3)
    """
    visit = enter("pose", index, size, split, seed, level, photos)
    if level in _CROWDS:
        actors = gather(visit.chance, visit.scenery, size, _CROWDS[level], shifted=visit.shifted, level=level)
    else:
        chance, (short, long) = visit.chance, _SIZES[level]
        length = chance.between(short, long) * size * 16 // 192
        x, y = chance.between(42, 58) * size * 16 // 100, chance.between(86, 96) * size * 16 // 100
        kind = KINDS[index % len(KINDS)]
        actors = [cast_actor(chance, kind, length, x, y, shifted=visit.shifted, level=level)]
    return draw_scene(visit.scenery, actors, size, visit.chance, visit.look)


def skeleton(kind: str) -> tuple[str, ...]:
    """Name the keypoints of a kind, in the order of `Creature.keypoints`.

    Example:
        >>> skeleton("platypus")[:3]
        ('bill root', 'bill tip', 'left fore foot')
    """
    return keypoint_names(kind)


def flip_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Say which keypoints change places in a mirror.

    Example:
        >>> flip_pairs(["head", "left wrist", "right wrist"])
        [(1, 2)]
    """
    return [(place, names.index(name.replace("left", "right"))) for place, name in enumerate(names) if "left" in name]
