"""Many environments at once, their state in the checkpoint.

Both kinds speak as Gymnasium's vector environments do: after an end the next `step` only puts the environment back.

    Native   computes all of them with arrays, where Gymnasium has such a one; its arrays are read and put back.
    Singles  steps one after the other. An environment cannot be saved in general, but it can be brought back to where
             it was: each episode begins with a seed, and its actions are played again.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onward.broad.control.spaces import Spaces
from onward.core.faults import DataFault, Fault

__all__ = ["Native", "Parallel", "Singles", "Turn", "let_go", "said_aside"]

Turn = tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]


class Parallel(Protocol):
    """N environments.

    Attributes:
        count: N.
        observations: N O, the newest.
    """

    count: int
    observations: NDArray[Any]

    def step(self, actions: NDArray[Any]) -> Turn:
        """Act in all, N A: observations N O, rewards, terminated, truncated, and where it only put back: N each."""
        ...

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def load_state_dict(self, state: dict[str, Any], /) -> None: ...  # noqa: D102


class Native:
    """One of Gymnasium's own vector environments, all of whose state lies in arrays and a random generator."""

    def __init__(self, made: Any, spaces: Spaces, seed: int) -> None:
        self._made, self._spaces, self.count = made, spaces, int(made.num_envs)
        observed, _ = made.reset(seed=seed)
        self.observations = spaces.observed(observed)
        self._over = np.zeros(self.count, bool)

    def step(self, actions: NDArray[Any]) -> Turn:
        """Act in all."""
        is_reset = self._over
        observed, rewards, terminated, truncated, _ = self._made.step(self._spaces.given_all(actions))
        self.observations = self._spaces.observed(observed)
        self._over = terminated | truncated
        return self.observations, np.asarray(rewards, np.float64), terminated.copy(), truncated.copy(), is_reset

    def state_dict(self) -> dict[str, Any]:
        """Take its arrays and its generator."""
        inner = self._made.unwrapped
        arrays = {name: value.copy() for name, value in vars(inner).items() if isinstance(value, np.ndarray)}
        chance = inner.np_random.bit_generator.state
        return {"arrays": arrays, "chance": chance, "over": self._over.copy(), "observed": self.observations.copy()}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        inner = self._made.unwrapped
        for name, value in state["arrays"].items():
            if isinstance(getattr(inner, name, None), np.ndarray):  # nothing else can be put there
                setattr(inner, name, value.copy())
        inner.np_random.bit_generator.state = state["chance"]
        self._over, self.observations = state["over"].copy(), state["observed"].copy()


class Singles:
    """Environments stepped one after the other.

    Args:
        make: makes one.
        longest: turns after which an episode is cut.
        seed: episode k of environment n has a seed of its own, drawn from (seed, n, k).
        seeds: instead, the seed of each environment's first episode.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        count: int,
        spaces: Spaces,
        longest: int,
        seed: int = 0,
        seeds: list[int] | None = None,
    ) -> None:
        self._single, self._spaces, self.count, self._longest = [make() for _ in range(count)], spaces, count, longest
        self._seed, self._seeds = seed, seeds
        self._episode, self._length = [0] * count, [0] * count
        self._over = np.zeros(count, bool)
        self._turns: list[NDArray[Any]] = []  # the actions of all, as far back as an episode still needs
        self.has_strayed = False
        self.observations = np.zeros((count, spaces.observations), np.float32)
        for place in range(count):
            self.observations[place] = self._begun(place)

    def step(self, actions: NDArray[Any], alive: NDArray[np.bool_] | None = None) -> Turn:
        """Act in all, or put back those whose episode is over.

        Args:
            alive: N; the others are left as they are.
        Raises:
            DataFault: an environment's own code failed, or gave what its spaces do not hold.
        """
        observations, rewards = np.empty_like(self.observations), np.zeros(self.count)
        terminated, truncated, is_reset = np.zeros(self.count, bool), np.zeros(self.count, bool), self._over
        given, length = self._spaces.given(actions), self._length
        self._turns.append(actions)
        for place, single in enumerate(self._single):
            if alive is not None and not alive[place]:
                observations[place] = self.observations[place]
                continue
            if is_reset[place]:
                self._episode[place] += 1
                observations[place] = self._begun(place)
                continue
            observations[place], rewards[place], terminated[place], cut = self._acted(single, given[place])
            length[place] += 1
            truncated[place] = cut or length[place] >= self._longest
        self._over, self.observations = terminated | truncated, observations
        if len(self._turns) > 2 * self._longest:
            del self._turns[: len(self._turns) - max(self._length)]
        return observations, rewards, terminated, truncated, is_reset

    def _acted(self, single: Any, action: Any) -> tuple[NDArray[Any], float, bool, bool]:
        try:
            with said_aside():
                seen, reward, terminated, truncated, _ = single.step(action)
            return self._spaces.observed_one(seen), float(reward), bool(terminated), bool(truncated)
        except (Exception, SystemExit) as reason:
            raise _failed(self._spaces.title, "step", reason) from reason

    def _begun(self, place: int) -> NDArray[Any]:
        episode = self._episode[place]
        if self._seeds is not None and episode == 0:
            seed = self._seeds[place]
        else:
            seed = int(np.random.SeedSequence([self._seed, place, episode]).generate_state(1)[0]) % 2**31
        self._length[place] = 0
        try:
            with said_aside():
                observed, _ = self._single[place].reset(seed=seed)
            return self._spaces.observed_one(observed)
        except (Exception, SystemExit) as reason:
            raise _failed(self._spaces.title, "reset", reason) from reason

    def close(self) -> None:
        """Let go of them."""
        for single in self._single:
            let_go(single)

    def state_dict(self) -> dict[str, Any]:
        """Take each one's episode, and the actions since it began."""
        longest = max(self._length)
        turns = np.stack(self._turns[len(self._turns) - longest :]) if longest else np.zeros((0, self.count, 1))
        return {
            "episodes": list(self._episode),
            "lengths": list(self._length),
            "turns": turns,
            "over": self._over.copy(),
            "observed": self.observations.copy(),
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Begin the same episodes and play their actions again.

        Where that leads elsewhere, by an environment whose chance is not its seed's, a new episode is begun there and
        `has_strayed` is set.
        """
        turns, lengths = state["turns"], [int(each) for each in state["lengths"]]
        self._turns, self._episode = list(turns), [int(each) for each in state["episodes"]]
        self._over, self.observations = state["over"].copy(), state["observed"].copy()
        given = [self._spaces.given(turn) for turn in self._turns]
        for place, length in enumerate(lengths):
            if not self._is_back(place, [turn[place] for turn in given[len(given) - length :]]):
                self.has_strayed = True
                self._episode[place] += 1
                self.observations[place] = self._begun(place)
                self._over[place] = False

    def _is_back(self, place: int, actions: list[Any]) -> bool:
        """Play an episode's actions again; say whether what is observed is what was."""
        seen = self._begun(place)
        for number, action in enumerate(actions):
            seen, _, terminated, truncated = self._acted(self._single[place], action)
            if (terminated or truncated) and number < len(actions) - 1:
                return False
        self._length[place] = len(actions)
        return np.array_equal(seen, self.observations[place])


def let_go(single: Any) -> None:
    """Close an environment; what goes wrong then harms nobody."""
    with contextlib.suppress(Exception, SystemExit), said_aside():
        single.close()


def said_aside() -> contextlib.AbstractContextManager[Any]:
    """Send what an environment prints to the error stream: the other may carry JSON."""
    return contextlib.redirect_stdout(sys.stderr)


def _failed(title: str, where: str, reason: BaseException) -> Fault:
    if isinstance(reason, Fault):
        return reason
    words = " ".join(str(reason).split())[:200]
    return DataFault(f"{title} failed in {where}() ({type(reason).__name__}: {words}). Mend it and start again.")
