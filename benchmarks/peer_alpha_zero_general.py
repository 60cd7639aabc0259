"""How fast alpha-zero-general plays Connect Four with a network of our size; run in an environment of its own.

    PYTHON peer_alpha_zero_general.py REPOSITORY SECONDS SIMULATIONS BLOCKS CHANNELS THREADS

Its game and its search are used as they are, the search being asked for a move at a time as its `Coach` does; only two
names that NumPy 2 no longer has are put back. It only plays, where ours learns meanwhile. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class _Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(maps + self.change(maps))


class Player(nn.Module):
    """A residual tower with a policy and a value head, asked for one position at a time, as the search there asks."""

    def __init__(self, blocks: int, channels: int, size: tuple[int, int], actions: int) -> None:
        super().__init__()
        first = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU())
        self.tower = nn.Sequential(first, *(_Block(channels) for _ in range(blocks)))
        self.policy = nn.Linear(channels * size[0] * size[1], actions)
        self.value = nn.Linear(channels, 1)

    @torch.no_grad()
    def predict(self, board: Any) -> tuple[Any, Any]:
        """Give the policy and the value of a board."""
        maps = self.tower(torch.from_numpy(np.ascontiguousarray(board)).float()[None, None])
        policy = torch.softmax(self.policy(maps.flatten(1)), 1)[0].numpy()
        return policy, torch.tanh(self.value(maps.mean((2, 3))))[0].numpy()


def main(source: str, seconds: float, simulations: int, blocks: int, channels: int, threads: int) -> None:
    """Play, and count."""
    np.int = int  # pyright: ignore[reportAttributeAccessIssue]
    sys.path.insert(0, source)
    from connect4.Connect4Game import Connect4Game  # pyright: ignore[reportMissingImports]
    from MCTS import MCTS  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    game: Any = Connect4Game()
    game.stringRepresentation = lambda board: board.tobytes()
    player = Player(blocks, channels, game.getBoardSize(), game.getActionSize()).eval()
    chance, positions, games = np.random.default_rng(0), 0, 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        board, side = game.getInitBoard(), 1
        search = MCTS(game, player, SimpleNamespace(numMCTSSims=simulations, cpuct=1.0))
        while game.getGameEnded(board, side) == 0:
            chances = search.getActionProb(game.getCanonicalForm(board, side), temp=1)
            board, side = game.getNextState(board, side, int(chance.choice(len(chances), p=chances)))
            positions += 1
        games += 1
    spent = time.monotonic() - began
    print(json.dumps({"games": games, "positions": positions, "seconds": spent}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *(int(word) for word in sys.argv[3:7]))
