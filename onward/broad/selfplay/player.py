"""What plays a game: a protocol that a trained network with its search, a bot and a person all fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.game import Game, Position

__all__ = ["Choice", "Player", "RandomPlayer"]


@dataclass(frozen=True)
class Choice:
    """A move and why.

    Attributes:
        action: one of the position's legal ones.
        policy: one share an action of the game, adding up to 1: how good the search finds each.
        value: what the player to move may expect, -1 (a loss) to 1 (a win).
    """

    action: int
    policy: NDArray[np.float32]
    value: float


class Player(Protocol):
    """Something that chooses moves in one game."""

    @property
    def game(self) -> Game:
        """Give the game it plays."""
        ...

    def choose(self, position: Position, simulations: int) -> Choice:
        """Choose a move for the player to move; the position is left as it was.

        Args:
            simulations: how many positions may be looked at; 0 or 1 is the bare network.
        """
        ...


class RandomPlayer:
    """Every legal move is as likely; the anchor of all ratings.

    Args:
        seed: of its own random numbers.
    """

    def __init__(self, game: Game, seed: int = 0) -> None:
        self.game = game
        self._chance = np.random.default_rng(seed)

    def choose(self, position: Position, simulations: int) -> Choice:
        """Choose one of the legal moves."""
        legal = position.legal()
        policy = np.zeros(self.game.actions, np.float32)
        policy[legal] = 1 / len(legal)
        return Choice(int(self._chance.choice(legal)), policy, 0.0)
