"""Who plays on other machines: the same actors, as Ray actors (https://docs.ray.io).

A cluster is started by the user (`ray start --head`, then `ray start --address …` on every other machine); Onward joins
it. What is sent is what goes to the processes of one machine too, so the same games come out.
"""

from __future__ import annotations

import io
import logging
import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from onward.broad.selfplay.actors import work
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Job, Shard
from onward.broad.selfplay.messages import hello_of, met, read_job, read_shard, write_job, write_shard
from onward.broad.selfplay.network import Shape
from onward.core.faults import MachineFault

__all__ = ["HERE", "RayCrew"]

HERE = "local"  # instead of an address: a cluster of this machine alone, gone when the run ends
_REPLACEMENTS = 20
_LONGEST_ROUND, _GRACE = 90.0, 5.0  # seconds that an actor may be silent while a clock runs


class Distant:
    """One actor on whatever machine Ray puts it."""

    def __init__(self, hello: str) -> None:
        import torch

        torch.set_num_threads(1)
        self._game, self._shape = met(hello)

    def play(self, ordered: bytes) -> bytes:
        """Play one job."""
        jobs = iter([read_job(io.BytesIO(ordered)), None])
        played = io.BytesIO()
        work(self._game, self._shape, lambda: next(jobs), lambda shard: write_shard(played, shard, self._game.actions))
        return played.getvalue()


class RayCrew:
    """Actors of a Ray cluster, one core each.

    Args:
        address: of the cluster, or `local`.
        replaced: is told of an actor that had to be replaced.
    Raises:
        MachineFault: Ray is missing, nobody answers at the address, or actors die again and again.
    """

    def __init__(self, game: Game, shape: Shape, actors: int, replaced: Callable[[str], None], address: str) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of a change to come
        try:
            ray: Any = import_module("ray")
        except ImportError:
            raise MachineFault("Play on several machines needs Ray: pip install 'onward[cluster]'") from None
        self._ray = ray
        self._game, self._replaced, self._left = game, replaced, _REPLACEMENTS
        where: dict[str, Any] = {"num_cpus": actors, "include_dashboard": False}
        if address != HERE:
            where = {"address": address}
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
        except Exception as fault:  # of many kinds, a bare one where its own processes are slow to start
            why = (str(fault).splitlines() or [type(fault).__name__])[0][:150]
            raise MachineFault(f"No Ray cluster answers at {address} ({why}). Start one: ray start --head") from None
        self._kind = ray.remote(num_cpus=1)(Distant)
        self._hello = hello_of(game, shape)
        self._actors: list[Any] = [self._kind.remote(self._hello) for _ in range(actors)]
        self._orders: list[Any] = []
        self._jobs: list[Job] = []
        self._answers: list[Any] = []

    @property
    def handles(self) -> list[Any]:
        """Give Ray's handles of the actors."""
        return list(self._actors)

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor."""
        self._orders, self._jobs = [], list(jobs)
        for job in jobs:
            order = io.BytesIO()
            write_job(order, job, self._game.actions)
            self._orders.append(order.getvalue())
        self._answers = [actor.play.remote(order) for actor, order in zip(self._actors, self._orders, strict=True)]

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        """Wait for what was played; who has died is replaced and plays the same again, who hangs is sent away."""
        until = time.monotonic() + min(seconds, _LONGEST_ROUND) + _GRACE if seconds < float("inf") else None
        return [self._shard(place, until) for place in range(len(self._answers))]

    def _shard(self, place: int, until: float | None) -> Shard:
        while True:
            patience = None if until is None else max(0.0, until - time.monotonic())
            try:
                shard = read_shard(io.BytesIO(self._ray.get(self._answers[place], timeout=patience)))
            except self._ray.exceptions.GetTimeoutError:
                self._replaced("An actor of the cluster did not answer in time; its games wait for another.")
                self._ray.kill(self._actors[place])
                self._actors[place] = self._kind.remote(self._hello)
                return Shard(list(self._jobs[place].unfinished), 0, 0, 0)
            except self._ray.exceptions.RayActorError:
                self._left -= 1
                if self._left < 0:
                    raise MachineFault("The cluster's actors die again and again; see `ray status`.") from None
                self._replaced(f"An actor of the cluster has died; another plays its games again ({self._left} left).")
                self._actors[place] = self._kind.remote(self._hello)
                self._answers[place] = self._actors[place].play.remote(self._orders[place])
                continue
            if shard is None:  # `play` always writes one
                raise MachineFault("An actor of the cluster sent nothing; do all machines have the same Onward?")
            return shard

    def close(self) -> None:
        """Send everybody home and leave the cluster."""
        self._ray.shutdown()
