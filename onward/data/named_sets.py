"""Sets known by name: `meadow:horses` and other rooms, `cifar10[:class]`, `fashion-mnist[:class]`.

`cifar10` and `fashion-mnist` are both parts, training and test, so that figures are those of the test that everybody
uses; a class of them is that class's training pictures.

A local copy is used when there is one; only then, and only because the name asks for it, is anything downloaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, did_you_mean
from onward.data.arrays import CIFAR10_CLASSES, ArraySet, PartedSet, read_arrays, read_idx
from onward.data.cache import cache_folder, cache_key, recall, remember
from onward.data.download import FILES, RemoteFile, fetch

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["find_named"]

FASHION_CLASSES = (
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot",
)  # fmt: skip
_MEADOW_SIZES = {"horses": 32, "portraits": 64, "classify": 96, "pictures": 96}


def find_named(address: str, photos: Photos | None = None) -> str | Callable[[int | None], PartedSet] | None:
    """Find what an address names.

    Returns: another address (a local copy), a function from size to arrays and splits, or None for a path.
    Raises:
        DataFault: the set has no such part.
    """
    name, _, part = address.partition(":")
    if name == "meadow":
        return lambda size: _meadow(address, size, photos)
    if name == "cifar10":
        _check_part(name, part, CIFAR10_CLASSES)
        return _cifar10(part)
    if name == "fashion-mnist":
        _check_part(name, part, FASHION_CLASSES)
        return lambda size: _fashion(part)
    return None


def _check_part(name: str, part: str, classes: tuple[str, ...]) -> None:
    if part and part not in classes:
        raise DataFault(f"{name} has no class {part!r}.{did_you_mean(part, classes)}")


def _meadow(address: str, size: int | None, photos: Photos | None) -> PartedSet:
    from onward.meadow import KINDS, horses, parse_address, picture_labels, pictures_of, portraits

    room = parse_address(address)
    if room.name not in _MEADOW_SIZES:
        rooms = " and ".join(f"meadow:{name}" for name in _MEADOW_SIZES)
        raise DataFault(f"{address} holds no plain pictures. Those are in {rooms}.")
    side = size or _MEADOW_SIZES[room.name]
    if room.name in ("horses", "portraits"):
        if photos is not None:
            name = f"meadow:{room.name}"
            raise DataFault(f"Photos stand behind single creatures and scenes, not in {name}. Leave them out.")
        count, draw_all = room.splits["train"], horses if room.name == "horses" else portraits
        images = _recalled(room.address, "train", count, side, lambda: draw_all(count, size=side, level=room.level))
        return (images, np.zeros(count, np.int64), (room.name,)), None
    images, labels, splits = [], [], []
    for split, count in room.splits.items():
        draw = partial(pictures_of, room.name, split, side, level=room.level, photos=photos)
        named = room.address if photos is None else f"{room.address} {photos.digest}"
        images.append(_recalled(named, split, count, side, draw))
        labels.append(picture_labels(room.name, split, level=room.level))
        splits += [split] * count
    return (np.concatenate(images), np.concatenate(labels), KINDS), tuple(splits)


def _recalled(
    address: str, split: str, count: int, side: int, draw: Callable[[], NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    """Draw a split of the meadow, or recall it."""
    from onward.meadow import WORLD_VERSION

    key = cache_key("meadow", WORLD_VERSION, address, split, count, side)
    found = recall(key, "images")
    images = np.asarray(found["images"], np.uint8) if found else None
    if images is None or images.shape != (count, side, side, 3):
        images = draw()
        remember(key, images=images)
    return images


def _places() -> list[Path]:
    named = [Path(place) for place in os.environ.get("ONWARD_DATA", "").split(os.pathsep) if place]
    return [*named, Path("data"), cache_folder()]


def _cifar10(part: str) -> str | Callable[[int | None], PartedSet]:
    for place in _places():
        for name in ("cifar10.zip", "pictures/cifar10.zip"):
            if (place / name).is_file():
                return f"{place / name}:train/{part}" if part else str(place / name)
        for name in ("cifar10", "cifar-10"):
            if (place / name / "train").is_dir():
                return str(place / name / "train" / part) if part else str(place / name)
    file = FILES["cifar10"][0]
    local = next((place / file.name for place in _places() if (place / file.name).is_file()), None)
    return lambda size: _cifar10_arrays(read_arrays(local or fetch(file)), part)


def _cifar10_arrays(found: PartedSet | None, part: str) -> PartedSet:
    """Take both parts, or one class's training pictures."""
    if found is None:
        raise DataFault("The downloaded archive holds no pictures. Delete it and try again.")
    if not part:
        return found
    (images, labels, classes), splits = found
    if splits is not None:
        is_train = np.array(splits) == "train"
        images, labels = images[is_train], labels[is_train]
    return _only((images, labels, classes), CIFAR10_CLASSES.index(part)), None


def _fashion(part: str) -> PartedSet:
    """Take both parts where both are there, or can be fetched; of one class its training pictures."""
    files = FILES["fashion-mnist"]
    local = _local_fashion(files[:2])
    training = _mnist(*(local or [fetch(file) for file in files[:2]]))
    if part:
        return _only(training, FASHION_CLASSES.index(part)), None
    local_test = _local_fashion(files[2:])
    if local and not local_test:  # the user's own copy has no test part; nothing is downloaded to stand beside it
        return training, None
    testing = _mnist(*(local_test or [fetch(file) for file in files[2:]]))
    images, labels = (np.concatenate([training[place], testing[place]]) for place in (0, 1))
    return (images, labels, FASHION_CLASSES), ("train",) * len(training[0]) + ("test",) * len(testing[0])


def _local_fashion(files: Sequence[RemoteFile]) -> list[Path] | None:
    """Find the files of a part in one of the user's folders, all of them; downloaded ones are for `fetch` to give."""
    places = [place for place in _places() if place != cache_folder()]
    for place in [*places, Path("/usr/share/datasets/fashion-mnist")]:
        for folder in (place, place / "fashion-mnist", place / "pictures/fashion-mnist"):
            if all((folder / file.name).is_file() for file in files):
                return [folder / file.name for file in files]
    return None


def _mnist(images: Path, labels: Path) -> ArraySet:
    grey = read_idx(images)
    return np.repeat(grey[..., None], 3, axis=3), read_idx(labels).astype(np.int64), FASHION_CLASSES


def _only(found: ArraySet, label: int) -> ArraySet:
    images, labels, classes = found
    chosen = labels == label
    return images[chosen], np.zeros(int(chosen.sum()), np.int64), (classes[label],)
