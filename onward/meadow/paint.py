"""The colours of creatures that are not horses: a paint for each limb, fur or feathers that move with it.

Read next: ``stage.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.meadow.anatomy import Anatomy
from onward.meadow.cast import Actor, anatomy_of
from onward.meadow.coats import coat_colours
from onward.meadow.grain import tile
from onward.meadow.palettes import COAT_COLOURS

__all__ = ["colours_of"]

Floats = NDArray[np.floating]
_SKINS = ((236, 198, 168), (208, 160, 122), (152, 104, 76), (98, 66, 50))
_BRIGHT = ((226, 150, 52), (216, 176, 70), (196, 92, 60), (92, 92, 96))
_FIXED = {"eye": (22, 20, 22), "dark": (52, 48, 50), "bill": (84, 80, 86)}
_CELL = 6


def colours_of(limbs: NDArray[np.intp], rest_x: Floats, rest_y: Floats, actor: Actor) -> Floats:
    """Return the colour of points of a creature (3 n), 0 to 255, unlit.

    Args: `limbs` (n) places in its anatomy; `rest_x`, `rest_y` (n) in units of the resting creature.
    """
    if actor.horse is not None:
        return coat_colours(limbs, rest_x, rest_y, actor.horse)
    anatomy = anatomy_of(actor.kind)
    base = np.array([_paint(actor, name) for name in anatomy.paints], dtype=np.float32)
    bright = np.array([0.66 if place in anatomy.far else 1.0 for place in range(len(anatomy.limbs))], dtype=np.float32)
    light = _texture(actor, anatomy, limbs, rest_x, rest_y)
    light += 1
    light *= bright.take(limbs)
    colours = base.T.take(limbs, axis=1)
    colours *= light
    return colours


def _paint(actor: Actor, name: str) -> tuple[float, float, float]:
    body, second = COAT_COLOURS[actor.coat], COAT_COLOURS[actor.second]
    if name in _FIXED:
        return _FIXED[name]
    if name == "skin":
        return _SKINS[actor.tone]
    if name == "bright":
        return _BRIGHT[actor.tone]
    if name == "hair":
        return second.mane
    chosen = second.body if name == "second" else body.body
    red, green, blue = (part + extra for part, extra in zip(chosen, actor.tint, strict=True))
    if name == "pale":
        return (red + 238) / 2, (green + 230) / 2, (blue + 216) / 2
    return red, green, blue


def _texture(actor: Actor, anatomy: Anatomy, limbs: NDArray[np.intp], rest_x: Floats, rest_y: Floats) -> Floats:
    """Return what fur, feathers or cloth add to the brightness at each point (n)."""
    shift = actor.bits >> 20 & 255
    x = (rest_x * (1 / _CELL)).astype(np.intp) + limbs * 37
    y = (rest_y * (1 / _CELL)).astype(np.intp) + shift
    place = ((y & 255) << 8) + (x & 255)
    rough = tile("fine").ravel().take(place) * 0.05 + tile("clump").ravel().take(place) * 0.06
    calm = np.array([0.25 if name in ("skin", "eye", "bright", "bill") else 1.0 for name in anatomy.paints], np.float32)
    return rough * calm.take(limbs)
