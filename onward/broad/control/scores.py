"""How good an agent is: its mean return over fixed seeds beside random actions, how it looks, and its way there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.control.reading import World, check_rewards
from onward.broad.control.showing import curve, film, one_thread, strip
from onward.broad.control.training import WATCHED_SEED, Player
from onward.core.exhibits import Exhibit, Table
from onward.core.faults import DataFault, Fault
from onward.core.metrics import Baseline, Score
from onward.parts.intervals import mean_interval

__all__ = ["check_fits", "episodes", "evaluate"]

_LOTS = (4, 16, 40, 40)  # a hundred episodes, in lots that are played to their ends
_FIRST_SEED = 1000
_FILM_SECONDS = 3.0

Act = Callable[[NDArray[Any]], NDArray[Any]]


def episodes(
    world: World, act: Act, seeds: list[int], deadline: float = math.inf
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """Play an episode from each seed: returns, lengths, and which were still going on at the deadline, N each.

    Args:
        act: observations N O to actions N A.
        deadline: of the monotonic clock; a turn is played even after it.
    Raises:
        DataFault: the environment fails, or gives rewards that are no numbers.
    """
    environments = world.seeded(seeds)
    totals, lengths = np.zeros(len(seeds)), np.zeros(len(seeds), np.int64)
    alive, observations = np.ones(len(seeds), bool), environments.observations
    try:
        while alive.any() and (time.monotonic() < deadline or not lengths.any()):
            observations, rewards, terminated, truncated, _ = environments.step(act(observations), alive)
            check_rewards(rewards, world.address)
            totals += np.where(alive, rewards, 0.0)
            lengths += alive
            alive &= ~(terminated | truncated)
    finally:
        environments.close()
    return totals, lengths, alive


def check_fits(player: Player, world: World) -> None:
    """See that an environment is of the kind that the agent learned in.

    Raises:
        DataFault: it is not.
    """
    known = world.spaces.as_json()
    for name in ("observations", "choice"):
        if known[name] != player.facts[name]:
            raise DataFault(
                f"{world.address} is not the kind of environment that {player.run.name} learned in: its {name} are "
                f"{known[name]}, and {player.facts[name]} are known. Name another, or train anew."
            )


def evaluate(player: Player, world: World, seconds: float) -> Iterator[Score | Exhibit]:
    """Play a hundred episodes, or as many as the time allows, and show one."""
    check_fits(player, world)
    began, chance = time.monotonic(), np.random.default_rng(0)

    def at_random(observations: NDArray[Any]) -> NDArray[Any]:
        return player.agent.choice.any(len(observations), chance)

    films = min(_FILM_SECONDS * player.run.crowding, 0.35 * seconds) if world.can_be_seen else 0.0
    with one_thread():
        deadline = began + 0.25 * (seconds - films)
        randoms, _, cut_after = _measured(world, at_random, deadline)
        timed = world if cut_after is None else replace(world, longest=cut_after)  # the same for both
        returns, lengths, later = _measured(timed, player.agent.likeliest, began + 0.8 * (seconds - films))
        if (cut := later or cut_after) is not None:
            player.run.note(f"Time was too short to measure whole episodes: they were cut after {cut:,} turns.")
        baseline = Baseline("random actions", float(randoms.mean()))
        yield Score("mean return", float(returns.mean()), "", True, mean_interval(returns), len(returns), baseline)
        yield _table(world, returns, lengths, randoms)
        if world.can_be_seen and time.monotonic() - began < seconds - films:
            yield from _seen(player, world, seconds - (time.monotonic() - began))
        if (picture := curve(player.run, world.threshold)) is not None:
            yield picture


def _measured(world: World, act: Act, deadline: float) -> tuple[NDArray[np.float64], NDArray[np.int64], int | None]:
    """Play lot after lot while there is time; whole lots, since the first to end are not a fair choice.

    Returns: returns and lengths; the turns after which the clock cut even the first lot, or None.
    """
    returns, lengths, first, taken = [], [], _FIRST_SEED, 0.0
    for count in _LOTS:
        began = time.monotonic()
        if returns and began + 1.2 * taken * count > deadline:
            break
        limit = math.inf if returns else deadline
        found, turns, alive = episodes(world, act, list(range(first, first + count)), limit)
        if alive.any():
            return found, turns, int(turns.max())
        returns.append(found)
        lengths.append(turns)
        first, taken = first + count, (time.monotonic() - began) / count
    return np.concatenate(returns), np.concatenate(lengths), None


def _table(
    world: World, returns: NDArray[np.float64], lengths: NDArray[np.int64], randoms: NDArray[np.float64]
) -> Table:
    rows: list[list[Any]] = [
        ["mean return", f"{returns.mean():.2f}", f"{randoms.mean():.2f}"],
        ["lowest", f"{returns.min():.2f}", f"{randoms.min():.2f}"],
        ["highest", f"{returns.max():.2f}", f"{randoms.max():.2f}"],
        ["standard deviation", f"{returns.std():.2f}", f"{randoms.std():.2f}"],
        ["mean length", f"{lengths.mean():.1f}", ""],
        ["episodes", str(len(returns)), str(len(randoms))],
    ]
    caption = "returns"
    if world.threshold is not None:
        is_solved = "yes" if returns.mean() >= world.threshold else "no"
        rows.insert(0, [f"solved (mean return of {world.threshold:g} or more)", is_solved, ""])
        caption = f"{world.address} counts as solved from a mean return of {world.threshold:g}"
    return Table(["", "the agent", "random actions"], rows, caption)


def _seen(player: Player, world: World, seconds: float) -> Iterator[Exhibit]:
    """Show the same beginning played before and after learning."""
    began = time.monotonic()
    try:
        agents, names = [player.untrained(), player.agent], ["before it learned", "after it learned"]
        yield strip(world, agents, WATCHED_SEED, names, 0.5 * seconds)
        if time.monotonic() - began < 0.4 * seconds:
            yield film(world, player.agent, WATCHED_SEED, "after it learned", began + 0.7 * seconds)
    except Fault as reason:
        player.run.note(f"It was not filmed: {reason}")
