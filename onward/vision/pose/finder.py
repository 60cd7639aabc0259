"""A trained network at work: fitted pictures in, places and scores out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.run import Run
from onward.data.skeletons import Skeleton
from onward.parts.pixels import as_pixels
from onward.vision.pose.decoding import decode
from onward.vision.pose.network import PoseNetwork

__all__ = ["Finder", "find", "find_and_describe"]

_AT_ONCE = 8


@dataclass(frozen=True)
class Finder:
    """A trained network and what its answers mean.

    Attributes:
        network: in evaluation mode.
        skeleton: names, lines and mirrors of its points.
        shape: width and height that subjects are fitted into, in pixels.
        are_cut: whether it learned subjects that were cut out, not whole pictures.
        run: where it was trained.
    """

    network: PoseNetwork
    skeleton: Skeleton
    shape: tuple[int, int]
    are_cut: bool
    run: Run


def find(network: PoseNetwork, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find points in pictures, N H W 3 uint8: N K 3: x, y in pixels of the picture, and the score."""
    return find_and_describe(network, images)[0]


@torch.no_grad()
def find_and_describe(
    network: PoseNetwork, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find points, N K 3, and describe each picture by its eyes' deepest map, averaged: N C."""
    found, described = [], []
    for start in range(0, len(images), _AT_ONCE):
        maps = network.look(as_pixels(images[start : start + _AT_ONCE]))
        found.append(decode(network.head(maps), network.stride).numpy())
        described.append(maps[-1].mean(dim=(2, 3)).numpy())
    return np.concatenate(found).astype(np.float32), np.concatenate(described).astype(np.float32)
