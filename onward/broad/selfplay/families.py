"""What is known of a game beyond its rules: which planes are whose, how actions lie on the board, what is symmetric.

A game without a line here still plays and learns, on the observation that OpenSpiel makes of it.
Read `game.py` next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAIR_KOMI", "FAMILIES", "Family", "Symmetry", "symmetries"]

# with best play, as far as strong programs know it, this many points for White make a game of Go even
FAIR_KOMI = {5: 24.0, 6: 4.0, 7: 9.0, 8: 10.0, 9: 7.0}


@dataclass(frozen=True)
class Symmetry:
    """A move of the board onto itself: place `i` of the result holds what stood at `cells[i]`, or `actions[i]`.

    Attributes:
        cells: rows * columns places, row by row.
        actions: one place an action of the game.
    """

    cells: NDArray[np.int64]
    actions: NDArray[np.int64]


@dataclass(frozen=True)
class Family:
    """What is known of one game of OpenSpiel.

    Attributes:
        title: how people write its name.
        first: planes of OpenSpiel's observation that hold the first player's stones, added up.
        second: the other's.
        layout: `cells` when action `i` means cell `i` (those beyond the board are no cell: a pass), `columns` when it
            means a column, `moves` when each cell has `actions / cells` of them.
        symmetry: `square`, `mirror` (left and right), `half-turn`, or `none`.
        defaults: parameters of OpenSpiel's, where its own default is no game for a home.
    """

    title: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    layout: str
    symmetry: str
    defaults: tuple[tuple[str, int], ...] = ()


FAMILIES = {
    "tic_tac_toe": Family("tic-tac-toe", (2,), (1,), "cells", "square"),
    "mnk": Family("m,n,k", (2,), (1,), "cells", "square", (("m", 7), ("n", 7), ("k", 4))),
    "connect_four": Family("Connect Four", (0,), (1,), "columns", "mirror"),
    "othello": Family("Othello", (1,), (2,), "cells", "square"),
    "hex": Family("Hex", (5, 6, 7, 8), (0, 1, 2, 3), "cells", "half-turn", (("board_size", 7),)),
    "breakthrough": Family("breakthrough", (0,), (1,), "moves", "mirror", (("rows", 6), ("columns", 6))),
    "go": Family("Go", (0,), (1,), "cells", "square", (("board_size", 7),)),
}


def symmetries(family: Family | None, shape: tuple[int, int], actions: int) -> tuple[Symmetry, ...]:
    """List the board's symmetries, the identity first.

    Args:
        shape: rows and columns.
        actions: how many the game has.
    """
    rows, columns = shape
    grid = np.arange(rows * columns).reshape(shape)
    kind = family.symmetry if family else "none"
    turned = [grid]
    if kind == "mirror":
        turned = [grid, grid[:, ::-1]]
    elif kind == "half-turn":
        turned = [grid, grid[::-1, ::-1]]
    elif kind == "square" and rows == columns:
        turned = [np.rot90(each, turns) for each in (grid, grid[:, ::-1]) for turns in range(4)]
    elif kind == "square":
        turned = [grid, grid[:, ::-1], grid[::-1], grid[::-1, ::-1]]
    layout = family.layout if family else "none"
    return tuple(Symmetry(each.ravel().copy(), _actions(layout, each, actions)) for each in turned)


def _actions(layout: str, cells: NDArray[np.int64], actions: int) -> NDArray[np.int64]:
    """Say what a symmetry of cells does to actions."""
    moved = np.arange(actions)
    if layout == "cells":
        moved[: cells.size] = cells.ravel()[:actions]
    elif layout == "columns":
        moved = cells[0] % cells.shape[1]
    elif layout == "moves" and not np.array_equal(cells.ravel(), np.arange(cells.size)):
        kinds = actions // cells.size  # breakthrough: three ways for each player, with and without a capture
        ways = np.arange(kinds).reshape(-1, 3, 2)[:, ::-1].ravel()
        moved = (cells.ravel()[:, None] * kinds + ways).ravel()
    return moved
