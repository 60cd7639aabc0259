"""Writing so that a power cut leaves the old file or the new one, and no file but a run's own is touched."""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault

__all__ = ["plain_only", "read_json", "remove_folder", "sync_folder", "write_atomically", "write_json"]

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # at a pipe; Windows has neither
_PLAIN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | _NO_WAITING


def plain_only(path: str, flags: int) -> int:
    """Be the `opener` of `open`: what lies there is a plain file; a stranger's run may hold links that lead anywhere.

    Raises:
        RunFault: it is a link, a pipe or a folder.
    """
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise RunFault(f"{path} is no plain file, as a run's own files are. Remove it.")
    return os.open(path, flags | _PLAIN_FLAGS, 0o666)


def write_atomically(path: Path, content: bytes) -> None:
    """Write aside, flush to the disk, rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.unlink(missing_ok=True)  # a stranger's run may hold a link of this name
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document atomically."""
    write_atomically(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode(errors="backslashreplace"))


def read_json(path: Path) -> Any:
    """Read a JSON document.

    Raises:
        RunFault: it is missing or damaged.
    """
    try:
        with open(path, encoding="utf-8", opener=lambda place, flags: os.open(place, flags | _NO_WAITING)) as file:
            return json.load(file)
    except FileNotFoundError:
        raise RunFault(f"{path} is missing, so {path.parent} is no run. `onward runs` lists them.") from None
    except (ValueError, TypeError, RecursionError, OSError) as reason:
        raise RunFault(f"{path} cannot be read ({str(reason)[:100]!r}). Restore it or train anew.") from None


def remove_folder(folder: Path) -> None:
    """Take a folder's name away, then its content: a kill in between must not leave half of it under its name."""
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.gone")
    with suppress(OSError):  # not there, or not ours
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
