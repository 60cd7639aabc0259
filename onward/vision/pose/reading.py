"""Subjects with points as a finder takes them: in parts to learn from, to choose by, and to test.

Parts are the files' own where they say so. Frames of a film are alike, so of numbered pictures every fifth is tested,
by name; other pictures are parted by content. A picture and its exact copies are always in one part, and the choice
never changes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.keypoints import PosedPictures, read_keypoints
from onward.data.likeness import without_copies
from onward.data.photo_albums import album_for
from onward.data.skeletons import Skeleton
from onward.vision.pose.settings import Settings

__all__ = ["Poses", "direction_spread", "read"]

_TEST_SHARE, _VALIDATION_SHARE, _MOST_VALIDATION = 0.2, 0.12, 100
_FEWEST = 8
_SIZE, _MEADOW_SIZE, _STEP = 320, 192, 32
_FRAMES_EVERY = 5
_USUAL_TURN, _ANY_TURN = 30.0, 180.0
_ALL_ROUND = 0.5  # mean of the doubled directions below which subjects lie all round
_FEW_POINTS = 20
_STILL_FRAME = re.compile(r"^(.*?)\d+$")


@dataclass(frozen=True)
class Poses:
    """Subjects with points, in parts.

    Attributes:
        training: places in `pictures` to learn from.
        validation: places to choose by.
        testing: places that nothing but the final scores looks at.
        shifted: test pictures that differ on purpose from all others; often none.
        turn: degrees views are turned by at most.
    """

    pictures: PosedPictures
    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    testing: NDArray[np.int64]
    shifted: NDArray[np.int64]
    turn: float
    parted: str

    @property
    def skeleton(self) -> Skeleton:
        """Give names, lines and mirrors."""
        return self.pictures.skeleton

    @property
    def shape(self) -> tuple[int, int]:
        """Give width and height that subjects were fitted into, in pixels."""
        height, width = self.pictures.images.shape[1:3]
        return int(width), int(height)

    @property
    def fingerprint(self) -> str:
        """Give a digest of pictures, points and parts."""
        parts = b"".join(part.tobytes() for part in (self.training, self.validation, self.testing))
        return hashlib.blake2b(self.pictures.fingerprint.encode() + parts, digest_size=16).hexdigest()

    def places(self, place: int) -> NDArray[np.float32]:
        """Give a subject's points in fitted pixels: K 2."""
        return self.pictures.windows[place].inwards(self.pictures.points[place])

    def findings(self) -> list[str]:
        """Say what was understood, how it was parted, and which points will be hard to learn."""
        parts = f"{len(self.training):,} to learn from, {len(self.validation):,} to choose by, "
        parts += f"{len(self.testing):,} to test"
        parts += f", {len(self.shifted):,} to test that differ on purpose" if len(self.shifted) else ""
        sentences = [*self.pictures.findings(), f"Parts ({self.parted}): {parts}."]
        if self.turn > _USUAL_TURN:
            sentences.append(f"Subjects lie in all directions, so views are turned by up to {self.turn:.0f} degrees.")
        counts = self.pictures.known[self.training].sum(axis=0)
        few = [f"{name} ({counts[at]})" for at, name in enumerate(self.skeleton.names) if counts[at] < _FEW_POINTS]
        if few:
            more = f" and {len(few) - 5} more" if len(few) > 5 else ""
            sentences.append(f"Marked seldom: {', '.join(few[:5])}{more}. More of them will help most.")
        return sentences

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        sizes = {"training": len(self.training), "validation": len(self.validation), "testing": len(self.testing)}
        return {**self.pictures.as_json(), **sizes}


def read(source: Source, settings: Settings) -> Poses:
    """Read pictures and points, and part them.

    Raises:
        DataFault: too few subjects, or not one point to learn from.
    """
    is_meadow = source.address.startswith("meadow:")
    size = max(_STEP, (settings.size or (_MEADOW_SIZE if is_meadow else _SIZE)) // _STEP * _STEP)
    photos = album_for(source.address, settings.photos)
    pictures = read_keypoints(source.address, size, settings.subjects, photos)
    if len(pictures) < _FEWEST:
        raise DataFault(
            f"{source.address} has {len(pictures)} subjects with points, and at least {_FEWEST} are needed. Mark more."
        )
    training, validation, testing, shifted, parted = _parts(pictures, settings)
    turn = settings.turn
    if turn is None:
        turn = _ANY_TURN if direction_spread(pictures, training) < _ALL_ROUND else _USUAL_TURN
    poses = Poses(pictures, training, validation, testing, shifted, turn, parted)
    counts = pictures.known[training].sum(axis=0)
    if not counts.any():
        raise DataFault(f"{source.address}: not one training picture has a point. Mark some.")
    if not counts.all():
        never = [name for place, name in enumerate(pictures.skeleton.names) if not counts[place]]
        pictures.troubles["Never marked in what is learned from"] = never
    return poses


def direction_spread(pictures: PosedPictures, places: NDArray[np.int64]) -> float:
    """Say how much subjects lie along one line: 1 all along the same, 0 all round.

    The line is that through two points, the two farthest apart. Whoever is seen from the side faces left or right,
    which is the same line, hence the doubled angles (Fisher 1993, axial data).
    """
    points, known = pictures.points[places], pictures.known[places]
    best, spread = -1.0, 1.0
    count = points.shape[1]
    for one in range(count):
        for other in range(one):
            both = known[:, one] & known[:, other]
            if both.sum() < 8:
                continue
            gap = points[both, one] - points[both, other]
            length = np.hypot(gap[:, 0], gap[:, 1])
            if float(np.median(length)) > best:
                best = float(np.median(length))
                along = (gap[:, 0] + 1j * gap[:, 1]) / np.maximum(length, 1e-6)
                spread = float(abs((along**2).mean()))
    return spread


def _parts(
    pictures: PosedPictures, settings: Settings
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], str]:
    splits = np.array(pictures.splits)
    training = np.flatnonzero((splits == "train") | (splits == ""))
    validation, testing, shifted = (np.flatnonzero(splits == part) for part in ("val", "test", "test-shift"))
    parted = "the files' own"
    if settings.test_every is not None:
        training = np.flatnonzero(splits != "test-shift")
        validation = testing = np.zeros(0, np.int64)
    if not len(testing) and len(validation):
        validation, testing = testing, validation  # two parts: the second one is the test
    if not len(testing):
        every = settings.test_every or (_FRAMES_EVERY if _are_frames(pictures) else None)
        if every is not None:
            testing = _every(pictures, training, every)
            parted = f"numbered pictures, every {every}th is tested, by name"
        else:
            testing = _aside(pictures, training, round(_TEST_SHARE * len(training)))
            parted = "by content"
        training = np.setdiff1d(training, testing)
    known = training
    training, validation, _ = without_copies(pictures.digests, training, validation, np.concatenate([testing, shifted]))
    if left := sorted({pictures.names[place] for place in np.setdiff1d(known, training)}):
        pictures.troubles["Left out of learning, since held out too"] = left
    if not len(validation) and len(training):
        count = min(_MOST_VALIDATION, round(_VALIDATION_SHARE * len(training)))
        validation = _aside(pictures, training, max(1, count))
        training = np.setdiff1d(training, validation)
    if not len(training) or not len(testing):
        raise DataFault(
            f"{pictures.address}: too few different pictures to learn from some and test on others. Add more."
        )
    return training, validation, testing, shifted, parted


def _are_frames(pictures: PosedPictures) -> bool:
    """Say whether pictures are numbered, as frames of films are: all but few, with few different words before."""
    stems = [PurePosixPath(name).stem for name in set(pictures.names)]
    words = [found[1] for stem in stems if (found := _STILL_FRAME.match(stem))]
    return len(words) >= 0.95 * len(stems) and len(set(words)) <= max(1, len(stems) // 20)


def _every(pictures: PosedPictures, places: NDArray[np.int64], every: int) -> NDArray[np.int64]:
    """Take each so-manieth picture by sorted name, the first one too, with its exact copies."""
    names = sorted({pictures.names[place] for place in places.tolist()})
    chosen = set(names[::every])
    digests = {pictures.digests[place] for place in places.tolist() if pictures.names[place] in chosen}
    return np.array([place for place in places.tolist() if pictures.digests[place] in digests], np.int64)


def _aside(pictures: PosedPictures, places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Choose about `count` places by content; all subjects of a picture come along."""
    groups: dict[bytes, list[int]] = {}
    for place in places.tolist():
        groups.setdefault(hashlib.blake2b(pictures.digests[place], digest_size=8).digest(), []).append(place)
    aside: list[int] = []
    for key in sorted(groups):
        if len(aside) < count and len(groups) > 1:
            aside += groups[key]
    return np.array(sorted(aside), np.int64)
