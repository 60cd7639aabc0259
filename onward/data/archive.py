"""Folders, zips and tars as one thing: named members that can be read, and nothing is ever extracted to disk.

A stranger's archive is safe to open: no member may lead out of it, be a link, be encrypted, or unpack to absurd size.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onward.core.faults import DataFault, did_you_mean

__all__ = ["Store", "open_store", "split_address"]

_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
_MOST_BYTES_A_MEMBER = 512 * 2**20
_MOST_BYTES = 16 * 2**30
_MOST_MEMBERS = 2_000_000
_MOST_RATIO = 200


@dataclass(frozen=True)
class Store:
    """Files under one roof.

    Attributes:
        title: what to call it in a message.
        names: the files' names, with `/`, sorted.
        read: a name to its bytes; safe to call from several threads.
        stamp: words that change when the content does (sizes and times).
    """

    title: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]
    stamp: str


def split_address(address: str) -> tuple[Path, str]:
    """Part `horses.zip:inner/folder` into the file and the folder within.

    Example:
        >>> split_address("data/c.zip:train/horse")
        (PosixPath('data/c.zip'), 'train/horse')
    """
    for ending in _ENDINGS:
        place = address.lower().find(f"{ending}:")
        if place >= 0:
            cut = place + len(ending)
            return Path(address[:cut]), address[cut + 1 :].strip("/")
    return Path(address), ""


def open_store(address: str) -> Store:
    """Open a folder, a zip or a tar, or a folder within one.

    Raises:
        DataFault: it is missing, damaged, or unsafe; or the folder within is not there.
    """
    path, inner = split_address(address)
    if not path.exists():
        neighbours = os.listdir(path.parent) if path.parent.is_dir() else []
        raise DataFault(f"{path} is not there.{did_you_mean(path.name, neighbours[:200]) if neighbours else ''}")
    if path.is_dir():
        return _folder(path)
    store = _zip(path) if path.suffix.lower() == ".zip" else _tar(path)
    return _within(store, inner) if inner else store


def _folder(path: Path) -> Store:
    names, stamp = [], []
    for place, folders, files in os.walk(path):
        folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__MACOSX")))
        for file in sorted(files):
            whole = Path(place) / file
            if file.startswith(".") or not whole.is_file():
                continue
            name = whole.relative_to(path).as_posix()
            facts = whole.stat()
            names.append(name)
            stamp.append(f"{name} {facts.st_size} {facts.st_mtime_ns}")
    return Store(str(path), tuple(sorted(names)), lambda name: (path / name).read_bytes(), "\n".join(sorted(stamp)))


def _check_member(archive: Path, name: str, size: int, packed: int) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise DataFault(f"{archive} holds {name!r}, which leads out of the archive. Do not trust it; pack it anew.")
    if size > _MOST_BYTES_A_MEMBER or (packed and size > 2**20 and size / packed > _MOST_RATIO):
        raise DataFault(f"{archive}: {name} would unpack to {size:,} bytes, like a bomb. Leave that file out.")


def _zip(path: Path) -> Store:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as reason:
        raise DataFault(f"{path} is no readable zip ({reason}). Pack it anew.") from None
    names, total = [], 0
    for member in archive.infolist():
        if member.is_dir():
            continue
        _check_member(path, member.filename, member.file_size, member.compress_size)
        if member.flag_bits & 1:
            raise DataFault(f"{path} is encrypted ({member.filename}). Pack it without a password.")
        total += member.file_size
        if not _is_hidden(member.filename):
            names.append(member.filename)
    _check_total(path, len(names), total)
    facts = path.stat()
    return Store(str(path), tuple(sorted(names)), archive.read, f"{facts.st_size} {facts.st_mtime_ns}")


def _tar(path: Path) -> Store:
    try:
        with tarfile.open(path) as archive:
            contents = _tar_contents(path, archive)
    except (tarfile.TarError, OSError, EOFError) as reason:
        raise DataFault(f"{path} is no picture folder, zip or tar Onward can read ({reason}).") from None
    facts = path.stat()
    return Store(str(path), tuple(sorted(contents)), contents.__getitem__, f"{facts.st_size} {facts.st_mtime_ns}")


def _tar_contents(path: Path, archive: tarfile.TarFile) -> dict[str, bytes]:
    """Check every member, then read them: a tar has no index, so it is read once, in order."""
    members = archive.getmembers()
    total = sum(member.size for member in members)
    _check_total(path, len(members), total)
    for member in members:
        _check_member(path, member.name, member.size, 0)
        if member.issym() or member.islnk():
            raise DataFault(f"{path}: {member.name} is a link. Pack the files themselves.")
    if total > max(path.stat().st_size, 2**20) * _MOST_RATIO:
        raise DataFault(f"{path} would unpack to far more than it holds, like a bomb. Pack it anew.")
    contents: dict[str, bytes] = {}
    for member in members:
        file = archive.extractfile(member) if member.isfile() and not _is_hidden(member.name) else None
        if file is not None:
            contents[member.name.removeprefix("./")] = file.read()
    return contents


def _check_total(path: Path, members: int, total: int) -> None:
    if members > _MOST_MEMBERS or total > _MOST_BYTES:
        raise DataFault(f"{path} holds {members:,} files of {total:,} bytes, too many to be pictures. Split it.")


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts if part != ".")


def _within(store: Store, inner: str) -> Store:
    names = {name.removeprefix(f"{inner}/"): name for name in store.names if name.startswith(f"{inner}/")}
    if not names:
        folders = {"/".join(name.split("/")[:depth]) for name in store.names for depth in range(1, name.count("/") + 1)}
        raise DataFault(f"{store.title} has no folder {inner!r}.{did_you_mean(inner, sorted(folders)[:200])}")
    return Store(f"{store.title}:{inner}", tuple(sorted(names)), lambda name: store.read(names[name]), store.stamp)
