"""Skeletons: limbs drawn once in a rest pose, each carried to its place by one rigid motion, in whole numbers.

A creature is a list of limbs. A limb is an outline in *rest coordinates* (the creature standing, facing right, y up,
one unit = 1/1000 of its height at the withers) and a pivot; turning a limb turns everything that hangs on it. Because
every limb has exactly one motion, the coat can be painted on the resting creature and looked up through the inverse
motion (see ``coats.py``), and exact keypoints, ids and flow follow from the same table.

Read next: ``horse_body.py``, the anatomy and the gaits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import ONE, cosine, sine

__all__ = ["Limb", "Point", "Posed", "View", "move", "pose", "smooth"]

Point = tuple[int, int]


@dataclass(frozen=True)
class Limb:
    """One rigid piece of a creature; `parent` is the place of the limb it hangs on, -1 for the root."""

    name: str
    parent: int
    pivot: Point
    outline: tuple[Point, ...]


@dataclass(frozen=True)
class View:
    """How creature units become canvas pixels: 1/65536 pixel a unit, signed for heading; origin in 1/16 pixel."""

    scale_x: int
    scale_y: int
    origin_x: int
    origin_y: int


@dataclass(frozen=True)
class Posed:
    """A creature in its pose: motions (limbs 4: cosine, sine, x, y in 1/16384) and moved outline points (points 2)."""

    motions: NDArray[np.int64]
    points: NDArray[np.int64]
    starts: tuple[int, ...]

    def placed(self, view: View) -> NDArray[np.int64]:
        """Return the outline points in whole canvas pixels (points 2)."""
        x = (self.points[:, 0] * view.scale_x + (view.origin_x << 12)) >> 16
        y = (view.origin_y << 12) - self.points[:, 1] * view.scale_y >> 16
        return np.stack((x, y), axis=1)

    def polygons(self, view: View) -> list[list[int]]:
        """Return every outline as flat canvas pixels x0 y0 x1 y1 ..., limb by limb."""
        flat = self.placed(view).ravel().tolist()
        return [flat[2 * a : 2 * b] for a, b in zip(self.starts, self.starts[1:], strict=False)]

    def to_rest(self, view: View) -> NDArray[np.float32]:
        """Return the inverse affines (limbs 6): canvas pixel (x, y) to rest = (a x + b y + c, d x + e y + f)."""
        cos, sin, shift_x, shift_y = (self.motions.T / ONE).astype(np.float64)
        across, up = 65536 / view.scale_x, -65536 / view.scale_y
        at_x = -view.origin_x / 16 * across - shift_x
        at_y = -view.origin_y / 16 * up - shift_y
        rows = (cos * across, sin * up, cos * at_x + sin * at_y, -sin * across, cos * up, cos * at_y - sin * at_x)
        return np.stack(rows, axis=1).astype(np.float32)


def pose(limbs: Sequence[Limb], angles: Sequence[int], lift: Point = (0, 0)) -> NDArray[np.int64]:
    """Turn each limb by its angle (4096 to the turn, counter-clockwise) about its pivot, parents first.

    Returns: motions (limbs 4) in 1/16384: cosine, sine, x and y shift. `lift` shifts the whole creature, in units.

    Example:
        >>> pose([Limb("arm", -1, (0, 0), ((0, 0),))], [1024]).tolist()
        [[0, 16384, 0, 0]]
    """
    motions: list[tuple[int, int, int, int]] = []
    root = (ONE, 0, lift[0] * ONE, lift[1] * ONE)
    for limb, angle in zip(limbs, angles, strict=True):
        cos0, sin0, x0, y0 = motions[limb.parent] if limb.parent >= 0 else root
        cos1, sin1 = cosine(angle), sine(angle)
        cos, sin = (cos0 * cos1 - sin0 * sin1) >> 14, (sin0 * cos1 + cos0 * sin1) >> 14
        x, y = limb.pivot
        shift_x = cos0 * x - sin0 * y + x0 - (cos * x - sin * y)
        shift_y = sin0 * x + cos0 * y + y0 - (sin * x + cos * y)
        motions.append((cos, sin, shift_x, shift_y))
    return np.array(motions, dtype=np.int64)


def move(motions: NDArray[np.int64], outlines: Sequence[NDArray[np.int64]]) -> Posed:
    """Carry `outlines` (one a limb: points 2, rest coordinates) along `motions` (limbs 4)."""
    counts = [len(outline) for outline in outlines]
    rest = np.concatenate(outlines)
    cos, sin, shift_x, shift_y = np.repeat(motions, counts, axis=0).T
    x = (cos * rest[:, 0] - sin * rest[:, 1] + shift_x) >> 14
    y = (sin * rest[:, 0] + cos * rest[:, 1] + shift_y) >> 14
    starts = [0]
    for count in counts:
        starts.append(starts[-1] + count)
    return Posed(motions, np.stack((x, y), axis=1), tuple(starts))


def smooth(corners: Sequence[Point], pieces: int = 3) -> tuple[Point, ...]:
    """Round a closed outline: `pieces` points a corner on the Catmull-Rom curve through `corners`, whole numbers.

    Example:
        >>> len(smooth([(0, 0), (100, 0), (100, 100), (0, 100)], pieces=3))
        12
    """
    rounded: list[Point] = []
    count = len(corners)
    for place in range(count):
        p0, p1, p2, p3 = (corners[(place + step) % count] for step in (-1, 0, 1, 2))
        for piece in range(pieces):
            t, n = piece, pieces
            x, y = (
                (2 * b * n**3 + (c - a) * t * n**2 + (2 * a - 5 * b + 4 * c - d) * t**2 * n
                 + (3 * b - a - 3 * c + d) * t**3) // (2 * n**3)
                for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
            )  # fmt: skip
            rounded.append((x, y))
    return tuple(rounded)
