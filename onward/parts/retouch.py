"""What augmentation does to the bytes of one picture: moving it, and changing its light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["lit", "moved"]

_GREY = (127, 127, 127)


def moved(image: NDArray[np.uint8], back: tuple[float, float, float, float, float, float]) -> NDArray[np.uint8]:
    """Move a picture, H W 3; what comes in from outside is grey.

    Args:
        back: where each pixel comes from: x from a x + b y + c, y from d x + e y + f.
    """
    size = (image.shape[1], image.shape[0])
    picture = Image.fromarray(image)
    return np.asarray(
        picture.transform(size, Image.Transform.AFFINE, back, resample=Image.Resampling.BILINEAR, fillcolor=_GREY)
    )


def lit(image: NDArray[np.uint8], light: float, contrast: float) -> NDArray[np.uint8]:
    """Multiply a picture's light, and its contrast around the middle grey.

    Example:
        >>> lit(np.full((1, 1, 3), 100, np.uint8), 1.5, 1.0)[0, 0].tolist()
        [150, 150, 150]
    """
    if light == 1.0 and contrast == 1.0:
        return image
    levels = (np.arange(256, dtype=np.float32) - 127) * contrast * light + 127 * light
    return levels.clip(0, 255).astype(np.uint8)[image]
