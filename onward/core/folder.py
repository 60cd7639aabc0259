"""A run's folder: plain files that outlive the program.

run.json  settings.json  metrics.jsonl  checkpoints/  samples/  report.html  export/  log.txt  lock
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from onward.core.faults import RunFault, did_you_mean
from onward.core.files import plain_only, read_json, remove_folder, write_atomically, write_json

__all__ = ["SCHEMA_VERSION", "Folder", "Lock", "find_run", "list_runs", "new_folder", "runs_folder"]

SCHEMA_VERSION = 1
_NAME = re.compile(r"\w[\w.-]*")
_ZOO = Path(__file__).resolve().parent.parent / "zoo"


class Folder:
    """The files of one run.

    Raises:
        RunFault: `run.json` is missing, damaged or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.is_of_the_zoo = path, path.resolve().parent == _ZOO  # a user's folder may be called so, too
        self.record: dict[str, Any] = read_json(path / "run.json")
        if not _is_record(self.record):
            raise RunFault(f"{path / 'run.json'} is no record of a run. Restore it or train anew.")
        if self.record["schema"] > SCHEMA_VERSION:
            raise RunFault(f"{path} was made by a newer Onward (schema {self.record['schema']}). Update Onward.")
        self._stop_looked_at = 0.0

    @property
    def settings(self) -> dict[str, Any]:
        """Give `settings.json`: value and origin by name."""
        found = read_json(self.path / "settings.json")
        entries = found.values() if isinstance(found, dict) else [None]
        if not all(isinstance(each, dict) and "value" in each for each in entries):
            raise RunFault(f"{self.path / 'settings.json'} holds no settings. Restore it or train anew.")
        return found

    @property
    def word(self) -> str:
        """Give what to type for it: its name, or for a run that is not among the runs here its path."""
        if self.is_of_the_zoo:
            return f"zoo:{self.path.name}"
        is_here = self.path.parent.absolute() == runs_folder().absolute()
        return shlex.quote(self.path.name if is_here else str(self.path))

    def update(self, **facts: Any) -> None:
        """Change facts of `run.json`, atomically."""
        self.record.update(facts)
        write_json(self.path / "run.json", self.record)

    def checkpoint_path(self, steps_done: int, label: str | None = None) -> Path:
        """Name a checkpoint's folder."""
        return self.path / "checkpoints" / (label or f"step-{steps_done:08d}")

    def newest_checkpoint(self, label: str | None = None) -> Path | None:
        """Find the newest whole checkpoint, or the one with a label."""
        if label is not None:
            return path if (path := self.checkpoint_path(0, label)).exists() else None
        return max(self._checkpoints(), key=_steps_of, default=None)

    def _checkpoints(self) -> list[Path]:
        return [path for path in (self.path / "checkpoints").glob("step-*") if _steps_of(path) >= 0]

    def checkpoint_to_resume(self) -> Path | None:
        """Find where to go on: the newest, or the one `resume` chose for a finished run."""
        chosen = self.record.get("resume_from")
        return self.newest_checkpoint(chosen) or self.newest_checkpoint()

    def prune_checkpoints(self, keep: int) -> None:
        """Remove all but the newest checkpoints, and what a kill left half written; labelled ones stay."""
        for path in sorted(self._checkpoints(), key=_steps_of)[:-keep]:
            remove_folder(path)
        for path in (self.path / "checkpoints").glob(".*"):
            shutil.rmtree(path, ignore_errors=True)

    def drop_checkpoint(self, label: str) -> None:
        """Drop the checkpoint a resumed run began from; from here on the newest counts."""
        remove_folder(self.path / "checkpoints" / label)
        self.update(resume_from=None)

    def forget_after(self, steps_done: int) -> None:
        """Drop checkpoints and logged facts of steps that will be done again."""
        for path in self._checkpoints():
            if _steps_of(path) > steps_done:
                remove_folder(path)
        metrics = self.path / "metrics.jsonl"
        if not metrics.exists():
            return
        with open(metrics, encoding="utf-8", errors="replace", opener=plain_only) as file:
            found = file.readlines()
        lines = [line for line in found if not _is_after(line, steps_done)]
        if len(lines) < len(found):
            write_atomically(metrics, "".join(lines).encode())

    def stop_asked(self) -> bool:
        """Say whether `onward stop` was called; looks at most twice a second."""
        now = time.monotonic()
        if now - self._stop_looked_at < 0.5:
            return False
        self._stop_looked_at = now
        return (self.path / "stop").exists()

    def status(self) -> str:
        """Give `running`, `stopped`, `finished`, `failed`, or `interrupted` when its process is gone."""
        status = str(self.record.get("status", "unknown"))
        return "interrupted" if status == "running" and not Lock.is_held(self.path) else status


class Lock:
    """Holds a run's folder while a process works in it; let go by the system when that process dies.

    Raises:
        RunFault: another process holds it, `lock` is no plain file, or something in it is a link.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Lock:
        """Take it."""
        self._file = file = open(self._path / "lock", "a+", encoding="utf-8", opener=plain_only)
        if not _flock(file):
            with file:
                file.seek(0)
                own = shlex.quote(str(self._path))
                raise RunFault(f"{self._path.name} is in use ({file.read()}). Wait, or: onward stop {own}")
        if link := next((place for place in self._path.rglob("*") if place.is_symlink()), None):
            file.close()
            raise RunFault(f"{link} is a link, which may lead anywhere; a run's own files are none. Remove it.")
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "start": round(time.time())}))
        file.flush()
        return self

    def __exit__(self, *fault: object) -> None:
        """Let go."""
        self._file.close()

    @staticmethod
    def is_held(path: Path) -> bool:
        """Say whether some process works in the folder."""
        try:
            with open(path / "lock", encoding="utf-8", opener=plain_only) as file:  # which may be read-only
                return not _flock(file)
        except (OSError, RunFault):
            return False


def _steps_of(checkpoint: Path) -> int:
    digits = checkpoint.name.removeprefix("step-")
    return int(digits) if digits.isdecimal() and len(digits) < 16 else -1


def _is_record(record: Any) -> bool:
    """Look at what every verb counts on in a record, which may be a stranger's: kinds, and no absurd numbers."""
    try:
        known = {"status": "", "created": 0, "elapsed_seconds": 0, "steps_done": 0, "machine": {}} | record
        limits, data, machine = {"seconds": 0, "steps": 0} | known["budget"], known["data"], known["machine"]
        words = [known[key] for key in ("task", "device", "status")] + [data[key] for key in ("address", "fingerprint")]
        words += [machine.get(key, "") for key in ("device", "precision", "why")]
        numbers = [known[key] for key in ("schema", "seed", "created", "elapsed_seconds", "steps_done")]
        numbers += [limits["seconds"] or 0, limits["steps"] or 0, machine.get("threads", 0)]
        numbers.append(known.get("processes", 1) - 1)  # whose batches make one step
        return all(isinstance(each, str) for each in words) and all(0 <= each < 1e15 for each in numbers)
    except (AttributeError, KeyError, TypeError):
        return False


def _flock(file: TextIO) -> bool:
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except (ImportError, OSError) as reason:  # not on Windows: two writers are then not kept apart
        return isinstance(reason, ImportError)


def _is_after(line: str, steps_done: int) -> bool:
    try:
        fact = json.loads(line)
    except ValueError:
        return True
    if not isinstance(fact, dict) or not isinstance(fact.get("step"), int):
        return False
    # a figure belongs to its step, done again when not below steps_done; what the end measures is measured again
    if fact.get("kind") in ("log", "show", "score", "exhibit"):
        return fact["step"] >= steps_done
    return fact["step"] > steps_done


def runs_folder() -> Path:
    """Give the folder of runs: `ONWARD_RUNS`, or `runs` here."""
    return Path(os.environ.get("ONWARD_RUNS", "runs"))


def new_folder(task: str, subject: str, parent: Path | None, name: str | None) -> Path:
    """Make a new run's folder, `TASK-SUBJECT-001` and so on; two that start at once get two.

    Raises:
        RunFault: the name is taken, has a path in it, or the place cannot be written.
    """
    parent = parent or runs_folder()
    if name is not None and not _NAME.fullmatch(name):
        raise RunFault(f"A run cannot be called {name!r}. Begin with a letter or digit; dots, dashes may follow.")
    subject = re.sub(r"[^\w]+", "-", re.sub(r"^.*:(?=[^\W\d])|(\.[a-zA-Z]\w{1,6})+$", "", subject)).strip("-")[:40]
    stem = "-".join(filter(None, (task, subject)))
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 100000):
            path = parent / (name or f"{stem}-{number:03d}")
            try:
                path.mkdir()
                return path
            except FileExistsError:
                if name:
                    is_run = (path / "run.json").exists()
                    more = f"go on: onward resume {shlex.quote(str(path))}" if is_run else "remove it: it is no run."
                    raise RunFault(f"{path} exists. Choose another --name, or {more}") from None
    except OSError as reason:
        raise RunFault(f"{parent} cannot be written ({reason.strerror}). Choose another place with --out.") from None
    raise RunFault(f"{parent} is full of runs called {stem}. Choose another --name.")


def list_runs(parent: Path | None = None) -> list[Folder]:
    """List the runs in a folder, oldest first; what is damaged is passed over."""
    found = []
    for path in sorted((parent or runs_folder()).glob("*/run.json")):
        with suppress(RunFault):
            found.append(Folder(path.parent))
    return sorted(found, key=lambda folder: folder.record.get("created", 0))


def find_run(word: str) -> Folder:
    """Find a run by folder, name, unique prefix, `last`, or `zoo:NAME`.

    Raises:
        RunFault: there is none, or more than one.
    """
    if word.startswith("zoo:"):
        return _zoo(word.removeprefix("zoo:"))
    if (place := Path(word)).joinpath("run.json").exists():
        return Folder(place if place.name not in ("", "..") else place.resolve())  # so that it has a name
    runs = {folder.path.name: folder for folder in list_runs()}
    if not runs:
        raise RunFault(f"There are no runs in {runs_folder()}. Start one: onward train gan meadow:horses")
    if word == "last":
        return next(reversed(runs.values()))
    matches = [word] if word in runs else [name for name in runs if name.startswith(word)]
    if len(matches) == 1:
        return runs[matches[0]]
    if matches:
        raise RunFault(f"{word!r} fits {', '.join(matches)}. Write more of the name.")
    raise RunFault(f"No run is called {word!r}.{did_you_mean(word, runs)}")


def _zoo(name: str) -> Folder:
    known = [path.parent.name for path in _ZOO.glob("*/run.json")]
    if name not in known:
        raise RunFault(f"The zoo has no {name!r}.{did_you_mean(name, known)}")
    return Folder(_ZOO / name)
