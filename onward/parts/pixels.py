"""Bytes of pictures as the numbers networks take."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["as_pixels"]


def as_pixels(images: NDArray[np.uint8]) -> Tensor:
    """Turn N H W 3 bytes into N 3 H W numbers in [-1, 1], channels last.

    Example:
        >>> as_pixels(np.zeros((1, 2, 2, 3), np.uint8))[0, 0].tolist()
        [[-1.0, -1.0], [-1.0, -1.0]]
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return (pixels.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
