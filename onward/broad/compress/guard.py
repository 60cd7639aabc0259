"""Keeps the best codec so far: learning that makes files worse is taken back, and goes on more gently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from onward.broad.compress.network import Codec
from onward.parts.averaging import Average

__all__ = ["Guard"]

_WORSE = 1.02  # times the least loss


class Guard:
    """Measures on the same cuts and noise each time, and remembers the weights of the least loss.

    Args:
        measure: a codec's loss on fixed cuts.
        codec: as it begins, which is the first to be remembered.
    Attributes:
        best: the codec of the least loss.
        gentleness: what the learning rate is multiplied by.
    """

    def __init__(self, measure: Callable[[Codec], Tensor], codec: Codec) -> None:
        self._measure = measure
        self.best: Average[Codec] = Average(codec, 1)
        self.least = self._loss(codec)
        self.gentleness = 1.0

    def look(self, codec: Codec, average: Average[Codec]) -> float:
        """Measure the average; remember it, or bring both back to the best where it has become worse."""
        loss = self._loss(average.network)
        if loss < self.least:
            self.least = loss
            self.best.copy(average.network)
        elif not loss < _WORSE * self.least:
            self.gentleness *= 0.5
            with torch.no_grad():
                for network in (codec, average.network):
                    network.load_state_dict(self.best.network.state_dict())
        return loss

    @torch.no_grad()
    def _loss(self, codec: Codec) -> float:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return float(self._measure(codec))

    def state_dict(self) -> dict[str, Any]:
        """Take the best weights and what is known of them."""
        return {"best": self.best.state_dict(), "least": self.least, "gentleness": self.gentleness}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.best.load_state_dict(state["best"])
        self.least, self.gentleness = state["least"], state["gentleness"]
