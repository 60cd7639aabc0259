"""Parts of pictures, fitted into a rectangle of pixels: whole pictures, or squares around what is to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Box", "Window", "fitted", "shape_for", "window_around", "window_of_all"]

_GREY = 127
_ROOM, _STEP = 1.3, 32  # how much larger than its box a subject's window is; sides are multiples of this

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Window:
    """The part of a picture that is looked at: a fitted place is (original − (left, top)) · scale."""

    left: float
    top: float
    scale: float
    width: int
    height: int

    def inwards(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Bring places, ... 2, from pixels of the picture to fitted ones."""
        return ((points - (self.left, self.top)) * self.scale).astype(np.float32)

    def outwards(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Undo `inwards`."""
        return (points / self.scale + (self.left, self.top)).astype(np.float32)


def shape_for(sizes: Sequence[tuple[int, int]], size: int) -> tuple[int, int]:
    """Choose width and height that hold every picture when its longest side is `size`; multiples of 32."""
    shares = np.array(sizes, np.float64)
    fitting = (shares / shares.max(axis=1, keepdims=True)).max(axis=0) * size
    width, height = (int(-(-round(float(side)) // _STEP) * _STEP) for side in fitting)
    return width, height


def window_of_all(size: tuple[int, int], shape: tuple[int, int]) -> Window:
    """Look at a whole picture of this size, fitted into `shape` (width, height).

    Example:
        >>> window_of_all((640, 480), (320, 256))
        Window(left=0.0, top=0.0, scale=0.5, width=320, height=256)
    """
    return Window(0.0, 0.0, min(shape[0] / size[0], shape[1] / size[1]), *shape)


def window_around(box: Box, size: int) -> Window:
    """Look at a square around a box, with some room.

    Example:
        >>> window_around((10.0, 10.0, 110.0, 60.0), 130)
        Window(left=-5.0, top=-30.0, scale=1.0, width=130, height=130)
    """
    left, top, right, bottom = box
    side = max(4.0, _ROOM * max(right - left, bottom - top))
    return Window((left + right - side) / 2, (top + bottom - side) / 2, size / side, size, size)


def fitted(picture: Image.Image | NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """See a picture through a window: H W 3; what lies outside the picture is grey.

    Example:
        >>> fitted(np.zeros((2, 4, 3), np.uint8), Window(0.0, -1.0, 1.0, 4, 4))[:, 0, 0].tolist()
        [127, 0, 0, 127]
    """
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    scale = window.scale
    canvas = np.full((window.height, window.width, 3), _GREY, np.uint8)
    # whole fitted pixels that lie inside the picture, and exactly what they show
    first_x, first_y = (max(0, int(np.ceil(-start * scale - 1e-6))) for start in (window.left, window.top))
    last_x = min(window.width, int(np.floor((image.width - window.left) * scale + 1e-6)))
    last_y = min(window.height, int(np.floor((image.height - window.top) * scale + 1e-6)))
    if last_x <= first_x or last_y <= first_y:
        return canvas
    seen = (
        max(0.0, window.left + first_x / scale),
        max(0.0, window.top + first_y / scale),
        min(float(image.width), window.left + last_x / scale),
        min(float(image.height), window.top + last_y / scale),
    )
    way = Image.Resampling.BILINEAR if scale > 0.5 else Image.Resampling.BOX
    canvas[first_y:last_y, first_x:last_x] = np.asarray(
        image.resize((last_x - first_x, last_y - first_y), way, box=seen), np.uint8
    )
    return canvas
