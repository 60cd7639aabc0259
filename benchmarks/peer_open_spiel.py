"""How fast OpenSpiel's search in Python, that of its AlphaZero, plays Connect Four with a network of our size.

    PYTHON peer_open_spiel.py SECONDS SIMULATIONS BLOCKS CHANNELS THREADS

Its AlphaZero's own network needs jax; here a network of our size in torch is asked in its place, behind the same cache.
It does nothing but play, where ours learns meanwhile. Prints one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pyspiel
import torch
from open_spiel.python.algorithms import mcts
from peer_alpha_zero_general import Player  # pyright: ignore[reportMissingImports]


class Evaluator(mcts.Evaluator):
    """Asks the network once for each position, as the evaluator of its AlphaZero does."""

    def __init__(self, player: Player) -> None:
        self._player, self._known = player, dict[str, tuple[Any, Any]]()

    def _told(self, state: Any) -> tuple[Any, Any]:
        key = str(state)
        if key not in self._known:
            planes = np.reshape(state.observation_tensor(state.current_player()), (3, 6, 7))
            self._known[key] = self._player.predict(planes[0] - planes[1])
        return self._known[key]

    def evaluate(self, state: Any) -> Any:
        """Give the value for each player."""
        value = float(self._told(state)[1][0])
        return np.array([value, -value] if state.current_player() == 0 else [-value, value])

    def prior(self, state: Any) -> Any:
        """Give each legal move's chance."""
        policy = self._told(state)[0]
        return [(action, policy[action]) for action in state.legal_actions()]


def main(seconds: float, simulations: int, blocks: int, channels: int, threads: int) -> None:
    """Play, and count."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    game = pyspiel.load_game("connect_four")
    player = Player(blocks, channels, (6, 7), 7).eval()
    chance, positions, games = np.random.RandomState(0), 0, 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        bot = mcts.MCTSBot(
            game, 2.0, simulations, Evaluator(player), solve=False, random_state=chance,
            dirichlet_noise=(0.25, 1.0), child_selection_fn=mcts.SearchNode.puct_value,
        )  # fmt: skip
        state = game.new_initial_state()
        while not state.is_terminal():
            root = bot.mcts_search(state)
            counts = np.array([child.explore_count for child in root.children], float)
            chosen = chance.choice(len(counts), p=counts / counts.sum())
            state.apply_action(root.children[chosen].action)
            positions += 1
        games += 1
    spent = time.monotonic() - began
    print(json.dumps({"games": games, "positions": positions, "seconds": spent}))


if __name__ == "__main__":
    main(float(sys.argv[1]), *(int(word) for word in sys.argv[2:6]))
