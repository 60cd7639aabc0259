"""Who plays on other machines: the same actors, as Ray actors (https://docs.ray.io).

A cluster is started by the user (`ray start --head`, then `ray start --address …` on every other machine); Onward joins
it. What is sent is what goes to the processes of one machine too, so the same games come out, whoever plays them: the
jobs of actors that are lost, or for which no machine has room, go to those that are there.
"""

from __future__ import annotations

import io
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
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
_PATIENCE, _OTHERS_PATIENCE = 120.0, 30.0  # seconds for a first actor to find room in the cluster, and for the others
_SHORTEST = 0.2  # seconds of play that are ordered at least


class Distant:
    """One actor on whatever machine Ray puts it."""

    def __init__(self, hello: str) -> None:
        import torch

        torch.set_num_threads(1)
        self._game, self._shape = met(hello)

    def ready(self) -> None:
        """Answer, as soon as there is a place to be."""

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
        MachineFault: Ray is missing, nobody answers at the address, actors die again and again, or find no room.
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
        self._actors: list[Any] = [None] * actors
        self._coming: dict[int, Any] = {}  # by place, the answers of actors that are not known to have found room
        for place in range(actors):
            self._hire(place)
        self._orders: list[bytes] = []
        self._jobs: list[Job] = []
        self._players: list[tuple[int, Any]] = []  # of each job: the place of the actor that plays it, and the actor
        self._answers: list[Any] = []

    @property
    def handles(self) -> list[Any]:
        """Give Ray's handles of the actors."""
        return list(self._actors)

    def _hire(self, place: int) -> None:
        self._actors[place] = self._kind.remote(self._hello)
        self._coming[place] = self._actors[place].ready.remote()

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor; who is there plays for those who are not, within the same time."""
        seconds, began = jobs[0].order.seconds, time.monotonic()
        there = self._there(seconds)
        places = [place if place in there else there[place % len(there)] for place in range(len(jobs))]
        loads = Counter(places)
        waited = time.monotonic() - began
        self._jobs = [_shortened(job, waited, loads[place]) for job, place in zip(jobs, places, strict=True)]
        self._orders, self._players, self._answers = [], [], []
        for job, place in zip(self._jobs, places, strict=True):
            order = io.BytesIO()
            write_job(order, job, self._game.actions)
            self._orders.append(order.getvalue())
            self._players.append((place, self._actors[place]))
            self._answers.append(self._actors[place].play.remote(self._orders[-1]))

    def _there(self, seconds: float | None) -> list[int]:
        """Give the places of the actors that are there; wait only where nobody is.

        Args:
            seconds: that may be waited, where a clock runs.
        """
        patience = _PATIENCE if seconds is None else min(_PATIENCE, seconds)
        until = time.monotonic() + patience
        while True:
            is_first = len(self._coming) == len(self._actors)
            if is_first:
                answers = list(self._coming.values())
                self._ray.wait(answers, num_returns=1, timeout=max(0.0, until - time.monotonic()))
                self._ray.wait(answers, num_returns=len(answers), timeout=min(_OTHERS_PATIENCE, patience / 4))
            silent = [place for place, ready in list(self._coming.items()) if not self._has_come(place, ready)]
            there = [place for place in range(len(self._actors)) if place not in self._coming]
            if there and is_first and silent:
                self._replaced(f"The cluster has no room yet for {len(silent)} of {len(self._actors)} actors.")
            if there:
                return there
            if time.monotonic() >= until:
                raise MachineFault("No machine of the cluster has room for an actor; see `ray status`.")

    def _has_come(self, place: int, ready: Any) -> bool:
        """Take notice of an actor that has found room, or has died since; False where nothing is known of it."""
        if not self._ray.wait([ready], timeout=0)[0]:
            return False
        try:
            self._ray.get(ready)
            del self._coming[place]
        except self._ray.exceptions.RayError:
            self._lose(place, self._actors[place])
        return True

    def _lose(self, place: int, actor: Any) -> None:
        """Take notice of an actor's death, once; another is hired and plays as soon as there is room for it."""
        if self._actors[place] is not actor:
            return
        self._left -= 1
        if self._left < 0:
            raise MachineFault("The cluster's actors die again and again; see `ray status`.")
        self._replaced(f"An actor of the cluster has died; another plays its games again ({self._left} left).")
        self._ray.kill(actor)  # where only what it sent was lost
        self._hire(place)

    def is_waiting(self) -> bool:
        """Say whether everybody has answered, wherever the answers are still."""
        count = len(self._answers)
        return (
            bool(count)
            and len(self._ray.wait(self._answers, num_returns=count, timeout=0, fetch_local=False)[0]) == count
        )

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        """Wait for what was played; what the dead had to play is played by others, who hangs is sent away."""
        until = time.monotonic() + min(seconds, _LONGEST_ROUND) + _GRACE if seconds < float("inf") else None
        return [self._shard(place, until) for place in range(len(self._answers))]

    def _shard(self, number: int, until: float | None) -> Shard:
        ray, unplayed = self._ray, Shard(list(self._jobs[number].unfinished), 0, 0, 0)
        while True:
            patience = None if until is None else max(0.0, until - time.monotonic())
            place, actor = self._players[number]
            try:
                shard = read_shard(io.BytesIO(ray.get(self._answers[number], timeout=patience)))
            except ray.exceptions.GetTimeoutError:
                if self._actors[place] is actor:
                    self._replaced("An actor of the cluster did not answer in time; its games wait for another.")
                    ray.kill(actor)
                    self._hire(place)
                return unplayed
            except ray.exceptions.RayTaskError as fault:  # whoever played this would meet the same
                why = (str(fault).strip().splitlines() or [""])[-1][:150]
                raise MachineFault(f"An actor of the cluster has failed ({why}). Go on with: onward resume") from None
            except ray.exceptions.RayError:  # the actor is gone, or its machine, or what it had sent
                self._lose(place, actor)
                if until is not None:  # the next round has room for its games
                    return unplayed
                there = self._there(None)
                place = there[number % len(there)]
                self._players[number] = place, self._actors[place]
                self._answers[number] = self._actors[place].play.remote(self._orders[number])
                continue
            if shard is None:  # `play` always writes one
                raise MachineFault("An actor of the cluster sent nothing; do all machines have the same Onward?")
            return shard

    def close(self) -> None:
        """Send everybody home and leave the cluster."""
        self._ray.shutdown()


def _shortened(job: Job, waited: float, load: int) -> Job:
    """Give less time where some has passed, or where one actor plays several jobs one after the other."""
    if job.order.seconds is None:
        return job
    part = None if job.order.round_seconds is None else max(_SHORTEST, job.order.round_seconds / load)
    seconds = max(_SHORTEST, (job.order.seconds - waited) / load)
    return replace(job, order=replace(job.order, seconds=seconds, round_seconds=part))
