"""Counting a game of Go by area, as the Chinese do, with the stones taken off that all agree are dead.

OpenSpiel counts every stone left standing as alive (Tromp and Taylor). Between programs that stop earlier the two ways
differ, so a referee asks which stones are dead. Without an answer all are alive: who doubts it plays on and captures.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from onward.broad.selfplay.areas import owned
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
    stones = position.owners()
    stones[list(dead)] = 0
    return float(owned(stones.reshape(position.game.shape)).sum(dtype=int)) - position.game.komi


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
