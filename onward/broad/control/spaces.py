"""What an environment lets one see and do, as rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.control.choices import Categorical, Gaussian
from onward.core.faults import DataFault

__all__ = ["Spaces"]

_MOST_OBSERVED = _MOST_OUTPUTS = 10_000


class Spaces:
    """Rows of an environment's observations and actions.

    Args:
        environment: a Gymnasium environment.
        title: what the user calls it.
    Attributes:
        observations: numbers observed a turn.
        choice: how its actions are drawn.
    Raises:
        DataFault: it shows or wants what this agent cannot take.
    """

    def __init__(self, environment: Any, title: str) -> None:
        self.title = title
        self.observations, self._kinds_seen = _observed_size(_space(environment, "observation_space", title), title)
        space = _space(environment, "action_space", title)
        name = type(space).__name__
        self._low = self._high = None
        self._start: Any = 0
        self._shape: tuple[int, ...] = tuple(space.shape or ())
        self._is_one = name == "Discrete"
        if name == "Discrete":
            self.choice: Categorical | Gaussian = Categorical([int(space.n)])
            self._start = int(space.start)
        elif name == "MultiDiscrete" and len(self._shape) == 1:
            self.choice = Categorical(space.nvec.tolist())
            self._start = getattr(space, "start", 0)
        elif name == "MultiBinary" and len(self._shape) == 1:
            self.choice = Categorical([2] * int(space.n))
        elif name == "Box" and np.issubdtype(space.dtype, np.floating) and np.prod(self._shape) > 0:
            self.choice = Gaussian(int(np.prod(self._shape)))
            self._low, self._high = space.low.astype(np.float32).ravel(), space.high.astype(np.float32).ravel()
        else:
            raise DataFault(
                f"{title} wants actions of the kind {space}. Taken are Discrete, MultiDiscrete, MultiBinary and Box of "
                "floats."
            )
        if self.choice.outputs > _MOST_OUTPUTS:
            raise DataFault(
                f"{title} has {self.choice.outputs:,} actions; up to {_MOST_OUTPUTS:,} are learned. Give fewer."
            )
        self._kind = space.dtype

    def observed_one(self, observed: Any) -> NDArray[Any]:
        """Give one observation as a row, O.

        Raises:
            ValueError, TypeError: it is not what the environment's space says.
        """
        if self._kinds_seen:
            if not 0 <= int(observed) < self._kinds_seen:
                raise ValueError(f"{observed} was shown, and its space holds 0 to {self._kinds_seen - 1}")
            return np.eye(self._kinds_seen, dtype=np.float32)[int(observed)]
        return np.asarray(observed, np.float32).reshape(self.observations)

    def observed(self, observed: Any) -> NDArray[Any]:
        """Give N observations as rows, N O."""
        return np.asarray(observed, np.float32).reshape(len(observed), self.observations)

    def given_all(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Give actions, N A, as a vector environment takes them."""
        if isinstance(self.choice, Categorical):
            moved = (actions + self._start).astype(self._kind)
            return moved[:, 0] if self._is_one else moved
        return self._within(actions).reshape(len(actions), *self._shape).astype(self._kind)

    def given(self, actions: NDArray[Any]) -> Any:
        """Give actions, N A, as N that an environment takes."""
        moved = self.given_all(actions)
        return moved.tolist() if self._is_one else moved

    def _within(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Carry -1 to 1 to the lowest and highest where both are finite; keep all inside."""
        if self._low is None or self._high is None:
            return actions
        moved, bounded = np.array(actions, np.float32), self.bounded
        middle, reach = self.middle_and_reach
        moved[:, bounded] = (middle + reach * actions)[:, bounded]
        return np.clip(moved, self._low, self._high)

    @property
    def bounded(self) -> NDArray[np.bool_]:
        """Say which numbers of an action have both a lowest and a highest value: A."""
        if self._low is None or self._high is None:
            return np.zeros(self.choice.actions, bool)
        return np.isfinite(self._low) & np.isfinite(self._high)

    @property
    def middle_and_reach(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Give the middle of the bounds and half their distance, 0 and 1 where there are none: A each."""
        middle = np.zeros(self.choice.actions, np.float32)
        reach = np.ones(self.choice.actions, np.float32)
        if self._low is not None and self._high is not None:
            both = self.bounded
            middle[both] = (self._low[both] + self._high[both]) / 2
            reach[both] = (self._high[both] - self._low[both]) / 2
        return middle, reach

    def as_json(self) -> dict[str, Any]:
        """Give what a model needs to know without the environment."""
        middle, reach = self.middle_and_reach
        ends = {"low": self._low, "high": self._high}
        known = {
            name: None if each is None else [float(x) if np.isfinite(x) else None for x in each]
            for name, each in ends.items()
        }
        return {
            "observations": self.observations,
            "choice": self.choice.as_json(),
            "middle": middle.tolist(),
            "reach": reach.tolist(),
            **known,
        }


def _space(environment: Any, name: str, title: str) -> Any:
    space = getattr(environment, name, None)
    if space is None:
        raise DataFault(f"{title} has no {name}. Set it in the class or in __init__().")
    return space


def _observed_size(space: Any, title: str) -> tuple[int, int]:
    """Give numbers a turn, and the kinds where one of some kinds is seen."""
    name = type(space).__name__
    if name == "Discrete" and int(space.start) == 0 and int(space.n) <= _MOST_OBSERVED:
        return int(space.n), int(space.n)
    if name != "Box":
        raise DataFault(
            f"{title} shows a {name}, and this agent reads rows of numbers (Box). "
            "Wrap it in gymnasium.wrappers.FlattenObservation."
        )
    size = int(np.prod(space.shape))
    if len(space.shape) == 3 and space.dtype == np.uint8:
        raise DataFault(f"{title} shows pictures ({space.shape}), and this agent reads rows of numbers. Take another.")
    if not 0 < size <= _MOST_OBSERVED:
        raise DataFault(f"{title} shows {size:,} numbers a turn; up to {_MOST_OBSERVED:,} are read. Show fewer.")
    return size, 0
