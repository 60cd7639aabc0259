"""How good is it? Average precision on pictures nothing else looked at, beside a guess without looking."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.vision.detect.decoding import Found
from onward.vision.detect.finder import Finder, find
from onward.vision.detect.pictures import curves_picture, truth_and_found
from onward.vision.detect.precision import average_precision, evaluated
from onward.vision.detect.reading import Scenes

__all__ = ["evaluate", "without_looking"]

_FEWEST, _ROUNDS, _SHOWN = 16, 40, 8
_SIZES = {"AP small": "under 32 px", "AP medium": "32 to 96 px", "AP large": "over 96 px"}


def evaluate(finder: Finder, scenes: Scenes, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a detector on the testing part, or as much of it as the seconds allow."""
    places = np.random.default_rng(1).permutation(scenes.testing)
    began = time.monotonic()
    first = find(finder.network, scenes.pictures.images[places[:_FEWEST]])
    cost = (time.monotonic() - began) / max(1, len(first))
    places = places[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(places))))]
    found = first + find(finder.network, scenes.pictures.images[places[_FEWEST:]])
    session = evaluated(scenes, places, found)
    values = average_precision(scenes, places, found)
    guesses = average_precision(scenes, places, without_looking(scenes, len(places)))
    for name, words in (("AP50", "average precision, half overlap (AP50)"), ("AP", "average precision (AP)")):
        interval = _interval(scenes, places, found, name)
        opponent = Baseline("the usual boxes, without looking", max(0.0, guesses[name]))
        yield Score(words, max(0.0, values[name]), "", True, interval, len(places), opponent)
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


def _interval(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found], name: str) -> tuple[float, float]:
    """Draw the test pictures again and again: the 95 % bootstrap interval."""
    chance = np.random.default_rng(0)
    values = []
    for _ in range(_ROUNDS):
        drawn = chance.integers(0, len(places), len(places))
        values.append(average_precision(scenes, places[drawn], [found[place] for place in drawn])[name])
    low, high = np.percentile(np.maximum(0.0, values), [2.5, 97.5])
    return float(low), float(high)


def _shifted(finder: Finder, scenes: Scenes, seconds: float, cost: float, usual: float) -> Score:
    """Score the pictures that differ on purpose: the gap to the usual ones is what was learned by heart."""
    places = scenes.shifted[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(scenes.shifted))))]
    found = find(finder.network, scenes.pictures.images[places])
    value = max(0.0, average_precision(scenes, places, found)["AP50"])
    baseline = Baseline("the same on usual pictures", max(0.0, usual))
    interval = _interval(scenes, places, found, "AP50")
    return Score("AP50 on pictures unlike those learned from", value, "", True, interval, len(places), baseline)


def _sheets(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> Iterator[Picture]:
    """Show the best and the worst pictures by their own AP."""
    own = np.array(
        [average_precision(scenes, places[[row]], [found[row]])["AP"] for row in range(min(len(places), 80))]
    )
    with_boxes = np.flatnonzero(own >= 0)
    order = with_boxes[np.argsort(own[with_boxes], kind="stable")]
    for rows, words in ((order[::-1][:_SHOWN], "the best"), (order[:_SHOWN], "the worst")):
        if len(rows):
            picture = truth_and_found(scenes, places[rows], [found[row] for row in rows])
            yield Picture(picture, f"{words} test pictures; true boxes are white")


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
    return Table(["class", "boxes learned from", "boxes tested", "AP50", "AP"], rows, "class by class")
