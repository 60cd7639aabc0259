"""Who is who from frame to frame: boxes in, tracks out, one frame at a time; all patience in seconds.

Each track is believed to go on as it goes (`kalman.py`). In every frame the boxes are dealt to the tracks in two rounds
(ByteTrack, arXiv:2110.06864): first the sure ones, then, to tracks that got none, the doubtful ones too: somebody half
hidden is seen badly, but where he was expected. What fits is told by the overlap of widened boxes (arXiv:2211.14317),
wider the longer a track was lost, so that small and fast things find each other; the best deal overall is chosen by the
Hungarian method (Kuhn 1955, scipy). Somebody lost is waited for where he would be by now, and keeps his number when he
comes back; who walked out of the picture is not waited for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onward.vision.motion.kalman import Beliefs, Noise
from onward.vision.overlaps import overlaps, widened

__all__ = ["Sighting", "Tracker", "Tuning"]

_LEAST_SECONDS = 1e-3


@dataclass(frozen=True)
class Tuning:
    """How a tracker decides; tuned on the meadow's films.

    Attributes:
        sure: least score of the first round.
        doubtful: least score of the second.
        birth: least score of a box that may begin a track.
        widen: share of its sides by which a box is widened in the first round; `widen_more` in the second.
        widen_lost: share a second that is added for a lost track, up to `widen_more` twice.
        fits: least overlap of widened boxes.
        confirm_seconds: how long somebody has to be seen before he counts; at least twice in any case.
        patience_seconds: how long somebody lost is waited for.
        doubt: how much less exact a doubtful box is than a sure one.
    """

    sure: float = 0.5
    doubtful: float = 0.1
    birth: float = 0.5
    widen: float = 0.2
    widen_more: float = 0.4
    widen_lost: float = 0.4
    fits: float = 0.15
    confirm_seconds: float = 0.1
    patience_seconds: float = 1.0
    doubt: float = 2.0
    noise: Noise = field(default_factory=Noise)


class Sighting(NamedTuple):
    """Somebody in a frame.

    Attributes:
        who: his number, from 1, never given twice.
        box: left, top, right, bottom in pixels.
        speed: of his middle, right and down, in pixels a second.
        is_seen: False where he was hidden and his place is drawn from before and after.
        size: his area in pixels, NaN where unknown.
    """

    frame: int
    seconds: float
    who: int
    kind: int
    box: NDArray[np.float64]
    score: float
    speed: tuple[float, float]
    is_seen: bool = True
    size: float = math.nan


@dataclass
class _Track:
    """What is known of somebody beside his place.

    Attributes:
        who: 0 until he counts.
        waiting: sightings that are told once he counts.
    """

    kind: int
    last: Sighting
    who: int = 0
    waiting: list[Sighting] = field(default_factory=list)


class Tracker:
    """Follows things through the frames of one film.

    Args:
        tuning: how it decides.
        size: width and height of the picture, if known; who walks out of it is not waited for.

    Example:
        >>> tracker = Tracker()
        >>> told = [tracker.update(n, n / 25, np.array([[2.0 * n, 0, 10 + 2 * n, 20]]), np.ones(1)) for n in range(5)]
        >>> sorted({each.who for sightings in told for each in sightings})
        [1]
    """

    def __init__(self, tuning: Tuning | None = None, size: tuple[int, int] | None = None) -> None:
        self._tuning, self._size = tuning or Tuning(), size
        self._beliefs = Beliefs.of(np.zeros((0, 4)), self._tuning.noise)
        self._tracks: list[_Track] = []
        self._given, self._now, self._before = 0, 0.0, 0.0

    def update(
        self,
        frame: int,
        seconds: float,
        boxes: NDArray[np.floating],
        scores: NDArray[np.floating],
        kinds: NDArray[np.int64] | None = None,
        sizes: NDArray[np.float64] | None = None,
    ) -> list[Sighting]:
        """Take in a frame.

        Args:
            frame: its number.
            seconds: when it was taken; later than the one before.
            boxes: N 4.
            scores: N in 0 to 1.
            kinds: N class numbers, -1 for any; a track keeps to its class.
            sizes: N areas in pixels, for whoever compares them later.
        Returns: who is seen in it, and what became clear of earlier frames: of somebody who counts only now, and of
            where somebody was while he was hidden.
        """
        tuning = self._tuning
        kinds = np.full(len(boxes), -1) if kinds is None else kinds
        sizes = np.full(len(boxes), np.nan) if sizes is None else sizes
        self._beliefs = self._beliefs.later(max(_LEAST_SECONDS, seconds - self._now), tuning.noise)
        self._before, self._now = self._now, seconds
        self._forget()
        free_tracks = np.arange(len(self._tracks))
        sure = np.flatnonzero(scores >= tuning.sure)
        first = self._deal(free_tracks, sure, boxes, kinds, tuning.widen)
        free_tracks = np.setdiff1d(free_tracks, [track for track, _ in first])
        rest = np.setdiff1d(np.flatnonzero(scores >= tuning.doubtful), [box for _, box in first])
        second = self._deal(free_tracks, rest, boxes, kinds, tuning.widen_more)
        pairs = [*first, *second]
        told = self._learn(pairs, frame, boxes, scores, sizes)
        taken = [box for _, box in pairs]
        for place in np.setdiff1d(np.flatnonzero(scores >= tuning.birth), taken):
            self._begin(frame, boxes[place], float(scores[place]), int(kinds[place]))
        return told

    def _forget(self) -> None:
        """Let go of tracks that were lost too long, or at once before they counted, or that left the picture."""
        if not self._tracks:
            return
        last = np.array([track.last.seconds for track in self._tracks])
        counts = np.array([track.who > 0 for track in self._tracks])
        patience = np.where(counts, self._tuning.patience_seconds, self._tuning.confirm_seconds)
        waited_for = self._now - last <= patience + 1e-9
        if self._size is not None:
            middles = self._beliefs.values[:, :2]
            waited_for &= ((middles > 0) & (middles < np.array(self._size))).all(axis=1)
        stays = waited_for | (last >= self._before)  # whoever was there a frame ago has a chance at any rate
        self._beliefs = self._beliefs.only(stays)
        self._tracks = [track for track, stay in zip(self._tracks, stays, strict=True) if stay]

    def _deal(
        self,
        tracks: NDArray[np.int64],
        places: NDArray[np.int64],
        boxes: NDArray[np.floating],
        kinds: NDArray[np.int64],
        widen: float,
    ) -> list[tuple[int, int]]:
        """Deal boxes to tracks so that they fit best overall: pairs of (track, box)."""
        from scipy.optimize import linear_sum_assignment

        if not len(tracks) or not len(places):
            return []
        lost = np.array([self._now - self._tracks[track].last.seconds for track in tracks])
        shares = widen + np.minimum(self._tuning.widen_lost * lost, 2 * self._tuning.widen_more)
        expected = self._beliefs.boxes[tracks]
        fits = overlaps(widened(expected, shares), widened(boxes[places], widen))
        own = np.array([self._tracks[track].kind for track in tracks])
        unlike = (own[:, None] != kinds[places][None]) & (own[:, None] >= 0) & (kinds[places][None] >= 0)
        fits[unlike] = 0
        counts = np.array([self._tracks[track].who > 0 for track in tracks])
        order, columns = linear_sum_assignment(-(fits + 0.1 * counts[:, None] * (fits >= self._tuning.fits)))
        return [
            (int(tracks[row]), int(places[column]))
            for row, column in zip(order, columns, strict=True)
            if fits[row, column] >= self._tuning.fits
        ]

    def _learn(
        self,
        pairs: list[tuple[int, int]],
        frame: int,
        boxes: NDArray[np.floating],
        scores: NDArray[np.floating],
        sizes: NDArray[np.float64],
    ) -> list[Sighting]:
        """Bring the tracks to the boxes they were dealt; tell of those that count."""
        if not pairs:
            return []
        rows, columns = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
        doubts = np.where(scores[columns] >= self._tuning.sure, 1.0, self._tuning.doubt)
        learned = self._beliefs.only(rows).seen(boxes[columns], self._tuning.noise, doubts)
        for part in ("values", "speeds", "spread"):
            getattr(self._beliefs, part)[rows] = getattr(learned, part)
        shown = learned.boxes
        told: list[Sighting] = []
        for number, (row, column) in enumerate(pairs):
            track = self._tracks[row]
            speed = (float(learned.speeds[number, 0]), float(learned.speeds[number, 1]))
            now = Sighting(
                frame, self._now, track.who, track.kind, shown[number], float(scores[column]), speed,
                size=float(sizes[column]),
            )  # fmt: skip
            told += self._told(track, now)
        return told

    def _told(self, track: _Track, now: Sighting) -> list[Sighting]:
        """Say what is clear of a track now that it was seen again."""
        between = _drawn_between(track.last, now)
        track.last = now
        if track.who:
            return [*between, now]
        track.waiting += [*between, now]
        if now.seconds - track.waiting[0].seconds + 1e-9 < self._tuning.confirm_seconds:
            return []
        self._given += 1
        track.who = self._given
        told = [each._replace(who=track.who) for each in track.waiting]
        track.waiting = []
        track.last = now._replace(who=track.who)
        return told

    def _begin(self, frame: int, box: NDArray[np.floating], score: float, kind: int) -> None:
        born = Sighting(frame, self._now, 0, kind, np.asarray(box, np.float64), score, (0.0, 0.0))
        self._tracks.append(_Track(kind, born, waiting=[born]))
        self._beliefs = self._beliefs.joined(Beliefs.of(born.box[None], self._tuning.noise))


def _drawn_between(before: Sighting, after: Sighting) -> list[Sighting]:
    """Draw the places in the frames between two sightings on a straight line."""
    filled = []
    for frame in range(before.frame + 1, after.frame):
        share = (frame - before.frame) / (after.frame - before.frame)
        box = before.box + share * (after.box - before.box)
        seconds = before.seconds + share * (after.seconds - before.seconds)
        score = min(before.score, after.score)
        filled.append(Sighting(frame, seconds, after.who, after.kind, box, score, after.speed, is_seen=False))
    return filled
