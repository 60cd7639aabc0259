"""Counting a game of Go by area, as the Chinese do, with the stones taken off that all agree are dead.

OpenSpiel counts every stone left standing as alive (Tromp and Taylor). Between programs that stop earlier the two ways
differ, so a referee asks which stones are dead. Without an answer all are alive: who doubts it plays on and captures.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.game import Position

__all__ = ["area_margin", "parse_score", "score_words"]


def area_margin(position: Position, dead: Collection[int] = ()) -> float:
    """Give Black's stones and points minus White's, minus komi.

    Args:
        dead: cells whose stones are taken off first.
    Example:
        >>> from onward.broad.selfplay.game import Game
        >>> area_margin(Position(Game("go(board_size=5,komi=3)"), [12]))
        22.0
    """
    owners = position.owners().astype(np.int64)
    owners[list(dead)] = 0
    grid = owners.reshape(position.game.shape)
    return float(grid.sum() + _surrounded(grid)) - position.game.komi


def _surrounded(grid: NDArray[np.int64]) -> int:
    """Count empty points that reach only Black's stones, minus those that reach only White's."""
    rows, columns = grid.shape
    seen, total = np.zeros(grid.shape, bool), 0
    for start in zip(*np.nonzero(grid == 0), strict=True):
        if seen[start]:
            continue
        seen[start] = True
        region, reached = [start], set()
        for row, column in region:  # grows while it is walked through
            for beside in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if not (0 <= beside[0] < rows and 0 <= beside[1] < columns):
                    continue
                if grid[beside] != 0:
                    reached.add(int(grid[beside]))
                elif not seen[beside]:
                    seen[beside] = True
                    region.append(beside)
        if len(reached) == 1:
            total += reached.pop() * len(region)
    return total


def parse_score(words: str) -> float | None:
    """Read a margin as SGF and GTP write it; None when it is none.

    Example:
        >>> parse_score("W+2.0"), parse_score("0"), parse_score("B+R")
        (-2.0, 0.0, None)
    """
    found = re.fullmatch(r"\s*(?:([BWbw])\+(\d+(?:\.\d*)?)|0|[Dd]raw|[Jj]igo)\s*", words)
    if found is None:
        return None
    return 0.0 if found[1] is None else float(found[2]) * (1 if found[1] in "Bb" else -1)


def score_words(margin: float) -> str:
    """Write a margin as SGF and GTP do.

    Example:
        >>> score_words(3.5), score_words(-2.0), score_words(0.0)
        ('B+3.5', 'W+2', '0')
    """
    return "0" if margin == 0 else f"{'B' if margin > 0 else 'W'}+{abs(margin):g}"
