"""The land a creature stands in: sky and clouds, what closes the view, the field, and the weather over it all.

Everything is painted at the final size from looked-up noise: far things first, paler and bluer with distance (aerial
perspective), edges covered by exact share of the pixel so that nothing is jagged.

Read next: ``render.py``, which puts the horse in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from onward.meadow.chance import Chance
from onward.meadow.grain import look_up, ramp, tile
from onward.meadow.palettes import GROUND_COLOURS, LIGHT_COLOURS
from onward.meadow.scene import Scenery

__all__ = ["paint_land", "paint_weather"]

Floats = NDArray[np.floating]
_LARGE = 96  # pixels; above, cells of noise would show as squares and are blended


@cache
def _centres(size: int) -> Floats:
    return (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)


@dataclass
class _Easel:
    """The picture being painted (3 size size: whole planes are several times faster to mix), and its scene.

    Attributes:
        horizon: where the sky ends, a share of the picture's height.
    """

    canvas: Floats
    scenery: Scenery
    chance: Chance
    size: int
    x: Floats
    y: Floats
    horizon: float

    @property
    def large(self) -> bool:
        return self.size > _LARGE

    def colour(self, *rgb: float) -> Floats:
        return np.array(rgb, dtype=np.float32).reshape(3, 1, 1)

    def mix(self, colour: Floats, cover: Floats, top: int, bottom: int) -> None:
        """Lay `colour` (3 by something that fits) over rows top..bottom as far as `cover` (rows size) says."""
        rows = self.canvas[:, top:bottom]
        step = colour - rows
        step *= cover
        rows += step

    def haze(self, colour: tuple[int, int, int], share: float) -> Floats:
        """Return `colour` (3 1 1) as seen through air: towards the skyline's colour."""
        air = self.colour(*LIGHT_COLOURS[self.scenery.light].skyline)
        lit = self.colour(*colour) * self.colour(*LIGHT_COLOURS[self.scenery.light].lit)
        return lit + (air - lit) * share


def paint_land(scenery: Scenery, size: int, chance: Chance) -> Floats:
    """Paint the scene without its creature (3 size size), 0 to 255."""
    centres = _centres(size)
    canvas = np.zeros((3, size, size), dtype=np.float32)
    easel = _Easel(canvas, scenery, chance, size, centres, centres, scenery.horizon / 256)
    _sky(easel)
    _view(easel)
    _field(easel)
    if scenery.background == "fence":
        _fence(easel)
    return easel.canvas


def _sky(easel: _Easel) -> None:
    light, chance, size = LIGHT_COLOURS[easel.scenery.light], easel.chance, easel.size
    rows = min(size, int(easel.horizon * size) + 2)
    height = np.minimum(easel.y[:rows] / easel.horizon, 1)
    zenith, skyline = easel.colour(*light.zenith), easel.colour(*light.skyline)
    easel.canvas[:, :rows] = zenith + (height**1.4)[:, None] * (skyline - zenith)
    sun_x, sun_y = chance.between(20, 236) / 256, easel.horizon - chance.between(0, 60) / 256
    spread = (easel.y[:rows, None] - sun_y) ** 2 * 5 + (easel.x[None, :] - sun_x) ** 2 * 2
    spread *= -6
    easel.mix(easel.colour(*light.sun), light.glow * np.exp(spread, out=spread), 0, rows)
    start = {"clear": 1.5, "fair": 0.35, "cloudy": -0.75}[easel.scenery.sky] + chance.between(-20, 20) / 100
    depth = 1 / (1.35 - height)
    columns = (easel.x[None, :] - 0.5) * (depth[:, None] * 34) + (chance.below(256) + 256)
    lines = depth[:, None] * 46 + (chance.below(256) + 256)
    puffs = look_up("cloud", lines, columns, easel.large)
    above = look_up("cloud", lines - 5, columns, easel.large)
    shine = ramp(puffs - above, -0.5, 0.6)
    shade = easel.colour(*light.cloud_shade)
    cover = ramp(puffs, start, start + 1.1) * 0.92
    easel.mix(shade + shine * (easel.colour(*light.cloud) - shade), cover, 0, rows)


def _ridge(easel: _Easel, name: str, amount: float, pace: float, base: float) -> Floats:
    """Return the height of a silhouette above the horizon for each column, as a share of the picture."""
    line = tile(name)[easel.chance.below(256)]
    place = easel.x * np.float32(pace) + np.float32(easel.chance.below(256))
    whole = place.astype(np.int32)
    share = place - whole
    here, there = line[whole & 255], line[(whole + 1) & 255]
    return np.maximum(base + amount * (here + share * (there - here)), 0.004)


def _silhouette(easel: _Easel, ridge: Floats, colour: Floats, foot: float = 0.012) -> tuple[int, int, Floats]:
    """Lay a silhouette on the sky; return its rows and cover for whoever adds to it."""
    top = max(0, int((easel.horizon - float(ridge.max())) * easel.size) - 1)
    bottom = min(easel.size, int((easel.horizon + foot) * easel.size) + 2)
    edge = (easel.y[top:bottom, None] - (easel.horizon - ridge)[None, :]) * easel.size + 0.5
    cover = np.clip(edge, 0, 1)
    easel.mix(colour, cover, top, bottom)
    return top, bottom, cover


def _view(easel: _Easel) -> None:
    """Close the view: mountains, hills, a wood, or an open plain with a far tree line."""
    background, ground = easel.scenery.background, easel.scenery.ground
    far = GROUND_COLOURS[ground].far
    if background == "mountains":
        _mountains(easel)
    if background in ("mountains", "hills"):
        wooded = (
            (78, 104, 72) if ground in ("grass", "flowers") else (far[0] * 3 // 4, far[1] * 3 // 4, far[2] * 3 // 4)
        )
        for distance, height in ((0.62, 0.085), (0.36, 0.04)):
            scale = 1.3 if background == "hills" else 0.6
            _silhouette(easel, _ridge(easel, "broad", 0.03 * scale, 70, height * scale), easel.haze(wooded, distance))
    elif background == "trees":
        _wood(easel, 0.13, 0.14)
    else:
        _wood(easel, 0.022, 0.45)


def _mountains(easel: _Easel) -> None:
    ridge = _ridge(easel, "cloud", 0.055, 110, 0.17)
    top, bottom, cover = _silhouette(easel, ridge, easel.haze((92, 100, 116), 0.42))
    heights = easel.horizon - easel.y[top:bottom, None] - 0.12
    rough = look_up("clump", easel.y[top:bottom, None] * 160, easel.x[None, :] * 160, easel.large)
    caps = ramp(heights + rough * 0.016, 0.0, 0.03) * cover * 0.85
    easel.mix(easel.haze((244, 246, 250), 0.2), caps, top, bottom)


def _wood(easel: _Easel, height: float, distance: float) -> None:
    ground, chance = easel.scenery.ground, easel.chance
    leaf = {"autumn": (154, 92, 44), "snow": (84, 92, 98), "desert": (116, 110, 76), "straw": (92, 98, 52)}.get(
        ground, (50, 80, 42)
    )
    ridge = _ridge(easel, "clump", height * 0.20, 120, height) + _ridge(easel, "fine", height * 0.08, 200, 0)
    top, bottom, cover = _silhouette(easel, ridge, easel.haze(leaf, distance))
    lines, columns = easel.y[top:bottom, None] * 150 + chance.below(256), easel.x[None, :] * 150 + chance.below(256)
    leaves = look_up("clump", lines, columns, easel.large)
    leaves *= cover
    leaves *= 0.16 * (1 - distance)
    leaves += 1
    easel.canvas[:, top:bottom] *= leaves


def _field(easel: _Easel) -> None:
    scenery, chance, size = easel.scenery, easel.chance, easel.size
    ground, light = GROUND_COLOURS[scenery.ground], LIGHT_COLOURS[scenery.light]
    top = max(0, int(easel.horizon * size) - 1)
    down = np.maximum(easel.y[top:] - easel.horizon, 0)
    depth = 1 / (down + 0.07)
    near = np.minimum(down / (1 - easel.horizon) * 1.25, 1) ** 0.7
    columns = (easel.x[None, :] - 0.5) * depth[:, None]
    lines = depth[:, None]
    slide, shift = chance.below(256) + 256, chance.below(256) + 256
    broad = look_up("broad", lines * 26 + slide, columns * 30 + shift, easel.large)
    blades = look_up("blades", lines * 68 + slide, columns * 52 + slide, easel.large)
    clumps = look_up("clump", lines * 60 + slide, columns * 34 + slide, easel.large)
    lit = easel.colour(*light.lit)
    far, close = easel.haze(ground.far, 0.25), easel.colour(*ground.near) * lit
    near = near[:, None]
    plain = far + near * (close - far)
    colour = ramp(broad, 0.0, 1.4) * (0.3 + 0.5 * near) * (easel.colour(*ground.patch) * lit - plain)
    colour += plain
    blades *= 0.6
    clumps *= 0.55
    blades += clumps
    blades *= ground.blades * (0.2 + 0.8 * near)
    blades += 1
    blades -= 0.10 * near**3
    colour *= np.maximum(blades, 0.3, out=blades)
    specks = look_up("speck", lines * 80 + slide, columns * 70 + shift, smooth=False)
    dots = ramp(specks, 2.6 - ground.specks * 12, 3.0 - ground.specks * 10)
    dots *= 0.85
    colour += dots * (easel.colour(*ground.speck) * lit - colour)
    cover = np.clip((easel.y[top:] - easel.horizon) * size + 0.5, 0, 1)
    rows = easel.canvas[:, top:]
    first = 3  # only the first rows lie across the horizon
    rows[:, :first] += cover[:first, None] * (colour[:, :first] - rows[:, :first])
    rows[:, first:] = colour[:, first:]


def _fence(easel: _Easel) -> None:
    """Set a post-and-rail fence between the horizon and the horse."""
    chance, size = easel.chance, easel.size
    foot = easel.horizon + (easel.scenery.hoof_line / 256 - easel.horizon) * chance.between(20, 45) / 100
    height = (foot - easel.horizon) * 0.9 + 0.10
    thick = height * 0.075
    spacing, shift = height * 1.7, chance.below(256) / 256
    rails = np.zeros(size, dtype=np.float32)
    for level in (0.30, 0.62, 0.92):
        rails = np.maximum(rails, np.clip((thick - np.abs(easel.y - foot + height * level)) * size + 0.5, 0, 1))
    beside = np.abs((easel.x / spacing + shift) % 1 - 0.5) * spacing
    posts = np.clip((thick * 1.1 - beside) * size + 0.5, 0, 1)
    upright = np.clip((height * 1.05 - (foot - easel.y)) * size, 0, 1) * np.clip((foot - easel.y) * size + 0.5, 0, 1)
    top, bottom = max(0, int((foot - height * 1.1) * size) - 1), min(size, int(foot * size) + 2)
    cover = np.maximum(np.broadcast_to(rails[:, None], (size, size)), posts[None, :] * upright[:, None])[top:bottom]
    wood = chance.choose(((112, 84, 60), (232, 230, 224), (92, 82, 74), (140, 108, 76)))
    wear = look_up("fine", easel.y[top:bottom, None] * 128, easel.x[None, :] * 60, easel.large)
    colour = easel.haze(wood, 0.08) * (1 + 0.10 * wear)
    easel.mix(colour, cover, top, bottom)


def paint_weather(canvas: Floats, scenery: Scenery, chance: Chance) -> None:
    """Let it rain, snow or lie in mist over a finished picture (3 size size), in place."""
    if scenery.weather == "clear":
        return
    size = canvas.shape[1]
    across, down = _centres(size)[None, :], _centres(size)[:, None]
    air = np.array(LIGHT_COLOURS[scenery.light].skyline, dtype=np.float32).reshape(3, 1, 1)
    slide, slant = chance.below(256), chance.between(-24, 24)
    if scenery.weather == "mist":
        drift = look_up("broad", down * 120 + slide, across * 70 + slide, smooth=True)
        veil = np.exp(-((down - scenery.horizon / 256 - 0.12) ** 2) * 14) * (0.42 + 0.08 * drift) + 0.12
        canvas += veil * (air - canvas)
        return
    if scenery.weather == "rain":
        streaks = look_up("blades", down * 40 + slide, across * 190 + down * slant + slide, size > _LARGE)
        canvas *= np.float32(0.86)
        canvas += ramp(streaks, 0.9, 2.6) * 0.30 * (np.float32(225) - canvas)
        canvas += np.float32(0.10) * (air - canvas)
        return
    flakes = look_up("speck", down * 90 + slide, across * 90 + slide, size > _LARGE)
    canvas += np.float32(0.08) * (air - canvas)
    canvas += ramp(flakes, 1.7, 2.4) * 0.8 * (np.float32(248) - canvas)
