"""Looking at every picture once: features of several views, in chunks that are kept on disk.

A picture is seen as it is and mirrored, and the mean of both is its features; a strong view of it, moved, recoloured
and partly covered, is looked at beside them, for `agreement.py`. Labelled pictures come first, then the pool by lot, so
that whatever the time allows is a fair part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.backbones import Eyes, Features, weights_name
from onward.broad.semi.augmenting import strong_view

__all__ = ["CHUNK", "Looks", "Rows", "look_plainly"]

CHUNK = 64
Floats = NDArray[np.float32]


class Rows:
    """Some of many pictures, in an order of one's own, without a copy of them.

    Example:
        >>> Rows(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3), np.array([3, 0]))[0:1][0, 0, 0].tolist()
        [36, 37, 38]
    """

    def __init__(self, images: NDArray[np.uint8], places: NDArray[np.int64]) -> None:
        self._images, self._places = images, places

    def __len__(self) -> int:
        """Count them."""
        return len(self._places)

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]:
        """Give N H W 3."""
        return self._images[self._places[rows]]


class Looks:
    """What the eyes see of an album's labelled pictures and of its pool.

    Args:
        images: N H W 3, of all pictures.
        places: of those to look at, the labelled first.
        side: pixels the eyes look at.

    Attributes:
        features: the store behind; a chunk is looked at with `features.look(number)`.
    """

    def __init__(self, eyes: Eyes, images: NDArray[np.uint8], places: NDArray[np.int64], side: int) -> None:
        self.places = places
        name = weights_name(eyes.name, eyes.network)
        self.features = Features(_views(eyes.network), f"{name} semi-1", Rows(images, places), side, CHUNK)

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self.features)

    @property
    def count(self) -> int:
        """Count the pictures that were looked at; they are the first of `places`."""
        return int(self.features.done.sum())

    def views(self) -> tuple[Floats, Floats, Floats]:
        """Give what is there so far: the mean of both sides, a weak view, and a strong view, each N F."""
        rows = self.features.done
        plain, mirrored, strong = (each[rows].astype(np.float32) for each in self.features.values)
        return ((plain + mirrored) / 2).astype(np.float32), plain, strong


def _views(network: nn.Module) -> Callable[[Tensor], Sequence[Tensor]]:
    def look(pictures: Tensor) -> list[Tensor]:
        # the lot depends on the picture alone, so that it does not matter when and with which others it is looked at
        seeds = [int(each) for each in (pictures.mean(dim=(1, 2, 3)).double() * 2**40).abs().long() % 2**31]
        strong = torch.stack([strong_view(one, seed) for one, seed in zip(pictures, seeds, strict=True)])
        return [network(pictures), network(pictures.flip(3)), network(strong)]

    return look


def look_plainly(eyes: Eyes, images: NDArray[np.uint8], places: NDArray[np.int64], side: int) -> Features:
    """Prepare a look at pictures that nothing is learned from: as they are and mirrored."""
    network = eyes.network
    name = weights_name(eyes.name, network)
    return Features(
        lambda seen: [(network(seen) + network(seen.flip(3))) / 2],
        f"{name} both sides",
        Rows(images, places),
        side,
        CHUNK,
    )
