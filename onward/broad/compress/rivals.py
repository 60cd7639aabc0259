"""What every computer has already: JPEG, WebP and AVIF at several qualities, as good as Pillow makes them."""

from __future__ import annotations

import io
import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features

from onward.broad.compress.measuring import Point, decibels, ms_ssim

__all__ = ["RIVALS", "rival_points", "rivals_here"]

RIVALS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "JPEG": ("JPEG", {"optimize": True, "subsampling": "4:2:0"}, (5, 10, 15, 25, 40, 60, 75, 87, 94)),
    "WebP": ("WEBP", {"method": 4}, (1, 10, 25, 45, 65, 80, 88, 94)),
    "AVIF": ("AVIF", {"speed": 6}, (10, 22, 35, 48, 60, 72, 84)),
}


def rivals_here() -> list[str]:
    """List the rivals that this Pillow can write."""
    return [name for name in RIVALS if name == "JPEG" or features.check(name.lower())]


def rival_points(name: str, pixels: NDArray[np.uint8], every: int = 1, has_likeness: bool = True) -> list[Point]:
    """Code H W 3 by a rival at each of its qualities, or at every second, third ...; always at the first and the last.

    Args:
        has_likeness: measure MS-SSIM too, which takes longer than to code; else it is not a number.
    """
    form, options, qualities = RIVALS[name]
    picture = Image.fromarray(pixels)
    points = []
    for quality in sorted({*qualities[::every], qualities[-1]}):
        content = io.BytesIO()
        began = time.perf_counter()
        picture.save(content, form, quality=quality, **options)
        encoded = time.perf_counter()
        found = np.asarray(Image.open(io.BytesIO(content.getvalue())).convert("RGB"))
        seconds = encoded - began, time.perf_counter() - encoded
        likeness = ms_ssim(found, pixels) if has_likeness else math.nan
        points.append(Point(len(content.getvalue()), decibels(found, pixels), likeness, seconds))
    return points
