"""The loop: play some turns in all environments, learn from them, show what it has come to."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from onward.broad.control.choices import choice_from
from onward.broad.control.network import Adam
from onward.broad.control.parallel import Singles
from onward.broad.control.ppo import Agent, Rollout, lesson, play
from onward.broad.control.reading import World, check_rewards
from onward.broad.control.settings import Settings
from onward.broad.control.showing import curve, film, one_thread, strip
from onward.core.faults import DataFault, Fault
from onward.core.run import Run, Step
from onward.parts.box import Box

__all__ = ["Chance", "Player", "Returns", "fresh", "train"]

_MARKS = (0.0, 0.02, 0.1, 0.3, 0.6)  # when it is looked at, as shares of the budget
_FILMED, _FILM_BUDGET_SECONDS = (0.0, 0.1, 0.6), 60.0
_LONGEST_ROLLOUT = 0.03  # of the budget
_LAST_EPISODES = 100
WATCHED_SEED = 1000


@dataclass(frozen=True)
class Player:
    """A trained agent and where it learned."""

    agent: Agent
    facts: dict[str, Any]
    run: Run

    def untrained(self) -> Agent:
        """Give the agent as it was before it learned."""
        return fresh(self.facts, self.run.seed)


class Chance:
    """A random generator that a checkpoint can hold."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng([seed, 2])

    def state_dict(self) -> dict[str, Any]:
        """Take its state."""
        return dict(self.generator.bit_generator.state)

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.generator.bit_generator.state = state


class Returns:
    """The returns of the last hundred episodes that ended."""

    def __init__(self, count: int) -> None:
        self._so_far, self._last, self.episodes = np.zeros(count), np.zeros(0), 0
        self._lengths, self._length = np.zeros(0), np.zeros(count)

    def take(self, rollout: Rollout) -> None:
        """Count a rollout's rewards."""
        found: list[float] = []
        lengths: list[float] = []
        for turn, rewards in enumerate(rollout.rewards):
            self._so_far += rewards
            self._length += ~rollout.is_reset[turn]
            ended = rollout.is_over[turn]
            if ended.any():
                found += self._so_far[ended].tolist()
                lengths += self._length[ended].tolist()
                self._so_far[ended] = 0.0
                self._length[ended] = 0.0
        self.episodes += len(found)
        self._last = np.append(self._last, found)[-_LAST_EPISODES:]
        self._lengths = np.append(self._lengths, lengths)[-_LAST_EPISODES:]

    def facts(self) -> dict[str, float]:
        """Give the mean return and length, once an episode has ended."""
        if not len(self._last):
            return {}
        return {"mean_return": float(self._last.mean()), "mean_length": float(self._lengths.mean())}

    def state_dict(self) -> dict[str, Any]:
        """Take the counts."""
        arrays = {"so_far": self._so_far, "last": self._last, "lengths": self._lengths, "length": self._length}
        return {**{name: each.copy() for name, each in arrays.items()}, "episodes": self.episodes}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self._so_far, self._last = state["so_far"].copy(), state["last"].copy()
        self._lengths, self._length = state["lengths"].copy(), state["length"].copy()
        self.episodes = int(state["episodes"])


def fresh(facts: dict[str, Any], seed: int) -> Agent:
    """Give an agent that has learned nothing.

    Args:
        facts: of its run: `observations`, `choice` and `width`.
    """
    return Agent(int(facts["observations"]), choice_from(facts["choice"]), int(facts["width"]), seed)


def train(run: Run, world: World, settings: Settings) -> Player:
    """Learn until the budget is spent.

    Raises:
        DataFault: the environment fails, or gives rewards that are no numbers.
    """
    facts = {**world.spaces.as_json(), "width": settings.width, "address": world.address}
    run.folder.update(agent=facts)
    if "random_return" not in run.folder.record and world.random_returns:
        run.folder.update(random_return=float(np.mean(world.random_returns)))
    with one_thread():
        player = Player(fresh(facts, run.seed), facts, run)
        for _ in _lessons(run, world, settings, player):
            pass
    return player


def _lessons(run: Run, world: World, settings: Settings, player: Player) -> Iterator[Step]:
    agent = player.agent
    count, turns = _size(run, world, settings)
    environments = world.parallel(count, run.seed)
    adam, chance, returns, shown = Adam(len(agent.weights)), Chance(run.seed), Returns(count), Box(0)
    run.keep(agent=agent, adam=adam, environments=environments, chance=chance, returns=returns, shown=shown)
    for step in run.steps():
        _look(step, world, player, shown)
        began = time.monotonic()
        rollout = play(agent, environments, turns, chance.generator)
        speed = count * turns / max(1e-6, time.monotonic() - began)
        _check(rollout, world)
        learning_rate = settings.learning_rate * (1 - step.progress) * 0.5**run.setbacks
        told = lesson(agent, adam, rollout, settings, learning_rate, chance.generator)
        returns.take(rollout)
        step.log(**returns.facts(), **told)
        _set_time_aside(run, returns, world.speed if world.is_native else speed)
        if isinstance(environments, Singles) and environments.has_strayed:
            environments.has_strayed = False
            run.note(f"{world.address} did not replay as it was played, so some episodes were begun anew.")
        yield step


def _check(rollout: Rollout, world: World) -> None:
    check_rewards(rollout.rewards, world.address)
    if not np.isfinite(rollout.observations).all():
        raise DataFault(f"{world.address} showed observations that are no numbers. Mend its step().")


def _size(run: Run, world: World, settings: Settings) -> tuple[int, int]:
    """Choose how many environments are played, and turns of each; fewer where one is slow and the budget short.

    What a run was begun with it keeps: its checkpoints hold so many environments.
    """
    known = run.folder.record.get("played")
    if known is None:
        count, turns = (64, 32) if world.is_native else (32, 128)
        if run.budget.seconds is not None and not world.is_native:
            most = max(64.0, _LONGEST_ROLLOUT * run.budget.seconds * world.speed)
            count = max(4, min(count, int(most / turns)))
            turns = max(16, min(turns, int(most / count)))
        known = {"environments": settings.environments or count, "turns": settings.turns or turns}
        run.folder.update(played=known)
    return min(int(known["environments"]), 4096), min(int(known["turns"]), 100_000)  # a stranger's run may name any


def _look(step: Step, world: World, player: Player, shown: Box) -> None:
    """Show an episode at certain moments, always from the same seed."""
    passed = sum(step.progress >= mark for mark in _MARKS)
    if passed <= shown.value:
        return
    shown.value = passed
    run = step.run
    if (picture := curve(run)) is not None:
        step.show(curve=picture)
    if not world.can_be_seen:
        return
    try:
        seconds = math.inf if run.budget.seconds is None else _LONGEST_ROLLOUT * run.budget.seconds
        step.show(strip=strip(world, [player.agent], WATCHED_SEED, ["an episode now"], seconds))
        is_long = run.budget.seconds is None or run.budget.seconds >= _FILM_BUDGET_SECONDS
        if _MARKS[passed - 1] == 0.0 or (is_long and _MARKS[passed - 1] in _FILMED):
            seconds = math.inf if run.budget.seconds is None else min(8.0, 0.1 * run.budget.seconds)
            deadline = time.monotonic() + seconds
            step.show(film=film(world, player.agent, WATCHED_SEED, "an episode now", deadline))
    except Fault as reason:
        run.note(f"It was not filmed: {reason}")


def _set_time_aside(run: Run, returns: Returns, turns_a_second: float) -> None:
    """Keep enough of the budget for a hundred episodes of today's length, a film and the report."""
    facts = returns.facts()
    if run.budget.seconds is None or not facts:
        return
    wanted = 3.0 * run.crowding + 1.6 * _LAST_EPISODES * facts["mean_length"] / turns_a_second
    least = 8.0 * facts["mean_length"] / turns_a_second  # the first lot of both
    most = max(0.2 * run.budget.seconds, min(least + 3.0, 0.5 * run.budget.seconds))
    run.tail_seconds = max(min(wanted, most), min(2.0, 0.15 * run.budget.seconds))
