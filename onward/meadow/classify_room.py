"""The room ``meadow:classify``: one creature a picture, and which of four kinds it is.

Kinds come in turn, so that each has exactly a quarter; size, place, coat and land are drawn before the kind is looked
at. Level 0 is the calm meadow; level 2 adds weather, trees, rocks and traces of JPEG; at level 3 creatures are smaller,
behind trees and cut by the border, some in a coat near the colour of the ground, some blurred or at night, and still a
fifth of each is seen.

Read next: ``stage.py``.
"""

from __future__ import annotations

from dataclasses import replace

from onward.meadow.cast import KINDS, camouflaged, cast_actor
from onward.meadow.doors import HARDEST, Visit, enter
from onward.meadow.photos import Photos
from onward.meadow.stage import Scene, draw_scene

__all__ = ["alone", "one_creature"]

_LEAST_SEEN = 0.2  # of a creature at level 3


def one_creature(
    index: int, *, size: int = 96, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Scene:
    """Draw picture `index` of a split, with its truth: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> one_creature(5).creatures[0].kind
        'platypus'
    """
    visit = enter("classify", index, size, split, seed, level, photos)
    return alone(visit, KINDS[index % len(KINDS)], size)


def alone(visit: Visit, kind: str | None, size: int) -> Scene:
    """Draw one creature of a kind that fills half the picture or more (at level 3 a third), or nobody."""
    if visit.level >= HARDEST:
        return _hardly_seen(visit, kind, size)
    chance = visit.chance
    length = chance.between(52, 86) * size * 16 // 100
    x, y = chance.between(38, 62) * size * 16 // 100, chance.between(72, 95) * size * 16 // 100
    actors = [cast_actor(chance, kind, length, x, y, shifted=visit.shifted, level=visit.level)] if kind else []
    return draw_scene(visit.scenery, actors, size, chance, visit.look)


def _hardly_seen(visit: Visit, kind: str | None, size: int) -> Scene:
    """Draw one creature in the hardest way; whoever is hidden almost wholly is drawn without what hides it."""
    chance, look = visit.chance, visit.look
    length = chance.between(34, 86) * size * 16 // 100
    x, y = chance.between(15, 85) * size * 16 // 100, chance.between(72, 100) * size * 16 // 100
    y = max(y, length * 3 // 4)
    if kind is None:
        return draw_scene(visit.scenery, [], size, chance, look)
    actor = cast_actor(chance, kind, length, x, y, shifted=visit.shifted, level=visit.level)
    if chance.below(2) and not (look.night or look.soft):
        actor = camouflaged(actor, visit.scenery)
    scene = draw_scene(visit.scenery, [actor], size, chance, look)
    if scene.creatures[0].seen >= _LEAST_SEEN:
        return scene
    return draw_scene(visit.scenery, [actor], size, chance, replace(look, distractors=()))
