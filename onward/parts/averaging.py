"""An averaged network: what is shown, saved and applied (arXiv:1806.04498)."""

from __future__ import annotations

import copy
from typing import Any, Generic, TypeVar

import torch
from torch import nn

__all__ = ["Average"]

N = TypeVar("N", bound=nn.Module)


class Average(Generic[N]):
    """A running mean of a network's weights and statistics.

    The half-life grows with the pictures seen, up to `half_life_pictures`: a fixed one keeps the random weights of
    the start in short runs.

    Example:
        >>> net = nn.Linear(1, 1); average = Average(net, 100)
        >>> average.follow(net, pictures=8); torch.equal(average.network.weight, net.weight)
        True
    """

    def __init__(self, network: N, half_life_pictures: int) -> None:
        self.network: N = copy.deepcopy(network).eval().requires_grad_(False)
        self._half_life_pictures = half_life_pictures
        self._seen = 0

    @torch.no_grad()
    def follow(self, network: nn.Module, pictures: int) -> None:
        """Move towards a network that has seen `pictures` more."""
        self._seen += pictures
        half_life = min(self._half_life_pictures, 0.05 * self._seen)
        remain = 0.5 ** (pictures / max(half_life, 1e-9))
        for mean, value in zip(self._tensors(self.network), self._tensors(network), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - remain)
            else:
                mean.copy_(value)

    @torch.no_grad()
    def copy(self, network: nn.Module) -> None:
        """Become the network as it is."""
        for mean, value in zip(self._tensors(self.network), self._tensors(network), strict=True):
            mean.copy_(value)

    @staticmethod
    def _tensors(network: nn.Module) -> list[torch.Tensor]:
        return [*network.parameters(), *network.buffers()]

    def state_dict(self) -> dict[str, Any]:
        """Take weights and count."""
        return {"network": dict(self.network.state_dict()), "seen": self._seen}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back; a network that was built without memory (`onward/parts/trained.py`) takes them as its own.

        Raises:
            ValueError: some are no numbers.
            RuntimeError: they are of other shapes.
        """
        if not all(torch.isfinite(tensor).all() for tensor in state["network"].values()):
            raise ValueError("its weights are no numbers")
        is_unfilled = any(tensor.is_meta for tensor in self._tensors(self.network))
        self.network.load_state_dict(state["network"], assign=is_unfilled)
        self._seen = state["seen"]
