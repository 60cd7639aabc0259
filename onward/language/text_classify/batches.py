"""Batches of texts of like lengths, for several networks, each in an order of its own; where they stand is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.language.text_classify.writing import padded

__all__ = ["Batches"]

_NOISE = 0.2  # lengths are sorted with so much noise, so that no two epochs have the same batches


class Batches:
    """Gives batches without end.

    Args:
        numbers: of the texts' pieces.
        members: how many networks learn.
    """

    def __init__(
        self, numbers: Sequence[NDArray[np.int64]], labels: NDArray[np.int64], size: int, seed: int, members: int
    ) -> None:
        self._numbers, self._labels, self.size, self._seed = numbers, labels, min(size, len(numbers)), seed
        self._lengths = np.array([len(each) for each in numbers])
        self._taken = [0] * members
        self._epochs: list[tuple[int, list[NDArray[np.int64]]]] = [(-1, [])] * members

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._numbers)

    @property
    def epochs(self) -> float:
        """Say how often each text was read by the network that read least."""
        return min(self._taken, default=0) * self.size / len(self._numbers)

    def next(self, member: int) -> tuple[Tensor, Tensor, Tensor]:
        """Give a network's next batch: numbers T B, lengths B, labels B."""
        count = -(-len(self._numbers) // self.size)
        epoch, place = divmod(self._taken[member], count)
        if self._epochs[member][0] != epoch:
            self._epochs[member] = (epoch, self._ordered(member, epoch))
        places = self._epochs[member][1][place]
        self._taken[member] += 1
        return *padded([self._numbers[each] for each in places]), torch.from_numpy(self._labels[places])

    def _ordered(self, member: int, epoch: int) -> list[NDArray[np.int64]]:
        chance = np.random.default_rng([self._seed, member, epoch])
        order = np.argsort(self._lengths * chance.uniform(1 - _NOISE, 1 + _NOISE, len(self._lengths)), kind="stable")
        batches = [order[begin : begin + self.size] for begin in range(0, len(order), self.size)]
        return [batches[place] for place in chance.permutation(len(batches))]

    def state_dict(self) -> dict[str, Any]:
        """Take where they stand."""
        return {"taken": list(self._taken)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to where they stood."""
        self._taken = list(state["taken"])
        self._epochs = [(-1, [])] * len(self._taken)
