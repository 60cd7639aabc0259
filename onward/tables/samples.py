"""What can be learned from: rows of a table, pictures in folders, labelled texts; all with a target each.

Pictures and texts are parted as `classify` and `text-classify` part them, so that the scores can be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.archive import open_store, split_address
from onward.data.class_names import numbers_by_name
from onward.data.label_tables import labelled, pictures_address
from onward.data.labelled_texts import LabelledTexts, read_labelled_texts
from onward.data.named_sets import find_named
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.pictures import Pictures, read_pictures
from onward.data.table_files import is_table_name
from onward.data.tables import Column
from onward.parts.held_out import content_key, set_aside
from onward.tables.meadow import meadow_table
from onward.tables.problem import Asked, Problem, make_problem, read_as_known, read_problem

__all__ = ["Samples", "read_again", "read_samples"]

_TESTED = 0.15
_ARRAYS = (".npz", ".gz", "-ubyte")
_KINDS = ("table", "pictures", "texts")


@dataclass(frozen=True)
class Samples:
    """Samples with a target each, in two parts.

    Attributes:
        kind: `table`, `pictures` or `texts`.
        held: where they are.
        y: N class numbers, or numbers.
        classes: the classes' names; empty when a number is predicted.
        training, testing: places.
    """

    kind: str
    held: Problem | Pictures | LabelledTexts
    y: NDArray[np.float64]
    classes: tuple[str, ...]
    training: NDArray[np.int64]
    testing: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Give where they are from."""
        return self.held.table.address if isinstance(self.held, Problem) else self.held.address

    @property
    def target(self) -> Column | None:
        """Give the column that is predicted, of a table."""
        return self.held.target if isinstance(self.held, Problem) else None

    @property
    def fingerprint(self) -> str:
        """Give a digest of samples and parts."""
        if isinstance(self.held, Problem):
            return self.held.fingerprint
        parts = self.training.tobytes() + self.testing.tobytes()
        return hashlib.blake2b(self.held.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def facts(self) -> dict[str, Any]:
        """Give what a run says of what it learned from: classes, target and digest."""
        target = None if self.target is None else self.target.as_json()
        return {"classes": list(self.classes), "target": target, "digest": self.fingerprint}

    def findings(self) -> list[str]:
        """Say what was understood."""
        parts = f"Parts: {len(self.training):,} to learn from, {len(self.testing):,} to test."
        if isinstance(self.held, LabelledTexts):
            counts = np.bincount(self.y.astype(int))
            first = (
                f"{self.address}: {len(self.y):,} texts, {len(self.classes)} classes, the biggest, "
                f"{self.classes[int(counts.argmax())]}, {100 * counts.max() / counts.sum():.0f} %."
            )
            return [first, parts, *self.held.troubles, *self.notes]
        first, *more = self.held.findings()
        return [first, parts, *more, *self.notes]

    def as_json(self) -> dict[str, Any]:
        """Give the doctor's facts."""
        own = self.held.as_json() if not isinstance(self.held, LabelledTexts) else {"classes": list(self.classes)}
        return {**own, "kind": self.kind, "training": len(self.training), "testing": len(self.testing)}


def read_samples(source: Source, asked: Asked) -> Samples:
    """Find out what an address holds, and read it.

    Raises:
        DataFault: nothing can be learned from it.
    """
    address = source.address
    if address == "meadow:table":
        return _checked(_of_table(make_problem(meadow_table(), asked)))
    kind = source.kind if source.kind in _KINDS else _kind_of(address)
    if kind == "pictures":
        return _of_pictures(address)
    if kind == "texts":
        return _of_texts(read_labelled_texts(address))
    problem = read_problem(address, asked)
    is_text = all(column.kind == "text" for column in problem.features)
    if is_text and len(problem.features) == 1 and problem.classes and source.kind != "table":
        return _of_texts(read_labelled_texts(address))
    return _checked(_of_table(problem))


def read_again(samples: Samples, classes: Sequence[str], known: Sequence[Column], target: Column | None) -> Samples:
    """Read other samples as those that were learned from were read; all are for testing where no part is held out.

    Args:
        known, target: of a table, the columns learned from and the one predicted.
    Raises:
        DataFault: columns are missing, or classes are shown that were never learned.
    """
    if target is not None:
        return _of_table(read_as_known(samples.address, known, target, classes))
    numbers = numbers_by_name(samples.address, samples.y.astype(np.int64), samples.classes, classes)
    y = numbers[samples.y.astype(np.int64)].astype(np.float64)
    return replace(samples, y=y, classes=tuple(classes), testing=np.arange(len(y)), training=np.arange(0))


def _kind_of(address: str) -> str:
    """Tell what lies behind an address by its name and by the names of its files."""
    if find_named(address) is not None:
        return "pictures"
    path, inner = split_address(address)
    if is_table_name(inner or path.name) and not path.is_dir():
        return "table"
    if path.is_file() and path.name.lower().endswith(_ARRAYS):
        return "pictures"
    if not path.is_dir() and not inner and not address.lower().endswith((".zip", ".tar", ".tgz", ".tar.gz")):
        return "table" if not Path(address).exists() else "texts"
    names = open_store(address).names
    pictures = sum(name.lower().endswith(PICTURE_ENDINGS) for name in names)
    if pictures > len(names) / 2:
        return "pictures"
    tables = sum(is_table_name(name) and not name.lower().endswith((".txt", ".data")) for name in names)
    return "table" if tables or not names else "texts"


def _of_table(problem: Problem) -> Samples:
    testing, training = np.flatnonzero(problem.is_test), np.flatnonzero(~problem.is_test)
    return Samples("table", problem, problem.y, problem.classes, training, testing)


def _of_pictures(address: str) -> Samples:
    pictures, notes = labelled(read_pictures(pictures_address(address)), address)
    if len(pictures.classes) < 2:
        raise DataFault(
            f"{address} shows one class ({', '.join(pictures.classes)}), nothing to tell apart. "
            "Put the pictures of each class into a folder of its name."
        )
    splits = np.array(pictures.splits or ("train",) * len(pictures))
    training, testing = np.flatnonzero(np.isin(splits, ("train", "val"))), np.flatnonzero(splits == "test")
    if not len(testing):
        keys = [hashlib.blake2b(digest, digest_size=8).digest() for digest in pictures.digests]
        numbers = np.array([int.from_bytes(key, "big") for key in keys], np.uint64)
        training, testing = set_aside(pictures.labels, numbers, training, _TESTED, None)
    y = pictures.labels.astype(np.float64)
    samples = Samples("pictures", pictures, y, pictures.classes, training, testing, tuple(notes))
    return _checked(samples)


def _of_texts(found: LabelledTexts) -> Samples:
    """Part texts as `text-classify` does: a lone held-out part is the test, else some are drawn by content."""
    parts = np.array(found.parts)
    held = {name: np.flatnonzero(parts == name) for name in ("val", "test")}
    training = np.flatnonzero((parts == "train") | (parts == ""))
    testing = held["test"] if len(held["test"]) else held["val"]
    keys = np.array([content_key(text) for text in found.texts], np.uint64)
    training = training[~np.isin(keys[training], keys[testing])]
    if not len(testing):
        training, testing = set_aside(found.labels, keys, training, _TESTED, None)
    samples = Samples("texts", found, found.labels.astype(np.float64), found.classes, training, testing)
    return _checked(samples)


def _checked(samples: Samples) -> Samples:
    if len(np.unique(samples.y[samples.training])) < 2 or not len(samples.testing):
        raise DataFault(
            f"{samples.address} has {len(samples.training):,} samples to learn from and {len(samples.testing):,} to "
            "test; there must be some of two classes. Add some."
        )
    return samples
