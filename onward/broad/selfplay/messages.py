"""What goes between the learner and who plays for it: JSON and safetensors, no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.games import Job, Order, Shard, pack, unpack
from onward.broad.selfplay.network import Shape
from onward.core.faults import MachineFault

__all__ = ["hello_of", "met", "read_job", "read_shard", "write_fault", "write_job", "write_shard"]

Arrays = dict[str, NDArray[Any]]


def hello_of(game: Game, shape: Shape) -> str:
    """Say which game is played, and with what network."""
    return json.dumps({"game": game.name, "parameters": game.parameters, "shape": shape.as_json()})


def met(hello: str) -> tuple[Game, Shape]:
    """Read what `hello_of` wrote."""
    told = json.loads(hello)
    words = ",".join(f"{key}={value}" for key, value in told["parameters"].items())
    return Game(f"{told['game']}({words})" if words else told["game"]), Shape(**told["shape"])


def write_job(pipe: IO[bytes], job: Job, actions: int) -> None:
    """Write what to play."""
    arrays = {f"weights.{name}": np.asarray(values) for name, values in job.weights.items()}
    arrays.update({f"games.{name}": values for name, values in pack(job.unfinished, actions).items()})
    _send(pipe, {"order": asdict(job.order)}, arrays)


def read_job(pipe: IO[bytes]) -> Job | None:
    """Wait for what to play; None at the end."""
    received = _receive(pipe)
    if received is None:
        return None
    header, arrays = received
    weights = {name[8:]: values for name, values in arrays.items() if name.startswith("weights.")}
    games = {name[6:]: values for name, values in arrays.items() if name.startswith("games.")}
    return Job(Order(**header["order"]), weights, unpack(games))


def write_shard(pipe: IO[bytes], shard: Shard, actions: int) -> None:
    """Write what was played."""
    header = {"moves": shard.moves, "looks": shard.looks, "answered": shard.answered, "seconds": shard.seconds}
    _send(pipe, header, pack(shard.records, actions))


def write_fault(pipe: IO[bytes], words: str) -> None:
    """Write why nothing could be played."""
    _send(pipe, {"fault": words}, {})


def read_shard(pipe: IO[bytes]) -> Shard | None:
    """Wait for what was played; None when who played is gone.

    Raises:
        MachineFault: it could not play.
    """
    received = _receive(pipe)
    if received is None:
        return None
    header, arrays = received
    if "fault" in header:
        raise MachineFault(f"A process that plays has failed ({header['fault']}). Go on with: onward resume")
    return Shard(unpack(arrays), header["moves"], header["looks"], header["answered"], header["seconds"])


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
