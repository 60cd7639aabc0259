"""Writing so that a power cut leaves the old file or the new one, never half of one."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault

__all__ = ["read_json", "remove_folder", "sync_folder", "write_atomically", "write_json"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write aside, flush to the disk, rename."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a JSON document atomically."""
    write_atomically(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON document.

    Raises:
        RunFault: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunFault(f"{path} is missing, so {path.parent} is no run. `onward runs` lists them.") from None
    except (ValueError, RecursionError, OSError) as reason:
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
