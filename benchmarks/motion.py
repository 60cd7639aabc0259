"""Motion on public data: flow by DIS, Farneback and a trained network, tracks against the public evaluator, speed."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results import real_data, write_section
from onward.core.folder import find_run
from onward.core.run import Run
from onward.data.mot_files import MotRows, read_mot, write_mot_rows
from onward.meadow import film
from onward.parts.dense_flow import FlowFinder
from onward.vision.motion.flow_net import load
from onward.vision.motion.scores import end_point_errors
from onward.vision.motion.sheets import Pair
from onward.vision.motion.track_scores import TrackScores, score_tracks
from onward.vision.motion.tracker import Sighting, Tracker
from onward.vision.overlaps import overlaps

FLOW_COLUMNS = ("pair", "no motion", "Farneback", "DIS", "trained", "DIS ms", "trained ms")
TRACK_COLUMNS = (
    "film", "MOTA", "IDF1", "HOTA", "HOTA if the truth named these boxes", "switches", "ms a frame",
    "farthest from the public evaluator",
)  # fmt: skip
_WAYS = (2.0, 8.5)  # pixels, of known warps of photos


class _Farneback(FlowFinder):
    """OpenCV's other method, as a peer."""

    name = "Farneback"

    def way(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
        greys = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (first, second)]
        nothing = np.zeros((*first.shape[:2], 2), np.float32)
        return np.asarray(cv2.calcOpticalFlowFarneback(*greys, nothing, 0.5, 3, 15, 3, 5, 1.2, 0), np.float32)


def warped(picture: NDArray[np.uint8], length: float, seed: int) -> Pair:
    """Warp a photo by a smooth way of this mean length; exact, since the first is fetched from the second."""
    chance = np.random.default_rng(seed)
    high, wide = picture.shape[:2]
    waves = chance.standard_normal((4, 4, 2)).astype(np.float32)
    way = cv2.resize(waves, (wide, high), interpolation=cv2.INTER_CUBIC)
    way *= length / np.linalg.norm(way, axis=2).mean()
    columns, rows = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    first = cv2.remap(
        picture, columns + way[..., 0], rows + way[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    edge = int(2 * length) + 4
    known = np.zeros((high, wide), bool)
    known[edge:-edge, edge:-edge] = True
    return Pair(first, picture, way, known)


def pairs() -> Iterator[tuple[str, list[Pair]]]:
    """Give the public pairs by name."""
    folder = real_data() / "motion" / "flow"
    both = [np.asarray(Image.open(folder / f"motorcycle_{side}.png").convert("RGB")) for side in ("left", "right")]
    disparity = np.load(folder / "motorcycle_disp.npz")["arr_0"]
    known = np.isfinite(disparity)
    right = -np.where(known, disparity, 0).astype(np.float32)
    yield "motorcycle, 741 x 500", [Pair(both[0], both[1], np.stack([right, 0 * right], axis=2), known)]
    names = ("astronaut", "chelsea", "coffee", "rocket")
    photos = []
    for path in sorted((real_data() / "pictures" / "photos").iterdir()):
        if path.stem in names:
            image = Image.open(path).convert("RGB")
            image.thumbnail((400, 400))
            photos.append(np.asarray(image))
    for length in _WAYS:
        yield f"warped photos, {length:g} px", [warped(photo, length, seed) for seed, photo in enumerate(photos)]


def flow_rows(run: str | None) -> list[list[str]]:
    """Measure flow."""
    finders: list[FlowFinder | None] = [_Farneback(), FlowFinder(), load(Run(find_run(run))).finder if run else None]
    rows = []
    for name, tests in pairs():
        still = end_point_errors([np.zeros_like(pair.way) for pair in tests], tests).mean()
        row, times = [name, f"{still:.2f}"], []
        for finder in finders:
            if finder is None:
                row.append("not run")
                times.append("")
                continue
            finder.way(tests[0].first, tests[0].second)  # warm
            began = time.process_time()
            ways = [finder.way(pair.first, pair.second) for pair in tests]
            times.append(f"{1000 * (time.process_time() - began) / len(tests):.0f}")
            row.append(f"{end_point_errors(ways, tests).mean():.3f}")
        rows.append([*row, *times[1:]])
    return rows


def followed(frames: list[tuple[float, NDArray[np.float64]]]) -> tuple[MotRows, float]:
    """Follow boxes (left, top, right, bottom, score) through frames; give tracks, and processor ms a frame."""
    Tracker().update(1, 0.0, frames[0][1][:, :4], frames[0][1][:, 4])  # brings its libraries in
    tracker, told = Tracker(), []
    began = time.process_time()
    for number, (seconds, boxes) in enumerate(frames, 1):
        told += tracker.update(number, seconds, boxes[:, :4], boxes[:, 4])
    spent = 1000 * (time.process_time() - began) / len(frames)
    return _rows(told), spent


def named_by_truth(truth: MotRows, frames: list[tuple[float, NDArray[np.float64]]]) -> MotRows:
    """Give the boxes that lie on somebody his own number: the best that linking boxes alone can come to."""
    from scipy.optimize import linear_sum_assignment

    truth = truth.only(truth.scores != 0)
    found: list[tuple[int, int, NDArray[np.float64]]] = []
    for number, (_, boxes) in enumerate(frames, 1):
        here = truth.only(truth.frames == number)
        shared = overlaps(here.boxes, boxes[:, :4])
        for row, column in zip(*linear_sum_assignment(-shared), strict=True):
            if shared[row, column] >= 0.5:
                found.append((number, int(here.who[row]), boxes[column, :4]))
    numbers = [np.array([row[place] for row in found], np.int64) for place in (0, 1)]
    places = np.array([row[2] for row in found], np.float64).reshape(-1, 4)
    return MotRows(numbers[0], numbers[1], places, np.ones(len(found)), np.full(len(found), -1))


def _rows(told: list[Sighting]) -> MotRows:
    told = sorted(told, key=lambda each: each.frame)
    boxes = np.array([each.box for each in told]).reshape(-1, 4)
    numbers = [np.array([getattr(each, part) for each in told], np.int64) for part in ("frame", "who", "kind")]
    return MotRows(numbers[0], numbers[1], boxes, np.ones(len(told)), numbers[2])


def films() -> Iterator[tuple[str, MotRows, list[tuple[float, NDArray[np.float64]]]]]:
    """Give name, truth and boxes of the films: a public one, and the meadow's that nothing was tuned on."""
    folder = real_data() / "motion" / "mot" / "TUD-Campus"
    guesses = read_mot(folder / "det" / "det.txt")
    boxes = [((n - 1) / 25, np.c_[each.boxes, each.scores]) for n, each in guesses.by_frame()]
    yield "TUD-Campus, given boxes", read_mot(folder / "gt" / "gt.txt"), boxes
    for level in (1, 2):
        for number in range(3):
            clip = film(number, size=192, split="test", level=level)
            true, seen = [], []
            for frame in range(len(clip)):
                scene = clip.scene(frame)
                true += [(frame + 1, each.who, each.whole) for each in clip.tracks(frame, scene) if each.seen > 0.25]
                seen.append((float(clip.times[frame]), clip.detections(frame, scene)))
            frames, who = (np.array([row[place] for row in true], np.int64) for place in (0, 1))
            places = np.array([row[2] for row in true], np.float64).reshape(-1, 4)
            truth = MotRows(frames, who, places, np.ones(len(true)), np.ones(len(true), np.int64))
            yield f"meadow:tracks@{level} test {number}", truth, seen


def apart(python: str, truth: MotRows, told: MotRows, ours: TrackScores) -> str:
    """Ask the public evaluator, in its own environment, and say how far ours are from it."""
    if not python:
        return "not run"
    with tempfile.TemporaryDirectory() as aside:
        paths = [str(Path(aside) / name) for name in ("truth.txt", "told.txt")]
        for path, rows in zip(paths, (truth, told), strict=True):
            write_mot_rows(Path(path), rows)
        ours = score_tracks(*(read_mot(Path(path)) for path in paths))  # both read the same rounded numbers
        script = str(Path(__file__).with_name("peer_trackeval.py"))
        answer = subprocess.run([python, script, *paths], check=True, capture_output=True, text=True)
    theirs = json.loads(answer.stdout.splitlines()[-1])
    return f"{max(abs(getattr(ours, name) - value) for name, value in theirs.items()):.1e}"


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", help="a trained run of motion, to measure its network")
    parser.add_argument("--evaluator", default="", help="a Python that has trackeval")
    given = parser.parse_args(words)
    command = "python -m benchmarks motion"
    title = "Motion: mean end-point error in pixels, processor ms a pair on one thread"
    write_section("motion-flow", title, command, FLOW_COLUMNS, flow_rows(given.run))
    rows = []
    for name, truth, boxes in films():
        told, spent = followed(boxes)
        scores = score_tracks(truth, told)
        best = score_tracks(truth, named_by_truth(truth, boxes)).hota
        shares = [f"{100 * each:.1f}" for each in (scores.mota, scores.idf1, scores.hota, best)]
        rows.append([name, *shares, str(scores.switches), f"{spent:.2f}", apart(given.evaluator, truth, told, scores)])
    write_section("motion-tracks", "Motion: who is who", command, TRACK_COLUMNS, rows)
