"""Adam (arXiv:1412.6980, algorithm 1), all weights of a player at once.

torch's own would do, but its first use imports the compiler, which takes seconds that a short budget does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["Adam"]

_EPSILON = 1e-8
_torch: Any = torch  # its operations on whole lists of tensors are not named in its types


class Adam:
    """Steps of a size that does not depend on the gradient's.

    Args:
        scales: for each weight, what the learning rate is multiplied by; 1 without.

    Example:
        >>> weight = torch.zeros(1, requires_grad=True); adam = Adam([weight], 0.1, (0.9, 0.999))
        >>> (weight - 1).square().sum().backward(); adam.step(); round(weight.item(), 4)
        0.1
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        learning_rate: float,
        betas: tuple[float, float],
        scales: Sequence[float] | None = None,
    ) -> None:
        self.learning_rate, self._betas = learning_rate, betas
        self._weights = list(weights)
        self._scales = [1.0] * len(self._weights) if scales is None else list(scales)
        self._means = [torch.zeros_like(weight) for weight in self._weights]
        self._squares = [torch.zeros_like(weight) for weight in self._weights]
        self._steps = 0

    @property
    def weights(self) -> list[Tensor]:
        """Give what it moves."""
        return self._weights

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self._weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every weight; one without a gradient counts as having one of 0."""
        first, second = self._betas
        self._steps += 1
        slopes = [torch.zeros_like(each) if each.grad is None else each.grad for each in self._weights]
        _torch._foreach_lerp_(self._means, slopes, 1 - first)
        _torch._foreach_mul_(self._squares, second)
        _torch._foreach_addcmul_(self._squares, slopes, slopes, 1 - second)
        spread = _torch._foreach_sqrt(self._squares)
        _torch._foreach_div_(spread, (1 - second**self._steps) ** 0.5)
        _torch._foreach_add_(spread, _EPSILON)
        size = self.learning_rate / (1 - first**self._steps)
        _torch._foreach_addcdiv_(self._weights, self._means, spread, [-size * scale for scale in self._scales])

    def state_dict(self) -> dict[str, Any]:
        """Take the running means."""
        return {"steps": self._steps, "means": list(self._means), "squares": list(self._squares)}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self._steps = state["steps"]
        for mine, theirs in ((self._means, state["means"]), (self._squares, state["squares"])):
            for tensor, stored in zip(mine, theirs, strict=True):
                tensor.copy_(stored)
