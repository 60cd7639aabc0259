"""L-BFGS (Nocedal 1980; Nocedal and Wright, Numerical Optimization, algorithm 7.4), one evaluation a step.

No line search: with curvature known a whole step is right nearly always, and an evaluation of a picture costs seconds.
A step that made things worse is taken back, and what was remembered is forgotten; the next goes straight downhill and
not so far.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

__all__ = ["LBFGS"]

_WORSE = 1.02  # times the best loss: a step is allowed to lose a little
_CURVED = 1e-10


class LBFGS:
    """Walks a tensor downhill, and remembers the best place it was at.

    Args:
        point: where it begins; changed in place.
        history: how many pairs of steps and slopes are remembered.
        first: how far the largest change of the first step goes.
        memory: what is remembered is kept in this precision; half of it serves, and halves checkpoints too.

    Example:
        >>> point = torch.tensor([3.0, -2.0]); walk = LBFGS(point, history=5, first=0.5)
        >>> for _ in range(12):
        ...     is_kept = walk.step(float((point**2).sum()), 2 * point)
        >>> bool(walk.best.abs().max() < 1e-3)
        True
    """

    def __init__(
        self, point: Tensor, history: int = 10, first: float = 0.05, memory: torch.dtype = torch.float32
    ) -> None:
        self.point, self.history, self.first, self.memory = point, history, first, memory
        self.best, self.best_loss = point.clone(), math.inf
        self._steps: list[Tensor] = []
        self._bends: list[Tensor] = []
        self._before: tuple[Tensor, Tensor] | None = None  # the step taken last, and the slope before it
        self._shorter = 1.0

    @torch.no_grad()
    def step(self, loss: float, slope: Tensor) -> bool:
        """Go on from `point`, whose loss and slope are given; the slope is kept as it is.

        Returns: whether the last step is kept; if not, `point` is the best place again.
        """
        if not math.isfinite(loss) or not bool(torch.isfinite(slope).all()) or loss > _WORSE * self.best_loss + 1e-12:
            self._forget()
            self.point.copy_(self.best)
            return False
        if loss < self.best_loss:
            self.best_loss = loss
            self.best.copy_(self.point)
        if self._before is not None:
            step, bend = self._before[0], (slope - self._before[1]).to(self.memory)
            self._before = None  # large pictures: what is not needed any more goes at once
            # rounded first: what is divided by is of these
            if float((step.float() * bend.float()).sum()) > _CURVED * float(bend.float().square().sum()):
                self._steps.append(step)
                self._bends.append(bend)
                del self._steps[: -self.history], self._bends[: -self.history]
        way = self._direction(slope)
        self._before = way.to(self.memory), slope
        self.point.add_(way)
        return True

    def restart(self, point: Tensor) -> None:
        """Begin anew elsewhere, maybe in another size."""
        self.point, self.best, self.best_loss = point, point.clone(), math.inf
        self._steps, self._bends, self._before, self._shorter = [], [], None, 1.0

    def _forget(self) -> None:
        self._steps, self._bends, self._before = [], [], None
        self._shorter *= 0.5

    def _direction(self, slope: Tensor) -> Tensor:
        if not self._steps:
            return -slope * (self.first * self._shorter / max(float(slope.abs().max()), 1e-30))
        weights = []
        way = slope.clone()
        for number in reversed(range(len(self._steps))):
            step, bend = self._pair(number)
            weight = float((step * way).sum()) / float((step * bend).sum())
            weights.append(weight)
            way.add_(bend, alpha=-weight)
        step, bend = self._pair(-1)
        way.mul_(float((step * bend).sum()) / float((bend * bend).sum()))
        for number, weight in enumerate(reversed(weights)):
            step, bend = self._pair(number)
            back = float((bend * way).sum()) / float((step * bend).sum())
            way.add_(step, alpha=weight - back)
        return way.neg_()

    def _pair(self, number: int) -> tuple[Tensor, Tensor]:
        return self._steps[number].to(self.point.dtype), self._bends[number].to(self.point.dtype)

    def state_dict(self) -> dict[str, Any]:
        """Take everything."""
        return {
            "point": self.point,
            "best": self.best,
            "best_loss": self.best_loss,
            "steps": list(self._steps),
            "bends": list(self._bends),
            "before": [] if self._before is None else list(self._before),
            "shorter": self._shorter,
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.point, self.best, self.best_loss = state["point"].clone(), state["best"].clone(), state["best_loss"]
        self._steps, self._bends = ([each.clone() for each in state[name]] for name in ("steps", "bends"))
        self._before = (state["before"][0].clone(), state["before"][1].clone()) if state["before"] else None
        self._shorter = state["shorter"]
