"""Who plays: functions in this process, or processes that each use one core.

`work` is all that an actor does. It knows two callables and no process, pipe or framework: where orders come from, and
where games go. An order is a pure matter (`games.play`), so the same games come out whoever plays, and an actor that
dies is replaced and its order played again. Between processes go JSON and safetensors, no pickle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Order, Record, Shard, pack, play, unpack
from onward.broad.selfplay.network import Network, Shape
from onward.broad.selfplay.search import Evaluator
from onward.core.faults import MachineFault

__all__ = ["Crew", "Job", "LocalCrew", "ProcessCrew", "hire", "work"]

Arrays = dict[str, NDArray[Any]]
_REPLACEMENTS = 20


@dataclass(frozen=True)
class Job:
    """One actor's part of a round.

    Attributes:
        order: what to play.
        weights: of the network that plays, by name.
        unfinished: games to go on with.
    """

    order: Order
    weights: Mapping[str, NDArray[Any]]
    unfinished: Sequence[Record]


def work(game: Game, shape: Shape, latest_job: Callable[[], Job | None], send_games: Callable[[Shard], None]) -> None:
    """Play whatever is ordered until there is no more.

    Args:
        latest_job: waits for the next job; None ends the work.
        send_games: takes what was played.
    """
    network = Network(shape)
    while (job := latest_job()) is not None:
        network.load_state_dict({name: torch.from_numpy(np.array(values)) for name, values in job.weights.items()})
        evaluate = Evaluator(game, network.folded())
        send_games(play(game, evaluate, job.order, job.unfinished))


class Crew(Protocol):
    """Some actors."""

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor."""
        ...

    def collect(self) -> list[Shard]:
        """Wait for what was played, in the order of the jobs."""
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

    def collect(self) -> list[Shard]:
        """Play."""
        shards: list[Shard] = []
        jobs = iter([*self._jobs, None])
        work(self._game, self._shape, lambda: next(jobs), shards.append)
        return shards

    def close(self) -> None:
        """Nobody needs to be sent home."""


class ProcessCrew:
    """Actors in processes of their own, each with one thread.

    Args:
        replaced: is told of an actor that had to be replaced.
    Raises:
        MachineFault: actors die again and again.
    """

    def __init__(self, game: Game, shape: Shape, actors: int, replaced: Callable[[str], None]) -> None:
        self._hello = json.dumps({"game": game.name, "parameters": game.parameters, "shape": shape.as_json()})
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
        surroundings["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        code = "from onward.broad.selfplay.actors import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", code, self._hello],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=surroundings,
            start_new_session=True,  # Ctrl-C is the learner's to hear; at its end the pipe closes and they go
        )

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand out a round's jobs, one an actor."""
        self._jobs = list(jobs)
        for place in range(len(jobs)):
            self._hand(place)

    def _hand(self, place: int) -> None:
        job = self._jobs[place]
        header = {"order": asdict(job.order)}
        arrays = {f"weights.{name}": np.asarray(values) for name, values in job.weights.items()}
        arrays.update({f"games.{name}": values for name, values in pack(job.unfinished, self._game.actions).items()})
        pipe = self._actors[place].stdin
        try:
            if pipe is not None:
                _send(pipe, header, arrays)
        except OSError:  # it is gone, which `collect` will see
            return

    def collect(self) -> list[Shard]:
        """Wait for what was played; who has died is replaced, and plays the same again."""
        return [self._shard(place) for place in range(len(self._jobs))]

    def _shard(self, place: int) -> Shard:
        while True:
            pipe = self._actors[place].stdout
            answer = _receive(pipe) if pipe is not None else None
            if answer is not None:
                header, arrays = answer
                return Shard(unpack(arrays), header["moves"], header["looks"], header["answered"])
            _dismiss(self._actors[place])
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


def _dismiss(actor: subprocess.Popen[bytes]) -> None:
    actor.kill()
    for pipe in (actor.stdin, actor.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # it had died with something still in the pipe
                continue
    actor.wait()


def hire(game: Game, shape: Shape, actors: int, replaced: Callable[[str], None]) -> Crew:
    """Give a crew: this process when one is enough."""
    return LocalCrew(game, shape) if actors == 1 else ProcessCrew(game, shape, actors, replaced)


def main() -> None:
    """Be an actor: orders come in by the standard input, games go out by the standard output."""
    torch.set_num_threads(1)
    hello = json.loads(sys.argv[1])
    words = ",".join(f"{key}={value}" for key, value in hello["parameters"].items())
    game = Game(f"{hello['game']}({words})" if words else hello["game"])
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the games

    def latest_job() -> Job | None:
        received = _receive(sys.stdin.buffer)
        if received is None:
            return None
        header, arrays = received
        weights = {name[8:]: values for name, values in arrays.items() if name.startswith("weights.")}
        games = {name[6:]: values for name, values in arrays.items() if name.startswith("games.")}
        return Job(Order(**header["order"]), weights, unpack(games))

    def send_games(shard: Shard) -> None:
        header = {"moves": shard.moves, "looks": shard.looks, "answered": shard.answered}
        _send(output, header, pack(shard.records, game.actions))

    try:
        work(game, Shape(**hello["shape"]), latest_job, send_games)
    except BrokenPipeError:  # the learner is gone
        return


def _send(pipe: IO[bytes], header: Mapping[str, Any], arrays: Arrays) -> None:
    from safetensors.numpy import save

    for block in (
        json.dumps(header).encode(),
        save({name: np.ascontiguousarray(each) for name, each in arrays.items()}),
    ):
        pipe.write(len(block).to_bytes(8, "little") + block)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], Arrays] | None:
    """Read one message, or None at the end."""
    from safetensors.numpy import load

    blocks = []
    for _ in range(2):
        size = pipe.read(8)
        block = pipe.read(int.from_bytes(size, "little")) if len(size) == 8 else b""
        if len(size) < 8 or len(block) < int.from_bytes(size, "little"):
            return None
        blocks.append(block)
    return json.loads(blocks[0]), load(blocks[1])
