"""The user's pictures: those with a label to learn from, those without one, and those for the test.

What to keep is chosen by cross-validation among the labelled pictures, so nothing is set aside to choose by: labels are
dear here. A part `val` is learned from too. Test pictures are those of a folder or column that says so; where none does
and labels are many enough, a fifth of them is taken, class by class, by content, and the choice never changes. A
picture for the test is never in the pool, under whatever name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from onward.broad.semi.folders import NOBODY, told_by_folders
from onward.broad.semi.meadow_set import meadow_semi
from onward.broad.semi.settings import Settings
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data import likeness
from onward.data.class_names import numbers_by_name
from onward.data.label_tables import labelled as labelled_by_table
from onward.data.label_tables import pictures_address
from onward.data.pictures import Pictures, read_pictures
from onward.parts.lots import by_lot

__all__ = ["Album", "read"]

_SHARE = 0.2
_ENOUGH_A_CLASS = 10  # labels, from where on some are set aside for the test
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Album:
    """Pictures, few of them with a label.

    Attributes:
        pictures: all of them; the label of one that has none is -1.
        labelled: places in `pictures.images` to learn from.
        pool: places of pictures without a label, in an order drawn by lot.
        testing: places that nothing but the final scores looks at; often none.
        shifted: test pictures that differ on purpose from all others (`test-shift`).
        hidden: N, the labels that `--labels` hid, for the report only; -1 where nobody knows.
    """

    pictures: Pictures
    labelled: NDArray[np.int64]
    pool: NDArray[np.int64]
    testing: NDArray[np.int64]
    shifted: NDArray[np.int64]
    hidden: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Give the classes' names."""
        return self.pictures.classes

    @property
    def labels(self) -> NDArray[np.int64]:
        """Give the class numbers of the labelled pictures."""
        return self.pictures.labels[self.labelled]

    def named_as(self, classes: Sequence[str]) -> Album:
        """Give the same album with its labels numbered as a model's classes are, by name.

        Raises:
            DataFault: it shows a class that the model never learned.
        """
        if self.classes == tuple(classes):
            return self
        pictures = self.pictures
        shown = pictures.labels[pictures.labels != NOBODY]
        numbers = numbers_by_name(pictures.address, shown, self.classes, classes)
        numbers = np.append(numbers, NOBODY)  # the last is also the one at -1
        labels, hidden = numbers[pictures.labels], numbers[self.hidden]
        return replace(self, pictures=replace(pictures, labels=labels, classes=tuple(classes)), hidden=hidden)

    @property
    def fingerprint(self) -> str:
        """Give a digest of pictures, labels and parts."""
        parts = b"".join(part.tobytes() for part in (self.labelled, self.pool, self.testing))
        return hashlib.blake2b(self.pictures.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, the summary first."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        few, many = int(counts.min()), int(counts.max())
        a_class = f"{few} a class" if few == many else f"{few} to {many} a class"
        parts = f"{len(self.classes)} classes, {len(self.labelled):,} pictures with a label ({a_class}), "
        parts += f"{len(self.pool):,} without one, "
        parts += f"{len(self.testing):,} to test"
        parts += f", {len(self.shifted):,} to test that differ on purpose" if len(self.shifted) else ""
        plain = replace(self.pictures, classes=())  # whose shares would be counted with those that have none
        sentences = [*plain.findings(), *likeness.said_alike(self.classes), f"Parts: {parts}."]
        if not len(self.pool):
            sentences.append(
                "No picture is without a label, so there is nothing to spread labels over. Put some into a folder "
                "called unlabelled, or use: onward train classify."
            )
        single = [self.classes[place] for place in np.flatnonzero(counts == 1)]
        if single:
            sentences.append(
                f"One label only: {_some(single)}. Cross-validation cannot ask about such a class; a second one helps."
            )
        if not len(self.testing):
            sentences.append(
                "No picture is for the test, and labels are too few to set some aside, so scores come from "
                "cross-validation. A folder called test, with class folders in it, makes them sure."
            )
        return [*sentences, *self.notes]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {"labelled": len(self.labelled), "unlabelled": len(self.pool), "testing": len(self.testing)}
        return {**self.pictures.as_json(), **sizes}


def read(source: Source, settings: Settings) -> Album:
    """Read pictures with and without labels, and part them.

    Raises:
        DataFault: fewer than two classes have a label, or what is there cannot be read.
    """
    notes: list[str] = []
    pictures, hidden = _told(source.address, settings, notes)
    shown = pictures.labels != NOBODY
    if not shown.any():
        raise DataFault(
            f"{source.address}: none of its {len(pictures):,} pictures has a label. Put a few of each class into a "
            "folder of its name, the rest into one called unlabelled; which ones first: onward apply semi FOLDER."
        )
    kinds = np.unique(pictures.labels[shown])
    if len(kinds) < 2:
        raise DataFault(
            f"{source.address} has labels of one class only ({pictures.classes[int(kinds[0])]}), nothing to tell "
            "apart. Label some pictures of another."
        )
    return _parted(pictures, hidden, settings, notes)


def _told(address: str, settings: Settings, notes: list[str]) -> tuple[Pictures, NDArray[np.int64]]:
    """Read the pictures with their labels, and hide those that the settings say; give also what was hidden."""
    if address.startswith("meadow:semi"):
        return meadow_semi(address, settings, notes)
    place = pictures_address(address)
    pictures = read_pictures(place, size=settings.size)
    if "/" in "".join(pictures.names):  # they lie in folders
        labels, classes, parts = told_by_folders(pictures.names)
        pictures = replace(pictures, labels=labels, classes=classes or ("all",), splits=parts)
    elif pictures.classes == ("all",):
        pictures = replace(pictures, labels=np.full(len(pictures), NOBODY))
    if place != address or pictures.classes == ("all",):
        pictures = _from_table(pictures, address, notes)
    hidden = np.full(len(pictures), NOBODY)
    return _hide(pictures, hidden, settings, notes)


def _from_table(pictures: Pictures, address: str, notes: list[str]) -> Pictures:
    """Take labels from a csv; pictures that it does not name, or leaves blank, are those without one."""
    plain = replace(pictures, classes=("all",), labels=np.zeros(len(pictures), np.int64))
    found, said = labelled_by_table(plain, address)
    if found is plain:
        return pictures
    notes += [sentence for sentence in said if "without a label" not in sentence]
    labels, parts = np.full(len(pictures), NOBODY), [""] * len(pictures)
    place_of = {name: place for place, name in enumerate(pictures.names)}
    for number, name in enumerate(found.names):
        labels[place_of[name]] = found.labels[number]
        parts[place_of[name]] = found.splits[number] if found.splits else ""
    folders = pictures.splits or ("",) * len(pictures)
    splits = tuple(part or folder for part, folder in zip(parts, folders, strict=True))
    return replace(pictures, labels=labels, classes=found.classes, splits=splits if any(splits) else None)


def _hide(
    pictures: Pictures, hidden: NDArray[np.int64], settings: Settings, notes: list[str]
) -> tuple[Pictures, NDArray[np.int64]]:
    """Keep the labels of some training pictures a class, drawn by lot; those of the test are never touched."""
    if settings.labels is None:
        return pictures, hidden
    labels = pictures.labels.copy()
    parts = np.array(pictures.splits or ("",) * len(pictures))
    open_to_learn = (parts != "test") & (parts != "test-shift") & (labels != NOBODY)
    if not pictures.splits and len(labels) > 1:  # a test part first, so that enough is left to be tested on
        aside = _set_aside(pictures, np.flatnonzero(open_to_learn))
        open_to_learn[aside] = False
        parts = np.where(np.isin(np.arange(len(labels)), aside), "test", "")
        pictures = replace(pictures, splits=tuple(map(str, parts)))
    chance = np.random.default_rng([settings.draw, 7])
    for kind in range(len(pictures.classes)):
        places = chance.permutation(np.flatnonzero(open_to_learn & (labels == kind)))[settings.labels :]
        hidden[places], labels[places] = labels[places], NOBODY
    notes.append(f"The labels of {int((hidden != NOBODY).sum()):,} pictures are hidden, as asked (--labels).")
    return replace(pictures, labels=labels), hidden


def _parted(pictures: Pictures, hidden: NDArray[np.int64], settings: Settings, notes: list[str]) -> Album:
    parts = np.array(pictures.splits or ("",) * len(pictures))
    shown = pictures.labels != NOBODY
    is_test, is_shifted = (parts == "test") & shown, (parts == "test-shift") & shown
    labelled, testing = np.flatnonzero(shown & ~is_test & ~is_shifted), np.flatnonzero(is_test)
    if not len(labelled):
        raise DataFault(f"{pictures.address}: only test pictures have a label. Label some to learn from.")
    labelled = _agreed(pictures, labelled, notes)
    kinds = np.bincount(pictures.labels[labelled], minlength=len(pictures.classes))
    if not len(testing) and kinds.min() >= _ENOUGH_A_CLASS:
        testing = _set_aside(pictures, labelled)
        labelled = np.setdiff1d(labelled, testing)
    _check_known(pictures, labelled, testing)
    unlabelled = np.flatnonzero(~shown & (parts != "test") & (parts != "test-shift"))
    if left := int((~shown).sum()) - len(unlabelled):
        notes.append(f"{left:,} pictures of the test have no label and are left out.")
    pool = by_lot(_without_copies(pictures, unlabelled, labelled, testing, notes), settings.pool, lot=5)
    used = {pictures.digests[place] for place in labelled} if pictures.digests else set[bytes]()
    kept = [place for place in testing if not used or pictures.digests[place] not in used]
    if len(kept) < len(testing):
        notes.append(f"{len(testing) - len(kept)} test pictures are also learned from; they are not tested.")
    return Album(pictures, labelled, pool, np.array(kept, np.int64), np.flatnonzero(is_shifted), hidden, tuple(notes))


def _agreed(pictures: Pictures, places: NDArray[np.int64], notes: list[str]) -> NDArray[np.int64]:
    """Leave out pictures that lie in two classes: nobody can say which is right."""
    said: dict[bytes, set[int]] = {}
    for place in places.tolist() if pictures.digests else ():
        said.setdefault(pictures.digests[place], set()).add(int(pictures.labels[place]))
    torn = [place for place in places.tolist() if pictures.digests and len(said[pictures.digests[place]]) > 1]
    if not torn:
        return places
    named = likeness.name_some(pictures.names, torn)
    notes.append(f"The same picture in two classes: {named}. They are not learned from; keep each in one.")
    kept = np.setdiff1d(places, torn)
    if len(np.unique(pictures.labels[kept])) < 2:
        raise DataFault(f"{pictures.address}: its labelled pictures contradict each other ({named}). Keep each in one.")
    return kept


def _without_copies(
    pictures: Pictures,
    pool: NDArray[np.int64],
    labelled: NDArray[np.int64],
    testing: NDArray[np.int64],
    notes: list[str],
) -> NDArray[np.int64]:
    """Take out of the pool what is there twice, has a label under another name, or is for the test."""
    if not pictures.digests:
        return pool
    tested = {pictures.digests[place] for place in testing}
    taken = {pictures.digests[place] for place in labelled}
    kept, of_test, of_labelled = [], 0, 0
    for place in pool.tolist():
        digest = pictures.digests[place]
        of_test += digest in tested
        of_labelled += digest in taken
        if digest not in taken and digest not in tested:
            taken.add(digest)
            kept.append(place)
    if of_test:
        notes.append(f"{of_test:,} pictures without a label are also for the test; they are left out of the pool.")
    if of_labelled:
        notes.append(f"{of_labelled:,} pictures without a label are there twice or also with one; they count once.")
    return np.array(kept, np.int64)


def _check_known(pictures: Pictures, labelled: NDArray[np.int64], testing: NDArray[np.int64]) -> None:
    unseen = sorted(set(pictures.labels[testing].tolist()) - set(pictures.labels[labelled].tolist()))
    if unseen:
        named = _some([pictures.classes[place] for place in unseen])
        raise DataFault(f"{pictures.address}: {named} is tested but has no label to learn from. Label a few.")


def _set_aside(pictures: Pictures, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Take a fifth of each class, copies together, in an order that depends on content alone."""
    aside: list[int] = []
    for kind in np.unique(pictures.labels[places]):
        copies: dict[bytes, list[int]] = {}
        for place in places[pictures.labels[places] == kind].tolist():
            content = pictures.digests[place] if pictures.digests else pictures.images[place].tobytes()
            copies.setdefault(hashlib.blake2b(content, digest_size=8).digest(), []).append(place)
        for key in sorted(copies)[: min(len(copies) - 1, max(1, round(_SHARE * len(copies))))]:
            aside += copies[key]
    return np.array(sorted(aside), np.int64)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_AT_MOST:,} more" if len(names) > _NAMED_AT_MOST else ""
    return ", ".join(names[:_NAMED_AT_MOST]) + more
