"""`onward apply` in a scratch folder: what is dropped on the page goes in, what comes out is shown."""

from __future__ import annotations

import contextlib
import csv
import math
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile

from onward.core.faults import RunFault, UsageFault
from onward.studio.launching import onward_words, tail_of
from onward.studio.shelf import inside_of, shown_as

__all__ = ["Bench", "checked_addresses", "lay_down", "safe_name"]

_MOST_KEPT, _MOST_AT_ONCE, _MOST_SHOWN = 12, 2, 200
_LONGEST_SECONDS, _SETTLED_SECONDS = 3600.0, 1.5
_MOST_ROWS, _MOST_LETTERS = 100, 20_000


def safe_name(name: str) -> str:
    """Make a file's name from what a browser calls it: letters, digits, dots and dashes; nothing before the last slash.

    Example:
        >>> safe_name("../../etc/passwd"), safe_name("my horse.JPG"), safe_name("..")
        ('passwd', 'my-horse.JPG', 'file')
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w.-]+", "-", last).lstrip(".-_")[-100:]
    return plain or "file"


@dataclass
class Trial:
    """One try.

    Attributes:
        place: its scratch folder: `in`, `out`, `said.txt` (standard output), `log.txt` (standard error).
    """

    place: Path
    process: subprocess.Popen[bytes] | None = None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None


class Bench:
    """All tries of a studio; the oldest make room for new ones, and all are gone when the studio ends.

    Args:
        environment: of the commands.
        address: a file's path as the studio serves it, with its permission.
    """

    def __init__(self, environment: Callable[[], dict[str, str]], address: Callable[[str], str]) -> None:
        self._environment, self._address = environment, address
        self._place = Path(tempfile.mkdtemp(prefix="onward-studio-"))
        self._trials: dict[str, Trial] = {}

    def prepare(self) -> tuple[str, Path]:
        """Make room for a try.

        Returns: its number, and the folder for what goes in.
        Raises:
            UsageFault: too many are under way.
        """
        if sum(self._is_running(trial) for trial in self._trials.values()) >= _MOST_AT_ONCE:
            raise UsageFault(f"{_MOST_AT_ONCE} tries are under way. Wait for one, or stop it.")
        for number in list(self._trials)[: max(0, len(self._trials) - _MOST_KEPT + 1)]:
            if not self._is_running(self._trials[number]):
                shutil.rmtree(self._trials.pop(number).place, ignore_errors=True)
        number = secrets.token_hex(8)
        place = self._place / number
        (place / "in").mkdir(parents=True)
        (place / "out").mkdir()
        self._trials[number] = Trial(place)
        return number, place / "in"

    def forget(self, number: str) -> None:
        """Drop a try that was prepared and never begun."""
        if (trial := self._trials.pop(number, None)) is not None:
            shutil.rmtree(trial.place, ignore_errors=True)

    def begin(self, number: str, words: Callable[[str], Sequence[str]]) -> None:
        """Start the command of a try.

        Args:
            words: the command's words after `onward`, given the folder for what comes out.
        """
        trial = self._trials[number]
        place = trial.place
        with (place / "said.txt").open("wb") as said, (place / "log.txt").open("wb") as log:
            trial.process = subprocess.Popen(
                onward_words(words(str(place / "out"))),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
            )
        trial.began = time.monotonic()

    def _is_running(self, trial: Trial) -> bool:
        if trial.process is None or trial.ended is not None:
            return False
        if trial.process.poll() is not None:
            trial.ended = time.monotonic()
            return False
        if time.monotonic() - trial.began > _LONGEST_SECONDS:
            self._kill(trial)
        return True

    def _kill(self, trial: Trial) -> None:
        if trial.process is not None and trial.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(trial.process.pid, signal.SIGKILL)

    def _find(self, number: str) -> Trial:
        if number not in self._trials:
            raise RunFault("This try is gone; the newest are kept. Try again.")
        return self._trials[number]

    def stop(self, number: str) -> None:
        """End a try's process."""
        self._kill(self._find(number))

    def file(self, number: str, inside: str) -> Path:
        """Find a file that came out of a try."""
        return inside_of(self._find(number).place / "out", inside)

    def state(self, number: str) -> dict[str, Any]:
        """Give where a try is, what it said, and once it has ended what came out."""
        trial = self._find(number)
        is_running = self._is_running(trial)
        process = trial.process
        code = None if is_running or process is None else process.returncode
        return {
            "running": is_running,
            "code": code,
            "seconds": round((trial.ended or time.monotonic()) - trial.began, 1),
            "said": tail_of(trial.place / "said.txt", _MOST_LETTERS),
            "log": tail_of(trial.place / "log.txt", 4000),
            "files": self._files(number, trial.place / "out", is_whole=not is_running),
        }

    def _files(self, number: str, out: Path, *, is_whole: bool) -> list[dict[str, Any]]:
        """List what came out, pictures that sum up before single ones; while more comes, what nobody writes at."""
        before = math.inf if is_whole else time.time() - _SETTLED_SECONDS
        found = [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()]
        found = [path for path in found if path.stat().st_mtime < before]
        order = {"film": 0, "picture": 1, "table": 2, "text": 3, "file": 4, "page": 4}
        rows = []
        for path in sorted(found, key=lambda each: (order[shown_as(each)[0]], each.stem.isdecimal(), each.name)):
            kind, name = shown_as(path)[0], path.relative_to(out).as_posix()
            row: dict[str, Any] = {"name": name, "kind": kind, "bytes": path.stat().st_size}
            row["link"] = self._address(f"/files/try/{number}/{name}")
            if kind == "table":
                row["rows"] = table_of(path)
            elif kind == "text":
                with path.open(encoding="utf-8", errors="replace") as file:
                    row["words"] = file.read(_MOST_LETTERS)
            rows.append(row)
        return rows[:_MOST_SHOWN]

    def close(self) -> None:
        """End what works still, and remove all that was tried."""
        for trial in self._trials.values():
            self._kill(trial)
        shutil.rmtree(self._place, ignore_errors=True)


def table_of(path: Path) -> list[list[str]]:
    """Read the first rows of a csv; a broken one gives none."""
    rows = []
    with contextlib.suppress(csv.Error), path.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.reader(file):
            rows.append([cell[:300] for cell in row[:40]])
            if len(rows) > _MOST_ROWS:
                break
    return rows


def checked_addresses(words: Any) -> list[str]:
    """Take paths and names that were typed; none may look like a flag."""
    if not isinstance(words, list) or not all(isinstance(word, str) and len(word) < 4096 for word in words):
        raise UsageFault("Inputs are a list of paths or names.")
    if wrong := [word for word in words if word.startswith("-") or "\0" in word]:
        raise UsageFault(f"{wrong[0][:100]!r} is no path. Write ./{wrong[0][:100]} if a file is called so.")
    return words


async def lay_down(items: list[tuple[str, UploadFile | str]], place: Path) -> tuple[list[str], dict[str, str]]:
    """Write what was dropped into the scratch folder.

    Returns: paths of inputs, and paths by option for what was dropped on an option's field.
    """
    inputs: list[str] = []
    options: dict[str, str] = {}
    for number, (name, value) in enumerate(items):
        if name == "form" or (name != "input" and not name.startswith("option:")):
            continue
        if isinstance(value, str):
            path = place / f"{number:02d}-text.txt"
            path.write_text(value if value.endswith("\n") else f"{value}\n", encoding="utf-8", errors="replace")
        else:
            plain = safe_name(value.filename or "file")
            path = place / (f"{number:02d}-{plain}" if (place / plain).exists() else plain)
            with path.open("wb") as file:
                while block := await value.read(1 << 20):
                    file.write(block)
        if name == "input":
            inputs.append(str(path))
        else:
            options[name.removeprefix("option:")] = str(path)
    return inputs, options
