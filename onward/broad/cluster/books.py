"""Pictures that are decoded only when they are looked at, from files or from an array, each with its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data.archive import Store, open_store, split_address
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_reduced
from onward.data.pictures import folder_classes

__all__ = ["Book", "array_book", "store_book"]

_DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Book:
    """Pictures by their places.

    Attributes:
        names: N, relative to the address.
        labels: N class numbers, by folder.
        content: place to bytes; raises `UnreadablePicture`.
        stamp: place to words that change when the file does; "" where only the bytes can tell.
        opened: bytes and a side in pixels to an upright RGB picture, not much larger than needed where that saves
            time, and width and height of the original; raises `UnreadablePicture`.
        folder: where the files lie, if they lie in a folder.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    fingerprint: str
    content: Callable[[int], bytes]
    stamp: Callable[[int], str]
    opened: Callable[[bytes, int], tuple[Image.Image, tuple[int, int]]]
    folder: Path | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.names)

    def thumbnail(self, place: int, side: int) -> NDArray[np.uint8]:
        """Give the middle square of a picture at `side` pixels; grey where it cannot be read."""
        from onward.data.picture_files import square

        try:
            return square(self.opened(self.content(place), side)[0], side)
        except UnreadablePicture:
            return np.full((side, side, 3), 128, np.uint8)


def array_book(images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str]) -> Book:
    """Take pictures from an array: N H W 3."""
    shape = images.shape[1:]

    def opened(content: bytes, side: int) -> tuple[Image.Image, tuple[int, int]]:
        return Image.fromarray(np.frombuffer(content, np.uint8).reshape(shape)), (shape[1], shape[0])

    digest = hashlib.blake2b(np.ascontiguousarray(images).tobytes(), digest_size=16).hexdigest()
    names = tuple(f"{number:06d}" for number in range(len(images)))
    return Book(names, labels, tuple(classes), digest, lambda place: images[place].tobytes(), lambda place: "", opened)


def store_book(address: str) -> Book | None:
    """Take pictures from a folder or archive, or a single file; None if it holds other files and no picture.

    Raises:
        DataFault: it is empty, missing or unsafe.
    """
    path, _ = split_address(address)
    if path.is_file() and path.name.lower().endswith(PICTURE_ENDINGS):
        store = Store(str(path.parent), (path.name,), lambda name: path.read_bytes())
        folder: Path | None = path.parent
    else:
        store, folder = open_store(address), path if path.is_dir() else None
    if not store.names:
        raise DataFault(f"{address} holds no files. Name a folder of pictures or texts.")
    names = tuple(name for name in store.names if name.lower().endswith(PICTURE_ENDINGS))
    if not names:
        return None
    others = len(store.names) - len(names)
    notes = (f"{others:,} files are no pictures by their names, and stay where they are.",) if others else ()
    stamps = _stamps(path, folder, names)
    labels, classes, _ = folder_classes(names)

    def content(place: int) -> bytes:
        try:
            return store.read(names[place])
        except _DAMAGE as reason:
            raise UnreadablePicture(
                f"cannot be read: {getattr(reason, 'strerror', None) or type(reason).__name__}"
            ) from None
        except Exception as reason:  # zlib and zipfile raise kinds of their own
            raise UnreadablePicture(f"cannot be unpacked: {type(reason).__name__}") from None

    here = f"{path.resolve()} "  # a folder that is moved is the same still
    fingerprint = hashlib.blake2b(
        "\n".join([*names, *(each.removeprefix(here) for each in stamps.values())]).encode("utf-8", "surrogateescape"),
        digest_size=16,
    )
    return Book(
        names,
        labels,
        classes,
        fingerprint.hexdigest(),
        content,
        lambda place: stamps.get(names[place], ""),
        decode_reduced,
        folder,
        notes,
    )


def _stamps(path: Path, folder: Path | None, names: Sequence[str]) -> dict[str, str]:
    """Note each file's size and time of change; of an archive its own."""
    found: dict[str, str] = {}
    whole: Any = path.stat() if folder is None else None
    for name in names:
        try:
            facts = whole or (folder / name).stat() if folder else whole
        except OSError:
            continue
        found[name] = f"{path.resolve()} {name} {facts.st_size} {facts.st_mtime_ns}"
    return found
