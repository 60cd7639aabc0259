"""The room ``meadow:flow``: two frames a moment apart, and for every pixel of either where it is in the other.

| level | creatures | the land | ways of creatures at 192 px |
|---|---|---|---|
| 0 | 1, in flat light | still | 0.5 to 12 pixels |
| 1 | 1 to 3 | the camera pans and zooms | 0.5 to 20 |
| 2 | 1 to 6, hiding each other | the same; weather | 0.5 to 20 |
| 3 | none, or 2 to 6 in a crowd, coats like the ground | the same; trees and rocks, JPEG, blur, night | 0.5 to 24 |

Ways are log-uniform: small ones are common, large ones are there. Both frames are softened as by a lens: what is finer
than a pixel cannot be followed.

Read next: ``motion.py``, where the truth comes from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onward.meadow.camera import STILL, Camera
from onward.meadow.cast import Actor, moved
from onward.meadow.chance import ONE, TURN, Chance, cosine, sine
from onward.meadow.crowd import NATIVE_SIZE, Crowd, gather, log_uniform
from onward.meadow.doors import HARDEST, Visit, enter
from onward.meadow.land import paint_land
from onward.meadow.motion import flow_between, is_hidden
from onward.meadow.photos import Photos
from onward.meadow.scene import HELD_PHASES, Scenery
from onward.meadow.stage import Look, Scene, draw_scene

__all__ = ["FramePair", "film_look", "frame_pair", "wide_land"]

_CROWDS = {
    0: Crowd(1, 1, 60, 120),
    1: Crowd(1, 3, 30, 120),
    2: Crowd(1, 6, 24, 120, free=True),
    3: Crowd(2, 6, 16, 120, free=True, empty_percent=12, crowded=True),
}
_WAYS = {0: (0.5, 12.0), 1: (0.5, 20.0), 2: (0.5, 20.0), 3: (0.5, 24.0)}


@dataclass(frozen=True)
class FramePair:
    """Two frames and the truth between them.

    Attributes:
        forward, backward: H W 2: the way of each pixel's middle to the other frame, x then y, in pixels.
        hidden, hidden_backward: H W: what the pixel shows is behind something, or outside, in the other frame.
    """

    first: Scene
    second: Scene
    forward: NDArray[np.float32]
    backward: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    hidden_backward: NDArray[np.bool_]


def frame_pair(
    index: int, *, size: int = 192, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> FramePair:
    """Draw pair `index` of a split: a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> frame_pair(0, size=64).forward.shape
        (64, 64, 2)
    """
    visit = enter("flow", index, size, split, seed, level)
    chance = visit.chance
    behind = Chance("photo", "flow", split, level, seed, index)
    scenery, land = wide_land(visit, size, size // 8, photos, behind)
    actors = gather(chance, scenery, size, _CROWDS[level], shifted=visit.shifted, level=level)
    later = [_a_moment_later(actor, chance, size, _WAYS[level]) for actor in actors]
    cameras = (STILL, STILL) if level == 0 else (_camera(chance, size, 0.2), _camera(chance, size, 1.0))
    look = film_look(visit, land)
    grains = (Chance("grain", chance.word()), Chance("grain", chance.word()))
    first, second = (
        draw_scene(scenery, cast, size, grain, replace(look, camera=camera))
        for cast, grain, camera in zip((actors, later), grains, cameras, strict=True)
    )
    forward, backward = flow_between(first, second), flow_between(second, first)
    return FramePair(
        first, second, forward, backward, is_hidden(first, second, forward), is_hidden(second, first, backward)
    )


def film_look(visit: Visit, land: NDArray[np.floating]) -> Look:
    """Say how a moving picture is shown: always softened, at level 3 also through all that spoils a picture."""
    if visit.level < HARDEST:
        return Look(plain=visit.level == 0, soft=1, land=land)
    return replace(visit.look, land=land, soft=1 + visit.look.soft)


def wide_land(
    visit: Visit, size: int, margin: int, photos: Photos | None, chance: Chance
) -> tuple[Scenery, NDArray[np.floating]]:
    """Paint a land that reaches `margin` pixels further on every side; give the scenery its middle shows, and it."""
    side = size + 2 * margin
    scenery = visit.scenery
    land = paint_land(scenery, side, visit.chance) if photos is None else photos.behind(chance, side)
    horizon, hoof_line = ((line * side - 256 * margin) // size for line in (scenery.horizon, scenery.hoof_line))
    return replace(scenery, horizon=max(16, horizon), hoof_line=min(250, hoof_line)), land


def _a_moment_later(actor: Actor, chance: Chance, size: int, ways: tuple[float, float]) -> Actor:
    """Move a creature some way in some direction, mostly along the ground, and on in its stride."""
    way = round(16 * log_uniform(chance, *ways) * size / NATIVE_SIZE)
    angle = chance.between(-TURN // 10, TURN // 10) + (TURN // 2 if actor.heading == "left" else 0)
    if chance.below(4) == 0:
        angle = chance.below(TURN)
    stride = chance.between(0, TURN // 16) if actor.is_moving else 0
    if (actor.phase in HELD_PHASES) != ((actor.phase + stride) % TURN in HELD_PHASES):
        stride = -stride  # back in its stride rather than into, or out of, the eighth that is held out
    return moved(actor, way * cosine(angle) // ONE, -way * sine(angle) // ONE, stride)


def _camera(chance: Chance, size: int, reach: float) -> Camera:
    """Hold a camera somewhere near rest; its shifts and zoom stay within the land's margin."""
    farthest = 16 * size // NATIVE_SIZE * 10
    most = round(farthest * log_uniform(chance, 0.04, 1.0) * reach)
    zoom = 1024 + chance.between(0, round(40 * reach)) - round(12 * reach)
    centre = 8 * size * (1024 - zoom) // 1024  # it zooms about the middle
    return Camera(zoom, chance.between(-most, most) + centre, chance.between(-most // 2, most // 2) + centre)
