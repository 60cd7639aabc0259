"""Decoded pictures kept on disk, so that the second run on the same folder starts at once.

Arrays are plain `.npy`, read without pickle. The folder is `ONWARD_CACHE`, or `onward` in the user's cache folder; it
can be deleted at any time. A damaged or unwritable cache is gone without. Above `ONWARD_CACHE_GB` (10 by default) what
was not used for the longest time is dropped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["cache_folder", "cache_key", "recall", "remember"]


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
    except (OSError, ValueError, EOFError, SyntaxError, MemoryError):
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
