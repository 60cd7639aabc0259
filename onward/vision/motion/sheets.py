"""Pairs of pictures to learn motion from: cut-out pictures moved over a picture, each by its own affine map.

The trick of FlyingChairs (Dosovitskiy et al. 2015): nothing looks real, yet what is learned is right, because the ways
are as long and as varied as real ones, and real texture moves (Mayer et al. 2018). The truth is exact by construction:
a sheet is a function of its own coordinates, and a frame looks it up through a map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.parts.dense_flow import open_cv

__all__ = ["Pair", "sheet_pair"]

_LEAST_WAY, _LONGEST_WAY = 0.2, 0.28  # pixels, and of the side
_MOST_SHEETS, _CORNERS = 5, 24
_TURN, _GROWTH = 0.06, 0.06


@dataclass(frozen=True)
class Pair:
    """Two pictures and the way from the first to the second.

    Attributes:
        first, second: H W 3.
        way: H W 2 in pixels.
        known: H W: where the way is known.
    """

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    way: NDArray[np.float32]
    known: NDArray[np.bool_]


def sheet_pair(textures: Sequence[NDArray[np.uint8]], chance: np.random.Generator, size: int) -> Pair:
    """Move one to five cut-outs over a picture.

    Args:
        textures: pictures, H W 3 of any size.
        chance: what is drawn by lot.
        size: side of the pair in pixels.
    Example:
        >>> pair = sheet_pair([np.zeros((40, 60, 3), np.uint8)], np.random.default_rng(0), 64)
        >>> pair.first.shape, pair.way.shape
        ((64, 64, 3), (64, 64, 2))
    """
    cv2 = open_cv()
    frames = [np.zeros((size, size, 3), np.float32) for _ in range(2)]
    way = np.zeros((size, size, 2), np.float32)
    ground = _motion(chance, size)
    for number in range(1 + int(chance.integers(0, _MOST_SHEETS + 1))):
        motion = ground if number == 0 else _motion(chance, size) @ (ground if chance.random() < 0.5 else np.eye(3))
        texture = textures[int(chance.integers(len(textures)))]
        look = _look(chance, texture.shape, size)
        shape = np.ones((size, size), np.float32) if number == 0 else _cut_out(cv2, chance, size)
        for frame, lookup in zip(frames, (np.eye(3), np.linalg.inv(motion)), strict=True):
            drawn = _through(cv2, texture, look @ lookup, size, cv2.BORDER_REFLECT_101)
            mask = shape if number == 0 else _through(cv2, shape, lookup, size, cv2.BORDER_CONSTANT)
            frame += mask[..., None] * (drawn - frame)
        owned = shape > 0.5
        way[owned] = _way(motion, size)[owned]
    first, second = _lit(chance, frames)
    return Pair(first, second, way, np.ones((size, size), bool))


def _motion(chance: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw a motion about the middle: log-uniform shift, a little turn and growth."""
    longest = _LONGEST_WAY * size
    length = _LEAST_WAY * (longest / _LEAST_WAY) ** chance.random()
    angle = 2 * np.pi * chance.random()
    share = min(1.0, 4 * length / longest)  # what hardly shifts hardly turns
    turn, growth = share * _TURN * chance.standard_normal(), 1 + share * _GROWTH * chance.standard_normal()
    cos, sin = growth * np.cos(turn), growth * np.sin(turn)
    centre = size / 2
    about = np.array(
        [[cos, -sin, centre - cos * centre + sin * centre], [sin, cos, centre - sin * centre - cos * centre]]
    )
    about[:, 2] += length * np.cos(angle), length * np.sin(angle)
    return np.vstack([about, [0, 0, 1]])


def _look(chance: np.random.Generator, shape: tuple[int, ...], size: int) -> NDArray[np.float64]:
    """Draw which part of a picture is seen: a map from the frame's pixels to the picture's."""
    zoom = min(shape[:2]) / size * chance.uniform(0.35, 1.0)
    zoom = min(zoom, 2.0)  # without a filter, more would flicker
    flip = -1.0 if chance.random() < 0.5 else 1.0
    x, y = (chance.uniform(0, max(1.0, side - zoom * size)) for side in (shape[1], shape[0]))
    left = x + (zoom * size if flip < 0 else 0)
    return np.array([[flip * zoom, 0, left], [0, zoom, y], [0, 0, 1]])


def _cut_out(cv2: Any, chance: np.random.Generator, size: int) -> NDArray[np.float32]:
    """Draw a shape with a smooth or a ragged outline: H W in 0 to 1."""
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    radius = size * chance.uniform(0.06, 0.3) * np.ones(_CORNERS)
    for wave in range(1, 6):
        radius *= 1 + chance.uniform(0, 0.5) / wave * np.sin(wave * angles + 2 * np.pi * chance.random())
    stretch, tilt = np.exp(chance.uniform(-0.7, 0.7)), np.pi * chance.random()
    x, y = radius * np.cos(angles) * stretch, radius * np.sin(angles) / stretch
    middle = chance.uniform(0, size, 2)
    turned = np.stack([x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)], axis=1) + middle
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(turned * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / np.float32(255)


def _through(cv2: Any, sheet: NDArray[Any], lookup: NDArray[Any], size: int, border: int) -> NDArray[np.float32]:
    """Look a sheet up through a map from the frame's pixels to the sheet's."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(sheet, lookup[:2], (size, size), flags=flags, borderMode=border).astype(np.float32)


def _way(motion: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:size, :size].astype(float)
    x = motion[0, 0] * columns + motion[0, 1] * rows + motion[0, 2] - columns
    y = motion[1, 0] * columns + motion[1, 1] * rows + motion[1, 2] - rows
    return np.stack([x, y], axis=2, dtype=np.float32, casting="same_kind")


def _lit(chance: np.random.Generator, frames: Sequence[NDArray[np.float32]]) -> list[NDArray[np.uint8]]:
    """Change light and contrast, of both alike and a little of each alone, and add a camera's noise."""
    power, gain = np.exp(chance.uniform(-0.3, 0.3)), chance.uniform(0.8, 1.2)
    noise = chance.uniform(0, 4)
    lit = []
    for frame in frames:
        own = gain * (1 + 0.03 * chance.standard_normal())
        bright = 255 * own * (frame.clip(0, 255) / 255) ** power
        bright += noise * chance.standard_normal(frame.shape, dtype=np.float32)
        lit.append(np.round(bright).clip(0, 255).astype(np.uint8))
    return lit
