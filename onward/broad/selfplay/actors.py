"""Who plays: functions in this process, or processes that each use one core.

`work` is all that an actor does. It knows two callables and no process, pipe or framework: where orders come from, and
where games go. An order is a pure matter (`games.play`), so the same games come out whoever plays, and an actor that
dies is replaced and its order played again. `cluster.py` has a third kind, on other machines.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch

from onward.broad.selfplay.bytes_network import in_bytes
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Job, Shard, play
from onward.broad.selfplay.messages import hello_of, met, read_job, read_shard, write_fault, write_job, write_shard
from onward.broad.selfplay.network import Network, Shape
from onward.broad.selfplay.search import Evaluator
from onward.core.faults import MachineFault

__all__ = ["Crew", "LocalCrew", "ProcessCrew", "hire", "work"]

_REPLACEMENTS = 20
_NICENESS = 2  # the learner has the more to do, and everybody waits for it
_LONGEST_ROUND, _GRACE = 90.0, 1.0  # seconds that an actor may be silent while a clock runs


def work(game: Game, shape: Shape, latest_job: Callable[[], Job | None], send_games: Callable[[Shard], None]) -> None:
    """Play whatever is ordered until there is no more.

    Args:
        latest_job: waits for the next job; None ends the work.
        send_games: takes what was played.
    """
    network = Network(shape)
    while (job := latest_job()) is not None:
        network.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in job.weights.items()})
        evaluate = Evaluator(game, in_bytes(network.folded()))
        send_games(play(game, evaluate, job.order, job.unfinished))


class Crew(Protocol):
    """Some actors."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor."""
        ...

    def is_waiting(self) -> bool:
        """Say whether, as far as known, everybody has played and waits; whoever learns may take their cores."""
        ...

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        """Wait for what was played, in the order of the jobs.

        Args:
            seconds: of training that are left. Who has not answered then has played nothing.
        """
        ...

    def close(self) -> None:
        """Send everybody home."""
        ...


class LocalCrew:
    """Actors that play one after the other in this process, when they are waited for."""

    def __init__(self, game: Game, shape: Shape) -> None:
        self._game, self._shape = game, shape
        self._jobs: list[Job] = []

    def start(self, jobs: Sequence[Job]) -> None:
        """Note the jobs."""
        self._jobs = list(jobs)

    def is_waiting(self) -> bool:
        """Say that nobody plays: it is done when it is waited for."""
        return True

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        """Play."""
        shards: list[Shard] = []
        jobs = iter([*(_shortened(job, seconds) for job in self._jobs), None])
        work(self._game, self._shape, lambda: next(jobs), shards.append)
        return shards

    def close(self) -> None:
        """Nobody needs to be sent home."""


def _shortened(job: Job, seconds: float) -> Job:
    """Give less time where less is left by now."""
    if job.order.seconds is None or job.order.seconds <= seconds:
        return job
    return replace(job, order=replace(job.order, seconds=seconds))


class ProcessCrew:
    """Actors in processes of their own, each with one thread.

    Args:
        replaced: is told of an actor that had to be replaced.
    Raises:
        MachineFault: actors die again and again.
    """

    def __init__(self, game: Game, shape: Shape, actors: int, replaced: Callable[[str], None]) -> None:
        self._hello = hello_of(game, shape)
        self._game, self._replaced = game, replaced
        self._left = _REPLACEMENTS
        self._jobs: list[Job] = []
        self._actors = [self._hired() for _ in range(actors)]

    @property
    def process_numbers(self) -> list[int]:
        """Give the actors' process numbers."""
        return [actor.pid for actor in self._actors]

    def _hired(self) -> subprocess.Popen[bytes]:
        surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        # -P and the same places as here: the folder one stands in, which may be a stranger's, only where this process
        # looks there, too
        surroundings["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
        code = "from onward.broad.selfplay.actors import main; main()"
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code, self._hello],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=surroundings,
            process_group=0,  # Ctrl-C is the learner's to hear; at its end the pipe closes and they go
        )

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor."""
        self._jobs = list(jobs)
        for place in range(len(jobs)):
            if self._actors[place].returncode is not None:  # it was sent away for its silence
                self._actors[place] = self._hired()
            self._hand(place)

    def _hand(self, place: int) -> None:
        actor, job = self._actors[place], self._jobs[place]
        seconds = job.order.seconds
        if seconds is not None:  # a large order is written only as fast as it is read, by one who may still be starting
            seconds = _LONGEST_ROUND if seconds >= _GRACE * 20 else seconds + _GRACE
        try:
            with _killed_after(seconds, actor):
                if actor.stdin is not None:
                    write_job(actor.stdin, job, self._game.actions)
        except OSError:  # it is gone, which `collect` will see
            return

    def is_waiting(self) -> bool:
        """Say whether everybody has begun to answer; on Windows, where pipes cannot be asked, never."""
        if not hasattr(select, "poll"):
            return False
        answers = [actor.stdout for actor in self._actors if actor.stdout is not None and not actor.stdout.closed]
        poll = select.poll()
        for answer in answers:
            poll.register(answer, select.POLLIN)
        return len(poll.poll(0)) == len(answers)

    def collect(self, seconds: float = float("inf")) -> list[Shard]:
        """Wait for what was played; who has died is replaced and plays the same again, who hangs is sent away."""
        until = time.monotonic() + min(seconds, _LONGEST_ROUND) + _GRACE if seconds < float("inf") else None
        return [self._shard(place, until) for place in range(len(self._jobs))]

    def _shard(self, place: int, until: float | None) -> Shard:
        while True:
            shard = _answer(self._actors[place], until)
            if shard is not None:
                return shard
            _dismiss(self._actors[place])
            if until is not None and time.monotonic() >= until:
                self._replaced("A process that played did not answer in time; its games wait for another.")
                return Shard(list(self._jobs[place].unfinished), 0, 0, 0)
            self._left -= 1
            if self._left < 0:
                raise MachineFault("The processes that play die again and again; is memory short? Try --actors 1.")
            self._replaced(f"A process that played has died; another plays its games again ({self._left} left).")
            self._actors[place] = self._hired()
            self._hand(place)

    def close(self) -> None:
        """Send everybody home."""
        for actor in self._actors:
            _dismiss(actor)


def _answer(actor: subprocess.Popen[bytes], until: float | None) -> Shard | None:
    """Read what an actor played; None when it has died, or has to because time is up."""
    with _killed_after(None if until is None else until - time.monotonic(), actor):
        return read_shard(actor.stdout) if actor.stdout is not None else None


@contextmanager
def _killed_after(seconds: float | None, actor: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill an actor if what is done with it takes longer; that ends the reading or writing, too."""
    if seconds is None:
        yield
        return
    watchdog = threading.Timer(max(0.0, seconds), actor.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def _dismiss(actor: subprocess.Popen[bytes]) -> None:
    actor.kill()
    for pipe in (actor.stdin, actor.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # it had died with something still in the pipe
                continue
    actor.wait()


def hire(game: Game, shape: Shape, actors: int, replaced: Callable[[str], None], cluster: str = "") -> Crew:
    """Give a crew: a cluster's where one is named, this process when one actor is enough."""
    if cluster:
        from onward.broad.selfplay.cluster import RayCrew

        return RayCrew(game, shape, actors, replaced, cluster)
    return LocalCrew(game, shape) if actors == 1 else ProcessCrew(game, shape, actors, replaced)


def main() -> None:
    """Be an actor: orders come in by the standard input, games go out by the standard output."""
    if os.name == "posix":
        os.nice(_NICENESS)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # a terminal may forbid words from the background
    torch.set_num_threads(1)
    game, shape = met(sys.argv[1])
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the games

    try:
        work(
            game,
            shape,
            lambda: read_job(sys.stdin.buffer),
            lambda shard: write_shard(output, shard, game.actions),
        )
    except BrokenPipeError:  # the learner is gone
        return
    except Exception as reason:  # whoever played this order would meet the same, so the learner is told
        write_fault(output, f"{type(reason).__name__}: {(str(reason).splitlines() or [''])[0][:150]}")
