"""Every picture of a folder or archive, decoded by a small pool of threads and kept in the cache.

Read next: `archive.py` (where bytes come from), `picture_files.py` (one file), `cache.py`.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.archive import Store, address_stamp, open_store
from onward.data.cache import cache_key, recall, remember
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_picture, fitting_size

__all__ = ["Decoded", "decode_all"]

_CACHE_VERSION = 4
_THREADS = 2
_ARRAYS = ("images", "digests", "sides", "names", "lost", "reasons", "others")


@dataclass(frozen=True)
class Decoded:
    """What could be read, and what could not.

    Attributes:
        images: N H W 3.
        digests: N 16, of the files' bytes.
        sides: N, the shorter sides of the originals in pixels.
        names: of the N pictures.
        unreadable: (name, reason) of the rest.
        others: how many files are no pictures by their names.
    """

    images: NDArray[np.uint8]
    digests: NDArray[np.uint8]
    sides: NDArray[np.int64]
    names: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    others: int


def decode_all(address: str, size: int | None) -> Decoded:
    """Decode every picture under an address, or recall them.

    Raises:
        DataFault: it is missing or unsafe, or holds no picture that can be read.
    """
    key = cache_key(_CACHE_VERSION, address_stamp(address), size)
    found = recall(key, *_ARRAYS)
    if found is None or not _is_whole(found):
        store = _one_file(address) or open_store(address)
        names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
        if not names:
            held = f"{len(store.names)} files, none of them a picture" if store.names else "no files"
            raise DataFault(f"{address} holds {held}. Onward reads {', '.join(PICTURE_ENDINGS)}; name their folder.")
        found = _decode(store, names, size or fitting_size(_middle_side(store, names)))
        remember(key, **found)
    lost = tuple(zip(_words(found["lost"]), _words(found["reasons"]), strict=True))
    if not len(found["images"]):
        raise DataFault(f"{address}: none of its {len(lost)} pictures can be read ({lost[0][0]}: {lost[0][1]}).")
    return Decoded(
        np.asarray(found["images"], np.uint8),
        np.asarray(found["digests"], np.uint8),
        np.asarray(found["sides"], np.int64),
        _words(found["names"]),
        lost,
        int(found["others"][0]),
    )


def _one_file(address: str) -> Store | None:
    """Take a single picture's path for a folder with that picture."""
    path = Path(address)
    if not address.lower().endswith(PICTURE_ENDINGS) or not path.is_file():
        return None
    return Store(str(path.parent), (path.name,), lambda name: path.read_bytes())


def _is_whole(found: dict[str, NDArray[np.generic]]) -> bool:
    images, count = found["images"], len(_words(found["names"]))
    return (
        images.dtype == np.uint8
        and images.ndim == 4
        and images.shape[3] == 3
        and len(images) == len(found["digests"]) == len(found["sides"]) == count
        and len(_words(found["lost"])) == len(_words(found["reasons"]))
        and found["others"].shape == (1,)
    )


def _words(array: NDArray[np.generic]) -> tuple[str, ...]:
    text = array.tobytes().decode("utf-8", "replace")
    return tuple(text.split("\0")) if text else ()


def _bytes(words: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\0".join(words).encode("utf-8", "replace"), np.uint8)


def _middle_side(store: Store, names: Sequence[str]) -> int:
    """Measure the shorter sides of up to a hundred pictures; give the middle one."""
    results = _in_threads(_reader(store, None), names[:: max(1, len(names) // 100)])
    sides = sorted(result[2] for result in results if not isinstance(result, str))
    return sides[len(sides) // 2] if sides else 32


_Result = tuple[NDArray[np.uint8], NDArray[np.uint8], int] | str


def _decode(store: Store, names: Sequence[str], size: int) -> dict[str, NDArray[np.generic]]:
    results = _in_threads(_reader(store, size), names)
    good = [(name, result) for name, result in zip(names, results, strict=True) if not isinstance(result, str)]
    lost = [(name, result) for name, result in zip(names, results, strict=True) if isinstance(result, str)]
    return {
        "images": np.stack([each[0] for _, each in good]) if good else np.empty((0, size, size, 3), np.uint8),
        "digests": np.stack([each[1] for _, each in good]) if good else np.empty((0, 16), np.uint8),
        "sides": np.array([each[2] for _, each in good], np.int64),
        "names": _bytes([name for name, _ in good]),
        "lost": _bytes([name for name, _ in lost]),
        "reasons": _bytes([reason for _, reason in lost]),
        "others": np.array([len(store.names) - len(names)], np.int64),
    }


def _in_threads(read: Callable[[str], _Result], names: Sequence[str]) -> list[_Result]:
    # outside the threads, since the list of filters belongs to all of them
    with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
        warnings.simplefilter("ignore")
        return list(pool.map(read, names))


def _reader(store: Store, size: int | None) -> Callable[[str], _Result]:
    def read(name: str) -> _Result:
        try:
            content = store.read(name)
            image, side = decode_picture(content, size)
        except UnreadablePicture as reason:
            return str(reason).replace("\0", " ")
        except Exception as reason:  # zlib, zipfile and Pillow's readers each raise kinds of their own
            return f"cannot be unpacked: {type(reason).__name__}"
        digest = np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.uint8)
        return image, digest, side

    return read
