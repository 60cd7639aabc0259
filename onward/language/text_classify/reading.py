"""The user's texts as a classifier takes them: to learn from, to choose by, to test.

Parts are the files' where they say so. Where only one part is held out (`train` and `dev`), that is the test, as
published figures have it. What is missing is drawn from the training part, class by class, by content: equal texts
are always in one part, and the choice never changes. A text that is tested is never learned from.
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
from onward.data.labelled_texts import LabelledTexts, read_labelled_texts
from onward.data.text_rows import Reading
from onward.language.text_classify.settings import Settings
from onward.parts.held_out import content_key, set_aside
from onward.parts.lots import by_lot

__all__ = ["Texts", "check_parts", "content_key", "read"]

_TESTED, _CHOSEN_BY = 0.15, 0.12
_MOST_VALIDATION = 2_000
_FEW = 10


@dataclass(frozen=True)
class Texts:
    """Texts with a class each, in three parts.

    Attributes:
        training, validation, testing: places in `found.texts`.
        has_own_test: whether the files themselves say what is tested.
    """

    found: LabelledTexts
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    testing: NDArray[np.int64]
    has_own_test: bool
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes' names."""
        return self.found.classes

    @property
    def fingerprint(self) -> str:
        """Give a digest of texts, labels and parts."""
        parts = b"".join(part.tobytes() for part in (self.training, self.validation, self.testing))
        return hashlib.blake2b(self.found.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def texts(self, places: NDArray[np.int64]) -> list[str]:
        """Give the texts at places."""
        return [self.found.texts[place] for place in places.tolist()]

    def named_as(self, classes: Sequence[str]) -> Texts:
        """Give the same texts with labels numbered as a model's classes are.

        Raises:
            DataFault: a class is shown that the model never learned.
        """
        if self.classes == tuple(classes):
            return self
        numbers = numbers_by_name(self.found.address, self.found.labels, self.classes, classes)
        return replace(self, found=replace(self.found, labels=numbers[self.found.labels], classes=tuple(classes)))

    def findings(self) -> list[str]:
        """Say what was understood, and which classes will be hard to learn."""
        found = self.found
        counts = np.bincount(found.labels, minlength=len(self.classes))
        words = sum(len(text.split()) for text in found.texts) / len(found.texts)
        biggest = int(counts.argmax())
        forms = f" ({'; '.join(found.forms)})" if found.forms else ""
        sentences = [
            f"{found.address}: {len(found.texts):,} texts of {words:.0f} words on average, {len(self.classes)} "
            f"classes, the biggest, {self.classes[biggest]}, {100 * counts[biggest] / counts.sum():.0f} %{forms}.",
            f"Parts: {len(self.training):,} to learn from, {len(self.validation):,} to choose by, "
            f"{len(self.testing):,} to test.",
        ]
        learned = np.bincount(found.labels[self.training], minlength=len(self.classes))
        if few := [f"{self.classes[place]} ({learned[place]})" for place in np.flatnonzero(learned < _FEW)]:
            named = ", ".join(few[:5]) + (f" and {len(few) - 5} more" if len(few) > 5 else "")
            sentences.append(f"Few texts to learn from: {named}. More of them will help most.")
        return [*sentences, *found.troubles, *self.notes]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {"training": len(self.training), "validation": len(self.validation), "testing": len(self.testing)}
        return {**sizes, "classes": list(self.classes), "troubles": len(self.found.troubles)}


def _cleaned(
    training: NDArray[np.int64], held: dict[str, NDArray[np.int64]], keys: NDArray[np.uint64], notes: list[str]
) -> NDArray[np.int64]:
    """Take what is held out from what is learned; what is tested also from what is chosen by, learned in the end."""
    for name in ("test", "val"):
        leaked = np.isin(keys[training], keys[held[name]])
        if leaked.any():
            notes.append(
                f"{int(leaked.sum()):,} texts of the training part stand in the {name} part too; not learned from."
            )
            training = training[~leaked]
    both = np.isin(keys[held["val"]], keys[held["test"]])
    if both.any():
        notes.append(f"{int(both.sum()):,} texts of the val part stand in the test part too; not chosen by.")
        held["val"] = held["val"][~both]
    return training


def read(source: Source, settings: Settings) -> Texts:
    """Read labelled texts and part them.

    Raises:
        DataFault: no texts, no labels, fewer than two classes, nothing to learn from, or a class never learned.
    """
    found = read_labelled_texts(source.address, Reading(settings.text, settings.label, settings.fine))
    parts = np.array(found.parts)
    held = {name: np.flatnonzero(parts == name) for name in ("val", "test")}
    training = np.flatnonzero((parts == "train") | (parts == ""))
    notes: list[str] = []
    if len(held["val"]) and not len(held["test"]):
        held = {"val": held["test"], "test": held["val"]}
        notes.append("Only one part is held out, so it is the test; what to choose by is drawn from the training part.")
    has_own_test = bool(len(held["test"]))
    if not len(training):
        raise DataFault(f"{source.address} has no training part. Call a file or folder train.")
    keys = np.array([content_key(text) for text in found.texts], np.uint64)
    training = _cleaned(training, held, keys, notes)
    if not len(held["test"]):
        training, held["test"] = set_aside(found.labels, keys, training, _TESTED, None)
    if not len(held["val"]):
        training, held["val"] = set_aside(found.labels, keys, training, _CHOSEN_BY, _MOST_VALIDATION)
    if not len(training) or len(np.unique(keys)) < 2:
        raise _too_few(source.address, len(training), len(held["val"]), len(held["test"]))
    unseen = sorted(set(found.labels[held["test"]].tolist()) - set(found.labels[training].tolist()))
    if unseen:
        names = ", ".join(found.classes[place] for place in unseen[:5])
        raise DataFault(f"{source.address}: {names} is tested but never learned. Add texts of it to the training part.")
    if settings.labels_used < 1:
        training, _ = set_aside(found.labels, keys, training, 1 - settings.labels_used, None)
        notes.append(f"{100 * settings.labels_used:g} % of the training part are learned from, as asked.")
    validation = by_lot(held["val"])  # files come class by class, and often only the first texts are looked at
    return Texts(found, training, validation, held["test"], has_own_test, tuple(notes))


def check_parts(texts: Texts) -> None:
    """Refuse to learn where nothing can be set aside; a few texts may still be told and tested whole.

    Raises:
        DataFault: a part is empty.
    """
    counts = len(texts.training), len(texts.validation), len(texts.testing)
    if not min(counts):
        raise _too_few(texts.found.address, *counts)


def _too_few(address: str, training: int, validation: int, testing: int) -> DataFault:
    return DataFault(
        f"{address} has {training:,} texts to learn from, {validation:,} to choose by and {testing:,} to test that are "
        "not the same; each part needs some. Add other texts."
    )
