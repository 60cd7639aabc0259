"""Fetching a public set: said first, resumed after a cut, checked before it is used.

`ONWARD_MIRROR` replaces the address it comes from, for a local copy of the web or a test.
"""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from onward.core.faults import DataFault
from onward.data.cache import cache_folder

__all__ = ["FILES", "RemoteFile", "fetch"]


@dataclass(frozen=True)
class RemoteFile:
    """A file on the web and how to know that it came whole."""

    name: str
    address: str
    size_bytes: int
    md5: str

    @property
    def url(self) -> str:
        """Give where it comes from."""
        mirror = os.environ.get("ONWARD_MIRROR")
        return f"{(mirror or self.address).rstrip('/')}/{self.name}"


_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FILES = {
    "cifar10": (
        RemoteFile(
            "cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz",
            170052171,
            "c32a1d4ab5d03f1284b67883e8d87530",
        ),
    ),
    "fashion-mnist": (
        RemoteFile("train-images-idx3-ubyte.gz", _FASHION, 26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        RemoteFile("train-labels-idx1-ubyte.gz", _FASHION, 29515, "25c81989df183df01b3e8a0aad5dffbe"),
        RemoteFile("t10k-images-idx3-ubyte.gz", _FASHION, 4422102, "bef4ecab320f06d8554ea6380940ec79"),
        RemoteFile("t10k-labels-idx1-ubyte.gz", _FASHION, 5148, "bb300cfdad3c16e7a12a480ee83cd310"),
    ),
}
_CHUNK = 1 << 18


def fetch(file: RemoteFile, timeout_seconds: float = 30.0) -> Path:
    """Bring a file into the cache folder, or find it there.

    Raises:
        DataFault: it cannot be reached, broke off, or is not what it should be.
    """
    target = cache_folder() / file.name
    if target.exists():
        return target
    part = target.with_name(f"{file.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(target.parent):  # trials of a sweep and processes of a group begin at once
            return target if target.exists() else _fetched(file, target, part, timeout_seconds)
    except (urllib.error.URLError, HTTPException, TimeoutError, OSError) as reason:
        raise DataFault(
            f"{file.url} cannot be reached ({getattr(reason, 'reason', reason)}). Fetch {file.name} otherwise into "
            f"{target.parent}, or name a folder of your own pictures, or use meadow:horses."
        ) from None


def _fetched(file: RemoteFile, target: Path, part: Path, timeout_seconds: float) -> Path:
    print(f"Downloading {file.name}, {file.size_bytes / 1e6:.0f} MB, from {file.url}", file=sys.stderr)  # noqa: T201
    _receive(file, part, timeout_seconds)
    if hashlib.md5(part.read_bytes(), usedforsecurity=False).hexdigest() != file.md5:
        part.unlink()
        raise DataFault(f"{file.url} is not the file it should be (its checksum differs). Nothing was kept; try again.")
    part.replace(target)
    return target


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process of this machine receives a file into a folder; a process that ends lets go."""
    try:
        import fcntl
    except ImportError:  # not on Windows: nobody waits there
        yield
        return
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _receive(file: RemoteFile, part: Path, timeout_seconds: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have >= file.size_bytes:
        return
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=timeout_seconds) as answer:
        goes_on = have > 0 and answer.status == 206
        received = have if goes_on else 0
        with part.open("ab" if goes_on else "wb") as out:
            told = -1
            while chunk := answer.read(_CHUNK):
                received += len(chunk)
                if received > file.size_bytes + _CHUNK:
                    raise OSError("more bytes than announced")
                out.write(chunk)
                percent = 100 * received // file.size_bytes
                if percent // 10 > told:
                    told = percent // 10
                    print(f"  {percent} %", file=sys.stderr)  # noqa: T201
    if received < file.size_bytes:
        raise OSError(f"broke off at {received:,} of {file.size_bytes:,} bytes; the next try goes on from there")
