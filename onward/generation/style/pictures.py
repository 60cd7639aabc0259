"""Sheets for people: the picture on its way, and photo, style and result beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["beside", "small"]

_SHOWN, _GAP = 512, 8


def small(pixels: NDArray[np.uint8], side: int = _SHOWN) -> NDArray[np.uint8]:
    """Give a picture, H W 3, with no side longer than this."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side:
        return pixels
    factor = side / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def beside(pictures: Sequence[NDArray[np.uint8]], high: int = 384, most_wide: int = 1600) -> NDArray[np.uint8]:
    """Put pictures, H W 3 each, beside each other at one height, lower where that would be too wide.

    Example:
        >>> beside([np.zeros((10, 10, 3), np.uint8), np.zeros((20, 40, 3), np.uint8)], high=10).shape
        (10, 38, 3)
    """
    shapes = [picture.shape[1] / picture.shape[0] for picture in pictures]
    high = max(1, min(high, int((most_wide - _GAP * (len(shapes) - 1)) / sum(shapes))))
    widths = [max(1, round(high * shape)) for shape in shapes]
    sheet = Image.new("RGB", (sum(widths) + _GAP * (len(widths) - 1), high), "white")
    across = 0
    for picture, width in zip(pictures, widths, strict=True):
        sheet.paste(Image.fromarray(picture).resize((width, high), Image.Resampling.LANCZOS), (across, 0))
        across += width + _GAP
    return np.asarray(sheet)
