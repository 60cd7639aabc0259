"""How good is it? Average precision on pictures nothing else looked at, beside a guess without looking."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.parts.lots import by_lot
from onward.vision.detect.decoding import Found
from onward.vision.detect.finder import Finder, find
from onward.vision.detect.pictures import curves_picture, truth_and_found
from onward.vision.detect.precision import average_precision, evaluated
from onward.vision.detect.reading import Scenes
from onward.vision.detect.resampling import Matches, intervals, match_boxes

__all__ = ["evaluate", "without_looking"]

_FEWEST, _SHOWN = 16, 8
_SIZES = {"AP small": "under 32 px", "AP medium": "32 to 96 px", "AP large": "over 96 px"}


def evaluate(finder: Finder, scenes: Scenes, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a detector on the testing part, or as much of it as the seconds allow."""
    scenes = scenes.at(finder.size).named_as(finder.classes)
    places = by_lot(scenes.testing, lot=1)
    began = time.monotonic()
    first = find(finder.network, scenes.pictures.images[places[:_FEWEST]])
    cost = (time.monotonic() - began) / max(1, len(first))
    places = places[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(places))))]
    found = first + find(finder.network, scenes.pictures.images[places[_FEWEST:]])
    _say_how_many(finder, places, scenes.testing)
    session = evaluated(scenes, places, found)
    values = average_precision(scenes, places, found)
    guesses = average_precision(scenes, places, without_looking(scenes, len(places)))
    reach = intervals(scenes, places, found)
    for name, words in (("AP50", "average precision, half overlap (AP50)"), ("AP", "average precision (AP)")):
        opponent = Baseline("the usual boxes, without looking", max(0.0, guesses[name]))
        yield Score(words, max(0.0, values[name]), "", True, reach[name], len(places), opponent)
    if len(scenes.shifted):
        yield _shifted(finder, scenes, seconds - (time.monotonic() - began), cost, values["AP50"])
    yield from _sheets(scenes, places, found)
    precision = session.eval["precision"][0, :, :, 0, -1]  # an overlap of a half, all sizes, 100 boxes a picture
    yield Picture(curves_picture(precision, scenes.classes), "precision against recall, class by class")
    yield _by_class(scenes, places, session)
    rows = [[words, f"{values[name]:.3f}" if values[name] >= 0 else "none there"] for name, words in _SIZES.items()]
    yield Table([f"size, fitted into {scenes.size} px", "AP"], rows, "by size")


def without_looking(scenes: Scenes, count: int) -> list[Found]:
    """Guess each class's usual boxes: the middle one, and those around it, the same for every picture."""
    boxes, labels, scores = [], [], []
    for label in range(len(scenes.classes)):
        known = [scenes.boxes(place)[scenes.pictures.labels[place] == label] for place in scenes.training]
        drawn = np.concatenate([*known, np.zeros((0, 4), np.float32)])
        if len(drawn):
            for quantile, score in ((0.5, 0.9), (0.35, 0.5), (0.65, 0.4)):
                boxes.append(np.quantile(drawn, quantile, axis=0))
                labels.append(label)
                scores.append(score * len(drawn) / sum(map(len, scenes.pictures.labels)))
    guess = Found(np.array(boxes, np.float32), np.array(labels, np.int64), np.array(scores, np.float32))
    return [guess] * count


def _say_how_many(finder: Finder, places: NDArray[np.int64], testing: NDArray[np.int64]) -> None:
    if len(places) < len(testing):
        finder.run.note(
            f"Tested on {len(places):,} of {len(testing):,} pictures, as many as the time allowed; all of them: "
            f"onward evaluate {finder.run.name}"
        )


def _shifted(finder: Finder, scenes: Scenes, seconds: float, cost: float, usual: float) -> Score:
    """Score the pictures that differ on purpose: the gap to the usual ones is what was learned by heart."""
    places = scenes.shifted[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(scenes.shifted))))]
    found = find(finder.network, scenes.pictures.images[places])
    value = max(0.0, average_precision(scenes, places, found)["AP50"])
    baseline = Baseline("the same on usual pictures", max(0.0, usual))
    interval = intervals(scenes, places, found)["AP50"]
    return Score("AP50 on pictures unlike those learned from", value, "", True, interval, len(places), baseline)


def _sheets(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> Iterator[Picture]:
    """Show the best and the worst pictures by their own AP."""
    matches = match_boxes(scenes, places, found)
    own = np.array([_own_precision(matches, row) for row in range(len(places))])
    with_boxes = np.flatnonzero(own >= 0)
    order = with_boxes[np.argsort(own[with_boxes], kind="stable")]
    for rows, words in ((order[::-1][:_SHOWN], "the best"), (order[:_SHOWN], "the worst")):
        if len(rows):
            picture = truth_and_found(scenes, places[rows], [found[row] for row in rows])
            yield Picture(picture, f"{words} test pictures; true boxes are white")


def _own_precision(matches: Sequence[Matches], row: int) -> float:
    """Give the AP of one picture alone, over the classes it shows; -1 if it shows none."""
    alone = np.zeros(len(matches[0].counts), np.int64)
    alone[row] = 1
    values = [each.precision(alone).mean() for each in matches if each.counts[row]]
    return float(np.mean(values)) if values else -1.0


def _by_class(scenes: Scenes, places: NDArray[np.int64], session) -> Table:
    precision = session.eval["precision"][:, :, :, 0, -1]
    rows = []
    for number, name in enumerate(scenes.classes):
        all_overlaps, half = precision[:, :, number], precision[0, :, number]
        count = sum(int((scenes.pictures.labels[place] == number).sum()) for place in places)
        learned = sum(int((scenes.pictures.labels[place] == number).sum()) for place in scenes.training)
        shown = [
            f"{each[each >= 0].mean():.3f}" if (each >= 0).any() else "none there" for each in (half, all_overlaps)
        ]
        rows.append([name, learned, count, *shown])
    return Table(["class", "boxes in the training part", "boxes tested", "AP50", "AP"], rows, "class by class")
