"""Decoded pictures kept on disk, so that the second run on the same folder starts at once.

Arrays are plain `.npy`, read without pickle. The folder is `ONWARD_CACHE`, or `onward` in the user's cache folder; it
can be deleted at any time. A damaged or unwritable cache is gone without. Above `ONWARD_CACHE_GB` (10 by default) what
was not used for the longest time is dropped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["cache_folder", "cache_key", "mapped", "recall", "remember"]


def cache_folder() -> Path:
    """Give the cache's folder."""
    if os.environ.get("ONWARD_CACHE"):
        return Path(os.environ["ONWARD_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "onward"


def cache_key(*parts: object) -> str:
    """Make a short name of anything that, when it changes, makes the cached array wrong."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def recall(key: str, *names: str) -> dict[str, NDArray[np.generic]] | None:
    """Read the named arrays under a key; None unless all are there and can be read."""
    folder = cache_folder() / key
    try:
        found = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}
        os.utime(folder)  # used just now
        return found
    except (OSError, ValueError, EOFError, SyntaxError, TypeError, TokenError, MemoryError):
        return None


def remember(key: str, **arrays: NDArray[np.generic]) -> None:
    """Write arrays under a key: aside, then renamed; without a word when the disk is full or not ours."""
    folder = cache_folder() / key
    aside = folder.with_name(f".{key}.{os.getpid()}")
    try:
        aside.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            np.save(aside / f"{name}.npy", array, allow_pickle=False)
        if folder.exists():
            for path in folder.glob("*.npy"):
                path.unlink()
            folder.rmdir()
        aside.rename(folder)
        if key[0] == "0":  # one time in sixteen, since looking through the cache takes time too
            _prune()
    except OSError:
        return


def mapped(key: str, kind: type[np.generic], make: Callable[[], Iterable[NDArray[Any]]]) -> NDArray[Any]:
    """Give a long row of numbers, mapped from disk: as it was kept, or made now, piece by piece.

    Where the cache cannot be written, it lies in a temporary file that goes with the program.

    Args:
        kind: of the numbers.
        make: gives the row in pieces of any length.
    """
    folder = cache_folder() / key
    path = folder / "row.bin"
    try:
        size = path.with_name("row.size")
        if not path.exists() or not size.exists() or size.read_text() != str(path.stat().st_size):
            folder.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f"row.{os.getpid()}.part")
            try:
                with aside.open("wb") as file:
                    _write(file, make())
                os.replace(aside, path)
            finally:
                aside.unlink(missing_ok=True)
            size.write_text(str(path.stat().st_size))
            _prune()
        os.utime(folder)
        return _map(path, kind)
    except OSError:
        with tempfile.NamedTemporaryFile() as file:  # it has no name any more once it is mapped
            _write(file, make())  # type: ignore[arg-type]
            file.flush()
            return _map(Path(file.name), kind)


def _write(file: BinaryIO, pieces: Iterable[NDArray[Any]]) -> None:
    for piece in pieces:
        piece.tofile(file)


def _map(path: Path, kind: type[np.generic]) -> NDArray[Any]:
    if path.stat().st_size == 0:
        return np.zeros(0, kind)
    return np.memmap(path, kind, "r")


def _prune() -> None:
    """Drop what was not used for the longest time, but never the last thing written."""
    most = float(os.environ.get("ONWARD_CACHE_GB", "10")) * 2**30
    entries = [(entry.stat().st_mtime, entry) for entry in cache_folder().iterdir() if entry.is_dir()]
    sizes = {entry: sum(file.stat().st_size for file in entry.glob("*")) for _, entry in entries}
    total = sum(sizes.values())
    for _, entry in sorted(entries, key=lambda each: each[0])[:-1]:
        if total <= most:
            return
        shutil.rmtree(entry, ignore_errors=True)
        total -= sizes[entry]
