"""A position and what a player thinks of it, as plain words and numbers: what a page in a browser needs."""

from __future__ import annotations

from typing import Any

from onward.broad.selfplay.game import Position
from onward.broad.selfplay.play.sides import board_letters, side_names
from onward.broad.selfplay.player import Choice

__all__ = ["describe"]


def describe(position: Position, choice: Choice | None = None) -> dict[str, Any]:
    """Describe a position as what JSON can hold.

    Args:
        choice: what a player thinks of it.
    Returns: `game`, `title`, `rows`, `columns`, `sides`; `board`: a row a list, 1 the first player's, -1 the second's,
        row 0 above; `text`: the board in letters; `moves` so far and `last`, by name; `to_play`, 0 or 1 or None;
        `legal`: action, name and, where an action is a cell, its row and column in `board`; with a choice `policy`:
        a share a legal move, in their order, `value` for the player to move and `best`, an action; `result`, the first
        player's when the game is over.

    Example:
        >>> from onward.broad.selfplay.game import Game
        >>> found = describe(Game("tic_tac_toe").start())
        >>> found["to_play"], found["legal"][4]
        (0, {'action': 4, 'name': 'b2', 'row': 1, 'column': 1})
    """
    game, replayed, names = position.game, position.game.start(), []
    for action in position.moves:
        names.append(replayed.name(action))
        replayed.apply(action)
    rows, columns = game.shape
    board = position.owners().reshape(rows, columns)
    legal = [] if position.is_over else position.legal()
    found: dict[str, Any] = {
        "game": str(game.spiel),
        "title": game.title,
        "rows": rows,
        "columns": columns,
        "sides": list(side_names(game)),
        "board": (board[::-1] if game.rows_go_up else board).tolist(),
        "text": board_letters(position),
        "moves": names,
        "last": names[-1] if names else None,
        "to_play": None if position.is_over else position.to_play,
        "legal": [_move(position, action) for action in legal],
        "result": position.returns()[0] if position.is_over else None,
    }
    if choice is not None and not position.is_over:
        found["policy"] = [round(float(choice.policy[action]), 6) for action in legal]
        found["value"], found["best"] = round(float(choice.value), 6), int(choice.action)
    return found


def _move(position: Position, action: int) -> dict[str, Any]:
    game = position.game
    found: dict[str, Any] = {"action": action, "name": position.name(action)}
    if game.layout == "cells" and action < game.cells:
        row, column = divmod(action, game.shape[1])
        found |= {"row": game.shape[0] - 1 - row if game.rows_go_up else row, "column": column}
    elif game.layout == "columns":
        found |= {"column": action}
    return found
