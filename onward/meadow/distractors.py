"""What stands in the meadow and is nobody: trees and rocks, from level 2 on. They hide creatures and have no label.

Read next: ``stage.py``, which sets them between the creatures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onward.meadow.camera import Camera
from onward.meadow.chance import Chance
from onward.meadow.grain import look_up, ramp
from onward.meadow.palettes import LIGHT_COLOURS
from onward.meadow.scene import Scenery

__all__ = ["Distractor", "paint_distractor", "some_distractors"]

Floats = NDArray[np.floating]
_MOST = 3
_LEAVES = {"autumn": (168, 96, 42), "snow": (92, 100, 104), "desert": (122, 118, 78), "straw": (104, 110, 58)}
_LEAF, _BARK = (58, 92, 46), (78, 62, 48)
_ROCKS = ((128, 124, 118), (104, 98, 92), (146, 132, 112))


@dataclass(frozen=True)
class Distractor:
    """A tree or a rock; lengths in 1/16 pixel.

    Attributes:
        x: its middle; `y`: its foot, from the top; `height`: from foot to top.
        grain: where in the noise its shape is cut from.
    """

    kind: str
    x: int
    y: int
    height: int
    tone: int
    grain: int

    def through(self, camera: Camera) -> Distractor:
        """Look at it through a camera."""
        x, y = ((place * camera.zoom >> 10) + pan for place, pan in ((self.x, camera.pan_x), (self.y, camera.pan_y)))
        return replace(self, x=x, y=y, height=self.height * camera.zoom >> 10)


def some_distractors(chance: Chance, scenery: Scenery, size: int) -> tuple[Distractor, ...]:
    """Draw up to three by lot, back to front; the nearer ones are larger."""
    found = []
    for _ in range(chance.below(_MOST + 1)):
        kind = chance.choose(("tree", "rock"))
        depth = chance.between(2, 16)  # sixteenths of the way from the skyline to the lower border
        skyline = scenery.horizon * size // 16
        y = skyline + (16 * size - skyline) * depth // 16
        share = chance.between(45, 90) if kind == "tree" else chance.between(7, 20)
        height = max(32, 16 * size * share // 100 * (depth + 4) // 20)
        found.append(Distractor(kind, chance.below(16 * size), y, height, chance.below(3), chance.below(256)))
    return tuple(sorted(found, key=lambda each: (each.y, each.x)))


def paint_distractor(canvas: Floats, thing: Distractor, scenery: Scenery) -> NDArray[np.bool_]:
    """Paint it over a canvas (3 size size), in place; say which pixels it hides (size size)."""
    size = canvas.shape[1]
    middles = np.arange(size, dtype=np.float32) + np.float32(0.5)
    height = np.float32(thing.height / 16)
    across = (middles[None, :] - np.float32(thing.x / 16)) / height  # in heights, from the middle
    up = (np.float32(thing.y / 16) - middles[:, None]) / height  # in heights, from the foot
    rows, columns = slice(*_within(up[::-1, 0], 1.15, size)), slice(*np.searchsorted(across[0], (-1.3, 1.3)))
    across, up = across[:, columns], up[rows]
    light = LIGHT_COLOURS[scenery.light]
    lit = np.array(light.lit, dtype=np.float32).reshape(3, 1, 1)
    rough = look_up("clump", up * 64 + (thing.grain + 256), across * 64 + 512, smooth=True)
    part = canvas[:, rows, columns]
    hidden = np.zeros((size, size), np.bool_)
    if thing.kind == "tree":
        layers = (_trunk(across, up, rough), _crown(across, up, rough, thing, scenery))
    else:
        layers = (_rock(across, up, rough, thing),)
    for colour, cover in layers:
        part += cover * (colour * lit - part)
        hidden[rows, columns] |= cover > 0.5
    return hidden


def _within(heights: Floats, highest: float, size: int) -> tuple[int, int]:
    """Give the first and last row (heights from the lowest row upwards) between the foot and `highest`."""
    low, high = np.searchsorted(heights, (-0.1, highest))
    return size - int(high), size - int(low)


def _coloured(rgb: tuple[int, int, int], brightness: Floats) -> Floats:
    return np.array(rgb, dtype=np.float32).reshape(3, 1, 1) * brightness


def _trunk(across: Floats, up: Floats, rough: Floats) -> tuple[Floats, Floats]:
    wide = 0.055 - 0.03 * up
    cover = ramp(wide - np.abs(across), -0.006, 0.006) * ramp(up, -0.01, 0.01) * ramp(up, 0.8, 0.75)
    return _coloured(_BARK, 1 + 0.10 * rough - 4 * across), cover


def _crown(across: Floats, up: Floats, rough: Floats, thing: Distractor, scenery: Scenery) -> tuple[Floats, Floats]:
    """Round, broad or slender, its edge and its leaves cut from noise."""
    wide = (0.34, 0.44, 0.24)[thing.tone]
    apart = (across / wide) ** 2 + ((up - 0.66) / 0.34) ** 2
    cover = ramp(apart + 0.16 * rough, 1.0, 0.86)
    shine = 0.92 + 0.5 * (up - 0.66) - 0.35 * across + 0.14 * rough
    return _coloured(_LEAVES.get(scenery.ground, _LEAF), shine), cover


def _rock(across: Floats, up: Floats, rough: Floats, thing: Distractor) -> tuple[Floats, Floats]:
    apart = (across / 0.95) ** 2 + np.maximum(up, 0) ** 2
    cover = ramp(apart + 0.10 * rough, 1.0, 0.9) * ramp(up, -0.06, 0.0)
    shine = 0.72 + 0.45 * up - 0.2 * across + 0.10 * rough
    return _coloured(_ROCKS[thing.tone], shine), cover
