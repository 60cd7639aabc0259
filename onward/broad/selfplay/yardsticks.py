"""Measures of strength from outside: exact answers where they are known, and opponents that do not learn.

A player that is measured by itself alone can go round in circles and look better all the time. Here stand: every
position of tic-tac-toe whose result hangs on the move, six hundred such of Connect Four (`connect_four.txt`, judged
by `solver.py`), and OpenSpiel's Monte-Carlo tree search as a ladder of opponents.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.player import Choice, Player, RandomPlayer

__all__ = ["Bot", "Problem", "keeps", "match", "opponent", "problems"]

_OPENING_PLIES = 4
_BOT_MEGABYTES = 100
_UCT = 2.0
_AT_ONCE, _AT_FIRST = 64, 8


@dataclass(frozen=True)
class Problem:
    """A position where some moves keep the result and others throw it away.

    Attributes:
        moves: that led to it.
        keepers: the moves that keep it.
    """

    moves: tuple[int, ...]
    keepers: frozenset[int]


class Solving(Protocol):
    """A player that answers many positions at once."""

    def choose_all(self, positions: Sequence[Position], simulations: int) -> list[Choice]: ...


@cache
def _tic_tac_toe() -> tuple[Problem, ...]:
    """Solve tic-tac-toe by minimax, and list its decisive positions that no symmetry makes alike."""
    game = Game("tic_tac_toe")
    known: dict[str, float] = {}
    found: dict[str, Problem] = {}

    def value(position: Position) -> float:
        """Give the first player's result with best play."""
        key = str(position.state)
        if key in known:
            return known[key]
        if position.is_over:
            known[key] = position.returns()[0]
            return known[key]
        sign = 1 if position.to_play == 0 else -1
        values: dict[int, float] = {}
        for action in position.legal():
            after = position.copy()
            after.apply(action)
            values[action] = sign * value(after)
        best = max(values.values())
        keepers = frozenset(action for action, worth in values.items() if worth == best)
        if len(keepers) < len(values):
            found[key] = Problem(tuple(position.moves), keepers)
        known[key] = sign * best
        return known[key]

    value(game.start())
    positions = {key: Position(game, problem.moves) for key, problem in found.items()}
    unlike = {_alike(position): key for key, position in positions.items()}
    order = np.random.default_rng(0).permutation(sorted(unlike.values()))
    return tuple(found[str(key)] for key in order)


def _alike(position: Position) -> bytes:
    """Give the same for all positions that a symmetry of the board turns into each other."""
    owners = position.owners()
    return min(owners[symmetry.cells].tobytes() for symmetry in position.game.symmetries)


@cache
def _connect_four() -> tuple[Problem, ...]:
    lines = Path(__file__).with_name("connect_four.txt").read_text(encoding="utf-8").split("\n")
    words = [line.split() for line in lines if line]
    return tuple(
        Problem(tuple(int(each) - 1 for each in moves), frozenset(int(each) - 1 for each in keepers))
        for moves, keepers, _ in words
    )


def problems(game: Game) -> tuple[Problem, ...]:
    """List decisive positions of a game, none where no perfect judge is at hand."""
    if game.name == "tic_tac_toe":
        return _tic_tac_toe()
    if game.name == "connect_four" and game.shape == (6, 7) and game.parameters.get("x_in_row", 4) == 4:
        return _connect_four()
    return ()


def keeps(
    players: Sequence[Solving], game: Game, asked: Sequence[Problem], simulations: int, seconds: float = float("inf")
) -> list[tuple[int, int]]:
    """Count the problems in which players' moves keep the result.

    Args:
        seconds: after which no more problems are put; everybody is asked the same ones, at least some.
    Returns: kept and asked, a pair for each player.
    """
    began, at = time.monotonic(), 0
    kept, count = [0] * len(players), _AT_ONCE if seconds == float("inf") else _AT_FIRST
    while at < len(asked) and (at == 0 or time.monotonic() < began + seconds):
        some = asked[at : at + count]
        at += len(some)
        for number, player in enumerate(players):
            choices = player.choose_all([Position(game, problem.moves) for problem in some], simulations)
            kept[number] += sum(choice.action in problem.keepers for choice, problem in zip(choices, some, strict=True))
        if seconds < float("inf"):  # as many as fit, going by those so far
            spent = time.monotonic() - began
            count = min(_AT_ONCE, max(_AT_FIRST // 2, int(at * (seconds - spent) / max(spent, 1e-6))))
    return [(count, at) for count in kept]


class Bot:
    """OpenSpiel's Monte-Carlo tree search: UCT with one random game from each leaf.

    Args:
        rollouts: random games a move.
    """

    def __init__(self, game: Game, rollouts: int, seed: int = 0) -> None:
        import pyspiel

        self.game = game
        judge = pyspiel.RandomRolloutEvaluator(1, seed)
        self._bot: Any = pyspiel.MCTSBot(game.spiel, judge, _UCT, rollouts, _BOT_MEGABYTES, True, seed, False)

    def choose(self, position: Position, simulations: int) -> Choice:
        """Choose a move; what our stricter rules of Go forbid becomes the first legal one."""
        action, legal = int(self._bot.step(position.state)), position.legal()
        policy = np.zeros(self.game.actions, np.float32)
        action = action if action in legal else legal[0]
        policy[action] = 1
        return Choice(action, policy, 0.0)


def opponent(game: Game, rollouts: int, seed: int = 0) -> Player:
    """Give the ladder's opponent with so many rollouts; with none it plays at random."""
    return Bot(game, rollouts, seed) if rollouts else RandomPlayer(game, seed)


def match(
    player: Any, other: Player, games: int, simulations: int, seed: int = 0, seconds: float = float("inf")
) -> list[float]:
    """Play games in pairs: the same opening of 0 to 4 random moves, once from each side.

    Args:
        player: answers many positions at once, if it has `choose_all`.
        seconds: after which games still under way are void.
    Returns: the player's points of each finished game: 1, a half, or 0.
    """
    game, chance = other.game, np.random.default_rng(seed)
    until = time.monotonic() + seconds
    tables: list[tuple[Position, int]] = []
    while len(tables) < games:
        opening = _opening(game, chance)
        tables += [(opening.copy(), 0), (opening.copy(), 1)]
    tables = tables[:games]
    open_tables = list(tables)
    while open_tables and time.monotonic() < until:
        mine = [position for position, seat in open_tables if position.to_play == seat]
        for position, choice in zip(mine, _chosen(player, mine, simulations), strict=True):
            position.apply(choice.action)
        theirs = [position for position, seat in open_tables if not position.is_over and position.to_play != seat]
        for position in theirs:
            if time.monotonic() < until:
                position.apply(other.choose(position, simulations).action)
        open_tables = [(position, seat) for position, seat in open_tables if not position.is_over]
    return [(1 + position.returns()[seat]) / 2 for position, seat in tables if position.is_over]


def _opening(game: Game, chance: np.random.Generator) -> Position:
    while True:
        position = game.start()
        for _ in range(int(chance.integers(0, _OPENING_PLIES + 1))):
            if not position.is_over:
                position.apply(int(chance.choice(position.legal())))
        if not position.is_over:
            return position


def _chosen(player: Any, positions: list[Position], simulations: int) -> list[Choice]:
    if hasattr(player, "choose_all"):
        return player.choose_all(positions, simulations)
    return [player.choose(position, simulations) for position in positions]
