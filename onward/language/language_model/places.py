"""Where in the text training reads: many places at once, in stretches, the memory carried from each to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.group import Group
from onward.language.memory_network import State

__all__ = ["Memory", "Places"]


class Places:
    """Endless stretches of a text, read at many places at once; where they are is part of the checkpoint.

    Each time the text is read the places begin elsewhere, so that its stretches are cut elsewhere too.

    Args:
        numbers: of the text, N.
        count: places.
        stretch: pieces a stretch.
        seed: of the run.
        group: of processes that share the places.

    Example:
        >>> places = Places(np.arange(20), count=2, stretch=3, seed=0)
        >>> now, then, is_new = places.next(); now.shape, bool((then == (now + 1) % 20).all()), is_new
        (torch.Size([3, 2]), True, True)
    """

    def __init__(self, numbers: NDArray[Any], count: int, stretch: int, seed: int, group: Group | None = None) -> None:
        self._numbers, self._seed = numbers, seed
        group = group or Group()
        self._stretch = min(stretch, max(1, len(numbers) // 4))
        self._count = max(1, min(count, len(numbers) // (2 * self._stretch)))
        self._count = max(group.parts, self._count - self._count % group.parts)
        self._length = len(numbers) // self._count  # pieces of each place
        self._own = group.share(np.arange(self._count))
        self._epoch, self._at = 0, 0

    @property
    def count(self) -> int:
        """Give how many places this process reads at once."""
        return len(self._own)

    @property
    def pieces(self) -> int:
        """Give how many pieces a turn reads, in all processes."""
        return self._count * self._stretch

    @property
    def epochs(self) -> float:
        """Give how often the text was read."""
        return self._epoch + self._at / self._length

    def next(self) -> tuple[Tensor, Tensor, bool]:
        """Give a stretch, T B, what comes after each of its pieces, T B, and whether the places are new ones."""
        is_new = self._at == 0
        shift = int(np.random.default_rng([self._seed, self._epoch]).integers(0, self._length))
        rows = shift + self._at + np.arange(self._stretch + 1)[:, None] + self._length * self._own
        numbers = torch.from_numpy(self._numbers[rows % len(self._numbers)].astype(np.int64))
        self._at += self._stretch
        if self._at + self._stretch > self._length:
            self._at, self._epoch = 0, self._epoch + 1
        return numbers[:-1], numbers[1:], is_new

    def state_dict(self) -> dict[str, Any]:
        """Take where they are."""
        return {"epoch": self._epoch, "at": self._at}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to where they were."""
        self._epoch, self._at = int(state["epoch"]), int(state["at"])


class Memory:
    """What a network remembers, as part of the checkpoint, which holds the memory of all places.

    Attributes:
        state: one tensor a layer; empty before anything was read.
    """

    def __init__(self, group: Group | None = None) -> None:
        self.state: State = []
        self._group = group or Group()

    def carry(self, state: State) -> None:
        """Remember this, without the way it came about: an error goes back through one stretch only."""
        self.state = [each.detach() for each in state]

    def state_dict(self) -> dict[str, Any]:
        """Take it."""
        return {"state": [self._group.gathered(each, axis=1) for each in self.state]}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.state = [self._group.share(each, axis=1) for each in state["state"]]
