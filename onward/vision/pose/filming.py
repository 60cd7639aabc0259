"""Films: points frame by frame, steadied, drawn and written as they are found; then speeds and angles over time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.exhibits import Exhibit, Picture, Table
from onward.data.films import film_facts, film_frames
from onward.data.inputs import Input
from onward.data.skeletons import Skeleton
from onward.parts.film_progress import through_film
from onward.parts.plots import curves_picture
from onward.vision.pose.labelling import Candidates
from onward.vision.pose.looking import Looker
from onward.vision.pose.pictures import draw_points
from onward.vision.pose.settings import Looking
from onward.vision.pose.smoothing import OneEuro
from onward.vision.pose.subjects import Follower, GivenBoxes
from onward.vision.pose.writing import Journal, TimedFilm, of_its_kind, sureness_of

__all__ = ["FilmPoints", "angles_of", "film_exhibits", "speeds_of"]

_AT_ONCE = 4


@dataclass
class FilmPoints:
    """What was found in a film, frame by frame.

    Attributes:
        rows: (path, second, subject, points K 3) of each subject of each frame.
    """

    rows: list[tuple[str, float, int, NDArray[np.float32]]] = field(default_factory=list)

    def subject(self, number: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Give a subject's seconds, T, and points, T K 3."""
        own = [(seconds, found) for _, seconds, subject, found in self.rows if subject == number]
        return np.array([seconds for seconds, _ in own]), np.stack([found for _, found in own])

    def subjects(self) -> list[int]:
        """List the subjects' numbers, the one seen longest first."""
        numbers = [subject for _, _, subject, _ in self.rows]
        return sorted(set(numbers), key=lambda number: (-numbers.count(number), number))


def film_exhibits(
    looker: Looker,
    given: Input,
    options: Looking,
    journal: Journal,
    candidates: Candidates,
    boxes: GivenBoxes | None,
) -> Iterator[Exhibit]:
    """Go through a film once: the film with points drawn on it, then curves and tables of what moved how."""
    story, stem = FilmPoints(), given.stem
    frames = _frames(looker, given, options, boxes, candidates)
    yield TimedFilm((), caption=f"found-{stem}", timed=_told(looker, frames, options, journal, story))
    for rank, subject in enumerate(story.subjects()[:3]):
        seconds, points = story.subject(subject)
        tail = stem if rank == 0 else f"{stem}-{subject}"
        speeds = speeds_of(seconds, points, looker.skeleton, options.threshold)
        if np.isfinite(np.concatenate([*speeds.values(), [np.nan]])).any():
            yield Picture(curves_picture(seconds, speeds, "speed, pixels a second"), f"speeds-{tail}")
        angles = angles_of(points, looker.skeleton, options.threshold)
        if np.isfinite(np.concatenate([*angles.values(), [np.nan]])).any():
            yield Picture(curves_picture(seconds, angles, "angle, degrees"), f"angles-{tail}")
    yield from _tables(looker, story, options, stem)


def _frames(
    looker: Looker, given: Input, options: Looking, boxes: GivenBoxes | None, candidates: Candidates
) -> Iterator[tuple[str, float, Image.Image, list[tuple[int, NDArray[np.float32]]]]]:
    """Find the points of each frame; the next frames are decoded and fitted while the network looks at these."""
    facts = film_facts(given.address)
    numbered = enumerate(through_film(film_frames(given.address), facts.frames, given.name))

    def fetch():
        batch = []
        for number, (seconds, picture) in islice(numbered, _AT_ONCE):
            name = given.frame(number)
            own = None if boxes is None else boxes.of(name)
            batch.append((name, seconds, picture, looker.ready(picture, own)))
        return batch

    follow, filters = Follower(), {}
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(fetch)
        while batch := coming.result():
            coming = aside.submit(fetch)
            answers = looker.look([ready for *_, ready in batch])
            for (name, seconds, picture, _), seen in zip(batch, answers, strict=True):
                numbers = [1] if seen.boxes is None else follow(seconds, seen.boxes)
                found = []
                for subject, (points, described) in zip(numbers, seen.subjects, strict=True):
                    candidates.add(name, seconds, subject, points, described, sureness_of(points, looker.skeleton))
                    if options.smooth:
                        steady = filters.setdefault(subject, OneEuro(float(np.hypot(*picture.size))))
                        places = steady(seconds, points[:, :2], points[:, 2] >= options.threshold)
                        points = np.concatenate([places, points[:, 2:]], axis=1).astype(np.float32)
                    found.append((subject, points))
                yield name, seconds, picture, found


def _told(
    looker: Looker,
    frames: Iterator[tuple[str, float, Image.Image, list[tuple[int, NDArray[np.float32]]]]],
    options: Looking,
    journal: Journal,
    story: FilmPoints,
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Write each frame's rows, remember them, and draw them."""
    for name, seconds, picture, found in frames:
        journal.add_subjects(name, seconds, found, looker.skeleton)
        story.rows += [(name, seconds, subject, points) for subject, points in found]
        shown = [of_its_kind(points, looker.skeleton) for _, points in found]
        yield seconds, np.asarray(draw_points(picture, shown, looker.skeleton, options.threshold))


def speeds_of(
    seconds: NDArray[np.floating], points: NDArray[np.floating], skeleton: Skeleton, threshold: float
) -> dict[str, NDArray[np.float64]]:
    """Give each point's speed in pixels a second: T each; NaN where it or the one before is not sure."""
    speeds = {}
    passed = np.diff(seconds)
    for place, name in enumerate(skeleton.names):
        sure = points[:, place, 2] >= threshold
        gone = np.hypot(*np.diff(points[:, place, :2].astype(np.float64), axis=0).T)
        fine = sure[1:] & sure[:-1] & (passed > 0)
        speed = np.where(fine, gone / np.where(passed > 0, passed, 1.0), np.nan)
        speeds[name] = np.concatenate([[np.nan], speed])
    return speeds


def angles_of(points: NDArray[np.floating], skeleton: Skeleton, threshold: float) -> dict[str, NDArray[np.float64]]:
    """Give the angle at each joint where two lines meet, 0 to 180 degrees: T each; NaN where a point is not sure."""
    angles = {}
    for joint, name in enumerate(skeleton.names):
        ends = [other if one == joint else one for one, other in skeleton.edges if joint in (one, other)]
        for one, other in pairwise(ends):
            arms = [points[:, end, :2].astype(np.float64) - points[:, joint, :2] for end in (one, other)]
            lengths = [np.hypot(*arm.T) for arm in arms]
            cosine = (arms[0] * arms[1]).sum(axis=1) / np.maximum(lengths[0] * lengths[1], 1e-9)
            sure = (points[:, [one, joint, other], 2] >= threshold).all(axis=1)
            title = f"{skeleton.names[one]}, {name}, {skeleton.names[other]}"
            angles[title] = np.where(sure, np.degrees(np.arccos(cosine.clip(-1, 1))), np.nan)
    return angles


def _tables(looker: Looker, story: FilmPoints, options: Looking, stem: str) -> Iterator[Table]:
    speeds: list[list[str]] = []
    angles: list[list[str]] = []
    heads: list[str] = []
    for subject in sorted(story.subjects()):
        seconds, points = story.subject(subject)
        fast = speeds_of(seconds, points, looker.skeleton, options.threshold)
        bent = angles_of(points, looker.skeleton, options.threshold)
        heads = list(bent)
        for rows, curves, digits in ((speeds, fast, 1), (angles, bent, 1)):
            columns = np.stack([*curves.values()], axis=1) if curves else np.zeros((len(seconds), 0))
            for second, values in zip(seconds, columns, strict=True):
                cells = [f"{value:.{digits}f}" if np.isfinite(value) else "" for value in values]
                rows.append([f"{second:.4f}", str(subject), *cells])
    if speeds:
        yield Table(["seconds", "subject", *looker.skeleton.names], speeds, f"speeds-{stem}")
    if heads:
        yield Table(["seconds", "subject", *heads], angles, f"angles-{stem}")
