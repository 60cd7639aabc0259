"""A camera over the meadow: it pans and zooms, so that a still land moves through the picture.

World coordinates are those of a picture taken by a camera at rest. Zooms are in 1/1024 and shifts in 1/16 pixel, whole
numbers, so that the same camera gives the same truth everywhere.

Read next: ``stage.py``, which looks through it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.meadow.limbs import View

__all__ = ["STILL", "Camera", "looked_at"]

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Camera:
    """A world point (x, y) is seen at (zoom / 1024 x + pan_x / 16, zoom / 1024 y + pan_y / 16), in pixels.

    Example:
        >>> Camera(2048, 16, 0).seen(10.0, 10.0)
        (21.0, 20.0)
    """

    zoom: int = 1024
    pan_x: int = 0
    pan_y: int = 0

    def seen(self, x: Floats | float, y: Floats | float) -> tuple[Floats | float, Floats | float]:
        """Carry world points to the picture."""
        return x * self.zoom / 1024 + self.pan_x / 16, y * self.zoom / 1024 + self.pan_y / 16

    def found(self, x: Floats | float, y: Floats | float) -> tuple[Floats | float, Floats | float]:
        """Carry points of the picture to the world."""
        return (x - self.pan_x / 16) * 1024 / self.zoom, (y - self.pan_y / 16) * 1024 / self.zoom

    def through(self, view: View, fineness: int) -> View:
        """Look at a creature through it: its view on a canvas of `fineness` pixels across a picture's pixel."""
        return View(
            view.scale_x * self.zoom >> 10,
            view.scale_y * self.zoom >> 10,
            (view.origin_x * self.zoom >> 10) + self.pan_x * fineness,
            (view.origin_y * self.zoom >> 10) + self.pan_y * fineness,
        )


STILL = Camera()


def looked_at(land: Floats, size: int, margin: int, camera: Camera) -> Floats:
    """Fetch the picture (3 size size) that a camera takes of a land (3 L L) which reaches `margin` pixels further."""
    x, y = camera.found(0.0, 0.0)
    step = 1024 / camera.zoom
    affine = (step, 0.0, x + margin, 0.0, step, y + margin)
    planes = [
        Image.fromarray(plane).transform((size, size), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
        for plane in np.ascontiguousarray(land, dtype=np.float32)
    ]
    return np.stack([np.asarray(plane) for plane in planes])
