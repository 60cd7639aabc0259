"""A scene and its truth: land, creatures back to front, and for every pixel which limb of which creature it shows.

The truth is exact because it is drawn, not guessed: the same polygons that carry the colours are looked at in the
middle of each pixel. Coordinates are continuous: the middle of the upper left pixel is (0.5, 0.5), boxes are left, top,
right, bottom in the same frame.

Read next: ``rooms.py``, the doors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from onward.meadow.camera import STILL, Camera, looked_at
from onward.meadow.canvas import as_bytes, coloured, compressed, darkened, developed, softened
from onward.meadow.cast import Actor, anatomy_of, view_of
from onward.meadow.chance import Chance
from onward.meadow.distractors import Distractor, paint_distractor
from onward.meadow.grain import ramp
from onward.meadow.land import paint_land, paint_weather
from onward.meadow.limbs import Posed, View
from onward.meadow.paint import colours_of
from onward.meadow.palettes import LIGHT_COLOURS
from onward.meadow.scene import Scenery

__all__ = ["AS_IT_IS", "FINENESS", "Box", "Creature", "Look", "Scene", "draw_scene", "keypoint_names", "photographed"]

Floats = NDArray[np.floating]
Box = tuple[float, float, float, float]
FINENESS = 3  # odd, so that one fine pixel lies in the middle of each pixel
_SHADOW = 1.15  # a shadow's reach: beyond it, its square is above 1.3 and nothing is dark
_SHADE = np.array((1.0, 0.94, 0.82), np.float32).reshape(3, 1, 1)


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
        camera: what the land was seen through.
    """

    pixels: NDArray[np.uint8]
    owners: NDArray[np.uint8]
    limbs: NDArray[np.uint8]
    creatures: tuple[Creature, ...]
    staging: tuple[tuple[Posed, View], ...]
    camera: Camera = STILL

    def mask(self, kind: str) -> NDArray[np.bool_]:
        """Say where creatures of a kind are seen: H W."""
        own = [number + 1 for number, creature in enumerate(self.creatures) if creature.kind == kind]
        return np.isin(self.owners, own)


@dataclass(frozen=True)
class Look:
    """How a scene is shown.

    Attributes:
        plain: no light, shadow, weather or grain: a pixel shows its limb's paint and nothing else.
        soft: how often it is blurred as by a lens, by a pixel or so: without, fine texture cannot be followed.
        land: what lies behind (3 L L, 0 to 255), where it is not to be painted; it reaches beyond the picture evenly.
        distractors: trees and rocks, back to front.
        night: how dark it is, 0 to 1; at 1 colours are hardly told apart.
        jpeg_quality: of the compression whose traces it bears; 0 for none.
    """

    plain: bool = False
    soft: int = 0
    land: Floats | None = None
    camera: Camera = STILL
    distractors: tuple[Distractor, ...] = ()
    night: float = 0
    jpeg_quality: int = 0


AS_IT_IS = Look()


@dataclass(frozen=True)
class _Drawn:
    """A creature on its own: `colour` 4 h w (times cover, and cover), `limbs` h w in the middle of each pixel."""

    colour: Floats
    limbs: NDArray[np.uint8]
    left: int
    top: int
    posed: Posed
    view: View


def draw_scene(scenery: Scenery, actors: Sequence[Actor], size: int, chance: Chance, look: Look = AS_IT_IS) -> Scene:
    """Draw a scene of `size` x `size` pixels; actors come back to front."""
    canvas = paint_land(scenery, size, chance) if look.land is None else _behind(look.land, size, look.camera)
    owners, limbs = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    drawn = [_draw(actor, look.camera) for actor in actors]
    waiting = list(look.distractors)
    set_down = partial(_set_down, canvas, owners, limbs, scenery=scenery, camera=look.camera)
    for number, (actor, each) in enumerate(zip(actors, drawn, strict=True)):
        while waiting and waiting[0].y <= actor.y:
            set_down(waiting.pop(0))
        _lay(canvas, owners, limbs, each, number + 1, scenery, look.plain)
    for thing in waiting:
        set_down(thing)
    pixels = photographed(canvas, scenery, chance, look)
    creatures = tuple(
        _truth(actor, each, owners, number + 1) for number, (actor, each) in enumerate(zip(actors, drawn, strict=True))
    )
    staging = tuple((each.posed, each.view) for each in drawn)
    return Scene(pixels, owners, limbs, creatures, staging, look.camera)


def _set_down(
    canvas: Floats,
    owners: NDArray[np.uint8],
    limbs: NDArray[np.uint8],
    thing: Distractor,
    scenery: Scenery,
    camera: Camera,
) -> None:
    """Set a tree or a rock before what is there: what it hides belongs to nobody."""
    hidden = paint_distractor(canvas, thing if camera == STILL else thing.through(camera), scenery)
    owners[hidden] = 0
    limbs[hidden] = 0


def photographed(canvas: Floats, scenery: Scenery, chance: Chance, look: Look) -> NDArray[np.uint8]:
    """Do what air, lens and film do to a finished canvas; the truth knows nothing of it."""
    for _ in range(look.soft):
        canvas = softened(canvas)
    if look.plain:
        return as_bytes(canvas)
    paint_weather(canvas, scenery, chance)
    if look.night:
        darkened(canvas, look.night)
    pixels = developed(canvas, chance)
    return compressed(pixels, look.jpeg_quality) if look.jpeg_quality else pixels


def _behind(land: Floats, size: int, camera: Camera) -> Floats:
    margin = (land.shape[1] - size) // 2
    if camera == STILL:
        return land[:, margin : margin + size, margin : margin + size].copy()
    return looked_at(land, size, margin, camera)


def _draw(actor: Actor, camera: Camera) -> _Drawn:
    """Draw a creature on a canvas of its own, as large as it is; it may lie outside the picture."""
    posed = actor.posed()
    view = view_of(actor, posed, FINENESS)
    if camera != STILL:
        view = camera.through(view, FINENESS)
    points = posed.placed(view)
    left, top = (points.min(axis=0) // FINENESS - 1).tolist()
    right, bottom = (points.max(axis=0) // FINENESS + 2).tolist()
    corner = (left * FINENESS, top * FINENESS)
    buffer = Image.new("L", ((right - left) * FINENESS, (bottom - top) * FINENESS), 0)
    pen = ImageDraw.Draw(buffer)
    flat = (points - corner).ravel().tolist()
    for place in anatomy_of(actor.kind).order:
        first, last = posed.starts[place : place + 2]
        if first < last:
            pen.polygon(flat[2 * first : 2 * last], fill=place + 1)
    numbers = np.asarray(buffer)
    colour = coloured(numbers, posed, view, partial(colours_of, actor=actor), FINENESS, corner)
    middle = FINENESS // 2
    return _Drawn(colour, numbers[middle::FINENESS, middle::FINENESS], left, top, posed, view)


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
    size = canvas.shape[1]
    high, wide = drawn.limbs.shape
    top, left = max(0, drawn.top), max(0, drawn.left)
    bottom, right = min(size, drawn.top + high), min(size, drawn.left + wide)
    if top >= bottom or left >= right:
        return
    rows, columns = slice(top - drawn.top, bottom - drawn.top), slice(left - drawn.left, right - drawn.left)
    colour = drawn.colour[:, rows, columns]
    if not plain:
        colour = _lit(drawn.colour[3], scenery)[:, rows, columns] * colour[:3]
        np.minimum(colour, drawn.colour[3, rows, columns], out=colour)
        _shade(canvas, drawn, scenery)
    part = canvas[:, top:bottom, left:right]
    part *= 1 - drawn.colour[3, rows, columns] * np.float32(1 / 255)
    part += colour[:3]
    seen = drawn.limbs[rows, columns]
    there = seen > 0
    np.putmask(owners[top:bottom, left:right], there, np.uint8(number))
    np.copyto(limbs[top:bottom, left:right], seen, where=there)


def _lit(cover: Floats, scenery: Scenery) -> Floats:
    """Light a creature from above (3 h w): its blurred silhouette is read as a height (as in ``render.py``)."""
    light = LIGHT_COLOURS[scenery.light]
    silhouette = Image.fromarray(cover.astype(np.uint8))
    relief = np.ones(cover.shape, np.float32)
    for radius, weight in ((max(cover.shape) / 12, 2.2), (max(cover.shape) / 36, 0.5)):
        height = np.asarray(silhouette.filter(ImageFilter.BoxBlur(radius))).astype(np.float32)
        height *= np.float32(1 / 255)
        step = max(1, round(radius / 3))
        relief[step:-step] += light.contrast * weight * (height[2 * step :] - height[: -2 * step])
    return np.clip(relief, 0.3, 1.2, out=relief) * np.array(light.lit, dtype=np.float32).reshape(3, 1, 1)


def _shade(canvas: Floats, drawn: _Drawn, scenery: Scenery) -> None:
    """Darken the ground below a creature by a soft oval."""
    size = canvas.shape[1]
    wide = drawn.limbs.shape[1]
    middles = np.arange(size, dtype=np.float32) + 0.5
    across = (middles - (drawn.left + wide / 2)) / (0.46 * wide)
    soles = drawn.view.origin_y / 16 / FINENESS
    down = (middles - soles) / max(1.5, 0.07 * wide)
    columns, rows = (slice(*np.searchsorted(axis, (-_SHADOW, _SHADOW))) for axis in (across, down))
    shadow = ramp(across[None, columns] ** 2 + down[rows, None] ** 2, 1.3, 0.2) * LIGHT_COLOURS[scenery.light].shadow
    ground = ramp(middles[rows] / size, scenery.horizon / 256, scenery.horizon / 256 + 0.04)
    canvas[:, rows, columns] *= 1 - shadow * ground[:, None] * _SHADE


def _truth(actor: Actor, drawn: _Drawn, owners: NDArray[np.uint8], number: int) -> Creature:
    alone, mine = drawn.limbs > 0, owners == number
    count, whole = int(np.count_nonzero(mine)), _box(alone, drawn.top, drawn.left)
    names, places, limbs, rest = _keypoints_of(actor.kind, actor.heading)
    x, y = _placed(drawn, limbs, rest)
    size = owners.shape[0]
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    columns, rows = (np.where(inside, at, 0).astype(np.intp) for at in (x, y))
    sight = inside * 1.0 + (inside & mine[rows, columns])
    return Creature(
        actor.kind,
        whole or (0.0, 0.0, 0.0, 0.0),
        _box(mine, 0, 0),
        count / max(1, int(np.count_nonzero(alone))),
        np.stack((x, y, sight), axis=1)[places].astype(np.float64),
        names,
    )


def keypoint_names(kind: str) -> tuple[str, ...]:
    """Name a kind's keypoints, in the order of `Creature.keypoints`."""
    return _keypoints_of(kind, "right")[0]


@cache
def _keypoints_of(
    kind: str, heading: str
) -> tuple[tuple[str, ...], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the names in order, and their places among the anatomy's keypoints; those keypoints' limbs and points."""
    near_is, far_is = ("right", "left") if heading == "right" else ("left", "right")
    keypoints = anatomy_of(kind).keypoints
    names = [name.replace("near", near_is).replace("far", far_is) for name in keypoints]
    order = sorted(range(len(names)), key=names.__getitem__)
    limbs = np.array([limb for limb, _ in keypoints.values()], np.intp)
    rest = np.array([point for _, point in keypoints.values()], np.float64)
    return tuple(names[place] for place in order), np.array(order), limbs, rest


def _box(mask: NDArray[np.bool_], top: int, left: int) -> Box | None:
    rows, columns = np.asarray(mask.any(axis=1)), np.asarray(mask.any(axis=0))
    if not rows.any():
        return None
    high, wide = mask.shape
    return (
        float(columns.argmax() + left), float(rows.argmax() + top),
        float(wide - columns[::-1].argmax() + left), float(high - rows[::-1].argmax() + top),
    )  # fmt: skip


def _placed(drawn: _Drawn, limbs: NDArray[np.intp], rest: Floats) -> tuple[Floats, Floats]:
    """Carry rest points of limbs (n; n 2) to their places in the picture, x and y in pixels."""
    cos, sin, shift_x, shift_y = drawn.posed.motions[limbs].T / 16384
    x, y = rest.T
    up_x, up_y = cos * x - sin * y + shift_x, sin * x + cos * y + shift_y
    view = drawn.view
    fine_x = up_x * view.scale_x / 65536 + view.origin_x / 16
    fine_y = view.origin_y / 16 - up_y * view.scale_y / 65536
    return fine_x / FINENESS, fine_y / FINENESS
