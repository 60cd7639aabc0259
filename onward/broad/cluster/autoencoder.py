"""An autoencoder of the user's own pictures: 32 numbers a picture, from which it is drawn (Hinton and others 2006).

Where pretrained eyes never saw anything like the pictures, what tells them apart has to be learned from them alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.core.faults import RunFault
from onward.parts.adam import Adam
from onward.parts.pixels import as_pixels

__all__ = ["Autoencoder", "Learner", "codes_of"]

_CODE, _WIDTH = 32, 24
_BATCH, _RATE = 64, 2e-3
_AT_ONCE = 256
_CORRUPTED = 0.1  # noise on what is looked at, not on what is to be drawn (Vincent and others 2008)


class Autoencoder(nn.Module):
    """Three convolutions down to 4 by 4, a code, and the same way back.

    Example:
        >>> Autoencoder()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(self) -> None:
        super().__init__()
        w = _WIDTH
        self.look = nn.Sequential(
            nn.Conv2d(3, w, 4, 2, 1), nn.ReLU(), nn.Conv2d(w, 2 * w, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(2 * w, 4 * w, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64 * w, _CODE),
        )  # fmt: skip
        self.draw = nn.Sequential(
            nn.Linear(_CODE, 64 * w), nn.ReLU(), nn.Unflatten(1, (4 * w, 4, 4)),
            nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(2 * w, w, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(w, 3, 4, 2, 1),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """Draw B 3 32 32 pictures in [-1, 1] from their codes."""
        return self.draw(self.look(pictures))


class Learner:
    """An autoencoder and how far it came.

    Args:
        prints: N 32 32 3.
    """

    def __init__(self, prints: NDArray[np.uint8], seed: int) -> None:
        self._prints, self._seed = prints, seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = Autoencoder()
        self._adam = Adam(self.network.parameters(), _RATE, (0.9, 0.999))
        self.steps = 0

    def learn(self, phase: float) -> float:
        """Learn from a batch drawn by lot; give the mean squared error of its pixels.

        Args:
            phase: from 0 to 1, as the learning goes on.
        """
        chance = np.random.default_rng([self._seed, 41, self.steps])
        rows = chance.integers(0, len(self._prints), min(_BATCH, len(self._prints)))
        pictures = as_pixels(self._prints[rows])
        noise = torch.from_numpy(chance.normal(0, _CORRUPTED, tuple(pictures.shape)).astype(np.float32))
        loss = (self.network(pictures + noise) - pictures).square().mean()
        self._adam.learning_rate = _RATE * (1 - 0.95 * phase)
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        self.steps += 1
        return float(loss.detach())

    def recipe(self) -> dict[str, NDArray[Any]]:
        """Give the weights that codes are made with."""
        return {name: value.detach().numpy().copy() for name, value in self.network.look.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        """Take weights and running means."""
        return {"network": dict(self.network.state_dict()), "adam": self._adam.state_dict(), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.network.load_state_dict(state["network"])
        self._adam.load_state_dict(state["adam"])
        self.steps = int(state["steps"])


@torch.no_grad()
def codes_of(prints: NDArray[np.uint8], recipe: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Press prints into codes: N 32 32 3 to N 32.

    Raises:
        RunFault: the weights are of other shapes.
    """
    network = Autoencoder().eval()
    try:
        network.look.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in recipe.items()})
    except (RuntimeError, TypeError) as reason:
        raise RunFault(
            f"The run is damaged: its autoencoder does not fit ({str(reason)[:60]}). Train it anew."
        ) from None
    parts = [
        network.look(as_pixels(prints[start : start + _AT_ONCE])).numpy() for start in range(0, len(prints), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, _CODE), np.float32)
