"""Which picture in which view comes next: of those that frozen eyes looked at, then of views never seen before."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.parts.order import Order

__all__ = ["ViewOrder"]

_FIRST_FRESH = 2  # views 0 and 1 are the picture and its mirror image
_FIRST_JOINED = 1_000_000  # more views than the training part alone is ever drawn in


class ViewOrder:
    """An endless order of (place, number of the view); where it stands is part of a checkpoint.

    Args:
        training: places of the pictures to learn from.
        validation: places that are learned from as well once `learn_from_validation` was called.
        seed: of the run.

    Example:
        >>> order = ViewOrder(np.array([4, 5]), np.array([6]), seed=0)
        >>> sorted(order.fresh(2)), order.fresh(1)[0][1]
        ([(4, 2), (5, 2)], 3)
        >>> order.learn_from_validation(); sorted(place for place, _ in order.fresh(3))
        [4, 5, 6]
    """

    def __init__(self, training: NDArray[np.int64], validation: NDArray[np.int64], seed: int) -> None:
        self._training, self._validation = training, validation
        self._order, self._has_joined = Order(seed), False

    def looked_at(self, done: NDArray[np.bool_], count: int) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
        """Give `count` rows of the features that are there, and the place and view of each.

        Args:
            done: which features are there: every picture's view 0, then every picture's view 1, and so on.
        """
        rows = np.flatnonzero(done)
        chosen = rows[self._order.next(count, len(rows))]
        numbers, which = np.divmod(chosen, len(self._training))
        return chosen, list(zip(self._training[which].tolist(), numbers.tolist(), strict=True))

    def fresh(self, count: int) -> list[tuple[int, int]]:
        """Give `count` places with views never given before."""
        learned = np.concatenate([self._training, self._validation]) if self._has_joined else self._training
        first, pairs = _FIRST_JOINED if self._has_joined else _FIRST_FRESH, []
        for _ in range(count):
            (which,) = self._order.next(1, len(learned))
            pairs.append((int(learned[which]), first + self._order.epoch))
        return pairs

    def learn_from_validation(self) -> None:
        """Give places of the validation part too, from here on."""
        self._has_joined = True

    def state_dict(self) -> dict[str, Any]:
        """Take where it stands."""
        return {**self._order.state_dict(), "has_joined": self._has_joined}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to where it stood."""
        self._order.load_state_dict(state)
        self._has_joined = state.get("has_joined", False)
