"""A process that has the libraries loaded and forks a child for each command it is told, one after the other.

Loading them takes seconds, and the tests that kill a run at any moment of its training have nothing to learn from that.
Each line it reads is a JSON object: `words` of the command, `environment`, `said` (a file for what the child says).
Two lines answer: the child's number at once, its exit code when it has ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Child:
    """A command at work in a process of its own, started by one that has the libraries loaded already."""

    number: int
    parent: subprocess.Popen[str]
    said: Path
    code: int | None = None

    def lives(self) -> bool:
        try:
            os.kill(self.number, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self) -> int:
        """Wait for its end and give its exit code: minus the signal's number when one ended it."""
        if self.code is None:
            assert self.parent.stdout is not None
            self.code = int(self.parent.stdout.readline())
        return self.code

    def end(self, by: signal.Signals = signal.SIGKILL) -> int:
        if self.code is None:
            os.kill(self.number, by)
        return self.wait()


class WarmStart:
    """The process, as its user sees it; a context that ends with it."""

    def __init__(self) -> None:
        words = [sys.executable, __file__]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> WarmStart:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def start(self, words: list[str], said: Path) -> Child:
        """Begin a command, which says what it says into a file; the one before has to have ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"words": words, "environment": dict(os.environ), "said": str(said)}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()), self._process, said)


def _become(told: dict[str, Any]) -> None:
    """Be, from here on, what `python -m onward` would be."""
    silence, said = os.open(os.devnull, os.O_RDONLY), os.open(told["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, stream in enumerate((silence, said, said)):
        os.dup2(stream, number)
    os.environ.clear()
    os.environ.update(told["environment"])
    from onward.cli import main

    main(told["words"])


def _serve() -> None:
    import sklearn.linear_model
    import torch

    import onward.cli

    assert all((sklearn.linear_model, torch, onward.cli)), "loaded, to be there in every child"
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    _serve()
