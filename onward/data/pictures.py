"""The door to pictures: an address in, one uint8 array with names, classes and findings out.

Read next: `picture_sets.py` (folders and archives, cached), `archive.py` (folders, zips, tars), `picture_files.py` (one
file), `arrays.py` (npz, IDX, CIFAR-10's own archive), `named_sets.py` (`cifar10:horse` and others), `likeness.py`
(duplicates), `cache.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onward.data import likeness
from onward.data.archive import check_there, split_address
from onward.data.arrays import read_arrays
from onward.data.named_sets import find_named
from onward.data.picture_files import fitting_size, square
from onward.data.picture_sets import decode_all
from onward.data.splits import SPLITS, named_split, split_of

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["Pictures", "folder_classes", "read_pictures"]


@dataclass(frozen=True)
class Pictures:
    """Pictures in memory.

    Attributes:
        images: N H W 3, uint8, square.
        labels: N, the class's number; 0 when there are no classes.
        classes: the classes' names.
        names: each picture's path within its address.
        splits: `train`, `val`, `test` or `test-shift` for each, when the folders say so.
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
            "exact_duplicates": len(self._repeats["exact"]),
            "near_duplicates": len(self._repeats["near"]),
            "shared_between_splits": len(self._repeats["shared"]),
        }

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, the summary first."""
        return self._sentences(self.as_json())

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
        sentences += likeness.said_copies(self.names, self.digests, self.splits)
        for trouble, words in (
            ("near", "Nearly the same as earlier ones: {}. Look at them."),
            ("beside", "No classes were read, since some pictures lie beside the folders: {}. Move them into one."),
        ):
            if self._repeats[trouble]:
                sentences.append(words.format(likeness.name_some(self.names, self._repeats[trouble])))
        return sentences + likeness.said_alike(self.classes)

    @cached_property
    def _repeats(self) -> dict[str, list[int]]:
        """Give the places of what is troubling; counted once, since near duplicates take a second on large sets."""
        exact = likeness.exact_duplicates(self.digests)
        copies = set(exact)
        near = likeness.near_duplicates(likeness.difference_hashes(self.images))
        folders = [PurePosixPath(name).parts[:-1] for name in self.names]
        deepest = max((len(parts) for parts in folders), default=0)
        return {
            "exact": exact,
            "near": [place for place in near if place not in copies],
            "shared": likeness.shared_between_splits(self.digests, self.splits),
            "beside": [place for place, parts in enumerate(folders) if deepest > len(parts)]
            if self.classes == ("all",)
            else [],
        }


def read_pictures(address: str, *, size: int | None = None, photos: Photos | None = None) -> Pictures:
    """Read pictures from a folder, zip, tar, npz, IDX file, CIFAR-10 archive, or a set known by name.

    Args:
        address: a path, `archive.zip:inner/folder`, or `cifar10:horse`, `fashion-mnist:sneaker`, `meadow:horses`.
        size: side in pixels; by default 32, 64 or 128, whichever the originals fill.
        photos: what stands behind the creatures of a room of the meadow.
    Raises:
        DataFault: nothing readable is there.
    """
    found = find_named(address, photos)
    if isinstance(found, str):
        return _named(read_pictures(found, size=size), address)
    if found is not None:
        arrays, splits = found(size)
        return replace(_from_arrays(address, *arrays, size), splits=splits)
    path, _ = split_address(address)
    check_there(path)
    held = read_arrays(path) if path.is_file() else None
    if held is not None:
        arrays, splits = held
        return replace(_from_arrays(address, *arrays, size), splits=splits)
    return _from_store(address, size)


def _named(pictures: Pictures, address: str) -> Pictures:
    return replace(pictures, address=address)


def _from_arrays(
    address: str, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str], size: int | None
) -> Pictures:
    from PIL import Image

    side = min(images.shape[1:3])
    size = size or fitting_size(side)
    if images.shape[1:3] != (size, size):
        images = np.stack([square(Image.fromarray(image), size) for image in images])
    digests = tuple(hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    names = tuple(f"{number:06d}" for number in range(len(images)))
    return Pictures(address, images, labels, tuple(classes), names, None, (), digests, (side, side, side))


def _from_store(address: str, size: int | None) -> Pictures:
    found = decode_all(address, size)
    labels, classes, splits = folder_classes(found.names)
    sides = np.sort(found.sides)
    return Pictures(
        address,
        found.images,
        labels,
        classes,
        found.names,
        splits,
        found.unreadable,
        tuple(digest.tobytes() for digest in found.digests),
        (int(sides[0]), int(sides[len(sides) // 2]), int(sides[-1])),
    )


def folder_classes(names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...] | None]:
    """Read classes and splits off the folders: `train/horse/0.jpg`, `horse/0.jpg`; else one class."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    while folders and all(folders) and len({parts[0] for parts in folders}) == 1:
        if folders[0][0].lower() in SPLITS:  # alone and with a year it may as well be an archive's name
            break
        folders = [parts[1:] for parts in folders]
    splits = _folder_splits(folders)
    if splits is not None:  # `train/train/horse`, as some archives are laid out
        folders = [parts[2:] if len(parts) > 2 and parts[1] == parts[0] else parts[1:] for parts in folders]
    if not all(folders):
        return np.zeros(len(names), np.int64), ("all",), splits
    classes = sorted({parts[0] for parts in folders})
    place = {name: number for number, name in enumerate(classes)}
    return np.array([place[parts[0]] for parts in folders], np.int64), tuple(classes), splits


def _folder_splits(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Read splits off the first folders: all are called so, or all have a word for one and classes below."""
    if not folders or not all(folders):
        return None
    named = tuple(named_split(parts[0]) for parts in folders)
    if all(named):
        return named
    said = tuple(split_of(parts[0]) if len(parts) > 1 else "" for parts in folders)
    return said if all(said) and len(set(said)) > 1 else None


def pictures_path(address: str) -> Path:
    """Give the file or folder an address names, without what lies within."""
    return split_address(address)[0]
