"""Tileable noise: the few small textures that every cloud, hill, blade of grass and hair of the world is cut from.

Value noise is made once per process from raw random words, smoothed with whole wrap-around, summed over octaves and
brought to mean 0 and spread 1. Pictures only ever *look up* these tiles, which is what keeps the world fast.

Source: Perlin 1985, "An image synthesizer". Read next: ``land.py``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import Chance

__all__ = ["TILE", "look_up", "ramp", "tile"]

Floats = NDArray[np.floating]
TILE = 256  # side of every tile, a power of two so that `& (TILE - 1)` wraps
_WRAP = TILE - 1

# name -> octaves as (cell height, cell width, weight)
_RECIPES = {
    "broad": ((64, 64, 8), (32, 32, 3)),
    "cloud": ((64, 64, 16), (32, 32, 9), (16, 16, 5), (8, 8, 3), (4, 4, 2)),
    "clump": ((16, 16, 4), (8, 8, 3), (4, 4, 2), (2, 2, 1)),
    "fine": ((4, 4, 2), (2, 2, 2), (1, 1, 1)),
    "blades": ((32, 8, 2), (8, 4, 3), (8, 2, 3), (4, 1, 2)),
    "speck": ((2, 2, 1), (1, 1, 1)),
}


def _octave(chance: Chance, height: int, width: int) -> Floats:
    rows, columns = TILE // height, TILE // width
    grid = chance.bytes(rows * columns).reshape(rows, columns).astype(np.float32)
    for axis, cell in ((0, height), (1, width)):
        share = np.arange(cell, dtype=np.float32) / cell
        share = share * share * (3 - 2 * share)
        share = share[:, None] if axis == 0 else share
        here, there = np.expand_dims(grid, axis + 1), np.expand_dims(np.roll(grid, -1, axis), axis + 1)
        grid = (here + (there - here) * share).reshape(TILE if axis == 0 else grid.shape[0], -1)
    return grid


@cache
def tile(name: str) -> Floats:
    """Return the tile `name` (256 256), mean 0, standard deviation 1; never write to it.

    Example:
        >>> tile("cloud").shape, abs(float(tile("cloud").mean())) < 1e-3
        ((256, 256), True)
    """
    chance = Chance("meadow grain", name)
    total = np.zeros((TILE, TILE), dtype=np.float32)
    for height, width, weight in _RECIPES[name]:
        total += _octave(chance, height, width) * weight
    total = (total - total.mean()) / total.std()
    total.setflags(write=False)
    return total


def look_up(name: str, down: Floats, across: Floats, smooth: bool) -> Floats:
    """Return the tile `name` at places that broadcast together, wrapped; `smooth` blends the four cells around each.

    Example:
        >>> look_up("cloud", np.float32([[3]]), np.float32([[7, 7.5]]), smooth=True).shape
        (1, 2)
    """
    if not smooth:  # flat: four times faster to look up
        return tile(name).ravel().take(_places(down, across))
    top, left = np.floor(down), np.floor(across)
    down_share, across_share = down - top, across - left
    places = _places(top, left)
    cells, steps = _flat(name)
    upper = steps.take(places)
    upper *= across_share
    upper += cells.take(places)
    lower = steps[TILE:].take(places)
    lower *= across_share
    lower += cells[TILE:].take(places)
    lower -= upper
    lower *= down_share
    lower += upper
    return lower


def _places(down: Floats, across: Floats) -> NDArray[np.intp]:
    """Number the cells of a flat tile that hold the places (whole numbers, or their fractions cut off)."""
    return ((down.astype(np.intp) & _WRAP) << 8) + (across.astype(np.intp) & _WRAP)


@cache
def _flat(name: str) -> tuple[Floats, Floats]:
    """Return a tile's cells (257 * 256, its first row once more at the end) and their steps to the cell beside."""
    cells = np.concatenate((tile(name), tile(name)[:1]))
    return cells.ravel(), (np.roll(cells, -1, axis=1) - cells).ravel()


def ramp(values: Floats, start: float, stop: float) -> Floats:
    """Return 0 below `start`, 1 above `stop`, a straight line between; `start` may be the larger one."""
    scaled = values * np.float32(1 / (stop - start))
    scaled -= np.float32(start / (stop - start))
    return np.clip(scaled, 0, 1, out=scaled)
