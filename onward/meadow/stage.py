"""A scene and its truth: land, creatures back to front, and for every pixel which limb of which creature it shows.

The truth is exact because it is drawn, not guessed: the same polygons that carry the colours are looked at in the
middle of each pixel. Coordinates are continuous: the middle of the upper left pixel is (0.5, 0.5), boxes are left, top,
right, bottom in the same frame.

Read next: ``rooms.py``, the doors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from onward.meadow.cast import Actor, anatomy_of, view_of
from onward.meadow.chance import Chance
from onward.meadow.grain import ramp
from onward.meadow.land import paint_land, paint_weather
from onward.meadow.limbs import Posed, View
from onward.meadow.paint import colours_of
from onward.meadow.palettes import LIGHT_COLOURS
from onward.meadow.scene import Scenery

__all__ = ["FINENESS", "Creature", "Scene", "draw_scene"]

Floats = NDArray[np.floating]
Box = tuple[float, float, float, float]
FINENESS = 3  # odd, so that one fine pixel lies in the middle of each pixel


@dataclass(frozen=True)
class Creature:
    """What is true of one creature in a picture.

    Attributes:
        whole: the box of all of it, also what is hidden or outside the picture.
        box: the box of what is seen; None when nothing is.
        seen: share of its pixels that are seen.
        keypoints: K 3: x, y, and 2 seen, 1 hidden, 0 outside the picture, in the order of `names`.
        names: of the keypoints; left and right as in COCO, the creature's own.
    """

    kind: str
    whole: Box
    box: Box | None
    seen: float
    keypoints: NDArray[np.float64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it.

    Attributes:
        pixels: H W 3, uint8.
        owners: H W: 0 for the land, else the creature's place in `creatures` plus 1.
        limbs: H W: 0 for the land, else the limb's place in its anatomy plus 1.
        creatures: back to front.
        staging: how each creature's limbs were carried to the canvas, for ``motion.py``.
    """

    pixels: NDArray[np.uint8]
    owners: NDArray[np.uint8]
    limbs: NDArray[np.uint8]
    creatures: tuple[Creature, ...]
    staging: tuple[tuple[Posed, View], ...]


@dataclass(frozen=True)
class _Drawn:
    """A creature on its own: `colour` h w 4 (times cover, and cover), `limbs` h w in the middle of each pixel."""

    colour: Floats
    limbs: NDArray[np.uint8]
    left: int
    top: int
    posed: Posed
    view: View


def draw_scene(scenery: Scenery, actors: Sequence[Actor], size: int, chance: Chance, *, plain: bool = False) -> Scene:
    """Draw a scene.

    Args:
        actors: back to front.
        size: side in pixels.
        plain: no light, shadow, weather or grain: a pixel shows its limb's paint and nothing else.
    """
    canvas = paint_land(scenery, size, chance)
    owners, limbs = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    drawn = [_draw(actor, size) for actor in actors]
    for number, each in enumerate(drawn):
        _lay(canvas, owners, limbs, each, number + 1, scenery, plain)
    if not plain:
        paint_weather(canvas, scenery, chance)
        grain = chance.bytes(size * size).reshape(size, size, 1).astype(np.float32)
        canvas += (grain - 127.5) * np.float32(4.0 / 127.5)
    creatures = tuple(
        _truth(actor, each, owners, number + 1) for number, (actor, each) in enumerate(zip(actors, drawn, strict=True))
    )
    staging = tuple((each.posed, each.view) for each in drawn)
    return Scene(np.clip(canvas, 0, 255).astype(np.uint8), owners, limbs, creatures, staging)


def _draw(actor: Actor, size: int) -> _Drawn:
    """Draw a creature on a canvas of its own, as large as it is; it may lie outside the picture."""
    posed = actor.posed()
    view = view_of(actor, posed, FINENESS)
    polygons = posed.polygons(view)
    flat = np.concatenate([np.array(polygon).reshape(-1, 2) for polygon in polygons if polygon])
    (left, top), (right, bottom) = flat.min(axis=0) // FINENESS - 1, flat.max(axis=0) // FINENESS + 2
    wide, high = int(right - left), int(bottom - top)
    dx, dy = int(left) * FINENESS, int(top) * FINENESS
    buffer = Image.new("L", (wide * FINENESS, high * FINENESS), 0)
    pen = ImageDraw.Draw(buffer)
    for place in anatomy_of(actor.kind).order:
        if polygons[place]:
            shifted = np.array(polygons[place]).reshape(-1, 2) - (dx, dy)
            pen.polygon(shifted.ravel().tolist(), fill=place + 1)
    numbers = np.asarray(buffer)
    where = np.flatnonzero(numbers)
    found = numbers.ravel().take(where) - np.uint8(1)
    x = (where % numbers.shape[1]).astype(np.float32) + 0.5 + dx
    y = (where // numbers.shape[1]).astype(np.float32) + 0.5 + dy
    a, b, c, d, e, f = (part.take(found) for part in posed.to_rest(view).T)
    colours = colours_of(actor, found, a * x + b * y + c, d * x + e * y + f)
    pixels = np.full((len(where), 4), 255, np.uint8)
    pixels[:, :3] = np.clip(colours, 0, 255)
    fine = np.zeros(numbers.size, np.uint32)
    fine[where] = pixels.view(np.uint32)[:, 0]
    reduced = Image.frombuffer("RGBX", buffer.size, fine, "raw", "RGBX", 0, 1).reduce(FINENESS)
    middle = FINENESS // 2
    seen = numbers[middle::FINENESS, middle::FINENESS]
    return _Drawn(np.asarray(reduced).astype(np.float32), seen, int(left), int(top), posed, view)


def _lay(
    canvas: Floats,
    owners: NDArray[np.uint8],
    limbs: NDArray[np.uint8],
    drawn: _Drawn,
    number: int,
    scenery: Scenery,
    plain: bool,
) -> None:
    """Lay a creature over the picture, and its number over the owners."""
    size = canvas.shape[0]
    high, wide = drawn.limbs.shape
    top, left = max(0, drawn.top), max(0, drawn.left)
    bottom, right = min(size, drawn.top + high), min(size, drawn.left + wide)
    if top >= bottom or left >= right:
        return
    rows, columns = slice(top - drawn.top, bottom - drawn.top), slice(left - drawn.left, right - drawn.left)
    colour = drawn.colour if plain else _lit(drawn.colour, scenery)
    if not plain:
        _shade(canvas, drawn, scenery)
    part = canvas[top:bottom, left:right]
    part *= 1 - colour[rows, columns, 3:] * np.float32(1 / 255)
    part += colour[rows, columns, :3]
    seen = drawn.limbs[rows, columns]
    there = seen > 0
    owners[top:bottom, left:right][there] = number
    limbs[top:bottom, left:right][there] = seen[there]


def _lit(colour: Floats, scenery: Scenery) -> Floats:
    """Light a creature from above: its blurred silhouette is read as a height (as in ``render.py``)."""
    light = LIGHT_COLOURS[scenery.light]
    cover = Image.fromarray(colour[..., 3].astype(np.uint8))
    relief = np.ones(colour.shape[:2], np.float32)
    for radius, weight in ((max(colour.shape[:2]) / 12, 2.2), (max(colour.shape[:2]) / 36, 0.5)):
        height = np.asarray(cover.filter(ImageFilter.BoxBlur(radius))).astype(np.float32) * np.float32(1 / 255)
        step = max(1, round(radius / 3))
        relief[step:-step] += light.contrast * weight * (height[2 * step :] - height[: -2 * step])
    lit = np.clip(relief, 0.3, 1.2)[..., None] * np.array(light.lit, dtype=np.float32)
    return np.concatenate([np.minimum(colour[..., :3] * lit, colour[..., 3:]), colour[..., 3:]], axis=2)


def _shade(canvas: Floats, drawn: _Drawn, scenery: Scenery) -> None:
    """Darken the ground below a creature by a soft oval."""
    size = canvas.shape[0]
    wide = drawn.limbs.shape[1]
    across = (np.arange(size, dtype=np.float32) + 0.5 - (drawn.left + wide / 2)) / (0.46 * wide)
    soles = drawn.view.origin_y / 16 / FINENESS
    down = (np.arange(size, dtype=np.float32) + 0.5 - soles) / max(1.5, 0.07 * wide)
    shadow = ramp(across[None, :] ** 2 + down[:, None] ** 2, 1.3, 0.2) * LIGHT_COLOURS[scenery.light].shadow
    ground = ramp((np.arange(size, dtype=np.float32) + 0.5) / size, scenery.horizon / 256, scenery.horizon / 256 + 0.04)
    canvas *= 1 - (shadow * ground[:, None])[..., None] * np.array((1.0, 0.94, 0.82), np.float32)


def _truth(actor: Actor, drawn: _Drawn, owners: NDArray[np.uint8], number: int) -> Creature:
    anatomy = anatomy_of(actor.kind)
    alone = np.argwhere(drawn.limbs > 0)
    mine = np.argwhere(owners == number)
    whole = _box(alone, drawn.top, drawn.left) if len(alone) else (0.0, 0.0, 0.0, 0.0)
    near_is = "right" if actor.heading == "right" else "left"
    far_is = "left" if near_is == "right" else "right"
    names, points = [], []
    size = owners.shape[0]
    for name, (limb, (x, y)) in anatomy.keypoints.items():
        names.append(name.replace("near", near_is).replace("far", far_is))
        at_x, at_y = _placed(drawn, limb, x, y)
        inside = 0 <= at_x < size and 0 <= at_y < size
        seen = inside and owners[int(at_y), int(at_x)] == number
        points.append((at_x, at_y, 2.0 if seen else 1.0 if inside else 0.0))
    order = sorted(range(len(names)), key=lambda place: names[place])
    return Creature(
        actor.kind,
        whole,
        _box(mine, 0, 0) if len(mine) else None,
        len(mine) / max(1, len(alone)),
        np.array(points)[order],
        tuple(names[place] for place in order),
    )


def _box(places: NDArray[np.int64], top: int, left: int) -> Box:
    (first_row, first_column), (last_row, last_column) = places.min(axis=0), places.max(axis=0)
    return (
        float(first_column + left), float(first_row + top), float(last_column + left + 1), float(last_row + top + 1)
    )  # fmt: skip


def _placed(drawn: _Drawn, limb: int, x: int, y: int) -> tuple[float, float]:
    """Carry a rest point of a limb to its place in the picture, in pixels."""
    cos, sin, shift_x, shift_y = (drawn.posed.motions[limb] / 16384).tolist()
    up_x, up_y = cos * x - sin * y + shift_x, sin * x + cos * y + shift_y
    view = drawn.view
    fine_x = up_x * view.scale_x / 65536 + view.origin_x / 16
    fine_y = view.origin_y / 16 - up_y * view.scale_y / 65536
    return fine_x / FINENESS, fine_y / FINENESS
