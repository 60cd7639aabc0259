"""Pictures of the comparison: curves of rate and distortion, and the same place decoded by each codec."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.broad.compress.measuring import Point
from onward.broad.compress.rivals import RIVALS, rivals_here
from onward.parts.letters import letters
from onward.parts.plots import curves_picture

__all__ = ["compared", "rate_picture", "rival_at"]

_SIDE, _GAP, _ROW = 256, 8, 22
_TRIES = 6


def rate_picture(measured: Sequence[Mapping[str, Sequence[Point]]]) -> NDArray[np.uint8]:
    """Draw PSNR over kilobytes for each codec, mean over pictures at each of its qualities."""
    means = {}
    for name in measured[0]:
        places = list(zip(*(curves[name] for curves in measured), strict=True))
        sizes = np.array([np.mean([point.size for point in each]) / 1000 for each in places])
        levels = np.array([np.mean([point.decibels for point in each]) for each in places])
        order = np.argsort(sizes)
        means[name] = sizes[order], levels[order]
    most = max(float(sizes.max()) for sizes, _ in means.values())
    if len(means) > 1:
        ours = next(iter(means.values()))[0]
        most = min(most, 1.3 * float(ours.max()))
    grid = np.linspace(0, max(most, 0.1), 400)
    curves = {
        name: np.where((grid >= sizes[0]) & (grid <= sizes[-1]), np.interp(grid, sizes, levels), np.nan)
        for name, (sizes, levels) in means.items()
        if len(sizes) > 1
    }
    for name, (sizes, levels) in means.items():
        if len(sizes) == 1:  # a point: a short stroke
            curves[name] = np.where(np.abs(grid - sizes[0]) < 0.01 * grid[-1], levels[0], np.nan)
    return curves_picture(grid, curves, "PSNR in decibels over the file's size", "kB")


def rival_at(name: str, pixels: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], int]:
    """Code by a rival at the quality whose file comes nearest to a size; gives what it decodes to, and the bytes."""
    form, options, _ = RIVALS[name]
    low, high, best = 0, 100, (b"", 10**12)
    for _ in range(_TRIES):
        middle = (low + high) // 2
        content = io.BytesIO()
        Image.fromarray(pixels).save(content, form, quality=middle, **options)
        found = len(content.getvalue())
        if abs(found - size) < abs(best[1] - size):
            best = content.getvalue(), found
        low, high = (middle + 1, high) if found < size else (low, middle - 1)
    return np.asarray(Image.open(io.BytesIO(best[0])).convert("RGB")), best[1]


def compared(pixels: NDArray[np.uint8], decoded: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Lay original, ours, JPEG and the newest rival beside each other, the middle 256 pixels, sizes below."""
    best = rivals_here()[-1]
    shown = [("original", pixels, 0), ("this codec", decoded, size)]
    shown += [(name, *rival_at(name, pixels, size)) for name in dict.fromkeys(("JPEG", best))]
    side = min(_SIDE, *pixels.shape[:2])
    top, left = ((each - side) // 2 for each in pixels.shape[:2])
    factor = max(1, _SIDE // side)
    wide = side * factor
    columns = 2 if len(shown) > 3 else len(shown)
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * (wide + _GAP), rows * (wide + _ROW + _GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (name, picture, count) in enumerate(shown):
        x, y = (number % columns) * (wide + _GAP), number // columns * (wide + _ROW + _GAP)
        cut = Image.fromarray(picture[top : top + side, left : left + side])
        sheet.paste(cut.resize((wide, wide), Image.Resampling.NEAREST), (x, y))
        told = f"{name}, {count:,} bytes" if count else name
        pen.text((x, y + wide + 3), told, fill=(40, 44, 52), font=letters(13))
    return np.asarray(sheet)
