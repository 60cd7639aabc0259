"""Folders, zips and tars as one thing: named members that can be read, and nothing is ever extracted to disk.

A stranger's archive is safe to open: no member may lead out of it, be a link, be encrypted, or unpack to absurd size.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from onward.core.faults import DataFault, did_you_mean, printable

__all__ = ["Store", "address_stamp", "check_there", "open_store", "read_whole", "split_address"]

_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
_MOST_BYTES_A_MEMBER = 512 * 2**20
_MOST_BYTES = 16 * 2**30
_MOST_MEMBERS = 2_000_000
_MOST_RATIO = 200
_DAMAGE = (OSError, EOFError, ValueError, OverflowError, NotImplementedError, struct.error, zlib.error)


@dataclass(frozen=True)
class Store:
    """Files under one roof.

    Attributes:
        title: what to call it in a message.
        names: the files' names, with `/`, sorted, fit to print.
        read: a name to its bytes; safe to call from several threads.
    """

    title: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]


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
    check_there(path)
    if path.is_dir():
        names = {_tidy(name): name for name in _walk(path)}
        return Store(str(path), tuple(sorted(names)), lambda name: (path / names[name]).read_bytes())
    if not path.is_file():  # a device or a pipe may never end
        raise DataFault(f"{_tidy(str(path))} is neither a file nor a folder. Name one of them.")
    store = _zip(path) if path.suffix.lower() == ".zip" else _tar(path)
    return _within(store, inner) if inner else store


def read_whole(store: Store, name: str) -> bytes:
    """Read a file that cannot be gone without, as a table of labels.

    Raises:
        DataFault: it is damaged, or may not be read.
    """
    try:
        return store.read(name)
    except Exception as reason:  # zlib, zipfile and the disk each raise kinds of their own
        said = getattr(reason, "strerror", None) or type(reason).__name__
        raise DataFault(f"{store.title}: {name} cannot be read ({said}). Write it or pack it anew.") from None


def check_there(path: Path) -> None:
    """Name the likeliest neighbour unless the path exists.

    Raises:
        DataFault: it is missing, or cannot be a path at all.
    """
    try:
        if path.exists():
            return
        neighbours = os.listdir(path.parent) if path.parent.is_dir() else []
    except (OSError, ValueError) as reason:  # too long, or not to be looked into
        raise DataFault(f"{_tidy(str(path))[:200]} cannot be a path ({str(reason)[:40]}). Name a folder.") from None
    raise DataFault(
        f"{_tidy(str(path))} is not there.{did_you_mean(path.name, neighbours[:200]) if neighbours else ''}"
    )


def address_stamp(address: str) -> str:
    """Give words that change when the content does: an archive's size and time, or those of a folder's every file.

    Raises:
        DataFault: it is missing.
    """
    path, inner = split_address(address)
    check_there(path)
    if path.is_file():
        facts = path.stat()
        return f"{path.resolve()} {inner} {facts.st_size} {facts.st_mtime_ns}"
    facts_of = ((name, (path / name).stat()) for name in sorted(_walk(path)))
    return "\n".join([str(path.resolve()), *(f"{name} {each.st_size} {each.st_mtime_ns}" for name, each in facts_of)])


def _walk(path: Path) -> Iterator[str]:
    for place, folders, files in os.walk(path):
        folders[:] = sorted(folder for folder in folders if not folder.startswith((".", "__MACOSX")))
        for file in files:
            whole = os.path.join(place, file)
            if not file.startswith(".") and os.path.isfile(whole):
                yield os.path.relpath(whole, path).replace(os.sep, "/")


def _check_member(archive: Path, name: str, size: int, packed: int) -> None:
    plain = name.replace("\\", "/")
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain) or ".." in plain.split("/"):
        raise DataFault(
            f"{archive} holds {_tidy(name)!r}, which leads out of the archive. Do not trust it; pack it anew."
        )
    if size > _MOST_BYTES_A_MEMBER or (packed and size > 2**20 and size / packed > _MOST_RATIO):
        raise DataFault(f"{archive}: {_tidy(name)} would unpack to {size:,} bytes, like a bomb. Leave that file out.")


def _zip(path: Path) -> Store:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, *_DAMAGE) as reason:
        raise DataFault(f"{path} is no readable zip ({reason}). Pack it anew.") from None
    members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        _check_member(path, member.filename, member.file_size, member.compress_size)
        if member.flag_bits & 1:
            raise DataFault(f"{path} is encrypted ({_tidy(member.filename)}). Pack it without a password.")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DataFault(f"{path}: {_tidy(member.filename)} is a link. Pack the files themselves.")
    _check_total(path, len(members), sum(member.file_size for member in members))
    if sum(member.compress_size for member in members) > path.stat().st_size:
        raise DataFault(f"{path}: its files overlap, like a bomb. Pack it anew.")
    contents = {_tidy(member.filename): member for member in members if not _is_hidden(member.filename)}
    return Store(str(path), tuple(sorted(contents)), lambda name: archive.read(contents[name]))


def _tar(path: Path) -> Store:
    try:
        with tarfile.open(path) as archive:
            contents = _tar_contents(path, archive)
    except (tarfile.TarError, *_DAMAGE):
        raise DataFault(f"{path} is no picture folder, zip, tar, npz or IDX file. Name a folder of pictures.") from None
    return Store(str(path), tuple(sorted(contents)), contents.__getitem__)


def _tar_contents(path: Path, archive: tarfile.TarFile) -> dict[str, bytes]:
    """Check every member, then read them: a tar has no index, so it is read once, in order."""
    members, total = [], 0
    for member in archive:  # each header is checked before the bytes behind it are unpacked
        members.append(member)
        total += member.size
        _check_total(path, len(members), total)
        if total > max(path.stat().st_size, 2**20) * _MOST_RATIO:
            raise DataFault(f"{path} would unpack to far more than it holds, like a bomb. Pack it anew.")
        _check_member(path, member.name, member.size, 0)
        if member.issym() or member.islnk():
            raise DataFault(f"{path}: {_tidy(member.name)} is a link. Pack the files themselves.")
    contents: dict[str, bytes] = {}
    for member in members:
        file = archive.extractfile(member) if member.isfile() and not _is_hidden(member.name) else None
        if file is not None:
            contents[_tidy(member.name)] = file.read()
    return contents


def _check_total(path: Path, members: int, total: int) -> None:
    if members > _MOST_MEMBERS or total > _MOST_BYTES:
        raise DataFault(f"{path} holds {members:,} files of {total:,} bytes, too many to be pictures. Split it.")


def _is_hidden(name: str) -> bool:
    return re.search(r"(^|/)(\.|__MACOSX)", name.replace("\\", "/").removeprefix("./")) is not None


def _tidy(name: str) -> str:
    """Use `/`, and keep a hostile or broken name from breaking a sentence or a terminal."""
    return printable(name.replace("\\", "/").removeprefix("./"))


def _within(store: Store, inner: str) -> Store:
    names = {name.removeprefix(f"{inner}/"): name for name in store.names if name.startswith(f"{inner}/")}
    if not names:
        folders = {"/".join(name.split("/")[:depth]) for name in store.names for depth in range(1, name.count("/") + 1)}
        raise DataFault(f"{store.title} has no folder {inner!r}.{did_you_mean(inner, sorted(folders)[:200])}")
    return Store(f"{store.title}:{inner}", tuple(sorted(names)), lambda name: store.read(names[name]))
