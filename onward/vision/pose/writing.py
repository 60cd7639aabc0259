"""Files that grow while a model is applied: what is in them when the power goes is not lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Film, Table
from onward.data.film_writing import FilmWriter
from onward.data.skeletons import Skeleton

__all__ = ["Journal", "Results", "TimedFilm", "of_its_kind", "sureness_of"]

_HEADS = ("path", "seconds", "subject", "keypoint", "x", "y", "score")


def _kind_of(found: NDArray[np.floating], skeleton: Skeleton) -> int:
    """Say which kind of subject the points, K 3, are most likely of."""
    return int(np.argmax([found[list(own), 2].mean() for _, own in skeleton.kinds]))


def sureness_of(found: NDArray[np.floating], skeleton: Skeleton) -> float:
    """Give the mean score of the points of the likeliest kind."""
    return float(found[list(skeleton.kinds[_kind_of(found, skeleton)][1]), 2].mean())


def of_its_kind(found: NDArray[np.float32], skeleton: Skeleton) -> NDArray[np.float32]:
    """Leave the points of other kinds than the likeliest without a score: K 3."""
    shown = found.copy()
    own = skeleton.kinds[_kind_of(found, skeleton)][1]
    shown[np.setdiff1d(np.arange(len(found)), own), 2] = 0.0
    return shown


@dataclass(frozen=True)
class Journal(Table):
    """`predictions.csv`: made when it is first written, with its heads alone; each subject's rows follow as found."""

    columns: Sequence[str] = _HEADS
    rows: Sequence[Sequence[Any]] = ()
    caption: str = "predictions"
    places: list[Path] = field(default_factory=list)
    found: list[tuple[str, int, NDArray[np.float32]]] = field(default_factory=list)

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv` with its heads, and remember where."""
        path = super().write(folder, name)
        self.places.append(path)
        return path

    def add_subjects(
        self, name: str, seconds: float | None, subjects: Sequence[tuple[int, NDArray[np.float32]]], skeleton: Skeleton
    ) -> None:
        """Append what was found of a picture's subjects (number, points K 3); it is in the file when this returns."""
        rows = []
        second = "" if seconds is None else f"{seconds:.4f}"
        for number, points in subjects:
            self.found.append((name, number, points))
            for place in skeleton.kinds[_kind_of(points, skeleton)][1]:
                x, y, score = map(float, points[place])
                rows.append([name, second, number, skeleton.names[place], f"{x:.2f}", f"{y:.2f}", f"{score:.4f}"])
        for path in self.places:
            with path.open("a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)


@dataclass(frozen=True)
class TimedFilm(Film):
    """A film whose frames know their second; killed at any moment, what was written can be watched."""

    timed: Iterator[tuple[float, NDArray[np.uint8]]] = field(default_factory=lambda: iter(()))

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.mp4`."""
        path = folder / f"{name}.mp4"
        with FilmWriter(path) as film:
            for seconds, pixels in self.timed:
                film.add(pixels, seconds)
        return path


@dataclass(frozen=True)
class Results(Table):
    """`predictions.json`: COCO keypoint results; images are numbered by their first row."""

    ending: ClassVar[str] = ".json"
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    caption: str = "predictions"
    found: list[tuple[str, int, NDArray[np.float32]]] = field(default_factory=list)
    skeleton: Skeleton | None = None
    threshold: float = 0.0

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.json`."""
        numbers: dict[str, int] = {}
        results = [
            self._result(numbers.setdefault(path, len(numbers) + 1), path, subject, found)
            for path, subject, found in self.found
        ]
        path = folder / f"{name}.json"
        path.write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
        return path

    def _result(self, number: int, path: str, subject: int, found: NDArray[np.float32]) -> dict[str, Any]:
        kinds = self.skeleton.kinds if self.skeleton else (("subject", tuple(range(len(found)))),)
        kind = _kind_of(found, self.skeleton) if self.skeleton else 0
        name, own = kinds[kind]
        points = found[list(own)]
        numbers = [
            [round(float(x), 2), round(float(y), 2), 2 if score >= self.threshold else 1] for x, y, score in points
        ]
        return {
            "image_id": number,
            "file_name": path,
            "category_id": kind + 1,
            "category_name": name,
            "subject": subject,
            "keypoints": [value for point in numbers for value in point],
            "keypoint_scores": [round(float(score), 4) for score in points[:, 2]],
            "score": round(float(points[:, 2].mean()), 4),
        }
