"""The door to pictures: an address in, one uint8 array with names, classes and findings out.

Read next: `archive.py` (folders, zips, tars), `picture_files.py` (one file), `arrays.py` (npz, IDX, CIFAR-10's own
archive), `named_sets.py` (`cifar10:horse` and others), `likeness.py` (duplicates), `cache.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data import likeness
from onward.data.archive import Store, open_store, split_address
from onward.data.arrays import read_arrays
from onward.data.cache import cache_key, recall, remember
from onward.data.named_sets import find_named
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_picture

__all__ = ["Pictures", "read_pictures"]

_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_CACHE_VERSION = 3
_THREADS = 2


@dataclass(frozen=True)
class Pictures:
    """Pictures in memory.

    Attributes:
        images: N H W 3, uint8, square.
        labels: N, the class's number; 0 when there are no classes.
        classes: the classes' names.
        names: each picture's path within its address.
        splits: `train`, `val` or `test` for each, when the folders say so.
        unreadable: (name, reason) of files that could not be read.
        digests: N content digests.
        short_sides: smallest, middle and largest shorter side of the originals, in pixels.
    """

    address: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    names: tuple[str, ...]
    splits: tuple[str, ...] | None = None
    unreadable: tuple[tuple[str, str], ...] = ()
    digests: tuple[bytes, ...] = ()
    short_sides: tuple[int, int, int] = (0, 0, 0)
    _findings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.images)

    @property
    def fingerprint(self) -> str:
        """Give a digest of the pictures' pixels and labels."""
        digest = hashlib.blake2b(self.images.tobytes(), digest_size=16)
        digest.update(self.labels.tobytes())
        return digest.hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Give what the doctor counted."""
        counts = Counter(self.labels.tolist())
        return {
            "pictures": len(self),
            "classes": {name: counts.get(number, 0) for number, name in enumerate(self.classes)},
            "size": int(self.images.shape[1]),
            "short_sides": list(self.short_sides),
            "unreadable": [list(each) for each in self.unreadable],
            "exact_duplicates": likeness.exact_duplicates(self.digests),
            "near_duplicates": likeness.near_duplicates(likeness.difference_hashes(self.images)),
            "shared_between_splits": self._shared_between_splits(),
        }

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, the summary first."""
        if not self._findings:
            self._findings.extend(self._sentences(self.as_json()))
        return list(self._findings)

    def _sentences(self, facts: dict[str, Any]) -> list[str]:
        parts = [f"{len(self):,} pictures"]
        if len(self.classes) > 1:
            _, share = likeness.largest_class(self.labels)
            parts += [f"{len(self.classes)} classes", f"biggest {100 * share:.0f} %"]
        parts += [
            f"{facts[key]:,} {words}"
            for key, words in (("exact_duplicates", "exact duplicates"), ("near_duplicates", "near duplicates"))
            if facts[key]
        ]
        if self.unreadable:
            parts.append(f"{len(self.unreadable):,} unreadable")
        if facts["shared_between_splits"]:
            parts.append(f"{facts['shared_between_splits']} shared between splits")
        low, middle, high = self.short_sides
        size = facts["size"]
        parts.append(f"shorter side {low} to {high} (middle {middle}) px, read at {size} px")
        sentences = [f"{self.address}: " + ", ".join(parts) + "."]
        if self.unreadable:
            named = "; ".join(f"{name} ({reason})" for name, reason in self.unreadable[:5])
            rest = f" and {len(self.unreadable) - 5} more" if len(self.unreadable) > 5 else ""
            sentences.append(f"Left out: {named}{rest}. Replace or remove them.")
        if facts["shared_between_splits"]:
            sentences.append("Pictures that stand in two splits flatter every score. Keep each in one.")
        return sentences

    def _shared_between_splits(self) -> int:
        if self.splits is None or not self.digests:
            return 0
        places: dict[bytes, set[str]] = {}
        for digest, split in zip(self.digests, self.splits, strict=True):
            places.setdefault(digest, set()).add(split)
        return sum(len(found) > 1 for found in places.values())


def read_pictures(address: str, *, size: int | None = None) -> Pictures:
    """Read pictures from a folder, zip, tar, npz, IDX file, CIFAR-10 archive, or a set known by name.

    Args:
        address: a path, `archive.zip:inner/folder`, or `cifar10:horse`, `fashion-mnist:sneaker`, `meadow:horses`.
        size: side in pixels; by default 32, 64 or 128, whichever the originals fill.
    Raises:
        DataFault: nothing readable is there.
    """
    found = find_named(address)
    if isinstance(found, str):
        return _named(read_pictures(found, size=size), address)
    if found is not None:
        images, labels, classes = found(size)
        return _from_arrays(address, images, labels, classes, size)
    path, _ = split_address(address)
    arrays = read_arrays(path) if path.is_file() else None
    if arrays is not None:
        return _from_arrays(address, *arrays, size)
    return _from_store(address, open_store(address), size)


def _named(pictures: Pictures, address: str) -> Pictures:
    from dataclasses import replace

    return replace(pictures, address=address)


def _from_arrays(
    address: str, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str], size: int | None
) -> Pictures:
    from PIL import Image

    from onward.data.picture_files import square

    side = min(images.shape[1:3])
    size = size or _fitting_size(side)
    if images.shape[1:3] != (size, size):
        images = np.stack([square(Image.fromarray(image), size) for image in images])
    digests = tuple(hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    names = tuple(f"{number:06d}" for number in range(len(images)))
    return Pictures(address, images, labels, tuple(classes), names, None, (), digests, (side, side, side))


def _fitting_size(side: int) -> int:
    return 128 if side >= 512 else 64 if side >= 64 else 32


def _from_store(address: str, store: Store, size: int | None) -> Pictures:
    names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
    if not names:
        held = f"{len(store.names)} files, none of them a picture" if store.names else "no files"
        raise DataFault(f"{address} holds {held}. Onward reads {', '.join(PICTURE_ENDINGS)}; name their folder.")
    key = cache_key(_CACHE_VERSION, store.title, store.stamp, size, len(names), names[0])
    arrays = recall(key)
    if arrays is None:
        size = size or _fitting_size(_middle_side(store, names))
        arrays = _decode_all(store, names, size)
        remember(key, **arrays)
    kept = [names[number] for number in arrays["kept"].tolist()]
    reasons = [str(reason) for reason in arrays["reasons"].tolist()]
    lost = tuple((names[number], reason) for number, reason in zip(arrays["lost"].tolist(), reasons, strict=True))
    if not kept:
        raise DataFault(f"{address}: none of its {len(names)} pictures can be read ({lost[0][0]}: {lost[0][1]}).")
    labels, classes, splits = _classes(kept)
    sides = np.sort(arrays["sides"])
    return Pictures(
        address,
        np.asarray(arrays["images"], np.uint8),
        labels,
        classes,
        tuple(kept),
        splits,
        lost,
        tuple(digest.tobytes() for digest in arrays["digests"]),
        (int(sides[0]), int(sides[len(sides) // 2]), int(sides[-1])),
    )


def _middle_side(store: Store, names: Sequence[str]) -> int:
    """Measure the shorter sides of up to a hundred pictures; give the middle one."""
    sides = []
    for name in names[:: max(1, len(names) // 100)]:
        try:
            sides.append(decode_picture(store.read(name), None)[1])
        except (UnreadablePicture, OSError):
            continue
    return sorted(sides)[len(sides) // 2] if sides else 32


def _decode_all(store: Store, names: Sequence[str], size: int) -> dict[str, NDArray[np.generic]]:
    reader = _reader(store, size)
    with ThreadPoolExecutor(_THREADS) as pool:
        results = list(pool.map(reader, names, chunksize=64))
    kept = [number for number, result in enumerate(results) if not isinstance(result, str)]
    lost = [number for number, result in enumerate(results) if isinstance(result, str)]
    good = [result for result in results if not isinstance(result, str)]
    return {
        "images": np.stack([image for image, _, _ in good]) if good else np.empty((0, size, size, 3), np.uint8),
        "digests": np.stack([digest for _, digest, _ in good]) if good else np.empty((0, 16), np.uint8),
        "sides": np.array([side for _, _, side in good], np.int64),
        "kept": np.array(kept, np.int64),
        "lost": np.array(lost, np.int64),
        "reasons": np.array([results[number] for number in lost], dtype="U120"),
    }


def _reader(store: Store, size: int) -> Callable[[str], tuple[NDArray[np.uint8], NDArray[np.uint8], int] | str]:
    def read(name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int] | str:
        try:
            content = store.read(name)
            image, side = decode_picture(content, size)
        except UnreadablePicture as reason:
            return str(reason)
        except Exception as reason:  # zlib, zipfile and tarfile each raise kinds of their own
            return f"cannot be unpacked: {reason}"[:100]
        digest = np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.uint8)
        return image, digest, side

    return read


def _classes(names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...] | None]:
    """Read classes and splits off the folders: `train/horse/0.jpg`, `horse/0.jpg`; else one class."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    while folders and all(folders) and len({parts[0] for parts in folders}) == 1:
        if folders[0][0].lower() in _SPLITS:
            break
        folders = [parts[1:] for parts in folders]
    splits = None
    if folders and all(parts and parts[0].lower() in _SPLITS for parts in folders):
        splits = tuple(_SPLITS[parts[0].lower()] for parts in folders)
        folders = [parts[1:] for parts in folders]
    if not all(folders):
        return np.zeros(len(names), np.int64), ("all",), splits
    classes = sorted({parts[0] for parts in folders})
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[parts[0]] for parts in folders], np.int64), tuple(classes), splits


def pictures_path(address: str) -> Path:
    """Give the file or folder an address names, without what lies within."""
    return split_address(address)[0]
