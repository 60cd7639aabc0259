"""Whom to follow: boxes frame by frame, from a file, from an exported detector, or from what moves by itself.

A detector is taken as what `onward export` wrote of it (`detector.onnx`, `classes.txt`), or as the `predictions.csv`
that it left: plain files, so that this task need not know that one.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault, MachineFault, RunFault
from onward.core.folder import find_run
from onward.data.boxes import letterboxed
from onward.data.mot_files import MotRows, read_mot
from onward.vision.motion.regions import Region
from onward.vision.overlaps import suppress

__all__ = ["Finder", "Found", "MotBoxes", "RegionBoxes", "finder_for"]

_CANDIDATES, _LEAST_SCORE = 300, 0.05
_LARGE = 0.004  # of the picture: a region of this size is believed whole


@dataclass(frozen=True)
class Found:
    """Boxes of one frame: N 4 in pixels, N scores, N class numbers, N areas in pixels, NaN where unknown."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    kinds: NDArray[np.int64]
    sizes: NDArray[np.float64] | None = None

    @staticmethod
    def of(rows: Sequence[Sequence[float]], sizes: Sequence[float] | None = None) -> Found:
        """Take rows of left, top, right, bottom, score, class."""
        values = np.array(rows, np.float64).reshape(-1, 6)
        known = None if sizes is None else np.array(sizes, np.float64)
        return Found(values[:, :4], values[:, 4], values[:, 5].astype(np.int64), known)


class Finder(Protocol):
    """Says what is in a frame."""

    classes: tuple[str, ...]

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Find boxes in a frame, counted from 1: H W 3; `regions` are what moves in it by itself."""
        ...


class RegionBoxes:
    """Follows whatever moves by itself; small regions are doubtful."""

    classes: tuple[str, ...] = ()

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Take the regions as boxes."""
        whole = picture.shape[0] * picture.shape[1]
        return Found.of([(*each.box, min(1.0, 0.4 + 0.5 * each.area / (_LARGE * whole)), -1) for each in regions])


class MotBoxes:
    """Boxes of a MOTChallenge file; scores that are no shares (some files hold logits) are ranked.

    Args:
        rows: of the file.
    """

    classes: tuple[str, ...] = ()

    def __init__(self, rows: MotRows) -> None:
        self.rows = rows
        scores = rows.scores
        if len(scores) and (scores.min() < 0 or scores.max() > 1):
            ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
            self._scores = 0.4 + 0.6 * ranks / max(1, len(ranks) - 1)
        else:
            self._scores = scores

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Give the boxes of a frame."""
        first, end = np.searchsorted(self.rows.frames, [frame, frame + 1])
        return Found(self.rows.boxes[first:end], self._scores[first:end], self.rows.kinds[first:end])


class CsvBoxes:
    """Boxes of the `predictions.csv` of a detector that went through the film.

    Args:
        path: of the file; its rows are called film.mp4#000000, or by the names of a folder's frames.
        film: name of the film.
        names: of the frames, where it is a folder.
    Raises:
        DataFault: it has no row of this film.
    """

    def __init__(self, path: Path, film: str, names: Sequence[str]) -> None:
        self._frames: dict[int, list[tuple[float, ...]]] = {}
        places = {name: number for number, name in enumerate(names, 1)}
        kinds: dict[str, int] = {}
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    name, _, count = row["path"].rpartition("#")
                    frame = int(count) + 1 if name == film else places.get(row["path"], 0)
                    if frame:
                        corners = [float(row[side]) for side in ("xmin", "ymin", "xmax", "ymax")]
                        kind = kinds.setdefault(row["label"], len(kinds))
                        self._frames.setdefault(frame, []).append((*corners, float(row["score"]), kind))
        except (OSError, KeyError, ValueError, TypeError) as reason:
            raise DataFault(f"{path} is no predictions.csv of detect ({reason!r}). Give another.") from None
        if not self._frames:
            raise DataFault(f"{path} has no row of {film}. Let the detector go through it: onward apply RUN {film}")
        self.classes = tuple(kinds)

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Give the boxes of a frame."""
        return Found.of(self._frames.get(frame, []))


class ExportedDetector:
    """A detector as `onward export` writes it.

    Args:
        folder: with `detector.onnx` and `classes.txt`.
    Raises:
        MachineFault: onnxruntime is not installed.
        DataFault: the file cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MachineFault("An exported detector needs onnxruntime: pip install 'onward[export]'") from None
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(folder / "detector.onnx"), providers=["CPUExecutionProvider"]
            )
            names = (folder / "classes.txt").read_text(encoding="utf-8").splitlines()
        except Exception as reason:  # onnxruntime has no error of its own to be named
            raise DataFault(f"{folder} holds no detector that can be read ({reason}). Export it again.") from None
        self._input = self._session.get_inputs()[0]
        self._size = int(self._input.shape[2])
        self.classes = tuple(names)

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Look at a frame."""
        fitted, scale = letterboxed(Image.fromarray(picture), self._size)
        pixels = fitted.transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1
        (answer,) = self._session.run(None, {self._input.name: pixels})
        scores = answer[0, :, 4:]
        places, kinds = np.nonzero(scores >= _LEAST_SCORE)
        values = scores[places, kinds]
        order = np.argsort(-values, kind="stable")[:_CANDIDATES]
        boxes = answer[0, places[order], :4].astype(np.float64) * self._size / scale
        kept = suppress(boxes, kinds[order])
        limits = np.array([picture.shape[1], picture.shape[0]] * 2)
        return Found(boxes[kept].clip(0, limits), values[order][kept].astype(np.float64), kinds[order][kept])


def finder_for(word: str, film: str, names: Sequence[str] = ()) -> Finder | None:
    """Find out what `--detector` names; None if it names nothing.

    Args:
        word: a MOT file, a predictions.csv, a folder with an exported detector, or a detect run.
        film: name of the film, as a detector calls it.
        names: of the frames, where it is a folder.
    Raises:
        RunFault: the run is not exported, or no detector.
        DataFault: the file cannot serve.
    """
    path = Path(word)
    if not word:
        return None
    if word.lower().endswith(".txt"):
        return MotBoxes(read_mot(path))
    if word.lower().endswith(".csv"):
        return CsvBoxes(path, film, names)
    if (path / "detector.onnx").is_file():
        return ExportedDetector(path)
    folder = find_run(word)
    if folder.record["task"] != "detect":
        raise RunFault(f"{folder.path.name} is a run of {folder.record['task']}, and boxes come from a run of detect.")
    for place in (folder.path / "export", Path(f"{folder.path.name}-export")):
        if (place / "detector.onnx").is_file():
            return ExportedDetector(place)
    raise RunFault(f"{folder.path.name} is not exported yet. Do it once: onward export {folder.word}")
