"""Commands of the program, started from the studio.

A training is a process of its own session, whose words go to a file: it outlives the page and the studio. It is the
same command a person would type, so the studio needs to know nothing of training. Its log becomes `log.txt` in the
run's folder as soon as there is one. Short commands are waited for.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from onward.core.faults import RunFault, UsageFault
from onward.core.files import plain_only
from onward.core.folder import Folder
from onward.studio.plain_files import end_of, is_plain

__all__ = ["Launcher", "tail_of"]

_MOST_AT_ONCE = 4
_TAIL_BYTES = 12_000
_PATIENCE_SECONDS = 60.0
_DAYS_KEPT = 7
_LOG = re.compile(r"[0-9a-f]{16}\.txt")


@dataclass
class Job:
    """A command that was started.

    Attributes:
        run: the run it works in, once that is known.
        log: where its words go.
    """

    words: list[str]
    process: subprocess.Popen[bytes]
    log: Path
    began: float = field(default_factory=time.time)
    run: str | None = None


def onward_words(words: Sequence[str]) -> list[str]:
    """Give the command line of this same program, whatever is on the search path.

    Without -P Python would look for every package in the folder the studio was started in first, which may be a
    stranger's.
    """
    return [sys.executable, "-P", "-m", "onward", *words]


def _appended(path: Path) -> BinaryIO:
    """Open a log to write on, which in a stranger's run may be a link that leads anywhere, or a pipe.

    Raises:
        RunFault: it is no plain file, or cannot be written.
    """
    try:
        return open(path, "ab", opener=plain_only)
    except OSError as reason:
        raise RunFault(f"{path} cannot be written ({reason.strerror}).") from None


def tail_of(path: Path, most_bytes: int = _TAIL_BYTES) -> str:
    """Give the end of a text that grows; nothing of a link or a pipe."""
    content, is_cut = end_of(path, most_bytes)
    text = content.decode("utf-8", "replace")
    return text.partition("\n")[2] if is_cut and "\n" in text else text


class Launcher:
    """Starts commands over the runs of a folder.

    Args:
        root: the folder of runs, which the commands are told of.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._logs = root, root / ".studio"
        self._jobs: dict[str, Job] = {}

    def environment(self) -> dict[str, str]:
        """Give the environment of a command: this one's, and the folder of runs."""
        return {**os.environ, "ONWARD_RUNS": str(self._root.resolve()), "PYTHONUNBUFFERED": "1"}

    def start(self, words: Sequence[str], folder: Folder | None = None) -> str:
        """Start a command that works on by itself.

        Args:
            folder: the run it works in, where that is known before.
        Returns: the job's number, for `state`.
        Raises:
            UsageFault: too many are under way.
        """
        if sum(job.process.poll() is None for job in self._jobs.values()) >= _MOST_AT_ONCE:
            raise UsageFault(f"{_MOST_AT_ONCE} runs were started here and work still. Wait for one, or stop it.")
        number = secrets.token_hex(8)
        log = folder.path / "log.txt" if folder else self._logs / f"{number}.txt"
        self._tidy()
        with _appended(log) as file:
            process = subprocess.Popen(
                onward_words(words),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                start_new_session=True,
            )
        self._jobs[number] = Job(list(words), process, log, run=folder.path.name if folder else None)
        return number

    def _tidy(self) -> None:
        """Make the place for logs, and drop those of commands that failed long ago.

        Raises:
            RunFault: it is no folder, or a link to one, which may be anybody's.
        """
        with contextlib.suppress(FileExistsError):
            self._logs.mkdir(parents=True)
        if not stat.S_ISDIR(os.lstat(self._logs).st_mode):
            raise RunFault(f"{self._logs} is no folder of this place. Remove it: the studio makes one for its logs.")
        for path in self._logs.iterdir():
            with contextlib.suppress(OSError):
                is_old = time.time() - path.lstat().st_mtime > _DAYS_KEPT * 86_400
                if is_old and _LOG.fullmatch(path.name):
                    path.unlink()

    def state(self, number: str) -> dict[str, Any]:
        """Give where a job is: its run once there is one, its last words, and its exit code.

        Raises:
            RunFault: there is none of this number.
        """
        job = self._jobs.get(number)
        if job is None:
            raise RunFault("This studio started no such command.")
        code = job.process.poll()
        if job.run is None and (run := self._run_of(job)) is not None:
            job.run = run.name
            with contextlib.suppress(OSError):  # where a file cannot have two names, it stays where it is
                os.link(job.log, run / "log.txt")
                job.log.unlink()
                job.log = run / "log.txt"
        return {"run": job.run, "code": code, "words": tail_of(job.log)}

    def _run_of(self, job: Job) -> Path | None:
        """Find the run whose lock names the job's process."""
        for path in self._root.glob("*/lock"):
            try:
                if not is_plain(path, 10_000) or path.stat().st_mtime < job.began - 2:
                    continue
                holder = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if isinstance(holder, dict) and holder.get("pid") == job.process.pid:
                return path.parent
        return None

    def ask(self, words: Sequence[str], patience: float = _PATIENCE_SECONDS) -> str:
        """Run a short command to its end.

        Returns: what it wrote.
        Raises:
            RunFault: it failed; the sentence is its own.
        """
        try:
            done = subprocess.run(
                onward_words(words),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self.environment(),
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RunFault(f"onward {words[0]} did not end within {patience:.0f} s.") from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise RunFault(said[-1] if said else f"onward {words[0]} failed.")
        return done.stdout.decode("utf-8", "replace")
