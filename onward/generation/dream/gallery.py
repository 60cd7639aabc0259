"""What each layer sees: the same photo dreamt on at every depth of the network, on one sheet."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.data.photo import Photo
from onward.generation.dream.dreaming import Dream, Manner
from onward.generation.dream.octaves import plan_of
from onward.generation.dream.reading import Scene
from onward.generation.dream.settings import Settings
from onward.generation.dream.wishes import tensor_of, wish_of
from onward.generation.features import find_sight

__all__ = ["gallery", "gallery_seconds"]

_SIDE, _STEPS, _OCTAVES, _COLUMNS = 240, 36, 3, 4
_LABEL = 18
_LAYERS = 7
_SEEN = ("edges", "lines", "textures", "patterns", "parts and animals", "animals", "things")


def gallery(photo: Photo, backbone: str = "lite0", seed: int = 0, steps: int = _STEPS) -> NDArray[np.uint8]:
    """Dream on a photo at each layer: H W 3, the photo first."""
    layers = min(_LAYERS, len(find_sight(backbone).strides) - (backbone == "lite0"))
    small = photo.reduced(_SIDE)
    scene = Scene(small)
    found = [("the photo", small.pixels)]
    for layer in range(layers):
        wish = wish_of(scene, Settings(layer=layer, backbone=backbone))
        width, height = small.size
        plan = plan_of(height, width, _OCTAVES, timed=False)
        dream = Dream(tensor_of(small), wish, plan, Manner(strength=0.6), seed)
        for step in range(steps):
            dream.turn((step + 1) / steps)
        dream.finish()
        said = f": {_SEEN[layer]}" if backbone == "lite0" else ""
        found.append((f"layer {layer}{said}", dream.pixels()))
    return _sheet(found)


def gallery_seconds(cost: float) -> float:
    """Estimate what a gallery takes, from the seconds a step and pixel."""
    return 1.6 * _LAYERS * _STEPS * _SIDE**2 * 0.7 * cost


def _sheet(found: list[tuple[str, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    height, width = found[0][1].shape[:2]
    columns = min(_COLUMNS, len(found))
    rows = math.ceil(len(found) / columns)
    sheet = Image.new("RGB", (columns * (width + 6) - 6, rows * (height + _LABEL + 6) - 6), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (title, pixels) in enumerate(found):
        left, top = number % columns * (width + 6), number // columns * (height + _LABEL + 6)
        sheet.paste(Image.fromarray(pixels), (left, top + _LABEL))
        pen.text((left + 2, top + 3), title, fill="black")
    return np.asarray(sheet)
