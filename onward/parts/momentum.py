"""Stochastic gradient descent with Nesterov's momentum and decoupled groups, all weights at once.

v ← μ v + g + λ w, then w ← w − η (g + λ w + μ v): Sutskever et al. 2013, in the form most code uses. torch's own would
do, but its first use imports the compiler, which takes seconds that a short budget does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Group", "Momentum"]

_torch: Any = torch  # its operations on whole lists of tensors are not named in its types


@dataclass
class Group:
    """Weights that share a learning rate and a decay.

    Attributes:
        rate: what the optimiser's learning rate is multiplied by.
        decay: λ, pulling weights to 0.
    """

    weights: list[Tensor]
    rate: float = 1.0
    decay: float = 0.0


class Momentum:
    """Steps that remember where they came from.

    Example:
        >>> weight = torch.zeros(1, requires_grad=True); descent = Momentum([Group([weight])], 0.1, 0.9)
        >>> (weight - 1).square().sum().backward(); descent.step(); round(weight.item(), 4)
        0.38
    """

    def __init__(self, groups: Sequence[Group], learning_rate: float, momentum: float = 0.9) -> None:
        self.learning_rate, self._momentum = learning_rate, momentum
        self._groups = [Group(list(group.weights), group.rate, group.decay) for group in groups if group.weights]
        self._speeds = [[torch.zeros_like(weight) for weight in group.weights] for group in self._groups]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for group in self._groups:
            for weight in group.weights:
                weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight; one without a gradient counts as having one of 0."""
        for group, speeds in zip(self._groups, self._speeds, strict=True):
            slopes = [torch.zeros_like(each) if each.grad is None else each.grad for each in group.weights]
            if group.decay:
                slopes = _torch._foreach_add(slopes, group.weights, alpha=group.decay)
            _torch._foreach_mul_(speeds, self._momentum)
            _torch._foreach_add_(speeds, slopes)
            rate = self.learning_rate * group.rate
            _torch._foreach_add_(group.weights, slopes, alpha=-rate)
            _torch._foreach_add_(group.weights, speeds, alpha=-rate * self._momentum)

    def state_dict(self) -> dict[str, Any]:
        """Take the speeds."""
        return {"speeds": [list(speeds) for speeds in self._speeds]}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        for mine, theirs in zip(self._speeds, state["speeds"], strict=True):
            for tensor, stored in zip(mine, theirs, strict=True):
                tensor.copy_(stored)
