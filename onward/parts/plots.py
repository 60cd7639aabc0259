"""Curves as pixels: for what is shown during training, where no page draws them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.parts.letters import letters

__all__ = ["COLOURS", "curves_picture"]

COLOURS = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
    (150, 220, 90), (180, 140, 255), (255, 120, 120),
)  # fmt: skip
_INK, _GRID, _GREY = (40, 44, 52), (230, 230, 230), (110, 110, 110)
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BELOW = 760, 260, 66, 26, 190, 46
_MOST_CURVES, _LONGEST_NAME = 10, 20


def curves_picture(
    x: NDArray[np.floating],
    curves: Mapping[str, NDArray[np.floating]],
    title: str,
    unit: str = "s",
    powers_of_ten: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Draw curves over x, at most ten; where a value is NaN a curve has a gap.

    Args:
        unit: of x.
        powers_of_ten: the lowest and the highest to be seen; the axis is logarithmic then.
    Returns: H W 3, uint8.
    Example:
        >>> curves_picture(np.arange(3.0), {"a": np.array([1.0, 0.1, 0.0])}, "share", powers_of_ten=(-3, 0)).shape
        (332, 1016, 3)
    """
    chosen = {name: np.asarray(each, float) for name, each in list(curves.items())[:_MOST_CURVES]}
    if powers_of_ten is not None:
        low, high = map(float, powers_of_ten)
        chosen = {name: np.log10(np.maximum(each, 10.0**low)) for name, each in chosen.items()}
    else:
        low, high = _range(chosen)
    sheet = Image.new("RGB", (_LEFT + _WIDTH + _RIGHT, _TOP + _HEIGHT + _BELOW), "white")
    pen, font = ImageDraw.Draw(sheet), letters(13)
    first, last = float(x[0]), max(float(x[-1]), float(x[0]) + 1e-6)
    for value in _ticks(first, last):
        across = _LEFT + _WIDTH * (value - first) / (last - first)
        pen.line((across, _TOP, across, _TOP + _HEIGHT), fill=_GRID)
        pen.text((across, _TOP + _HEIGHT + 8), f"{value:.6g} {unit}".strip(), fill=_GREY, font=font, anchor="mt")
    for value in _ticks(low, high):
        down = _TOP + _HEIGHT * (1 - (value - low) / (high - low))
        pen.line((_LEFT, down, _LEFT + _WIDTH, down), fill=_GRID)
        told = f"{value:.6g}" if powers_of_ten is None else f"{10.0**value:.3g}"
        pen.text((_LEFT - 8, down), told, fill=_GREY, font=font, anchor="rm")
    pen.text((_LEFT, 4), title, fill=_INK, font=font)
    places = _LEFT + _WIDTH * (np.asarray(x) - first) / (last - first)
    for number, (name, each) in enumerate(chosen.items()):
        colour = COLOURS[number]
        heights = _TOP + _HEIGHT * (1 - (np.clip(each, low, high) - low) / (high - low))
        for run in np.split(np.arange(len(places)), np.flatnonzero(~np.isfinite(heights))):
            points = [(float(places[place]), float(heights[place])) for place in run if np.isfinite(heights[place])]
            if len(points) > 1:
                pen.line(points, fill=colour, width=2)
        row = _TOP + 22 * number
        pen.rectangle((_LEFT + _WIDTH + 14, row, _LEFT + _WIDTH + 26, row + 12), fill=colour)
        pen.text((_LEFT + _WIDTH + 32, row - 2), name[:_LONGEST_NAME], fill=_INK, font=font)
    return np.asarray(sheet)


def _range(curves: Mapping[str, NDArray[np.floating]]) -> tuple[float, float]:
    """Give the lowest and nearly the highest value: a single spike does not flatten the rest."""
    values = np.concatenate([each[np.isfinite(each)] for each in curves.values()] or [np.zeros(1)])
    if not len(values):
        values = np.zeros(1)
    low, high = (float(np.percentile(values, share)) for share in (0, 99.5))
    return low, max(high, low + 1e-6)


def _ticks(low: float, high: float) -> list[float]:
    """Give some five round values between two.

    Example:
        >>> _ticks(0.0, 99.0)
        [0.0, 20.0, 40.0, 60.0, 80.0]
    """
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(power * next(each for each in (1, 2, 5, 10) if each * power >= rough * 0.999))
    first = int(np.ceil(low / step - 1e-9))
    return [number * step for number in range(first, int(np.floor(high / step + 1e-9)) + 1)]
