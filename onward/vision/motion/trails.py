"""Tracks on pictures: a box and a trail for each, and a time line of all."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.vision.motion.meetings import Meeting
from onward.vision.motion.tracker import Sighting

__all__ = ["colour_of", "draw_tracks", "time_line"]

_GOLDEN = 0.61803398875
_INK, _GRID = (40, 44, 52), (228, 228, 228)
_MOST_LINES = 40
_MET, _SWAPPED = (150, 150, 150), (200, 30, 30)


def colour_of(who: int) -> tuple[int, int, int]:
    """Give somebody's colour: neighbours in number are far apart in hue."""
    red, green, blue = colorsys.hsv_to_rgb((0.55 + who * _GOLDEN) % 1.0, 0.75, 0.95 if who % 2 else 0.75)
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_tracks(
    pixels: NDArray[np.uint8], now: Sequence[tuple[Sighting, str]], trails: dict[int, list[tuple[float, float]]]
) -> NDArray[np.uint8]:
    """Draw boxes with a few words each, and the trails.

    Args:
        pixels: H W 3.
        now: who is in the frame, and what to write at each.
        trails: by number, where somebody was, oldest first.
    """
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    line = max(1, round(max(image.size) / 320))
    letters = max(9, round(max(image.size) / 45))
    font = ImageFont.load_default(size=letters)
    for who, points in trails.items():
        if len(points) > 1:
            pen.line(points, fill=colour_of(who), width=line, joint="curve")
    for each, words in now:
        left, top, right, bottom = (float(side) for side in each.box)
        colour = colour_of(each.who)
        pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=colour, width=line)
        words_box = pen.textbbox((0, 0), words, font=font)
        x = min(max(0.0, left), max(0.0, image.width - words_box[2] - 4.0))
        y = top - letters - 4 if top >= letters + 4 else min(bottom, image.height - letters - 4.0)
        pen.rectangle((x, y, x + words_box[2] + 4, y + letters + 3), fill=colour)
        pen.text((x + 2, y + 1), words, fill="white", font=font, anchor="lt")
    return np.asarray(image)


def time_line(sightings: Sequence[Sighting], seconds: float, meetings: Sequence[Meeting] = ()) -> NDArray[np.uint8]:
    """Draw when each was there: a bar a track, pale where its place was drawn from before and after.

    Below the bars stand the meetings: grey ones that keep the numbers or tell nothing, red ones that swap them.
    """
    who = sorted({each.who for each in sightings})
    shown = who[:_MOST_LINES]
    left, wide, high, top = 56, 720, 18, 34
    image = Image.new("RGB", (left + wide + 24, top + high * max(1, len(shown)) + 44), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=13)
    below = top + high * max(1, len(shown))
    title = f"{len(who)} tracks" + (f", the first {len(shown)} shown" if len(shown) < len(who) else "")
    if meetings:
        swapped, doubtful = (sum(each.verdict == one for each in meetings) for one in ("swapped", "cannot be told"))
        title += f"; {len(meetings)} meetings, {swapped} of which swap numbers, {doubtful} of which may have"
    pen.text((left, 8), title, fill=_INK, font=font)
    for tick in range(6):
        x = left + wide * tick / 5
        pen.line((x, top - 4, x, below), fill=_GRID)
        pen.text((x, below + 6), f"{seconds * tick / 5:.1f}", fill=_INK, font=font, anchor="mt")
    pen.text((left + wide / 2, below + 24), "seconds", fill=_INK, font=font, anchor="mt")
    step = wide / max(1e-9, seconds)
    for row, one in enumerate(shown):
        y = top + row * high
        pen.text((left - 8, y + high / 2), str(one), fill=_INK, font=font, anchor="rm")
        own = sorted((each for each in sightings if each.who == one), key=lambda each: each.seconds)
        colour = colour_of(one)
        pale = tuple((each + 2 * 255) // 3 for each in colour)
        for each, after in zip(own, [*own[1:], own[-1]], strict=True):
            end = max(after.seconds, each.seconds + seconds / wide)
            place = (left + step * each.seconds, y + 4, left + step * end, y + high - 4)
            pen.rectangle(place, fill=colour if each.is_seen else pale)
    for meeting in meetings:
        ends = (left + step * meeting.first, left + step * max(meeting.last, meeting.first + seconds / wide))
        pen.rectangle((ends[0], below - 4, ends[1], below), fill=_SWAPPED if meeting.verdict == "swapped" else _MET)
    return np.asarray(image)
