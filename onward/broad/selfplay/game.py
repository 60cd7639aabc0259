"""A game's rules, from OpenSpiel, and a position in it; what a network sees of a position.

The rules say who moves, what is legal and who won. Added here: planes from the mover's side, the board's symmetries,
names of moves, and for Go what its rules leave open: a repeated position is a loss for who repeats it, and nobody
passes before half of the board's points could be filled. Read `network.py` next.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.addresses import load_rules
from onward.broad.selfplay.areas import owned
from onward.broad.selfplay.families import FAMILIES, symmetries
from onward.broad.selfplay.liberties import liberties

__all__ = ["SCORE_SHARE", "Game", "Position", "Sight"]

SCORE_SHARE = 0.15  # of what is sought in Go

_LIBERTIES = 2
_COLUMNS = "abcdefghijklmnopqrstuvwxyz"


class Sight:
    """What `Game.planes` needs of some positions, gathered one at a time and cheap to fill.

    Attributes:
        tensors: B T; OpenSpiel's observations.
        legal: B A.
        movers: B; 0 or 1.
        last: B; the action before, or -1.
    """

    def __init__(self, game: Game, places: int) -> None:
        self._game = game
        self.tensors = np.zeros((places, game.tensor_size), np.float32)
        self.legal = np.zeros((places, game.actions), np.bool_)
        self.movers = np.zeros(places, np.int8)
        self.last = np.full(places, -1, np.int32)
        self._allowed = memoryview(self.legal).cast("B")  # of a list of a few places five times as fast as the array

    def see(self, place: int, state: Any, legal: Sequence[int], last: int) -> None:
        """Look at a state that is not over."""
        mover = state.current_player()
        self._game.observer.set_from(state, 0 if self._game.family else mover)  # some games show the viewer's side
        self.tensors[place] = self._game.observer.tensor
        allowed = bytearray(self._game.actions)
        for action in legal:
            allowed[action] = 1
        self._allowed[place * len(allowed) : (place + 1) * len(allowed)] = allowed
        self.movers[place] = mover
        self.last[place] = last

    def key(self, place: int) -> bytes:
        """Give what tells one position from another, as far as the network can see."""
        last = self.last[place] if self._game.layout == "cells" else -1
        seen = self.tensors[place].tobytes() + self.legal[place].tobytes()
        return seen + bytes((int(self.movers[place]),)) + int(last).to_bytes(4, "little", signed=True)


def _show_liberties(planes: NDArray[np.float32], shape: tuple[int, int]) -> None:
    """Write where strings have one liberty, or two: the mover's, then the other's (AlphaGo's planes)."""
    counts = liberties(planes[:, 0].reshape(-1, *shape), planes[:, 1].reshape(-1, *shape)).reshape(len(planes), -1)
    for side in (0, 1):
        for count in range(1, _LIBERTIES + 1):
            planes[:, 3 + side * _LIBERTIES + count] = planes[:, side] * (counts == count)


class Game:
    """The rules of one game, and how it looks to a network.

    Args:
        address: as the user names it.
    Attributes:
        name: OpenSpiel's, as in `connect_four`.
        title: for people.
        parameters: OpenSpiel's, as in `board_size`.
        shape: rows and columns of the board; (1, 1) for a game without one.
        actions: how many there are; the length of every policy.
        layout: how actions lie on the board (`families.py`), or `none`.
        planes: how many the network sees.
        scalars: how many numbers it sees beside them.
        komi: points White gets in Go, else 0.
        symmetries: moves of the board onto itself, the identity first.
    """

    def __init__(self, address: str) -> None:
        from open_spiel.python.observation import make_observation

        self.address = address
        self.name, self.parameters, self.spiel = load_rules(address)
        self.family = FAMILIES.get(self.name)
        self.actions: int = self.spiel.num_distinct_actions()
        self.longest: int = self.spiel.max_game_length()
        self.observer: Any = make_observation(self.spiel)
        self.tensor_size = int(self.observer.tensor.size)
        self.depth, self.shape = self._board()
        self.cells = self.shape[0] * self.shape[1]
        self.layout = self.family.layout if self.family else "none"
        self.komi = float(self.parameters.get("komi", 0.0)) if self.name == "go" else 0.0
        self.symmetries = symmetries(self.family, self.shape, self.actions)
        self.planes = {"cells": 4, "columns": 5, "moves": 2, "none": self.depth}[self.layout]
        self.planes += 2 * _LIBERTIES if self.name == "go" else 0
        self.scalars = 3 if self.name == "go" else 1
        # a pass before this ply would let a beginner end the game and count
        self.first_pass = self.cells // 2 if self.name == "go" else 0

    def _board(self) -> tuple[int, tuple[int, int]]:
        """Find how OpenSpiel's tensor folds into planes: depth, rows, columns."""
        shape = [int(side) for side in self.spiel.observation_tensor_shape()]
        if len(shape) == 3:
            return shape[0], (shape[1], shape[2])
        if len(shape) == 2 and (side := round(shape[1] ** 0.5)) ** 2 == shape[1]:
            return shape[0], (side, side)
        return self.tensor_size, (1, 1)

    @cached_property
    def title(self) -> str:
        """Give the name for people, with the board's size where there are several."""
        name = self.family.title if self.family else self.name.replace("_", " ")
        return f"{name} {self.shape[0]}×{self.shape[1]}" if self.parameters else name

    @property
    def fingerprint(self) -> str:
        """Give a digest of the rules."""
        return hashlib.blake2b(str(self.spiel).encode(), digest_size=16).hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood."""
        board = f"a board of {self.shape[0]} × {self.shape[1]}" if self.cells > 1 else "no board"
        sentences = [
            f"{self.title}: two players, {board}, {self.actions} actions, at most {self.longest} plies, "
            f"{len(self.symmetries)} symmetries; rules: OpenSpiel's {self.spiel}."
        ]
        if self.name == "go":
            sentences.append(
                f"Komi is {self.komi:g}; area counts, stones left standing are alive; who repeats a position loses."
            )
        if self.family is None:
            sentences.append("Nothing is known of this game here but its rules, so it learns without symmetries.")
        return sentences

    def start(self) -> Position:
        """Set up the board."""
        return Position(self)

    def legal(self, state: Any, ply: int) -> list[int]:
        """List the legal actions; in Go no early pass while there is another move."""
        actions: list[int] = state.legal_actions()
        if ply < self.first_pass and len(actions) > 1 and actions[-1] == self.cells:
            actions.pop()
        return actions

    def outcome(self, state: Any) -> float:
        """Give the first player's result of a game that is over, -1 to 1; in Go who repeated a position has lost."""
        result = float(state.returns()[0])
        if self.name == "go" and result == 0 and self._is_repetition(state):
            return 1.0 if state.history_str().count(",") % 2 else -1.0
        return max(-1.0, min(1.0, result / self._most))

    def worth(self, state: Any) -> float:
        """Give what the first player learns to seek in a game that is over, -1 to 1.

        It is the result; in Go a part of it goes by the points, so that who cannot win still learns to hold what there
        is, and a komi that only perfect play meets does not make every move alike (KataGo's utility of the score).
        """
        result = self.outcome(state)
        if self.name != "go" or self._is_repetition(state):
            return result
        margin = float(owned(self.owners(state).reshape(self.shape)).sum(dtype=int)) - self.komi
        return (1 - SCORE_SHARE) * result + SCORE_SHARE * math.tanh(margin / self.cells)

    def as_result(self, worth: float) -> float:
        """Give the expected result that a worth stands for, -1 to 1: in Go without the part that goes by points."""
        return max(-1.0, min(1.0, worth / (1 - SCORE_SHARE))) if self.name == "go" else worth

    @cached_property
    def _most(self) -> float:
        return max(1.0, float(self.spiel.max_utility()))

    def _is_repetition(self, state: Any) -> bool:
        history: list[int] = state.history()
        return len(history) < self.longest and history[-2:] != [self.cells, self.cells]

    def look(self, sight: Sight, rows: Sequence[int] | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Turn what was seen into what a network takes.

        Args:
            rows: the places to look at; by default all.
        Returns: planes, B C H W: the mover's stones, the other's; where cells are actions the legal ones and the last
            move, in Go strings of one and of two liberties; where columns are, the cells where a stone would land,
            every other row (whose turn it is when a cell can be taken goes by that), and the upper half. And scalars,
            B S: who moves (0 or 1), in Go also komi for the mover as a share of the board, and whether the other has
            just passed.
        """
        chosen = slice(None) if rows is None else rows
        movers, lasts, legal = sight.movers[chosen], sight.last[chosen], sight.legal[chosen]
        places = len(movers)
        seen = sight.tensors[chosen].reshape(places, self.depth, *self.shape)
        scalars = np.zeros((places, self.scalars), np.float32)
        scalars[:, 0] = movers
        if self.family is None:
            return seen.copy(), scalars
        planes = np.zeros((places, self.planes, self.cells), np.float32)
        first = seen[:, self.family.first].sum(axis=1).reshape(places, -1)
        second = seen[:, self.family.second].sum(axis=1).reshape(places, -1)
        swapped = (movers == 1)[:, None]
        planes[:, 0] = np.where(swapped, second, first)
        planes[:, 1] = np.where(swapped, first, second)
        if self.layout == "cells":
            planes[:, 2] = legal[:, : self.cells]
            on_board = np.flatnonzero((lasts >= 0) & (lasts < self.cells))
            planes[on_board, 3, lasts[on_board]] = 1
        elif self.layout == "columns":  # where a stone would land: an empty cell on a full one, or on the ground
            full = (planes[:, 0] + planes[:, 1]).reshape(places, *self.shape)
            planes[:, 2] = np.diff(full, axis=1, prepend=1.0).reshape(places, -1) == -1
            row = np.arange(self.cells) // self.shape[1]
            planes[:, 3], planes[:, 4] = row % 2, row >= self.shape[0] // 2
        if self.name == "go":
            _show_liberties(planes, self.shape)
            scalars[:, 1] = np.where(movers == 1, self.komi, -self.komi) / self.cells
            scalars[:, 2] = lasts == self.cells
        return planes.reshape(places, self.planes, *self.shape), scalars

    def owners(self, state: Any) -> NDArray[np.int8]:
        """Give who holds each cell, row by row: 1 the first player, -1 the second, 0 nobody."""
        if self.family is None:
            return np.zeros(self.cells, np.int8)
        self.observer.set_from(state, 0)
        seen = self.observer.tensor.reshape(self.depth, -1)
        return (seen[list(self.family.first)].sum(axis=0) - seen[list(self.family.second)].sum(axis=0)).astype(np.int8)

    def cell_name(self, cell: int) -> str:
        """Name a cell: a column's letter and a row's number, as the game's players write it."""
        row, column = divmod(cell, self.shape[1])
        if self.name == "go":
            return f"{'ABCDEFGHJKLMNOPQRST'[column]}{row + 1}"
        return f"{_COLUMNS[column]}{row + 1}"

    def row_label(self, row: int) -> str:
        """Number a row as moves name it: breakthrough counts from below, though its row 0 is above.

        Example:
            >>> Game("breakthrough").row_label(0), Game("othello").row_label(0)
            ('6', '1')
        """
        return str(self.shape[0] - row if self.name == "breakthrough" else row + 1)

    @property
    def rows_go_up(self) -> bool:
        """Say whether row 0 is drawn at the bottom."""
        return self.name in ("go", "connect_four")


class Position:
    """A game under way: its moves, and the state they lead to.

    Attributes:
        moves: the actions so far.
        state: OpenSpiel's.
    """

    def __init__(self, game: Game, moves: Sequence[int] = ()) -> None:
        self.game = game
        self.moves: list[int] = []
        self.state: Any = game.spiel.new_initial_state()
        for action in moves:
            self.apply(action)

    def copy(self) -> Position:
        """Give another that moves on by itself."""
        other = Position.__new__(Position)
        other.game, other.moves, other.state = self.game, list(self.moves), self.state.clone()
        return other

    @property
    def to_play(self) -> int:
        """Give who moves: 0 or 1; -4 when the game is over."""
        return int(self.state.current_player())

    @property
    def is_over(self) -> bool:
        """Say whether the game has ended."""
        return bool(self.state.is_terminal())

    @property
    def last(self) -> int:
        """Give the last action, or -1."""
        return self.moves[-1] if self.moves else -1

    def legal(self) -> list[int]:
        """List the legal actions, lowest first; in Go none that repeats a position, and no early pass."""
        actions = self.game.legal(self.state, len(self.moves))
        if self.game.name == "go" and self._could_repeat():
            allowed = [action for action in actions if not self._repeats(action)]
            return allowed or [self.game.cells]
        return actions

    def _could_repeat(self) -> bool:
        """Say whether stones were taken: without that no position comes again."""
        played = sum(action < self.game.cells for action in self.moves)
        return int(np.abs(self.owners()).sum()) < played

    def _repeats(self, action: int) -> bool:
        after = self.state.clone()
        after.apply_action(action)
        return bool(after.is_terminal()) and after.returns()[0] == 0 and self.game._is_repetition(after)

    def apply(self, action: int) -> None:
        """Play a legal action."""
        self.state.apply_action(int(action))
        self.moves.append(int(action))

    def undo(self, plies: int = 1) -> None:
        """Take moves back, by playing the others again."""
        kept = self.moves[: max(0, len(self.moves) - plies)]
        self.moves, self.state = [], self.game.spiel.new_initial_state()
        for action in kept:
            self.apply(action)

    def returns(self) -> tuple[float, float]:
        """Give both players' results of a game that is over, -1 to 1 each."""
        result = self.game.outcome(self.state)
        return result, -result

    def owners(self) -> NDArray[np.int8]:
        """Give who holds each cell, row by row: 1 the first player, -1 the second, 0 nobody or not known."""
        return self.game.owners(self.state)

    def name(self, action: int) -> str:
        """Name an action as people write it.

        Example:
            >>> Game("connect_four").start().name(3)
            '4'
            >>> Game("go:5").start().name(7), Game("go:5").start().name(25)
            ('C2', 'pass')
        """
        game = self.game
        if game.layout == "columns":
            return str(action + 1)
        if game.layout == "cells":
            return game.cell_name(action) if action < game.cells else "swap" if game.name == "hex" else "pass"
        return str(self.state.action_to_string(self.to_play, action))

    def action(self, word: str) -> int | None:
        """Find the legal action with this name, whatever its case; None when there is none."""
        wanted = word.strip().lower()
        return next((action for action in self.legal() if self.name(action).lower() == wanted), None)

    def text(self) -> str:
        """Draw the board in letters: x the first player, o the second; or as OpenSpiel does."""
        game = self.game
        if game.family is None:
            return str(self.state)
        rows, columns = game.shape
        marks = np.array(["o", ".", "x"])[self.owners().reshape(rows, columns) + 1]
        order = range(rows - 1, -1, -1) if game.rows_go_up else range(rows)
        if game.layout == "columns":
            heads = [str(column + 1) for column in range(columns)]
        else:
            heads = [game.cell_name(column)[0] for column in range(columns)]
        lines = ["    " + " ".join(heads)]
        for number, row in enumerate(order):
            indent = " " * number if game.name == "hex" else ""
            lines.append(f"{indent}{game.row_label(row):>3} {' '.join(marks[row])}")
        return "\n".join(lines)
