"""How an action is drawn from what the policy says, how likely it was, and the slopes of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onward.broad.control.network import Floats

__all__ = ["Categorical", "Choice", "Gaussian", "choice_from"]

_LOG_2_PI = float(np.log(2 * np.pi))


class Choice(Protocol):
    """A family of distributions of actions.

    Attributes:
        outputs: numbers that the network gives for one.
        extras: further weights, which do not depend on what is observed.
        actions: numbers an action consists of.
    """

    outputs: int
    extras: int
    actions: int

    def draw(self, said: Floats, extras: Floats, chance: np.random.Generator) -> NDArray[Any]:
        """Draw actions: B and `actions`."""
        ...

    def any(self, count: int, chance: np.random.Generator) -> NDArray[Any]:
        """Draw actions without looking, all as likely: B and `actions`."""
        ...

    def likeliest(self, said: Floats) -> NDArray[Any]:
        """Give the likeliest actions: B and `actions`."""
        ...

    def log_likelihood(self, said: Floats, extras: Floats, actions: NDArray[Any]) -> Floats:
        """Say how likely actions are, as logarithms: B."""
        ...

    def entropy(self, said: Floats, extras: Floats) -> Floats:
        """Say how undecided it is, in nats: B."""
        ...

    def slopes(
        self, said: Floats, extras: Floats, actions: NDArray[Any], by_likelihood: Floats, by_entropy: float
    ) -> tuple[Floats, Floats]:
        """Carry a loss's slope back: by each log-likelihood, B, and by each entropy; by `said` and by `extras`."""
        ...


class Categorical:
    """One of some kinds, or one of each of several such questions.

    Args:
        kinds: how many, for each question.

    Example:
        >>> Categorical([2]).log_likelihood(np.zeros((1, 2)), np.zeros(0), np.array([[1]])).round(2)
        array([-0.69])
    """

    def __init__(self, kinds: Sequence[int]) -> None:
        self.kinds = tuple(int(each) for each in kinds)
        self.outputs, self.extras, self.actions = sum(self.kinds), 0, len(self.kinds)
        ends = [sum(self.kinds[: place + 1]) for place in range(len(self.kinds))]
        self._parts = [slice(end - count, end) for end, count in zip(ends, self.kinds, strict=True)]

    def draw(self, said: Floats, extras: Floats, chance: np.random.Generator) -> NDArray[Any]:
        """Draw: the largest logit after Gumbel's noise was added is distributed as softmax says."""
        return self.likeliest(said + chance.gumbel(size=said.shape))

    def any(self, count: int, chance: np.random.Generator) -> NDArray[Any]:
        """Draw every kind as often."""
        return chance.integers(0, self.kinds, (count, self.actions))

    def likeliest(self, said: Floats) -> NDArray[Any]:
        """Give the kinds with the largest logits."""
        return np.stack([said[:, part].argmax(axis=1) for part in self._parts], axis=1)

    def log_likelihood(self, said: Floats, extras: Floats, actions: NDArray[Any]) -> Floats:
        """Add up log-softmax over the questions."""
        rows = np.arange(len(said))
        found = [_log_softmax(said[:, part])[rows, actions[:, n]] for n, part in enumerate(self._parts)]
        return sum(found[1:], found[0])

    def entropy(self, said: Floats, extras: Floats) -> Floats:
        """Add up the questions' entropies."""
        logs = [_log_softmax(said[:, part]) for part in self._parts]
        return -sum(((np.exp(each) * each).sum(axis=1) for each in logs), np.zeros(len(said), said.dtype))

    def slopes(
        self, said: Floats, extras: Floats, actions: NDArray[Any], by_likelihood: Floats, by_entropy: float
    ) -> tuple[Floats, Floats]:
        """∂ log p(a)/∂z = 1(a) − p and ∂ H/∂z = −p (log p + H)."""
        slope, rows = np.empty_like(said), np.arange(len(said))
        for number, part in enumerate(self._parts):
            logs = _log_softmax(said[:, part])
            shares = np.exp(logs)
            entropy = -(shares * logs).sum(axis=1, keepdims=True)
            own = -shares * (by_likelihood[:, None] + by_entropy * (logs + entropy))
            own[rows, actions[:, number]] += by_likelihood
            slope[:, part] = own
        return slope, np.zeros(0, said.dtype)

    def as_json(self) -> dict[str, Any]:
        """Say which it is."""
        return {"kind": "categorical", "kinds": list(self.kinds)}


class Gaussian:
    """Numbers drawn independently around what the network says; how far around is learned, `extras` is log sigma.

    Example:
        >>> Gaussian(1).entropy(np.zeros((1, 1)), np.zeros(1)).round(3)
        array([1.419])
    """

    def __init__(self, count: int) -> None:
        self.outputs = self.extras = self.actions = int(count)

    def draw(self, said: Floats, extras: Floats, chance: np.random.Generator) -> NDArray[Any]:
        """Draw around the means."""
        return said + np.exp(extras) * chance.standard_normal(said.shape, dtype=np.float32)

    def any(self, count: int, chance: np.random.Generator) -> NDArray[Any]:
        """Draw from -1 to 1, which is from the lowest to the highest where an action has bounds."""
        return chance.uniform(-1.0, 1.0, (count, self.actions)).astype(np.float32)

    def likeliest(self, said: Floats) -> NDArray[Any]:
        """Give the means."""
        return said

    def log_likelihood(self, said: Floats, extras: Floats, actions: NDArray[Any]) -> Floats:
        """Add up the normal densities' logarithms."""
        apart = (actions - said) * np.exp(-extras)
        return -0.5 * (apart * apart).sum(axis=1) - extras.sum() - np.float32(0.5 * self.actions * _LOG_2_PI)

    def entropy(self, said: Floats, extras: Floats) -> Floats:
        """Give the same for all: it does not depend on what is observed."""
        return np.full(len(said), extras.sum() + 0.5 * self.actions * (1 + _LOG_2_PI), said.dtype)

    def slopes(
        self, said: Floats, extras: Floats, actions: NDArray[Any], by_likelihood: Floats, by_entropy: float
    ) -> tuple[Floats, Floats]:
        """∂ log p(a)/∂μ = (a − μ)/sigma², ∂ log p(a)/∂ log sigma = ((a − μ)/sigma)² − 1, ∂ H/∂ log sigma = 1."""
        narrow = np.exp(-extras)
        apart = (actions - said) * narrow
        by_extras = (by_likelihood[:, None] * (apart * apart - 1.0)).sum(axis=0) + by_entropy * len(said)
        return by_likelihood[:, None] * apart * narrow, by_extras.astype(said.dtype)

    def as_json(self) -> dict[str, Any]:
        """Say which it is."""
        return {"kind": "gaussian", "count": self.actions}


def choice_from(facts: dict[str, Any]) -> Categorical | Gaussian:
    """Undo `as_json`.

    Raises:
        ValueError: it names none.
    """
    if facts["kind"] == "categorical" and all(int(each) > 0 for each in facts["kinds"]):
        return Categorical(facts["kinds"])
    if facts["kind"] == "gaussian" and int(facts["count"]) > 0:
        return Gaussian(facts["count"])
    raise ValueError(f"{facts['kind']!r} is no kind of choice")


def _log_softmax(z: Floats) -> Floats:
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
