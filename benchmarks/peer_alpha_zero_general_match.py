"""Let alpha-zero-general learn Connect Four for some processor seconds, then answer moves; run in its own environment.

    PYTHON peer_alpha_zero_general_match.py REPOSITORY SECONDS SIMULATIONS BLOCKS CHANNELS

Its `Coach` learns with the figures of its own `main.py` (100 games an iteration, 40 in the arena, 25 positions a
search while it learns, accepted at 60 %), with a network of our size, ten epochs in batches of 64 as its own networks
learn. When the time is over it plays with the last weights that it accepted. Then: a line of actions in, an action out.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from peer_alpha_zero_general import Player  # pyright: ignore[reportMissingImports]
from torch.nn import functional as F

_EPOCHS, _BATCH = 10, 64
_LEARNED = SimpleNamespace(
    numIters=10_000, numEps=100, tempThreshold=15, updateThreshold=0.6, maxlenOfQueue=200_000, numMCTSSims=25,
    arenaCompare=40, cpuct=1, numItersForTrainExamplesHistory=20,
)  # fmt: skip


class TimeIsOver(Exception):
    """The seconds given are spent."""


class Learner:
    """What its Coach calls a network. Weights are kept in memory under the names of its files."""

    shape: tuple[int, int] = (4, 48)
    kept: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - shared by the two networks that its Coach makes

    def __init__(self, game: Any) -> None:
        self.player = Player(*self.shape, game.getBoardSize(), game.getActionSize()).eval()
        self.predict = self.player.predict

    def train(self, examples: Any) -> None:
        """Learn from boards, policies and results."""
        optimizer = torch.optim.Adam(self.player.parameters(), lr=1e-3)
        self.player.train()
        for _ in range(_EPOCHS * len(examples) // _BATCH):
            rows = [examples[place] for place in np.random.randint(len(examples), size=_BATCH)]
            boards = torch.tensor(np.array([row[0] for row in rows]), dtype=torch.float32)[:, None]
            policies = torch.tensor(np.array([row[1] for row in rows]), dtype=torch.float32)
            results = torch.tensor([float(row[2]) for row in rows])
            maps = self.player.tower(boards)
            told = F.log_softmax(self.player.policy(maps.flatten(1)), 1)
            value = torch.tanh(self.player.value(maps.mean((2, 3))))[:, 0]
            loss = -(policies * told).sum(1).mean() + F.mse_loss(value, results)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        self.player.eval()

    def save_checkpoint(self, folder: str, filename: str) -> None:
        """Keep the weights."""
        self.kept[filename] = {name: value.clone() for name, value in self.player.state_dict().items()}

    def load_checkpoint(self, folder: str, filename: str) -> None:
        """Take kept weights."""
        self.player.load_state_dict(self.kept[filename])


def learn(game: Any, seconds: float) -> tuple[Learner, dict[str, Any]]:
    """Learn until the processor seconds are spent."""
    from Coach import Coach  # pyright: ignore[reportMissingImports]

    def stop(*_: Any) -> None:
        raise TimeIsOver

    learner = Learner(game)
    learner.save_checkpoint("", "best.pth.tar")
    with tempfile.TemporaryDirectory() as folder:
        coach = Coach(game, learner, SimpleNamespace(**vars(_LEARNED), checkpoint=folder))
        coach.saveTrainExamples = lambda iteration: None
        signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            coach.learn()
        except TimeIsOver:
            learner.player.eval()
    accepted = sum(name.startswith("checkpoint") for name in learner.kept)
    learner.load_checkpoint("", "best.pth.tar")
    return learner, {"iterations": len(coach.trainExamplesHistory), "accepted": accepted}


def main(source: str, seconds: float, simulations: int, blocks: int, channels: int) -> None:
    """Learn, then answer."""
    np.int = int  # pyright: ignore[reportAttributeAccessIssue]
    sys.path.insert(0, source)
    from connect4.Connect4Game import Connect4Game  # pyright: ignore[reportMissingImports]
    from MCTS import MCTS  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)
    Learner.shape = (blocks, channels)
    game: Any = Connect4Game()
    game.stringRepresentation = lambda board: board.tobytes()
    learner, told = learn(game, seconds)
    print(json.dumps(told), flush=True)
    for line in sys.stdin:
        board, side = game.getInitBoard(), 1
        for action in json.loads(line):
            board, side = game.getNextState(board, side, action)
        search = MCTS(game, learner, SimpleNamespace(numMCTSSims=simulations, cpuct=1.0))
        print(int(np.argmax(search.getActionProb(game.getCanonicalForm(board, side), temp=0))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *(int(word) for word in sys.argv[3:6]))
