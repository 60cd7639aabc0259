"""The user's own photos behind the drawn creatures, instead of the painted land.

Real texture behind moving shapes teaches more than a drawn field does (FlyingChairs: Dosovitskiy et al. 2015; texture
matters more than realism: Mayer et al. 2018). Which photo, and which part of it, comes from the sample's own chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.meadow.chance import Chance

__all__ = ["Photos"]


@dataclass(frozen=True)
class Photos:
    """Photos to stand before (each H W 3, uint8, any size).

    Raises:
        DataFault: there are none.
    Example:
        >>> Photos([np.zeros((40, 60, 3), np.uint8)]).behind(Chance("a"), 32).shape
        (3, 32, 32)
    """

    images: Sequence[NDArray[np.uint8]]

    def __post_init__(self) -> None:
        """Refuse an empty album, before which nothing could stand."""
        if not len(self.images):
            raise DataFault("There are no photos to stand before. Name a folder with pictures.")

    @property
    def digest(self) -> str:
        """Return a fingerprint of all their pixels."""
        found = sha256()
        for image in self.images:
            found.update(repr(image.shape).encode())
            found.update(np.ascontiguousarray(image).data)
        return found.hexdigest()

    def behind(self, chance: Chance, side: int) -> NDArray[np.float32]:
        """Cut a square from a photo and scale it (3 side side), 0 to 255; a small photo is scaled up, never tiled."""
        image = self.images[chance.below(len(self.images))]
        high, wide = image.shape[:2]
        shorter = min(high, wide)
        length = max(1, shorter * chance.between(50, 100) // 100)
        left, top = chance.between(0, wide - length), chance.between(0, high - length)
        part = Image.fromarray(image[top : top + length, left : left + length])
        scaled = np.asarray(part.resize((side, side), Image.Resampling.LANCZOS))
        if chance.below(2):
            scaled = scaled[:, ::-1]
        return np.ascontiguousarray(scaled.transpose(2, 0, 1), dtype=np.float32)
