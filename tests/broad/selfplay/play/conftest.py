"""Players for tests: one that plays the moves it is told, and a fake engine that misbehaves as told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.engine import EnginePlayer
from onward.broad.selfplay.play.matches import repeats
from onward.broad.selfplay.player import Choice


class Told:
    """Plays the moves it is told, one after the other, then the first legal one; values by ply as told."""

    def __init__(self, game: Game, moves: str = "", values: dict[int, float] | None = None) -> None:
        self.game, self._moves, self._values = game, moves.split(), values or {}
        self.asked: list[int] = []

    def choose(self, position: Position, simulations: int) -> Choice:
        self.asked.append(simulations)
        legal = position.legal()
        word = self._moves.pop(0) if self._moves else None
        action = legal[0] if word is None else position.action(word)
        assert action is not None, word
        policy = np.zeros(self.game.actions, np.float32)
        policy[legal] = 0.5 / len(legal)
        policy[action] += 0.5
        return Choice(action, policy, self._values.get(len(position.moves), 0.0))


@pytest.fixture
def repetition() -> list[int]:
    """Find moves on a small board of Go of which the last repeats a position, though not the one just before."""
    game, chance = Game("go:3"), np.random.default_rng(0)
    while True:
        position = game.start()
        while not position.is_over:
            position.apply(int(chance.choice(position.state.legal_actions())))
        if repeats(position):
            return position.moves


@pytest.fixture
def told() -> type[Told]:
    return Told


@pytest.fixture
def fake() -> Callable[..., EnginePlayer]:
    """Give the fake engine in a mode."""

    def make(game: Game, mode: str, patience: float = 20.0) -> EnginePlayer:
        script = str(Path(__file__).with_name("fake_engine.py"))
        return EnginePlayer(game, [sys.executable, "-S", script, mode], patience)

    return make
