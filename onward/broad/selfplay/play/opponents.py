"""Whom a run can play against: `random`, `mcts:1000`, `gnugo:1`, `gtp:COMMAND`, or another run."""

from __future__ import annotations

import shlex
from typing import Any

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.play.engine import EnginePlayer, gnugo_command
from onward.broad.selfplay.player import Player, RandomPlayer
from onward.broad.selfplay.yardsticks import opponent
from onward.core.faults import RunFault, UsageFault

__all__ = ["find_opponent", "player_of"]

_MOST_ROLLOUTS, _HIGHEST_LEVEL = 10_000_000, 12


def find_opponent(word: str, game: Game, seed: int, patience: float) -> tuple[str, Player]:
    """Find the player a word names.

    Returns: its name for people, and itself.
    Raises:
        UsageFault: an amount that makes no sense, or a program for another game.
        RunFault: no such run, or one that learned another game.
        MachineFault: GNU Go is not installed.
    """
    kind, _, rest = word.partition(":")
    if kind == "random" and not rest:
        return "random", RandomPlayer(game, seed)
    if kind == "mcts":
        rollouts = _number(word, rest or "1000", 1, _MOST_ROLLOUTS)
        return f"mcts:{rollouts}", opponent(game, rollouts, seed)
    if kind in ("gnugo", "gtp") and (kind == "gnugo" or rest):
        if game.name != "go" or game.shape[0] > 19:
            raise UsageFault(f"{word} plays Go, and this run plays {game.title}. Try --against mcts:1000.")
        if kind == "gnugo":
            level = _number(word, rest or "1", 0, _HIGHEST_LEVEL)
            return f"gnugo:{level}", EnginePlayer(game, gnugo_command(game.shape[0], level), patience)
        player = EnginePlayer(game, _command(rest), patience)
        return player.name, player
    return _other_run(word, game)


def _number(word: str, digits: str, low: int, high: int) -> int:
    if not digits.isdecimal() or not low <= int(digits) <= high:
        kind = word.partition(":")[0]
        raise UsageFault(f"--against {word} has no number from {low} to {high}. Write it as in {kind}:{max(low, 1)}.")
    return int(digits)


def _command(rest: str) -> list[str]:
    try:
        words = shlex.split(rest)
    except ValueError:
        words = []
    if not words:
        raise UsageFault(f"--against gtp:{rest} is no command. Write it as in --against 'gtp:gnugo --mode gtp'.")
    return words


def _other_run(word: str, game: Game) -> tuple[str, Player]:
    """Load another run of this task; only the same rules make a match."""
    from onward.broad.selfplay import TASK
    from onward.core.folder import find_run
    from onward.core.run import Run

    folder = find_run(word)
    if folder.record.get("task") != TASK.name:
        raise RunFault(f"{folder.path.name} plays no games. Name a run of {TASK.name}, random, mcts:1000 or gnugo:1.")
    player = player_of(TASK.load(Run(folder)))
    if player.game.fingerprint != game.fingerprint:
        raise RunFault(f"{folder.path.name} plays {player.game.spiel}, and this run {game.spiel}. Choose another.")
    return folder.path.name, player


def player_of(model: Any) -> Player:
    """Give the player in a loaded model: what its `player` makes, or itself."""
    make = getattr(model, "player", None)
    return model if make is None else make()
