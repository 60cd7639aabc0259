"""A photo that was redrawn, as a file: whole or not at all, and what was transparent in the photo is so again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data.photo import Photo

__all__ = ["Redrawn", "write_redrawn"]


@dataclass(frozen=True)
class Redrawn:
    """Something to show.

    Attributes:
        pixels: H W 3.
        photo: what it was drawn from.
    """

    ending: ClassVar[str] = ".png"
    caption: str
    pixels: NDArray[np.uint8]
    photo: Photo

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.png`."""
        return write_redrawn(folder / f"{name}.png", self.pixels, self.photo)


def write_redrawn(path: Path, pixels: NDArray[np.uint8], photo: Photo) -> Path:
    """Write a redrawn photo, H W 3, as PNG.

    Raises:
        DataFault: it cannot be written.
    """
    picture = Image.fromarray(pixels)
    if photo.alpha is not None:
        picture.putalpha(Image.fromarray(photo.alpha).resize(picture.size, Image.Resampling.LANCZOS))
    aside = path.with_name(f".{path.name}")
    try:
        picture.save(aside, "PNG")
        aside.replace(path)
    except OSError as reason:
        raise DataFault(f"{path} cannot be written ({reason.strerror}). Choose another --out.") from None
    return path
