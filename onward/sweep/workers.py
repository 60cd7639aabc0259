"""Who trains the runs of a sweep: processes of this machine, each `onward train` with its share of the cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

__all__ = ["LocalWorkers", "Workers", "last_line", "still_goes", "surroundings", "training_command"]

_PROGRAM = Path(__file__).resolve().parents[2]


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
        command = training_command(words, self._runs, name)
        with (self._logs / f"{name}.log").open("wb") as log:
            _locked(log)  # the process inherits it, and holds it as long as it lives, whatever becomes of this one
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


def _locked(log: IO[bytes]) -> bool:
    """Lock a log; False where another process holds it."""
    try:
        import fcntl
    except ImportError:  # not on Windows: what was begun and has no record yet is not found again
        return True
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def still_goes(log: Path) -> bool:
    """Say whether the process lives that writes a log, though it may have no record of its run yet."""
    try:
        with log.open("r+b") as file:
            return not _locked(file)
    except OSError:
        return False


def training_command(words: Sequence[str], runs: Path, name: str) -> list[str]:
    """Give the command that trains a run; -P, since what lies in the folder where a user happens to be is no module."""
    return [sys.executable, "-P", "-m", "onward", "train", *words, "--out", str(runs), "--name", name]


def surroundings(neighbours: int) -> dict[str, str]:
    """Give a run's environment: it is one of so many on its machine, and takes no more than its share of the cores."""
    own = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE", "MASTER_ADDR")}
    if _PROGRAM.name not in ("site-packages", "dist-packages"):  # it is not installed, and has to be found all the same
        own["PYTHONPATH"] = os.pathsep.join(filter(None, (own.get("PYTHONPATH"), str(_PROGRAM))))
    return own | {"LOCAL_WORLD_SIZE": str(neighbours)}


def last_line(said: bytes) -> str:
    """Give the last line of what a program said."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:300] if lines else "nothing was said"
