"""Who trains the runs of a sweep: processes of this machine, each `onward train` with its share of the cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["LocalWorkers", "Workers", "last_line", "surroundings"]


class Workers(Protocol):
    """Some places at which a run can be trained."""

    def has_room(self) -> bool:
        """Say whether another run can begin."""
        ...

    def begin(self, words: Sequence[str], name: str) -> None:
        """Begin the run `name` by `onward train` with these words."""
        ...

    def ended(self) -> list[tuple[str, int, str]]:
        """Give the runs that have ended since: name, exit code, and what was said last."""
        ...

    def close(self) -> None:
        """End all that still goes on."""
        ...


class LocalWorkers:
    """Processes of this machine.

    Args:
        count: how many at once.
        runs: the folder that the runs are made in.
        logs: a folder for what they say.
    """

    def __init__(self, count: int, runs: Path, logs: Path) -> None:
        self._count, self._runs, self._logs = count, runs, logs
        self._going: dict[str, subprocess.Popen[bytes]] = {}

    def has_room(self) -> bool:
        """Say whether another run can begin."""
        return len(self._going) < self._count

    def begin(self, words: Sequence[str], name: str) -> None:
        """Begin a run."""
        command = [sys.executable, "-m", "onward", "train", *words, "--out", str(self._runs), "--name", name]
        with (self._logs / f"{name}.log").open("wb") as log:
            self._going[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings(self._count)
            )

    def ended(self) -> list[tuple[str, int, str]]:
        """Give the runs that have ended since."""
        found = []
        for name, process in list(self._going.items()):
            if (code := process.poll()) is not None:
                del self._going[name]
                found.append((name, code, last_line((self._logs / f"{name}.log").read_bytes())))
        return found

    def close(self) -> None:
        """End all that still goes on: they save what they have."""
        for process in self._going.values():
            process.terminate()
        for process in self._going.values():
            try:
                process.wait(10.0)
            except subprocess.TimeoutExpired:
                process.kill()


def surroundings(neighbours: int) -> dict[str, str]:
    """Give a run's environment: it is one of so many on its machine, and takes no more than its share of the cores."""
    own = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "MASTER_ADDR")}
    return own | {"LOCAL_WORLD_SIZE": str(neighbours)}


def last_line(said: bytes) -> str:
    """Give the last line of what a program said."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "nothing was said"
