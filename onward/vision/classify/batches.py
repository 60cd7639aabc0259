"""Batches of pictures on their way to a classifier: shuffled by (seed, epoch), mirrored every other epoch, moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.group import Group
from onward.parts.pixels import as_pixels

__all__ = ["Batches"]


class Batches:
    """Endless batches whose place is part of the checkpoint.

    A picture is mirrored in even epochs or in odd ones, which of the two by lot, so that every two epochs show both
    sides (alternating flip, arXiv:2404.00498, section 3.6).

    Args:
        images: N H W 3, uint8.
        labels: N.
        batch_size: pictures a batch, of all processes.
        shift: how many pixels a picture may be moved by.
        group: of processes that share a batch.
        mirrors: whether a mirror image shows the same.

    Example:
        >>> batches = Batches(np.zeros((5, 8, 8, 3), np.uint8), np.zeros(5, np.int64), 4, shift=1, seed=0)
        >>> next(batches)[0].shape
        torch.Size([4, 3, 8, 8])
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        batch_size: int,
        shift: int,
        seed: int,
        group: Group | None = None,
        *,
        mirrors: bool = True,
    ) -> None:
        self._group, self._mirrors = group or Group(), mirrors
        self._images, self._labels = images, labels
        self._batch_size, self._shift, self._seed = batch_size, shift, seed
        self._mirrored_first = np.random.default_rng([seed, 1]).random(len(images)) < 0.5
        self._taken, self._epoch, self._order = 0, -1, np.empty(0, np.int64)

    def __iter__(self) -> Batches:
        """Give itself."""
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        """Give this process's share of the next batch: B 3 H W in [-1, 1], and B class numbers."""
        count = len(self._images)
        places, mirrored = np.empty(self._batch_size, np.int64), np.empty(self._batch_size, bool)
        for number in range(self._batch_size):
            epoch, place = divmod(self._taken + number, count)
            if epoch != self._epoch:
                self._epoch, self._order = epoch, np.random.default_rng([self._seed, 0, epoch]).permutation(count)
            places[number] = self._order[place]
            mirrored[number] = self._mirrors and self._mirrored_first[places[number]] ^ bool(epoch % 2)
        self._taken += self._batch_size
        places, mirrored = self._group.share(places), self._group.share(mirrored)
        pictures = as_pixels(self._images[places])
        turned = torch.from_numpy(mirrored)[:, None, None, None]
        pictures = torch.where(turned, pictures.flip(3), pictures)
        return self._moved(pictures), torch.from_numpy(self._labels[places])

    def _moved(self, pictures: Tensor) -> Tensor:
        """Move each picture by up to `shift` pixels; what comes in at the border is its mirror image."""
        reach = self._shift
        if reach < 1:
            return pictures
        _, _, height, width = pictures.shape
        chance = np.random.default_rng([self._seed, 2, self._taken])
        top, left = (self._group.share(chance.integers(0, 2 * reach + 1, self._batch_size)) for _ in range(2))
        padded = F.pad(pictures, (reach,) * 4, mode="reflect").permute(0, 2, 3, 1)
        rows = torch.from_numpy(top)[:, None] + torch.arange(height)
        columns = torch.from_numpy(left)[:, None] + torch.arange(width)
        which = torch.arange(len(pictures))[:, None, None]
        return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)

    @property
    def epochs(self) -> float:
        """Give how often each picture has been shown."""
        return self._taken / len(self._images)

    def state_dict(self) -> dict[str, Any]:
        """Take the place in the order."""
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to a place in the order."""
        self._taken = state["taken"]
