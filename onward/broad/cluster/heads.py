"""Groups learned by linear heads: two neighbours should fall into one group, and all groups should be used.

After TEMI (Adaloglou, Michels, Kalisch and Kollmann 2023, arXiv:2303.17896): a student and a slowly following teacher
look at an item and at one of its nearest neighbours; their shares of K groups, q_s and q_t, are brought together by

    - log sum_c (q_s(c) q_t(c'))^beta / p_t(c)        equation 6, p_t the teacher's running use of group c

Its gradient by the student's logits is beta (q_s - r), where r(c) is each term's share of the sum: the head learns
towards r as a classifier does towards its labels. So no automatic differentiation is needed. Several heads learn at
once; the one with the highest mutual information between neighbours is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Heads"]

_BETA = 0.6
_TEACHER, _USE = 0.96, 0.95  # how much of the teacher, and of the use of groups, stays at each step
_TEMPERATURE = 0.1
_MOMENTS = (0.9, 0.999)


class Heads:
    """H linear heads, student and teacher.

    Args:
        features: F of the items, standardised and of length about 1.
        clusters: K.
        heads: H.
    """

    def __init__(self, features: int, clusters: int, heads: int, seed: int) -> None:
        chance = np.random.default_rng([seed, clusters])
        self._seed, self.steps = seed, 0
        self.student = (chance.normal(0, 0.3, (heads, features, clusters)) / np.sqrt(features)).astype(np.float32)
        self.teacher = self.student.copy()
        self.use = np.full((heads, clusters), 1 / clusters, np.float32)
        self.gain = np.zeros(heads, np.float32)
        self._mean, self._square = np.zeros_like(self.student), np.zeros_like(self.student)

    def step(self, x: NDArray[np.float32], neighbours: NDArray[np.int64], batch_size: int, rate: float) -> float:
        """Learn from a batch drawn by lot.

        Args:
            x: N F.
            neighbours: N n, places of each item's nearest ones.
            rate: learning rate of Adam.
        Returns: the loss, averaged over heads.
        """
        chance = np.random.default_rng([self._seed, 2, self.steps])
        first = chance.integers(0, len(x), min(batch_size, len(x)))
        second = neighbours[first, chance.integers(0, neighbours.shape[1], len(first))]
        slopes, losses = np.zeros_like(self.student), np.zeros(len(self.student))
        for seen, other in ((first, second), (second, first)):
            own = _shares(x[seen] @ self.student)
            beside = _shares(x[other] @ self.teacher)
            terms = (own * beside) ** _BETA / self.use[:, None]
            total = terms.sum(axis=2, keepdims=True)
            slopes += x[seen].T @ (_BETA * (own - terms / total)) / (2 * len(seen) * _TEMPERATURE)
            losses -= np.log(total[..., 0]).mean(axis=1) / 2
            self.use = _USE * self.use + (1 - _USE) * beside.mean(axis=1)
        self._adam(slopes, rate)
        self.teacher = _TEACHER * self.teacher + (1 - _TEACHER) * self.student
        self.gain = 0.98 * self.gain - 0.02 * losses.astype(np.float32)
        self.steps += 1
        return float(losses.mean())

    def shares(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give each group's share by the best head's teacher: N F to N K."""
        return _shares(x @ self.teacher[int(self.gain.argmax())])

    def _adam(self, slopes: NDArray[np.float32], rate: float) -> None:
        first, second = _MOMENTS
        self._mean = first * self._mean + (1 - first) * slopes
        self._square = second * self._square + (1 - second) * slopes**2
        mean = self._mean / (1 - first ** (self.steps + 1))
        square = self._square / (1 - second ** (self.steps + 1))
        self.student = (self.student - rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        """Take weights, use and running means."""
        kept = {name: getattr(self, name) for name in ("student", "teacher", "use", "gain", "steps")}
        return {**kept, "mean": self._mean, "square": self._square}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        for name in ("student", "teacher", "use", "gain"):
            setattr(self, name, state[name].copy())
        self.steps, self._mean, self._square = int(state["steps"]), state["mean"].copy(), state["square"].copy()


def _shares(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn ... K logits into shares, sharpened by the temperature."""
    scaled = logits / _TEMPERATURE
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
