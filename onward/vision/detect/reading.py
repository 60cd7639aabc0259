"""Pictures with boxes as a detector takes them: fitted into a square, in parts to learn from, to choose by, to test.

Parts are the files' own where they say so. What is missing is taken from the training pictures by content: a picture
and its exact copies are always in one part, and the choice never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.boxes import BoxedPictures, read_boxes
from onward.data.class_names import numbers_by_name
from onward.data.likeness import without_copies
from onward.data.photo_albums import album_for
from onward.vision.detect.settings import Settings

__all__ = ["Scenes", "read"]

_TEST_SHARE, _VALIDATION_SHARE, _MOST_VALIDATION = 0.2, 0.12, 100
_FEWEST = 10
_SIZE, _MEADOW_SIZE, _STEP = 320, 192, 32


@dataclass(frozen=True)
class Scenes:
    """Pictures with boxes, in parts.

    Attributes:
        training: places in `pictures` to learn from.
        validation: places to choose by.
        testing: places that nothing but the final scores looks at.
        shifted: test pictures that differ on purpose from all others; often none.
        notes: sentences for the findings.
        reader: reads the same pictures fitted into another side.
    """

    pictures: BoxedPictures
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    testing: NDArray[np.int64]
    shifted: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    reader: Callable[[int], BoxedPictures] | None = field(default=None, repr=False, compare=False)

    def at(self, size: int) -> Scenes:
        """Give the same scenes, fitted into another side in pixels."""
        if size == self.size or self.reader is None:
            return self
        return replace(self, pictures=self.reader(size))

    def named_as(self, classes: Sequence[str]) -> Scenes:
        """Give the same scenes with their labels numbered as a model's classes are, by name.

        Raises:
            DataFault: they show a class that the model never learned.
        """
        if self.classes == tuple(classes):
            return self
        reader = self.reader
        again = None if reader is None else lambda side: _renumbered(reader(side), classes)
        return replace(self, pictures=_renumbered(self.pictures, classes), reader=again)

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes' names."""
        return self.pictures.classes

    @property
    def size(self) -> int:
        """Give the side pictures were fitted into, in pixels."""
        return int(self.pictures.images.shape[1])

    @property
    def fingerprint(self) -> str:
        """Give a digest of pictures, boxes and parts."""
        parts = b"".join(part.tobytes() for part in (self.training, self.validation, self.testing))
        return hashlib.blake2b(self.pictures.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def boxes(self, place: int) -> NDArray[np.float32]:
        """Give a picture's boxes in pixels of the fitted picture: K 4."""
        return self.pictures.boxes[place] * self.pictures.scales[place]

    def ignored(self, place: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Give what of a picture is neither learned nor scored: boxes J 4 in fitted pixels, and class numbers J."""
        boxes, labels = self.pictures.ignored.get(int(place), (np.zeros((0, 4), np.float32), np.zeros(0, np.int64)))
        return boxes * self.pictures.scales[place], labels

    def findings(self) -> list[str]:
        """Say what was understood, and which classes will be hard to learn."""
        parts = f"{len(self.training):,} to learn from, {len(self.validation):,} to choose by, "
        parts += f"{len(self.testing):,} to test"
        parts += f", {len(self.shifted):,} to test that differ on purpose" if len(self.shifted) else ""
        sentences = [*self.pictures.findings(), f"Parts: {parts}."]
        counts = self._boxes_of(self.training)
        few = [f"{name} ({counts[place]})" for place, name in enumerate(self.classes) if 0 < counts[place] < 20]
        chosen_by = self._boxes_of(self.validation)
        unlearned = [place for place in range(len(self.classes)) if counts[place] == 0]
        for words, places in (
            ("to choose by, so learned late, if at all", [place for place in unlearned if chosen_by[place]]),
            ("to test, so never learned", [place for place in unlearned if not chosen_by[place]]),
        ):
            if places:
                named = ", ".join(self.classes[place] for place in places[:5])
                named += f" and {len(places) - 5} more" if len(places) > 5 else ""
                sentences.append(f"Only in pictures {words}: {named}. Put some into training, or remove the class.")
        if few:
            sentences.append(f"Few boxes to learn from: {', '.join(few[:5])}. More of them will help most.")
        return [*sentences, *self.notes]

    def _boxes_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the boxes of each class."""
        labels = [self.pictures.labels[place] for place in places]
        return np.bincount(np.concatenate([*labels, np.zeros(0, np.int64)]), minlength=len(self.classes))

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {"training": len(self.training), "validation": len(self.validation), "testing": len(self.testing)}
        return {**self.pictures.as_json(), **sizes}


def _renumbered(pictures: BoxedPictures, classes: Sequence[str]) -> BoxedPictures:
    shown = np.concatenate([*pictures.labels, np.zeros(0, np.int64)])
    numbers = numbers_by_name(pictures.address, shown, pictures.classes, classes)
    labels = [numbers[labels] for labels in pictures.labels]
    ignored = {place: (boxes, numbers[own]) for place, (boxes, own) in pictures.ignored.items()}
    return replace(pictures, labels=labels, ignored=ignored, classes=tuple(classes))


def read(source: Source, settings: Settings) -> Scenes:
    """Read pictures and boxes, and part them.

    Raises:
        DataFault: too few pictures, or none to learn from has a box.
    """
    is_meadow = source.address.startswith("meadow:")
    size = settings.size or (_MEADOW_SIZE if is_meadow else _SIZE)
    notes: list[str] = []
    photos = album_for(source.address, settings.photos, notes)

    def fitted(side: int) -> BoxedPictures:
        return read_boxes(source.address, side // _STEP * _STEP, photos)

    pictures = fitted(size)
    if len(pictures) < _FEWEST:
        raise DataFault(f"{source.address} has {len(pictures)} pictures with boxes, and at least {_FEWEST} are needed.")
    splits = np.array(pictures.splits)
    training = np.flatnonzero((splits == "train") | (splits == ""))
    validation, testing, shifted = (np.flatnonzero(splits == part) for part in ("val", "test", "test-shift"))
    if not len(testing) and len(validation):
        validation, testing = testing, validation  # two parts: the second one is the test
    if not len(testing):
        training, testing = _set_aside(pictures, training, round(_TEST_SHARE * len(training)))
    tested = np.concatenate([testing, shifted])
    training, validation, said = without_copies(pictures.digests, training, validation, tested)
    notes += said
    if not len(training):
        raise DataFault(f"{source.address}: every training picture is held out too. Put others into the training part.")
    if not len(validation):
        count = min(_MOST_VALIDATION, round(_VALIDATION_SHARE * len(training)))
        training, validation = _set_aside(pictures, training, max(1, count))
    if not any(len(pictures.labels[place]) for place in training):
        raise DataFault(f"{source.address}: not one training picture has a box. Draw some.")
    return Scenes(pictures, training, validation, testing, shifted, tuple(notes), None if is_meadow else fitted)


def _set_aside(
    pictures: BoxedPictures, places: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part places in two by content: the rest, and about `count` of them."""
    groups: dict[bytes, list[int]] = {}
    for place in places.tolist():
        groups.setdefault(hashlib.blake2b(pictures.digests[place], digest_size=8).digest(), []).append(place)
    aside: list[int] = []
    for key in sorted(groups):
        if len(aside) < count:
            aside += groups[key]
    rest = sorted(set(places.tolist()) - set(aside))
    return np.array(rest, np.int64), np.array(sorted(aside), np.int64)
