"""The picture: limbs drawn on a finer canvas, painted, lit, shadowed and set into the land.

1. The horse's limbs go back to front as polygons into a buffer of limb numbers, 2 to 4 times finer than the picture.
2. Every horse pixel is carried back to the resting horse, where its paint is (``coats.py``), and the canvas is reduced.
3. Light: the blurred silhouette is read as a height, its slope against the light brightens backs and darkens bellies.
4. The same silhouette, laid flat and blurred, is the shadow; blades of grass hide the soles; weather comes last.

Source of 3: shape from a blurred mask, as in "Lumo", Johnston 2002. Read next: ``rooms.py``, the doors.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from onward.meadow.canvas import coloured
from onward.meadow.chance import Chance
from onward.meadow.coats import coat_colours
from onward.meadow.distractors import paint_distractor
from onward.meadow.grain import ramp, tile
from onward.meadow.horse_body import DRAWING_ORDER, posed_horse
from onward.meadow.land import paint_land
from onward.meadow.limbs import Posed, View
from onward.meadow.palettes import LIGHT_COLOURS
from onward.meadow.scene import Factors
from onward.meadow.stage import AS_IT_IS, Look, photographed

__all__ = ["cover_of", "render_horse"]

Floats = NDArray[np.floating]


def _fineness(size: int) -> int:
    """Return how many canvas pixels a picture pixel has across: more where legs are barely a pixel wide."""
    return 3 if size <= 48 else 2


def _frame(posed: Posed, factors: Factors, side: int) -> View:
    """Fit the posed horse into a canvas of `side` pixels: its width is `fill`, unless it would grow too tall."""
    left, right = int(posed.points[:, 0].min()), int(posed.points[:, 0].max())
    tall = int(posed.points[:, 1].max())
    wide = (right - left) * factors.turn >> 8
    scale = min(factors.fill * side * 256 // wide, (factors.hoof_line - 10) * side * 256 // tall)
    scale_x = scale * factors.turn >> 8
    drawn = (right - left) * scale_x >> 12  # in 1/16 pixel
    start = (16 * side - drawn) * factors.across >> 8
    base = factors.hoof_line * side // 16
    if factors.heading == "right":
        return View(scale_x, scale, start - (left * scale_x >> 12), base)
    return View(-scale_x, scale, start + (right * scale_x >> 12), base)


def _drawn_horse(factors: Factors, size: int) -> Floats:
    """Draw the unlit horse (4 size size): colour times cover, and cover, 0 to 255."""
    fineness = _fineness(size)
    side = size * fineness
    posed = posed_horse(factors)
    view = _frame(posed, factors, side)
    polygons = posed.polygons(view)
    buffer = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(buffer)
    for place in DRAWING_ORDER:
        draw.polygon(polygons[place], fill=place + 1)
    painter = partial(coat_colours, factors=factors)
    return coloured(np.asarray(buffer), posed, view, painter, fineness)


def _slope(height: Floats, step: int, across: float) -> Floats:
    """Return how much a height (size size) rises away from the light: above, and `across` to the left (-1..1)."""
    slope = np.zeros_like(height)
    slope[step:-step] = height[2 * step :] - height[: -2 * step]
    slope[:, step:-step] += across * (height[:, 2 * step :] - height[:, : -2 * step])
    return slope


def _blurred(cover: Image.Image, radius: float) -> Floats:
    return np.asarray(cover.filter(ImageFilter.BoxBlur(radius))).astype(np.float32) * np.float32(1 / 255)


def _shadow(cover: Image.Image, factors: Factors, chance: Chance) -> Floats:
    """Lay the silhouette flat on the ground, sheared away from the sun, and soften it."""
    size = cover.size[0]
    low_sun = factors.light in ("evening", "dawn")
    flat = chance.between(9, 16) / 100 * (1 if chance.below(3) else -0.7)
    lean = chance.between(30, 80) / 100 * (1 if chance.below(2) else -1) * (1.0 if low_sun else 0.35)
    base = factors.hoof_line / 256 * size
    # picture (x, y) looks up the silhouette at (x - lean * h, base - h) where h = (base - y) / flat
    pull = 1 / flat
    laid = cover.transform(
        (size, size), Image.Transform.AFFINE,
        (1, lean * pull, -lean * pull * base, 0, pull, base - pull * base), Image.Resampling.BILINEAR,
    )  # fmt: skip
    return _blurred(laid, size / 64 + (size / 40 if factors.light == "overcast" else 0))


def _grass(factors: Factors, size: int, chance: Chance) -> Floats:
    """Return how far blades of grass hide what stands on the hoof line (size size)."""
    reach = {"desert": 0.008, "snow": 0.022}.get(factors.ground, 0.042) * chance.between(50, 110) / 100
    rows = (np.arange(size, dtype=np.float32) + 0.5) / size - factors.hoof_line / 256
    columns = np.arange(size) * 128 // size + chance.below(256)
    blades = 0.5 + 0.35 * tile("blades")[chance.below(256)][columns & 255]
    return np.clip((rows[:, None] + reach * blades[None, :]) * (size / 2.2), 0, 1)


def cover_of(factors: Factors, size: int) -> Floats:
    """Return the share of each pixel that the horse of `factors` covers (size size), 0 to 1."""
    return _drawn_horse(factors, size)[3] * np.float32(1 / 255)


def render_horse(factors: Factors, size: int, look: Look = AS_IT_IS) -> NDArray[np.uint8]:
    """Draw the picture of `factors` (size size 3); the same arguments always give the same picture."""
    light, chance = LIGHT_COLOURS[factors.light], Chance("land", factors.land)
    horse = _drawn_horse(factors, size)
    cover_image = Image.fromarray(horse[3].astype(np.uint8))
    canvas = paint_land(factors.scenery, size, chance)
    soles = factors.hoof_line * size // 16
    for thing in look.distractors:
        if thing.y <= soles:
            paint_distractor(canvas, thing, factors.scenery)
    shadow = _shadow(cover_image, factors, chance) * light.shadow
    ground_only = ramp(
        (np.arange(size, dtype=np.float32) + 0.5) / size, factors.horizon / 256, factors.horizon / 256 + 0.06
    )
    shade = np.array((1.0, 0.94, 0.82), dtype=np.float32).reshape(3, 1, 1)
    canvas *= 1 - shadow * ground_only[:, None] * shade
    side = chance.between(-80, 80) / 100
    wide = _slope(_blurred(cover_image, size / 12), max(1, size // 32), side) * 2.4
    narrow = _slope(_blurred(cover_image, size / 40), 1, side) * 0.55
    relief = 1 + light.contrast * (wide + narrow)
    lit = np.clip(relief, 0.25, 1.08) * np.array(light.lit, dtype=np.float32).reshape(3, 1, 1)
    sky = np.array(light.skyline, dtype=np.float32).reshape(3, 1, 1)
    sheen = np.maximum(relief - 1.08, 0) * sky * np.float32(0.42)
    hidden = _grass(factors, size, chance)
    cover = horse[3] * (1 - hidden) * np.float32(1 / 255)
    canvas *= 1 - cover
    canvas += horse[:3] * lit * (1 - hidden)
    canvas += sheen * (cover * 0.2 + horse[1] * np.float32(0.8 / 255))
    for thing in look.distractors:
        if thing.y > soles:
            paint_distractor(canvas, thing, factors.scenery)
    return photographed(canvas, factors.scenery, chance, look)
