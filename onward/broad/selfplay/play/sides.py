"""What the two players are called in each game, and boards of letters."""

from __future__ import annotations

import re

from onward.broad.selfplay.game import Game, Position

__all__ = ["board_letters", "side_names"]

_SIDES = {
    "connect_four": ("red", "yellow"),
    "tic_tac_toe": ("x", "o"),
    "mnk": ("x", "o"),
    "hex": ("red", "blue"),
    "go": ("black", "white"),
    "othello": ("black", "white"),
    "breakthrough": ("black", "white"),
    "chess": ("white", "black"),
}


def side_names(game: Game) -> tuple[str, str]:
    """Give the words for the first and the second player.

    Example:
        >>> side_names(Game("connect_four"))
        ('red', 'yellow')
    """
    return _SIDES.get(game.name, ("first", "second"))


def board_letters(position: Position) -> str:
    """Draw the board in letters; where OpenSpiel writes a chess board as one line, in eight.

    Example:
        >>> board_letters(Game("chess").start()).splitlines()[:3]
        ['r n b q k b n r', 'p p p p p p p p', '. . . . . . . .']
    """
    text = position.text()
    if (found := re.match(r"([\w]+(?:/\w+){3,}) ", text)) is None:
        return text
    rows = re.sub(r"\d+", lambda digits: "." * int(digits[0]), found[1]).split("/")
    return "\n".join(" ".join(row) for row in rows)
