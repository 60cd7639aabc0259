"""Learning from what was played: training steps on rows of the replay, and the average that plays.

Read `training.py` for when it happens, `network.py` for the losses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from onward.broad.selfplay.network import Network, loss_of
from onward.broad.selfplay.replay import Replay
from onward.core.run import Step
from onward.parts.adam import Adam
from onward.parts.averaging import Average

__all__ = ["Learner"]

_CLIP = 4.0


@dataclass
class Learner:
    """A network, and what moves it.

    Attributes:
        average: of the network's weights, which plays.
        batch_size: rows of a training step.
        taken: training steps, the last time.
    """

    network: Network
    average: Average[Network]
    optimizer: Adam
    replay: Replay
    batch_size: int
    taken: int = 0

    def learn(self, owed: int, step: Step, threads: Callable[[], int]) -> dict[str, float]:
        """Take the training steps that are owed, as many as there is time for; give the mean losses.

        Those who play may wait for it meanwhile. Learning less instead, so that nobody waits, gave a third more games
        and a weaker player: 43 % of 400 games of Connect Four after ten minutes on two cores.

        Args:
            threads: gives how many a training step may use, and is asked before each.
        """
        self.taken = 0
        if owed == 0 or self.replay.rows == 0:
            return {}
        self.network.train()
        totals: dict[str, float] = {}
        chance = np.random.default_rng((step.run.seed, step.index, 1))
        try:
            for batch in self.replay.batches(owed, self.batch_size, chance):
                _use(threads())
                for name, value in self._step(batch, step).items():
                    totals[name] = totals.get(name, 0.0) + float(value)
                self.taken += 1
                if step.run.seconds_left <= 0:
                    break
        finally:
            _use(1)
        if not all(bool(values.isfinite().all()) for values in self.average.network.state_dict().values()):
            totals["policy"] = float("nan")  # the last step may have broken what it measured whole: `run` goes back
        return {name: total / self.taken for name, total in totals.items()}

    def _step(self, batch: dict[str, torch.Tensor], step: Step) -> dict[str, torch.Tensor]:
        machine = step.run.machine
        is_mixed = machine.device == "cpu" and machine.precision == "bfloat16"  # of another device it says nothing here
        with torch.autocast("cpu", torch.bfloat16, enabled=is_mixed):
            guess = self.network(batch["planes"], batch["scalars"])
        losses = loss_of(guess.whole(), batch)
        self.optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        self.average.follow(self.network, self.batch_size)
        return {name: value.detach() for name, value in losses.items()}


def _use(threads: int) -> None:
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
