"""An endless order of places, drawn anew each epoch by (seed, epoch); where it stands is part of a checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Order"]


class Order:
    """Gives places 0 to `length` − 1, each once an epoch.

    Attributes:
        epoch: of the place given last; -1 before the first.

    Example:
        >>> order = Order(seed=0); sorted(order.next(2, length=3) + order.next(1, length=3)), order.epoch
        ([0, 1, 2], 0)
    """

    def __init__(self, seed: int) -> None:
        self._seed, self._taken = seed, 0
        self.epoch, self._order = -1, np.empty(0, np.int64)

    def next(self, count: int, length: int) -> list[int]:
        """Take the next `count` places of an order of `length`."""
        places = []
        for number in range(self._taken, self._taken + count):
            epoch, place = divmod(number, length)
            if epoch != self.epoch or len(self._order) != length:
                self.epoch, self._order = epoch, np.random.default_rng([self._seed, epoch]).permutation(length)
            places.append(int(self._order[place]))
        self._taken += count
        return places

    def state_dict(self) -> dict[str, Any]:
        """Take where it stands."""
        return {"taken": self._taken}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to where it stood."""
        self._taken, self.epoch = state["taken"], -1
