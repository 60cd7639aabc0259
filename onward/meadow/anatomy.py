"""What a creature is made of: limbs at rest, the order they are drawn in, their paint, and the points people name.

Rest coordinates as in ``limbs.py``: facing right, y up, feet at y = 0. A creature seen from the side shows one flank;
limbs of that flank are *near*, the others *far*: drawn first, in shade. Facing right the near flank is the right one,
facing left it is the left one, so left and right are always decidable.

Read next: ``platypus.py``, ``person.py``, ``bird.py``; ``horse_body.py`` for the horse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import TURN, cosine, sine
from onward.meadow.limbs import Limb, Point, smooth

__all__ = ["Anatomy", "Part", "assemble", "capsule", "degrees", "oval", "rounded"]


@dataclass(frozen=True)
class Part:
    """One limb as it is written down.

    Attributes:
        parent: the limb it hangs on, "" for the root.
        pivot: where it turns.
        paint: `body`, `second`, `skin`, `dark`, `pale` or `bright`: see ``paint.py``.
    """

    name: str
    parent: str
    pivot: Point
    outline: tuple[Point, ...]
    paint: str = "body"


@dataclass(frozen=True)
class Anatomy:
    """A kind of creature.

    Attributes:
        limbs: parents before children.
        order: places in `limbs`, far ones first.
        far: places of the limbs in shade.
        paints: the paint of each limb.
        keypoints: name -> (limb, rest point); `near` and `far` in a name become left and right in a picture.
        soles: limbs whose lowest point stands on the ground.
    """

    kind: str
    limbs: tuple[Limb, ...]
    order: tuple[int, ...]
    far: frozenset[int]
    paints: tuple[str, ...]
    keypoints: Mapping[str, tuple[int, Point]]
    soles: tuple[int, ...]

    @property
    def places(self) -> dict[str, int]:
        """Give the place of each limb by name."""
        return {limb.name: place for place, limb in enumerate(self.limbs)}

    def outlines(self) -> list[NDArray[np.int64]]:
        """Give the limbs' outlines as arrays, points 2."""
        return [np.array(limb.outline, dtype=np.int64).reshape(-1, 2) for limb in self.limbs]


def assemble(
    kind: str,
    parts: Sequence[Part],
    order: Sequence[str],
    keypoints: Mapping[str, tuple[str, Point]],
    soles: Sequence[str],
) -> Anatomy:
    """Put parts together; everything is named, nothing counted by hand."""
    places = {part.name: place for place, part in enumerate(parts)}
    limbs = tuple(Limb(part.name, places.get(part.parent, -1), part.pivot, part.outline) for part in parts)
    return Anatomy(
        kind,
        limbs,
        tuple(places[name] for name in order),
        frozenset(place for name, place in places.items() if name.startswith("far ")),
        tuple(part.paint for part in parts),
        {name: (places[limb], point) for name, (limb, point) in keypoints.items()},
        tuple(places[name] for name in soles),
    )


def degrees(angle: int) -> int:
    """Give an angle in 4096ths of a turn.

    Example:
        >>> degrees(90)
        1024
    """
    return angle * TURN // 360


def capsule(start: Point, end: Point, radius: int, end_radius: int, pieces: int = 5) -> tuple[Point, ...]:
    """Draw a limb from `start` to `end`, round at both ends, as thick as the radii say.

    Example:
        >>> len(capsule((0, 0), (0, 100), 20, 10))
        12
    """
    angle = _direction(end[0] - start[0], end[1] - start[1])
    points = []
    for (x, y), thick, first in ((end, end_radius, angle - TURN // 4), (start, radius, angle + TURN // 4)):
        for piece in range(pieces + 1):
            at = first + TURN // 2 * piece // pieces
            points.append((x + thick * cosine(at) // 16384, y + thick * sine(at) // 16384))
    return tuple(points)


def oval(centre: Point, across: int, up: int, tilt: int = 0, pieces: int = 16) -> tuple[Point, ...]:
    """Draw an ellipse, turned by `tilt` degrees."""
    cos, sin = cosine(degrees(tilt)), sine(degrees(tilt))
    points = []
    for piece in range(pieces):
        at = TURN * piece // pieces
        x, y = across * cosine(at) // 16384, up * sine(at) // 16384
        points.append((centre[0] + (cos * x - sin * y) // 16384, centre[1] + (sin * x + cos * y) // 16384))
    return tuple(points)


def _direction(x: int, y: int) -> int:
    """Find the angle of a direction by bisection on the whole-number sine, the same on every machine."""
    best, best_match = 0, -(1 << 62)
    for step in range(0, TURN, 16):
        match = x * cosine(step) + y * sine(step)
        if match > best_match:
            best, best_match = step, match
    return best


def rounded(*corners: Point, pieces: int = 3) -> tuple[Point, ...]:
    """Round a closed outline through its corners."""
    return smooth(corners, pieces)
