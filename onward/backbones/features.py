"""A frozen network's features of many pictures, each computed once: in chunks, kept on disk, gone on with after a stop.

A chunk's name holds everything that would make it wrong: the pictures' bytes, the network's weights, the side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.data.cache import cache_key, recall, remember
from onward.group import Group
from onward.parts.pixels import as_pixels

__all__ = ["Features", "enlarged", "weights_name"]

_VERSION = 2
_AT_ONCE = 16


class PictureRows(Protocol):
    """Pictures by their places, in memory or drawn when asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]: ...


class Features:
    """What a frozen network makes of pictures, chunk by chunk: pooled numbers or whole maps.

    Args:
        look: B 3 S S in [-1, 1] to one or more tensors that begin with B.
        name: of the network, its weights and what is taken from it, for the cache.
        images: N H W 3, uint8.
        side: pictures are brought to this many pixels before the network looks.
        chunk: pictures a chunk.
        group: of processes that share the looking; all of them have to ask for the same chunks.

    Attributes:
        chunk: pictures a chunk.
        values: what `look` gives, each N ..., float16; zero where not yet computed; empty before the first chunk.
    """

    def __init__(
        self,
        look: Callable[[Tensor], Sequence[Tensor]],
        name: str,
        images: PictureRows,
        side: int,
        chunk: int = 128,
        group: Group | None = None,
    ) -> None:
        self._group = group or Group()
        self._look, self._name, self._images = look, name, images
        self._side, self.chunk = side, chunk
        self.values: list[NDArray[np.float16]] = []
        self._is_done = np.zeros(-(-len(images) // chunk), bool)

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self._is_done)

    def look(self, number: int) -> None:
        """Compute or recall chunk `number`."""
        if self._is_done[number]:
            return
        rows = slice(number * self.chunk, min(len(self._images), (number + 1) * self.chunk))
        images = np.ascontiguousarray(self._images[rows])
        content = hashlib.blake2b(images.tobytes(), digest_size=16).hexdigest()
        key = cache_key("features", _VERSION, self._name, self._side, content, images.shape)
        found = recall(key, "shapes")
        maps = found and recall(key, *(f"map{place}" for place in range(len(found["shapes"]))))
        if self._group.size > 1 and float(self._group.mean(torch.tensor(float(bool(maps))))) < 1:
            maps = None  # some process has to look, so all of them share it
        arrays = list(maps.values()) if maps else self._compute(images)
        if not maps:
            named = {f"map{place}": array for place, array in enumerate(arrays)}
            remember(key, shapes=np.arange(len(arrays)), **named)
        if not self.values:
            self.values = [np.zeros((len(self._images), *array.shape[1:]), np.float16) for array in arrays]
        for whole, part in zip(self.values, arrays, strict=True):
            whole[rows] = part
        self._is_done[number] = True

    @property
    def done(self) -> NDArray[np.bool_]:
        """Say for each of the N pictures whether its features are there."""
        return np.repeat(self._is_done, self.chunk)[: len(self._images)]

    @torch.no_grad()
    def _compute(self, images: NDArray[np.uint8]) -> list[NDArray[np.float16]]:
        found: list[list[Tensor]] = []
        is_shared = len(images) % self._group.size == 0
        images = self._group.share(images) if is_shared else images
        for start in range(0, len(images), _AT_ONCE):
            pixels = as_pixels(images[start : start + _AT_ONCE])
            found.append([each.half() for each in self._look(enlarged(pixels, self._side))])
        seen = [torch.cat(parts) for parts in zip(*found, strict=True)]
        return [(self._group.gathered(each) if is_shared else each).numpy() for each in seen]


def weights_name(name: str, network: nn.Module) -> str:
    """Give a network's name with a digest of its weights, so that others under the same name are never taken for it."""
    digest = hashlib.blake2b(digest_size=8)
    for key, value in network.state_dict().items():
        digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return f"{name}-{digest.hexdigest()}"


def enlarged(pictures: Tensor, side: int) -> Tensor:
    """Bring B 3 H W pictures to `side` pixels, channels last."""
    if pictures.shape[-1] != side:
        smaller = pictures.shape[-1] > side  # only then is there anything to smooth; ONNX by tracing knows it not
        pictures = F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False, antialias=smaller)
    return pictures.contiguous(memory_format=torch.channels_last)
