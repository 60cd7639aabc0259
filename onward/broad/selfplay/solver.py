"""A perfect judge of Connect Four on its board of 6 × 7: alpha-beta on bitboards with a table of known positions.

It knows win, draw and loss, not how long they take, and answers within milliseconds once a dozen stones lie. Seven bits
a column, the lowest row first, the seventh always empty; the technique is well known (John Tromp's Fhourstones, 1996).
The loops are compiled by numba, which takes seconds the first time; nothing of the training needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["ROWS_AND_COLUMNS", "Solver"]

ROWS_AND_COLUMNS = (6, 7)
_ROWS, _COLUMNS = ROWS_AND_COLUMNS
_HIGH = _ROWS + 1
_BOTTOM = sum(1 << (_HIGH * column) for column in range(_COLUMNS))
_BOARD = _BOTTOM * ((1 << _ROWS) - 1)
_CELLS = _ROWS * _COLUMNS
_COLUMN = tuple(((1 << _ROWS) - 1) << (_HIGH * column) for column in range(_COLUMNS))
_CENTRE_FIRST = (3, 2, 4, 1, 5, 0, 6)
_PLACES = 1 << 22


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, kept on the disk where that can be written."""
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # no folder to keep it in
        return njit(function)


@_compiled
def _fours(own: int, filled: int) -> int:
    """Mark the empty cells that would make four in a row for the owner of these stones."""
    marks = (own << 1) & (own << 2) & (own << 3)
    for shift in (_HIGH, _HIGH - 1, _HIGH + 1):
        pair = (own << shift) & (own << 2 * shift)
        marks |= pair & (own << 3 * shift)
        marks |= pair & (own >> shift)
        pair = (own >> shift) & (own >> 2 * shift)
        marks |= pair & (own << shift)
        marks |= pair & (own >> 3 * shift)
    return marks & (_BOARD ^ filled)


@_compiled
def _count(bits: int) -> int:
    number = 0
    while bits:
        bits &= bits - 1
        number += 1
    return number


class Solver:
    """Knows the result of any position with best play.

    Example:
        >>> Solver().value([3, 0, 3, 0, 3, 1])  # doctest: +SKIP
        1
    """

    def __init__(self) -> None:
        self._keys = np.zeros(_PLACES, np.int64)
        self._bounds = np.zeros((_PLACES, 2), np.int8)

    def value(self, moves: Sequence[int]) -> int:
        """Give the result for the player to move: 1, 0 or -1."""
        own, filled = stones(moves)
        return self._value(own, filled, len(moves))

    def _value(self, own: int, filled: int, ply: int) -> int:
        if ply == _CELLS:
            return 0
        return int(_search(own, filled, ply, -1, 1, self._keys, self._bounds))

    def values(self, moves: Sequence[int]) -> dict[int, int]:
        """Give the result of every legal move, for who plays it."""
        own, filled = stones(moves)
        wins = int(_fours(own, filled))
        found = {}
        for column in range(_COLUMNS):
            cell = (filled + (1 << (_HIGH * column))) & (((1 << _ROWS) - 1) << (_HIGH * column))
            cell &= ~filled
            if cell:
                found[column] = 1 if cell & wins else -self._value(own ^ filled, filled | cell, len(moves) + 1)
        return found


def stones(moves: Sequence[int]) -> tuple[int, int]:
    """Lay stones out as bits: those of the player to move, and all."""
    own = filled = 0
    for column in moves:
        own ^= filled  # the other's turn
        filled |= filled + (1 << (_HIGH * column))
    return own, filled


@_compiled
def _search(  # noqa: C901 - one loop, as compiled code likes it
    own: int, filled: int, ply: int, low: int, high_bound: int, keys: NDArray[np.int64], bounds: NDArray[np.int8]
) -> int:
    other = own ^ filled
    possible = (filled + _BOTTOM) & _BOARD
    if _fours(own, filled) & possible:
        return 1
    threats = _fours(other, filled)
    forced = possible & threats
    if forced:
        if forced & (forced - 1):
            return -1
        possible = forced
    possible &= ~(threats >> 1)  # never below a cell the other wins by
    if possible == 0:
        return -1 if ply < _CELLS else 0
    if ply >= _CELLS - 2:
        return 0
    key = own + filled + _BOTTOM
    place = (key * 0x9E3779B97F4A7C1 >> 20) & (len(keys) - 1)
    least, most = -1, 1
    if keys[place] == key:
        least, most = bounds[place, 0], bounds[place, 1]
        if least >= high_bound or least == most:
            return least
        if most <= low:
            return most
    low, high_bound = max(low, least), min(high_bound, most)
    best, floor = -1, low
    # those that make most threats first, the centre first among equals
    tried = 0
    for _ in range(_COLUMNS):
        chosen, promise = 0, -1
        for column in _CENTRE_FIRST:
            cell = possible & _COLUMN[column] & ~tried
            if cell:
                threatening = _count(_fours(own | cell, filled | cell))
                if threatening > promise:
                    chosen, promise = cell, threatening
        if chosen == 0:
            break
        tried |= chosen
        value = -_search(other, filled | chosen, ply + 1, -high_bound, -floor, keys, bounds)
        best = max(best, value)
        floor = max(floor, value)
        if floor >= high_bound:
            break
    if keys[place] != key:
        keys[place], least, most = key, -1, 1
    bounds[place, 0] = max(least, best) if best > low else least
    bounds[place, 1] = min(most, best) if best < high_bound else most
    return best
