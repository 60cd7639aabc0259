"""The user's pictures as a classifier takes them: an album in three parts, to learn from, to choose by, to test.

Parts are the folders' where they say `train`, `val`, `test`. What is missing is taken from the training pictures, class
by class, by content: a picture and its exact copies are always in one part, and the choice never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.class_names import numbers_by_name
from onward.data.label_tables import labelled, pictures_address
from onward.data.likeness import without_copies
from onward.data.photo_albums import album_for
from onward.data.pictures import Pictures, read_pictures
from onward.vision.classify.settings import Settings
from onward.vision.classify.sides import may_be_mirrored

__all__ = ["Album", "read"]

_SHARE = 0.15
_MOST_VALIDATION = 2000
_FEWEST_A_CLASS = 3
_LARGE_SIDE = 224  # what pretrained eyes were trained at, half-way


@dataclass(frozen=True)
class Album:
    """Pictures with a class each, in three parts.

    Attributes:
        training: places in `pictures.images` to learn from.
        validation: places to choose by: when to stop, which of two models to keep.
        testing: places that nothing but the final scores looks at.
        shifted: test pictures that differ on purpose from all others (`test-shift`); often none.
        mirrors: whether a mirror image shows the same.
    """

    pictures: Pictures
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    testing: NDArray[np.int64]
    shifted: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    mirrors: bool = True

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes' names."""
        return self.pictures.classes

    def named_as(self, classes: Sequence[str]) -> Album:
        """Give the same album with its labels numbered as a model's classes are, by name.

        Raises:
            DataFault: it shows a class that the model never learned.
        """
        if self.classes == tuple(classes):
            return self
        pictures = self.pictures
        numbers = numbers_by_name(pictures.address, pictures.labels, self.classes, classes)
        return replace(self, pictures=replace(pictures, labels=numbers[pictures.labels], classes=tuple(classes)))

    @property
    def fingerprint(self) -> str:
        """Give a digest of pictures, labels and parts."""
        parts = b"".join(part.tobytes() for part in (self.training, self.validation, self.testing))
        return hashlib.blake2b(self.pictures.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood, and which classes will be hard to learn."""
        counts = np.bincount(self.pictures.labels[self.training], minlength=len(self.classes))
        parts = f"{len(self.training):,} to learn from, {len(self.validation):,} to choose by, "
        parts += f"{len(self.testing):,} to test"
        parts += f", {len(self.shifted):,} to test that differ on purpose" if len(self.shifted) else ""
        few = [f"{self.classes[place]} ({counts[place]})" for place in np.flatnonzero((counts < 10) & (counts > 0))]
        sentences = [*self.pictures.findings(), f"Parts: {parts}."]
        if never := [self.classes[place] for place in np.flatnonzero(counts == 0)]:
            named = ", ".join(never[:5]) + (f" and {len(never) - 5} more" if len(never) > 5 else "")
            sentences.append(
                f"Only in pictures to choose by or to test, so never learned: {named}. Put some into training, or "
                "remove the class."
            )
        if few:
            named = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
            sentences.append(f"Few pictures to learn from: {named}. More of them will help most.")
        return [*sentences, *self.notes]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {"training": len(self.training), "validation": len(self.validation), "testing": len(self.testing)}
        return {**self.pictures.as_json(), **sizes}


def read(source: Source, settings: Settings) -> Album:
    """Read pictures in folders named after their classes, or with a csv of labels beside them, and part them.

    Raises:
        DataFault: fewer than two classes, or one with fewer than three pictures.
    """
    address = pictures_address(source.address)
    said: list[str] = []
    photos = album_for(address, settings.photos, said)
    pictures = read_pictures(address, size=settings.size, photos=photos)
    if settings.size is None and settings.backbone != "none" and sorted(pictures.short_sides)[1] >= _LARGE_SIDE:
        pictures = read_pictures(address, size=_LARGE_SIDE, photos=photos)
    pictures, notes = labelled(pictures, source.address)
    if len(pictures.classes) < 2:
        raise DataFault(
            f"{source.address} shows one class ({', '.join(pictures.classes)}), nothing to tell apart. "
            "Put the pictures of each class into a folder of its name, or a csv with file names and labels beside them."
        )
    counts = np.bincount(pictures.labels, minlength=len(pictures.classes))
    if counts.min() < _FEWEST_A_CLASS:
        place = int(counts.argmin())
        raise DataFault(
            f"{source.address}: class {pictures.classes[place]} has {counts[place]} readable picture(s), and at least "
            f"{_FEWEST_A_CLASS} are needed. Add some, or remove the folder."
        )
    return _parted(pictures, settings, (*said, *notes))


def _parted(pictures: Pictures, settings: Settings, left_out: tuple[str, ...]) -> Album:
    splits = np.array(pictures.splits or ("train",) * len(pictures))
    names = ("train", "val", "test", "test-shift")
    training, validation, testing, shifted = (np.flatnonzero(splits == part) for part in names)
    notes = list(left_out)
    if not len(training):
        raise DataFault(f"{pictures.address} has no training pictures. Put them into a folder called train.")
    if not len(testing):
        training, testing = _set_aside(pictures, training, _SHARE, None)
    tested = np.concatenate([testing, shifted])
    training, validation, said = without_copies(pictures.digests, training, validation, tested)
    notes += said
    if not len(training):
        raise DataFault(
            f"{pictures.address}: every training picture is held out too. Put others into the training folder."
        )
    if not len(validation):
        training, validation = _set_aside(pictures, training, _SHARE, _MOST_VALIDATION)
    unseen = sorted(set(pictures.labels[testing].tolist()) - set(pictures.labels[training].tolist()))
    if unseen:
        names = ", ".join(pictures.classes[place] for place in unseen[:5])
        words = f"{names} is tested but never trained on{'; copies of tested pictures do not count' if said else ''}"
        raise DataFault(f"{pictures.address}: {words}. Add some to the training folder.")
    if settings.per_class is not None:
        training = _first(pictures, training, settings.per_class)
        notes.append(f"{settings.per_class} pictures a class are learned from, as asked: {len(training):,} in all.")
    mirrors = settings.mirror == "yes" or (settings.mirror == "auto" and may_be_mirrored(pictures.classes))
    if not mirrors and settings.mirror == "auto":
        notes.append("Classes are called left and right, so mirror images are not shown: a setting, mirror=yes, does.")
    return Album(pictures, training, validation, testing, shifted, tuple(notes), mirrors)


def _key(digest: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(digest, digest_size=8).digest(), "big")


def _by_class(pictures: Pictures, places: NDArray[np.int64]) -> list[list[list[int]]]:
    """Group places by class, then by exact content, in an order that depends on content alone."""
    groups: dict[int, dict[int, list[int]]] = {}
    for place in places.tolist():
        copies = groups.setdefault(int(pictures.labels[place]), {})
        copies.setdefault(_key(pictures.digests[place]), []).append(place)
    return [[copies[key] for key in sorted(copies)] for _, copies in sorted(groups.items())]


def _set_aside(
    pictures: Pictures, places: NDArray[np.int64], share: float, most: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part places in two, class by class: the rest, and at least one of each class that has two."""
    wanted = min(share, most / len(places)) if most else share
    rest, aside = [], []
    for copies in _by_class(pictures, places):
        count = min(len(copies) - 1, max(1, round(wanted * len(copies))))
        aside += [place for group in copies[:count] for place in group]
        rest += [place for group in copies[count:] for place in group]
    return _sorted(rest), _sorted(aside)


def _first(pictures: Pictures, places: NDArray[np.int64], per_class: int) -> NDArray[np.int64]:
    """Take so many of each class, by content."""
    return _sorted([group[0] for copies in _by_class(pictures, places) for group in copies[:per_class]])


def _sorted(places: Sequence[int]) -> NDArray[np.int64]:
    return np.array(sorted(places), np.int64)
