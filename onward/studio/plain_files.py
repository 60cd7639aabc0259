"""Files that may be a stranger's, opened only when they are plain: no link that leads out, no pipe that never ends."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["as_json", "end_of", "is_plain", "opened", "stamp_of"]

# a pipe is not waited for, and no link is followed; Windows has neither flag, and no pipes among its files
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_PLAIN = json.JSONDecoder(parse_constant=lambda word: None)


def is_plain(path: str | Path, most_bytes: int | None = None) -> bool:
    """Say whether there is a plain file, and no more than some bytes of it.

    Example:
        >>> is_plain("/"), is_plain("/nothing")
        (False, False)
    """
    try:
        facts = os.lstat(path)
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(facts.st_mode) and (most_bytes is None or facts.st_size <= most_bytes)


def stamp_of(path: str) -> tuple[int, int, int]:
    """Give what changes when a file does: when, how long, which one; zeros where there is none."""
    try:
        facts = os.lstat(path)
    except (OSError, ValueError):
        return 0, 0, 0
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def opened(path: str | Path) -> BinaryIO | None:
    """Open a plain file to read; None where there is none."""
    try:
        handle = os.open(path, _FLAGS)
    except (OSError, ValueError):
        return None
    file = os.fdopen(handle, "rb") if stat.S_ISREG(os.fstat(handle).st_mode) else None
    if file is None:
        os.close(handle)
    return file


def end_of(path: str | Path, most_bytes: int) -> tuple[bytes, bool]:
    """Read the end of a plain file.

    Returns: its last bytes, and whether more stands before them; nothing of what cannot be read.
    """
    if (file := opened(path)) is None:
        return b"", False
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - most_bytes))
        return file.read(most_bytes), size > most_bytes


def as_json(document: Any) -> bytes:
    r"""Write JSON that every browser reads, whatever a stranger's file held: NaN becomes null, half a letter `?`.

    Example:
        >>> as_json({"loss": float("inf"), "name": "\ud800"})
        b'{"loss":null,"name":"?"}'
    """
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if "NaN" in text or "Infinity" in text:
        text = json.dumps(_PLAIN.decode(text), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
