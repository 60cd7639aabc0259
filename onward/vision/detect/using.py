"""A trained detector in use: boxes for new pictures, drawn and in files; export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from onward.core.exhibits import Exhibit, Film, Picture, Table
from onward.core.faults import DataFault, RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.boxes import letterboxed
from onward.data.films import film_facts, film_frames
from onward.data.inputs import Input, checked_inputs, told_apart
from onward.data.upright import upright_pictures
from onward.parts.film_progress import through_film
from onward.parts.onnx_export import write_onnx
from onward.parts.trained import averaged, facts_of
from onward.vision.detect.assignment import reaches_to_boxes
from onward.vision.detect.big import BigDetector
from onward.vision.detect.decoding import Found
from onward.vision.detect.finder import Finder, find
from onward.vision.detect.network import Detector, points_of
from onward.vision.detect.pictures import draw_boxes, sheet_of
from onward.vision.detect.settings import Looking

__all__ = ["apply", "export", "load"]

_AT_ONCE, _WRITTEN_SCORE, _ON_SHEET = 8, 0.05, 24


def load(run: Run) -> Finder:
    """Load a run's detector.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = facts_of(run, "detector")
    kinds, big = len(facts["classes"]), facts.get("big")

    def make() -> Any:
        return BigDetector(str(big), kinds, weights=False) if big else Detector(kinds, int(facts["width"]))

    return Finder(averaged(run, make, is_foreign=bool(big)), tuple(facts["classes"]), int(facts["size"]), run)


@dataclass
class _Looked:
    """All pictures looked at, in order, and a row for each box found, with its picture's number (from 1)."""

    classes: tuple[str, ...]
    images: list[dict[str, str | int]] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def add(self, name: str, picture: Image.Image, found: Found) -> None:
        """Take down a picture, and what was found in it."""
        number = len(self.images) + 1
        self.images.append({"id": number, "file_name": name, "width": picture.width, "height": picture.height})
        for box, label, score in zip(found.boxes, found.labels, found.scores, strict=True):
            corners = (f"{float(corner):.2f}" for corner in box)
            self.rows.append([name, self.classes[int(label)], f"{float(score):.5f}", *corners])
            self.numbers.append(number)


@dataclass(frozen=True)
class _Predictions(Table):
    """The table of boxes, and the same as COCO results beside it."""

    looked: _Looked = field(default_factory=lambda: _Looked(()))

    def write(self, folder: Path, name: str) -> Path:
        """Write `images.json` (every picture looked at), `name.json` (COCO results, by those numbers), `name.csv`."""
        results = []
        for number, (path, label, score, *corners) in zip(self.looked.numbers, self.rows, strict=True):
            left, top, right, bottom = map(float, corners)
            results.append(
                {
                    "image_id": number,
                    "file_name": path,
                    "category_id": self.looked.classes.index(label) + 1,
                    "category_name": label,
                    "bbox": [left, top, round(right - left, 2), round(bottom - top, 2)],
                    "score": float(score),
                }
            )
        for file, page in ((name, results), ("images", self.looked.images)):
            (folder / f"{file}.json").write_text(json.dumps(page, ensure_ascii=False, indent=1), encoding="utf-8")
        return super().write(folder, name)


def apply(finder: Finder, source: Source, options: Looking) -> Iterator[Exhibit]:
    """Find things in pictures and films: `predictions.csv`, `predictions.json`, `images.json`, and both drawn.

    Raises:
        DataFault: no picture was named, one is not there, or none can be read.
    """
    inputs = checked_inputs(source.addresses, "onward apply RUN photo.jpg folder/")
    looked = _Looked(finder.classes)
    lost: list[tuple[str, str]] = []
    drawn: list[Image.Image] = []
    count = 0
    taken: set[str] = set()
    for given in inputs:
        if given.is_film:
            frames = _drawn_film(finder, given, options.threshold, looked)
            yield Film(frames, film_facts(given.address).frames_per_second, f"found-{given.stem}")
            count += 1
            continue
        for name, picture, found in _found(finder, given.address, lost):
            looked.add(told_apart(name, given.path_of(name), taken), picture, found)
            if count < options.pictures:
                shown = draw_boxes(picture, found.above(options.threshold), finder.classes)
                drawn += [shown] if len(drawn) < _ON_SHEET else []
                yield Picture(np.asarray(shown), f"found-{count:04d}-{Path(name).stem}")
            count += 1
    if not count:
        raise DataFault(f"None of the {len(lost)} pictures can be read: {lost[0][0]} ({lost[0][1]}).")
    if drawn:
        yield Picture(sheet_of(drawn), "sheet")
    if lost:
        yield Table(["path", "reason"], lost, "unreadable")
    heads = ["path", "label", "score", "xmin", "ymin", "xmax", "ymax"]
    yield _Predictions(heads, looked.rows, "predictions", looked)


def _drawn_film(finder: Finder, given: Input, threshold: float, looked: _Looked) -> Iterator[NDArray[np.uint8]]:
    """Draw boxes on a film's frames, one after the other; `looked` gets each frame as film.mp4#000000."""
    frames = through_film(film_frames(given.address), film_facts(given.address).frames, given.name)
    for number, (_, picture) in enumerate(frames):
        ((name, frame, found),) = _looked(finder, [(given.frame(number), picture)])
        looked.add(name, frame, found)
        yield np.asarray(draw_boxes(frame, found.above(threshold), finder.classes))


def _found(finder: Finder, address: str, lost: list[tuple[str, str]]) -> Iterator[tuple[str, Image.Image, Found]]:
    """Go through pictures a few at a time; boxes come out in pixels of the upright picture."""
    waiting: list[tuple[str, Image.Image]] = []
    for each in upright_pictures(address, lost):
        waiting.append(each)
        if len(waiting) == _AT_ONCE:
            yield from _looked(finder, waiting)
            waiting = []
    if waiting:
        yield from _looked(finder, waiting)


def _looked(finder: Finder, waiting: list[tuple[str, Image.Image]]) -> Iterator[tuple[str, Image.Image, Found]]:
    fitted = [letterboxed(picture, finder.size) for _, picture in waiting]
    answers = find(finder.network, np.stack([image for image, _ in fitted]))
    for (name, picture), (_, scale), found in zip(waiting, fitted, answers, strict=True):
        yield name, picture, found.above(_WRITTEN_SCORE).scaled(1 / scale, picture.width, picture.height)


class _Plain(nn.Module):
    """One tensor out: for each point left, top, right, bottom as shares of the side, then a score a class."""

    points: Tensor

    def __init__(self, network: Detector, size: int) -> None:
        super().__init__()
        self.network, self.size = network, size
        self.register_buffer("points", points_of(size)[0])

    def forward(self, pictures: Tensor) -> Tensor:
        logits, reaches = self.network(pictures)
        return torch.cat([reaches_to_boxes(self.points, reaches) / self.size, logits.sigmoid()], dim=2)


def export(finder: Finder, folder: Path) -> Iterator[Path]:
    """Write the detector as ONNX, N 3 S S in [-1, 1] to N P 4 + classes, with its classes' names beside it.

    Raises:
        RunFault: it is one of torchvision's, which have no single answer to a picture.
    """
    if isinstance(finder.network, BigDetector):
        raise RunFault("torchvision's detectors cannot be exported from here. Train with --set backbone=lite0.")
    chance = torch.Generator().manual_seed(0)
    example = (torch.rand(2, 3, finder.size, finder.size, generator=chance) * 2 - 1,)
    plain = _Plain(finder.network, finder.size).eval()
    yield write_onnx(
        plain, example, ["pictures"], "boxes_and_scores", folder / "detector.onnx", most_apart=1e-4, traced=True
    )
    names = folder / "classes.txt"
    names.write_text("\n".join(finder.classes) + "\n", encoding="utf-8")
    yield names
