"""Drawing by lot, always the same lot: files come in the order of their names, which is the order of their classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_lot"]


def by_lot(places: NDArray[np.int64], most: int | None = None, lot: int = 0) -> NDArray[np.int64]:
    """Give places in an order drawn by lot, at most so many of them.

    Example:
        >>> sorted(by_lot(np.arange(5)).tolist()), len(by_lot(np.arange(5), most=2))
        ([0, 1, 2, 3, 4], 2)
    """
    return np.random.default_rng([lot, len(places)]).permutation(places)[:most]
