"""From the factors of a portrait to its pixels: the head turned and leaned, parts filled back to front, light, grain.

Outlines are moved in whole numbers, all of them at once. A head turns by a trick of the hand-drawn film: what lies on
its round front shifts sideways by how far it stands out, most in the middle and nothing at the edge, so that a face
looks to the side without a model of it in space. Light is the slope of a map of heights, blurred.

Read next: ``portrait_room.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from onward.meadow.canvas import Floats, compressed, darkened, developed, softened
from onward.meadow.chance import ONE, Chance, cosine, sine
from onward.meadow.portrait_colours import BACKGROUNDS
from onward.meadow.portrait_parts import Part, parts_of
from onward.meadow.portrait_traits import Portrait

__all__ = ["moved", "render_portrait"]

_HEAD_AT = (500, 478)
_ROUND_TO = 235  # units from the middle of the face to where nothing shifts any more
_CHIN = 250
_LEAN = 95  # of 4096 to the turn, at the most


def _fineness(size: int) -> int:
    """Say how many canvas pixels a picture pixel has across."""
    return 3 if size <= 96 else 2


def moved(seen: Portrait, parts: Sequence[Part]) -> list[NDArray[np.int64]]:
    """Give the outlines where the head's turn, nod, lean and place put them, in 1/1000 of the picture: N 2 each."""
    counts = [len(part.points) for part in parts]
    points = np.concatenate([part.points for part in parts])
    depth = np.repeat([part.depth for part in parts], counts)
    on_body = np.repeat([part.body for part in parts], counts)
    x, y = points[:, 0] * seen.wide // 100, points[:, 1] * seen.tall // 100
    radius = _ROUND_TO**2
    out_x = radius - np.minimum(x * x, radius)
    out_y = radius - np.minimum(y * y, radius)
    front = np.maximum(depth, 0)
    behind = np.minimum(depth, 0) * seen.turn // 100
    x = x + seen.turn * front * out_x // (100 * radius) + behind
    y = y + seen.nod * front * out_y // (100 * radius)
    angle = seen.roll * _LEAN // 100
    cos, sin = cosine(angle), sine(angle)
    below = y - _CHIN
    x, y = (cos * x - sin * below) // ONE, (sin * x + cos * below) // ONE + _CHIN
    x = x * seen.zoom // 100 + _HEAD_AT[0] + seen.x
    y = y * seen.zoom // 100 + _HEAD_AT[1] + seen.y
    body_x = points[:, 0] * seen.zoom // 100 + _HEAD_AT[0] + seen.x - seen.turn // 12
    body_y = (points[:, 1] - _HEAD_AT[1]) * seen.zoom // 100 + _HEAD_AT[1] + seen.y
    whole = np.stack((np.where(on_body, body_x, x), np.where(on_body, body_y, y)), axis=1)
    return np.split(whole, np.cumsum(counts)[:-1])


def render_portrait(
    seen: Portrait, size: int, quality: int = 0, soft: bool = False, dim: bool = False
) -> NDArray[np.uint8]:
    """Draw a portrait (size size 3); the same arguments always give the same picture.

    Args:
        quality: that of JPEG, whose traces are left in the picture; 0 for none.
    """
    chance = Chance("grain of portraits", seen.address)
    parts = parts_of(seen)
    outlines = moved(seen, parts)
    fineness = _fineness(size)
    side = size * fineness
    backdrop = _backdrop(seen, size)
    canvas = Image.fromarray(backdrop).resize((side, side), Image.Resampling.BILINEAR)
    heights = Image.new("L", (side, side))
    pen, relief = ImageDraw.Draw(canvas), ImageDraw.Draw(heights)
    whole = np.concatenate(outlines) * side // 1000
    flat, start = whole.ravel().tolist(), 0
    for part, outline in zip(parts, outlines, strict=True):
        polygon = flat[start : start + 2 * len(outline)]
        start += 2 * len(outline)
        pen.polygon(polygon, fill=part.colour)
        if part.height:
            relief.polygon(polygon, fill=part.height)
    picture = np.asarray(canvas.reduce(fineness)).transpose(2, 0, 1).astype(np.float32, order="C")
    picture *= _light(heights.reduce(fineness), seen, size)
    if soft:
        picture = softened(picture)
    if dim:
        darkened(picture, 0.5)
    pixels = developed(picture, chance)
    return compressed(pixels, quality) if quality else pixels


def _light(heights: Image.Image, seen: Portrait, size: int) -> Floats:
    """Give what each colour is multiplied by (3 size size): bright where a height rises towards the light.

    What is behind gets a faint shadow instead.
    """
    across = 1 if seen.lit == "left" else -1
    shade = np.zeros((size, size), np.float32)
    for radius, weight in ((size / 16, 1.5), (size / 44, 0.45)):
        step = max(1, round(radius / 1.6))
        height = np.asarray(heights.filter(ImageFilter.GaussianBlur(radius))).astype(np.float32) * np.float32(1 / 255)
        height = np.pad(height, step, mode="edge")
        shade += np.float32(across * weight) * (height[step:-step, 2 * step :] - height[step:-step, : -2 * step])
        shade += np.float32(0.5 * weight) * (height[2 * step :, step:-step] - height[: -2 * step, step:-step])
    shade *= np.float32(seen.contrast / 100)
    person = np.clip(np.asarray(heights).astype(np.float32) * np.float32(1 / 80), 0, 1)
    lit = 1 + person * np.clip(shade, -0.42, 0.09) + (1 - person) * np.clip(0.5 * shade, -0.16, 0)
    warm = np.array((1.0, 0.99, 0.97), np.float32).reshape(3, 1, 1)
    return np.where(lit > 1, lit * warm, lit)


def _backdrop(seen: Portrait, size: int) -> NDArray[np.uint8]:
    """Paint what is behind: two colours that flow into each other (size size 3)."""
    top, bottom = (np.array(colour, np.float32) for colour in BACKGROUNDS[seen.background])
    place = (np.arange(size, dtype=np.float32) + 0.5) / size
    down, along = place[:, None], place[None, :]
    if seen.lit == "right":
        along = 1 - along
    if seen.backdrop == "glow":
        share = 1 - np.clip(((along - 0.35) ** 2 + (down - 0.35) ** 2) * 1.6, 0, 1)
    elif seen.backdrop == "disc":
        share = 0.25 * down + 0.75 * _inside(0.42 - np.sqrt((along - 0.5) ** 2 + (down - 0.5) ** 2), size)
    elif seen.backdrop == "slant":
        share = 0.3 * down + 0.6 * _inside(0.9 * along - down + 0.15, size)
    elif seen.backdrop == "hill":
        share = 0.5 * down + 0.5 * _inside(down - 0.62 - 0.5 * (along - 0.3) ** 2, size)
    else:
        share = down + 0 * along
    share = np.broadcast_to(share, (size, size))[:, :, None]
    return (top + (bottom - top) * share).astype(np.uint8)


def _inside(distance: Floats, size: int) -> Floats:
    """Turn distances from an edge into cover, a pixel soft."""
    return np.clip(distance * size + 0.5, 0, 1)
