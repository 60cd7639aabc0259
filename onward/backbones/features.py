"""A frozen network's features of many pictures, each computed once: in chunks, kept on disk, gone on with after a stop.

A chunk's name holds everything that would make it wrong: the pictures' bytes, the network, the side, mirrored or not.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.data.cache import cache_key, recall, remember

__all__ = ["Features", "enlarged"]

_VERSION = 1


class Features:
    """The pooled features of pictures, chunk by chunk.

    Args:
        network: frozen; B 3 S S in [-1, 1] to B F.
        name: of the network and its weights, for the cache.
        images: N H W 3, uint8.
        side: pictures are brought to this many pixels before the network looks.
        chunk: pictures a chunk.

    Attributes:
        values: N F, float32; zero where not yet computed.
    """

    def __init__(
        self, network: nn.Module, name: str, images: NDArray[np.uint8], side: int, length: int = 1280, chunk: int = 128
    ) -> None:
        self._network, self._name, self._images = network, name, images
        self._side, self._chunk = side, chunk
        self.values = np.zeros((len(images), length), np.float32)
        self._is_done = np.zeros(-(-len(images) // chunk), bool)

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self._is_done)

    def look(self, number: int) -> None:
        """Compute or recall chunk `number`."""
        if self._is_done[number]:
            return
        rows = slice(number * self._chunk, (number + 1) * self._chunk)
        images = np.ascontiguousarray(self._images[rows])
        content = hashlib.blake2b(images.tobytes(), digest_size=16).hexdigest()
        key = cache_key("features", _VERSION, self._name, self._side, content, images.shape)
        found = recall(key, "features")
        if found is None or found["features"].shape != self.values[rows].shape:
            found = {"features": self._compute(images)}
            remember(key, **found)
        self.values[rows] = found["features"].astype(np.float32)
        self._is_done[number] = True

    @property
    def done(self) -> NDArray[np.bool_]:
        """Say for each of the N pictures whether its features are there."""
        return np.repeat(self._is_done, self._chunk)[: len(self._images)]

    @torch.no_grad()
    def _compute(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        found = []
        for start in range(0, len(images), 32):
            pixels = torch.from_numpy(images[start : start + 32]).permute(0, 3, 1, 2).float() / 127.5 - 1
            found.append(self._network(enlarged(pixels, self._side)).half())
        return torch.cat(found).numpy()


def enlarged(pictures: Tensor, side: int) -> Tensor:
    """Bring B 3 H W pictures to `side` pixels, channels last."""
    if pictures.shape[-1] != side:
        pictures = F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
    return pictures.contiguous(memory_format=torch.channels_last)
