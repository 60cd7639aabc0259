"""Coats: what colour every point of a resting horse has. Painted in rest coordinates, so paint moves with the limb.

One map (256 x 256 cells of 8 units) holds, for the horse at rest, where the muscles catch light, where the dark points
of a bay sit, its paler belly, and the blaze. A pixel of a picture looks its own rest point up and mixes colours.

Read next: ``render.py``.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onward.meadow.grain import TILE, ramp, tile
from onward.meadow.horse_body import FAR, HAIR, LIMBS, PLACES
from onward.meadow.palettes import COAT_COLOURS
from onward.meadow.scene import Factors

__all__ = ["coat_colours"]

Floats = NDArray[np.floating]
_LEFT, _BOTTOM, _CELL = -800, -100, 8
_HOOF_TOP = 52
_BLAZES = {1: 4, 2: 3}  # the factor's value -> its column of the painting

# muscle relief: x, y, radius x, radius y, strength; light on the bulges, dark in the hollows
_RELIEF = [
    (330, 800, 110, 150, 0.20), (-330, 830, 130, 130, 0.20), (0, 800, 190, 120, 0.10), (-180, 640, 70, 130, -0.20),
    (195, 640, 60, 120, -0.18), (430, 905, 60, 130, -0.13), (200, 930, 70, 70, -0.06), (-60, 560, 300, 60, -0.18),
    (-440, 620, 60, 90, -0.10), (520, 1180, 60, 150, 0.10), (610, 1240, 45, 60, 0.12), (690, 1275, 55, 50, 0.10),
    (660, 1195, 30, 60, -0.20), (800, 1190, 30, 90, 0.10), (-300, 600, 60, 110, 0.09), (300, 500, 36, 110, 0.10),
    (287, 340, 30, 30, 0.12), (-385, 390, 30, 36, 0.12),
]  # fmt: skip
_EYE, _NOSTRIL, _MOUTH = (716, 1278, 20), (872, 1052, 17), (838, 1010, 14)


class _Weights(NamedTuple):
    """Shares of the paint of each cell: relief -1..1, then dark points, pale belly, blaze and star 0..1."""

    relief: Floats
    points: Floats
    belly: Floats
    blaze: Floats
    star: Floats


def _blob(x: Floats, y: Floats, at_x: float, at_y: float, radius_x: float, radius_y: float) -> Floats:
    return np.exp(-(((x - at_x) / radius_x) ** 2) - ((y - at_y) / radius_y) ** 2)


@cache
def _painting() -> Floats:
    """Return the paint shares of the resting horse (256 * 256 cells, 5)."""
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32) * _CELL
    x, y = x + _LEFT, y + _BOTTOM
    relief = sum((k * _blob(x, y, a, b, c, d) for a, b, c, d, k in _RELIEF), np.zeros_like(x))
    for at_x, at_y, radius in (_EYE, _NOSTRIL, _MOUTH):
        relief = relief - 0.95 * _blob(x, y, at_x, at_y, radius, radius)
    muzzle = ramp(x * 0.643 - y * 0.766, -290, -205) * (x > 640)
    points = np.maximum(ramp(y, 400, 250) * (x < 520), muzzle * 0.8)
    belly = ramp(y, 640, 520) * ramp(np.abs(x + 60), 300, 180) * (y > 450)
    face = (x - 622) * 0.766 + (y - 1338) * 0.643  # towards the forehead
    along = (x - 622) * 0.643 - (y - 1338) * 0.766  # from poll to muzzle
    blaze = ramp(face, 4, 22) * ramp(along, 60, 90) * (x > 600)
    star = np.maximum(_blob(x, y, 722, 1322, 46, 46) * 1.4, 0)
    weights = _Weights(relief, points, belly, blaze, np.minimum(star, 1))
    painting = np.stack(weights, axis=-1).reshape(-1, len(weights)).astype(np.float32)
    painting.setflags(write=False)
    return painting


@cache
def _limb_tables() -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return for every limb: 1 where it is hair, its brightness (the far side lies in shade), and its leg 0-3 or -1."""
    hair = np.array([1.0 if place in HAIR else 0.0 for place in range(len(LIMBS))], dtype=np.float32)
    bright = np.array([0.62 if place in FAR else 1.0 for place in range(len(LIMBS))], dtype=np.float32)
    legs = np.full(len(LIMBS), -1)
    for leg, (side, pair) in enumerate((("near", "fore"), ("far", "fore"), ("near", "hind"), ("far", "hind"))):
        for part in ("cannon", "pastern"):
            legs[PLACES[f"{side} {pair} {part}"]] = leg
    return hair, bright, legs


def _whiteness(
    limbs: NDArray[np.intp], x: NDArray[np.intp], y: NDArray[np.intp], up: Floats, factors: Factors
) -> Floats:
    """Return how white each point is (n): stockings by leg, and the patches of a pinto."""
    legs = _limb_tables()[2]
    tops = np.full(len(LIMBS) + 1, -1e6, dtype=np.float32)
    for leg in range(4):
        if factors.white_legs >> leg & 1:
            tops[:-1][legs == leg] = 120 + (factors.hair >> 4 * leg & 15) * 13
    white = ramp(tops.take(limbs) - up, -10, 10)
    if COAT_COLOURS[factors.coat].pattern == "pinto":
        across, down = factors.hair >> 8 & 255, factors.hair >> 16 & 255
        place = ((y + down & 255) << 8) + (x + across & 255)
        patches = tile("cloud").ravel().take(place) + 0.35 * tile("broad").ravel().take(place)
        np.maximum(white, ramp(patches, -0.12, 0.08), out=white)
    return white


def _shine(x: NDArray[np.intp], y: NDArray[np.intp], hair: Floats, factors: Factors) -> Floats:
    """Return the brightness that hair and dapples add at each point (n)."""
    down, across = factors.hair >> 24 & 255, factors.hair >> 32 & 255
    place = ((y + down & 255) << 8) + (x + across & 255)
    shine = tile("fine").ravel().take(place) * (0.045 + 0.06 * hair)
    shine += tile("broad").ravel().take(place) * 0.035
    strands = np.flatnonzero(hair)
    shine[strands] += tile("blades").ravel().take(place[strands]) * 0.10
    if COAT_COLOURS[factors.coat].pattern == "dapple":
        dapples = tile("clump").ravel().take((((y * 3 >> 2) + down & 255) << 8) + ((x * 3 >> 2) + across & 255))
        shine += (1 - hair) * ramp(dapples, -0.4, 0.9) * 0.34 - 0.12
    return shine


def coat_colours(limbs: NDArray[np.intp], rest_x: Floats, rest_y: Floats, factors: Factors) -> Floats:
    """Return the colour of points of the horse (3 n), 0 to 255, unlit by the sky: limb and rest point decide.

    Args: `limbs` (n) places in `LIMBS`; `rest_x`, `rest_y` (n) in units of the resting horse; `factors` the coat.
    """
    coat = COAT_COLOURS[factors.coat]
    x = ((rest_x - _LEFT) * (1 / _CELL)).astype(np.intp)
    y = ((rest_y - _BOTTOM) * (1 / _CELL)).astype(np.intp)
    shares = _painting().take((np.clip(y, 0, 255) << 8) | np.clip(x, 0, 255), axis=0)
    hair_of, bright_of, _ = _limb_tables()
    hair = hair_of.take(limbs)
    skin = 1 - hair
    tint = np.array(factors.tint, dtype=np.float32)
    base = np.array(coat.body, dtype=np.float32) + tint
    ends = np.array([coat.points, coat.belly, coat.mane, (232, 226, 216), (66, 56, 50)], dtype=np.float32)
    ends[2] += tint / 2
    white = _whiteness(limbs, x, y, rest_y, factors)
    if factors.blaze:
        white = np.maximum(white, shares[:, _BLAZES[factors.blaze]] * (limbs == PLACES["head"]))
    white *= skin
    hoof = ramp(rest_y, _HOOF_TOP, _HOOF_TOP - 10) * skin
    bare = 1 - hoof
    white *= bare
    bare -= white
    mixing = np.stack((shares[:, 1] * skin * bare, shares[:, 2] * skin * bare * 0.7, hair, white, hoof), axis=1)
    colours = np.add((mixing @ (ends - base)).T, base[:, None], order="C")
    light = _shine(x, y, hair, factors)
    light += 1
    light += shares[:, 0] * skin
    light *= bright_of.take(limbs)
    colours *= light
    return colours
