"""Whom a run can play against: `random`, `mcts:1000`, `gnugo:1`, `gtp:COMMAND`, or another run."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.engine import EnginePlayer, gnugo_command
from onward.broad.selfplay.player import Choice, Player, RandomPlayer
from onward.core.faults import RunFault, UsageFault

__all__ = ["TreePlayer", "find_opponent", "player_of"]

_MOST_ROLLOUTS, _HIGHEST_LEVEL = 10_000_000, 12
_EXPLORATION, _MEMORY_MB = 1.4, 512


class TreePlayer:
    """OpenSpiel's own tree search (UCT, Kocsis and Szepesvári 2006), which learned nothing: it plays games out by lot.

    Args:
        rollouts: games played out a move.
    """

    def __init__(self, game: Game, rollouts: int, seed: int = 0) -> None:
        import pyspiel

        self.game, self.rollouts = game, rollouts
        evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
        self._bot: Any = pyspiel.MCTSBot(game.spiel, evaluator, _EXPLORATION, rollouts, _MEMORY_MB, True, seed, False)

    def choose(self, position: Position, simulations: int) -> Choice:
        """Choose a move; `simulations` are not asked for, its rollouts are its own."""
        mover, legal = position.to_play, set(position.legal())
        children = [child for child in self._bot.mcts_search(position.state).children if child.action in legal]
        policy = np.zeros(self.game.actions, np.float32)
        if not children:  # every move it looked at repeats a position
            policy[min(legal)] = 1
            return Choice(min(legal), policy, 0.0)
        tries = sum(child.explore_count for child in children)
        for child in children:
            policy[child.action] = child.explore_count / max(1, tries)
        best = max(children, key=lambda child: (child.outcome[mover] if child.outcome else 0.0, child.explore_count))
        value = best.outcome[mover] if best.outcome else best.total_reward / max(1, best.explore_count)
        if tries == 0:
            policy[best.action] = 1
        return Choice(int(best.action), policy, float(np.clip(value, -1, 1)))


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
        return f"mcts:{rollouts}", TreePlayer(game, rollouts, seed)
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
