"""Endless shuffled batches whose place is part of the checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.group import Group

__all__ = ["Batches"]


class Batches:
    """Pictures in an order that depends on (seed, epoch) alone.

    Args:
        images: N H W 3, uint8.
        labels: N.
        batch_size: pictures a batch, of all processes; an incomplete last one is filled from the next epoch.
        group: of processes that share a batch.
    Example:
        >>> batches = Batches(np.zeros((5, 8, 8, 3), np.uint8), np.zeros(5, np.int64), 4, seed=0)
        >>> next(batches)[0].shape
        torch.Size([4, 3, 8, 8])
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        batch_size: int,
        seed: int,
        group: Group | None = None,
    ) -> None:
        self._group = group or Group()
        pixels = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        self._pixels, self._labels = pixels, torch.from_numpy(labels)
        self._batch_size, self._seed = batch_size, seed
        self._taken = 0
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def __iter__(self) -> Batches:
        """Give itself."""
        return self

    def __next__(self) -> tuple[Tensor, Tensor]:
        """Give this process's share of the next batch: B 3 H W in [-1, 1], and B class numbers."""
        count, places = len(self._pixels), []
        for number in range(self._taken, self._taken + self._batch_size):
            epoch, place = divmod(number, count)
            if epoch != self._epoch:
                self._epoch, self._order = epoch, np.random.default_rng([self._seed, epoch]).permutation(count)
            places.append(int(self._order[place]))
        self._taken += self._batch_size
        chosen = torch.tensor(self._group.share(places))
        return self._pixels[chosen].float() / 127.5 - 1, self._labels[chosen]

    def state_dict(self) -> dict[str, Any]:
        """Take the place in the order."""
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to a place in the order."""
        self._taken = state["taken"]
