"""A flow as a picture: its direction as a hue, its length as strength, and the wheel that says so drawn into a corner.

The wheel is Middlebury's (Baker et al. 2011): red right, yellow down, green-blue left, blue-violet up; still is white.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["drawn_flow", "flow_colours", "wheel_colours"]

_ARCS = ((15, 0, 1), (6, 1, 0), (4, 1, 2), (11, 2, 1), (13, 2, 0), (6, 0, 2))  # red-yellow, yellow-green, and so on
_UNSURE = 0.55  # what is left of the light where the way is not to be believed
_LETTERS = (32, 32, 36)


def wheel_colours() -> NDArray[np.float64]:
    """Give the 55 colours of the wheel, from red on: 55 3 in 0 to 1."""
    colours = np.zeros((sum(arc[0] for arc in _ARCS), 3))
    place = 0
    for number, (count, full, moving) in enumerate(_ARCS):
        ramp = np.arange(count) / count
        rising = number % 2 == 0
        colours[place : place + count, moving if rising else full] = ramp if rising else 1
        if rising:
            colours[place : place + count, full] = 1
        else:
            colours[place : place + count, moving] = 1 - ramp
        place += count
    return colours


def flow_colours(way: NDArray[np.floating], longest: float) -> NDArray[np.uint8]:
    """Colour a flow: H W 2 in pixels to H W 3; ways of `longest` pixels have the full colour, longer ones are darker.

    Example:
        >>> flow_colours(np.zeros((1, 1, 2)), 5.0).tolist()
        [[[255, 255, 255]]]
    """
    wheel = wheel_colours()
    way = np.nan_to_num(np.asarray(way, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    strength = np.hypot(way[..., 0], way[..., 1])[..., None] / max(longest, 1e-6)
    turn = np.arctan2(way[..., 1], way[..., 0]) % (2 * np.pi) / (2 * np.pi) * len(wheel)
    low = np.floor(turn).astype(int) % len(wheel)
    share = (turn - np.floor(turn))[..., None]
    colour = wheel[low] * (1 - share) + wheel[(low + 1) % len(wheel)] * share
    shown = np.where(strength <= 1, 1 - strength * (1 - colour), colour * 0.8)
    return np.round(255 * shown).astype(np.uint8)


def drawn_flow(
    way: NDArray[np.floating], longest: float, sure: NDArray[np.bool_] | None = None, words: str = ""
) -> NDArray[np.uint8]:
    """Draw a flow with its legend: the wheel, the length its rim stands for, and `words`.

    Args:
        way: H W 2 in pixels.
        longest: pixels that the wheel's rim stands for.
        sure: H W; elsewhere the colour is darker.
        words: a few, such as the second.
    """
    colours = flow_colours(way, longest).astype(np.float32)
    if sure is not None:
        colours[~sure] *= _UNSURE
    image = Image.fromarray(colours.astype(np.uint8))
    side = max(24, min(image.size) // 5)
    if min(image.size) >= 2 * side:
        _draw_legend(image, side, longest, words)
    return np.asarray(image)


def _draw_legend(image: Image.Image, side: int, longest: float, words: str) -> None:
    letters = max(10, side // 5)
    font = ImageFont.load_default(size=letters)
    gap = max(4, side // 12)
    rows, columns = (np.mgrid[: 4 * side, : 4 * side] + 0.5) / (2 * side) - 1
    disc = flow_colours(np.stack([columns, rows], axis=2), 1.0)
    mask = Image.fromarray(np.uint8(255 * (np.hypot(rows, columns) <= 1))).resize((side, side), Image.Resampling.BOX)
    text = f"rim: {longest:.3g} px" + (f"\n{words}" if words else "")
    pen = ImageDraw.Draw(image, "RGBA")
    text_box = pen.multiline_textbbox((0, 0), text, font=font)
    wide = max(side, int(text_box[2])) + 2 * gap
    high = side + int(text_box[3]) + 3 * gap
    left, top = image.width - wide - gap, image.height - high - gap
    pen.rounded_rectangle((left, top, left + wide, top + high), gap, fill=(255, 255, 255, 215))
    wheel = Image.fromarray(disc).resize((side, side), Image.Resampling.BOX)
    image.paste(wheel, (left + (wide - side) // 2, top + gap), mask)
    pen.multiline_text((left + gap, top + side + 2 * gap), text, fill=_LETTERS, font=font)
