"""A trained detector at work: fitted pictures in, boxes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.run import Run
from onward.parts.pixels import as_pixels
from onward.vision.detect.big import BigDetector
from onward.vision.detect.decoding import Found
from onward.vision.detect.network import Detector

__all__ = ["Finder", "find"]

_AT_ONCE = 8


@dataclass(frozen=True)
class Finder:
    """A trained network and what its answers mean.

    Attributes:
        network: B 3 S S in [-1, 1] to what is found; in evaluation mode.
        classes: the classes' names.
        size: side in pixels that pictures are fitted into.
        run: where it was trained.
    """

    network: Detector | BigDetector
    classes: tuple[str, ...]
    size: int
    run: Run


@torch.no_grad()
def find(network: Detector | BigDetector, images: NDArray[np.uint8]) -> list[Found]:
    """Find things in pictures: N S S 3, uint8."""
    found: list[Found] = []
    for start in range(0, len(images), _AT_ONCE):
        found += network.found(as_pixels(images[start : start + _AT_ONCE]))
    return found
