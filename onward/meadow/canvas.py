"""From limb numbers on a fine canvas to colours in a picture, and from a finished canvas to bytes.

Pictures are held as three whole planes while they are worked on: mixing a plane is several times faster than mixing
every third number.

Read next: ``render.py`` and ``stage.py``, which draw on it.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.meadow.chance import Chance
from onward.meadow.limbs import Posed, View

__all__ = ["Painter", "as_bytes", "coloured", "compressed", "darkened", "developed", "softened"]

Floats = NDArray[np.floating]
Painter = Callable[[NDArray[np.intp], Floats, Floats], Floats]  # limbs (n), rest x (n), rest y (n): colours (3 n)
_NIGHT = np.array((0.20, 0.24, 0.36), np.float32).reshape(3, 1, 1)


def coloured(
    numbers: NDArray[np.uint8],
    posed: Posed,
    view: View,
    painter: Painter,
    fineness: int,
    corner: tuple[int, int] = (0, 0),
) -> Floats:
    """Colour a fine canvas of limb numbers and shrink it (4 h w): colour times cover, and cover, 0 to 255.

    Args:
        numbers: 0, or the limb's place plus 1 (h * fineness, w * fineness).
        painter: gives the colours of points of the resting creature.
        corner: the canvas pixel, x and y, of its upper left corner.
    """
    high, wide = numbers.shape
    where = np.flatnonzero(numbers != 0)  # ten times faster than on the numbers themselves
    limbs = numbers.ravel().take(where).astype(np.intp) - 1
    rows = where.astype(np.int32) // np.int32(wide)
    x = (where - rows * np.int32(wide)).astype(np.float32) + np.float32(0.5 + corner[0])
    y = rows.astype(np.float32) + np.float32(0.5 + corner[1])
    a, b, c, d, e, f = (part.take(limbs) for part in posed.to_rest(view).T)
    a *= x
    b *= y
    a += b
    a += c
    d *= x
    e *= y
    d += e
    d += f
    colours = painter(limbs, a, d)
    red, green, blue = np.clip(colours, 0, 255, out=colours).astype("<u4")
    red |= green << 8
    red |= blue << 16
    red |= 255 << 24
    fine = np.zeros(numbers.size, "<u4")
    fine[where] = red
    small = Image.frombuffer("RGBX", (wide, high), fine, "raw", "RGBX", 0, 1).reduce(fineness)
    return np.asarray(small).transpose(2, 0, 1).astype(np.float32, order="C")


def developed(canvas: Floats, chance: Chance) -> NDArray[np.uint8]:
    """Strew grain over a finished canvas (3 size size) and make bytes of it (size size 3)."""
    size = canvas.shape[1]
    grain = chance.bytes(size * size).reshape(size, size).astype(np.float32)
    grain -= 127.5
    grain *= np.float32(4.0 / 127.5)
    canvas += grain
    return as_bytes(canvas)


def softened(canvas: Floats) -> Floats:
    """Blur a canvas (3 h w) by the binomial weights 1 4 6 4 1 in both directions, a Gaussian one pixel wide."""
    for axis in (1, 2):
        edges = [(2, 2) if place == axis else (0, 0) for place in range(3)]
        wide = np.pad(canvas, edges, mode="edge")
        count = canvas.shape[axis]
        parts = [np.take(wide, range(step, step + count), axis=axis) for step in range(5)]
        canvas = (parts[0] + parts[4] + 4 * (parts[1] + parts[3]) + 6 * parts[2]) * np.float32(1 / 16)
    return canvas


def darkened(canvas: Floats, darkness: float = 1.0) -> None:
    """Let night fall over a canvas (3 h w), in place: little light, and blue what is left; below 1 the moon shines."""
    grey = canvas.mean(axis=0)
    canvas += np.float32(0.5) * (grey - canvas)
    canvas *= _NIGHT + np.float32(1 - darkness) * (1 - _NIGHT)


def compressed(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Compress a picture (h w 3) as JPEG and open it again."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream)).copy()


def as_bytes(canvas: Floats) -> NDArray[np.uint8]:
    """Cut a canvas (3 h w) to bytes (h w 3)."""
    return np.ascontiguousarray(np.clip(canvas, 0, 255, out=canvas).astype(np.uint8).transpose(1, 2, 0))
