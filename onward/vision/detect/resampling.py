"""The interval of average precision: test pictures drawn again and again, without matching a box anew.

Found boxes are matched with true ones once, picture by picture, as COCO does it; then each drawing only says how often
each picture counts. Values agree with faster-coco-eval (tested), which takes a second where this takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.parts.intervals import widened
from onward.vision.detect.decoding import Found
from onward.vision.detect.reading import Scenes
from onward.vision.overlaps import overlaps

__all__ = ["Matches", "intervals", "match_boxes"]

_OVERLAPS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0.0, 1.0, 101)
_ROUNDS = 200


@dataclass(frozen=True)
class Matches:
    """One class's found boxes in all pictures, the surest first.

    Attributes:
        pictures: K, which picture each is in.
        is_true: T K, whether it is matched with a true box at each of the ten overlaps.
        is_counted: T K, whether it is right or wrong at all, and not just a part of what is ignored.
        counts: N, how many true boxes each picture has.
    """

    pictures: NDArray[np.int64]
    is_true: NDArray[np.bool_]
    is_counted: NDArray[np.bool_]
    counts: NDArray[np.int64]

    def precision(self, weights: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the average precision at each overlap when picture n counts `weights[n]` times; NaN without boxes."""
        total = float((weights * self.counts).sum())
        if total == 0:
            return np.full(len(_OVERLAPS), np.nan)
        each = weights[self.pictures].astype(np.float64)
        found = np.cumsum(self.is_counted * each, axis=1)
        right = np.cumsum(self.is_true * each, axis=1)
        precision = right / np.maximum(found, 1e-12)
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]  # the best at this recall or a higher one
        values = []
        for row, recall in zip(best, right / total, strict=True):
            places = np.searchsorted(recall, _RECALLS - 1e-12, side="left")
            values.append(np.append(row, 0.0)[places].mean())
        return np.array(values)


def match_boxes(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> list[Matches]:
    """Match what was found in some pictures with what is there, class by class."""
    return [_match_class(scenes, places, found, label) for label in range(len(scenes.classes))]


def intervals(
    scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found], rounds: int = _ROUNDS
) -> dict[str, tuple[float, float]]:
    """Give the 95 % bootstrap intervals of AP and AP50."""
    matches = match_boxes(scenes, places, found)
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(rounds):
        weights = np.bincount(chance.integers(0, len(places), len(places)), minlength=len(places))
        values = np.array([each.precision(weights) for each in matches])
        known = values[~np.isnan(values[:, 0])]
        drawn.append((known.mean(), known[:, 0].mean()) if len(known) else (0.0, 0.0))
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    values = np.array([each.precision(np.ones(len(places), np.int64)) for each in matches])
    known = values[~np.isnan(values[:, 0])]
    reached = (known.mean(), known[:, 0].mean()) if len(known) else (0.0, 0.0)
    return {
        name: widened(float(reached[place]), (float(low[place]), float(high[place])), len(places))
        for place, name in enumerate(("AP", "AP50"))
    }


def _match_class(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found], label: int) -> Matches:
    pictures, scores, matched, counted, counts = [], [], [], [], []
    for number, (place, each) in enumerate(zip(places, found, strict=True)):
        true = scenes.boxes(int(place))[scenes.pictures.labels[place] == label]
        told = each.labels == label
        order = np.argsort(-each.scores[told], kind="stable")[:100]
        counts.append(len(true))
        pictures += [number] * len(order)
        scores.append(each.scores[told][order])
        matched.append(_match_picture(each.boxes[told][order], true))
        boxes, labels = scenes.ignored(int(place))
        counted.append(matched[-1] | ~_is_part(each.boxes[told][order], boxes[labels == label]))
    whole = np.argsort(-np.concatenate([*scores, np.zeros(0)]), kind="stable")
    is_true, is_counted = (
        np.concatenate([*each, np.zeros((len(_OVERLAPS), 0), bool)], axis=1)[:, whole] for each in (matched, counted)
    )
    return Matches(np.array(pictures, np.int64)[whole], is_true, is_counted, np.array(counts, np.int64))


def _is_part(told: NDArray[np.float32], ignored: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say at each overlap which told boxes lie that far, by their own area, in one that is ignored: T K."""
    one, other = told.astype(np.float64)[:, None], ignored.astype(np.float64)[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    own = (one[..., 2:] - one[..., :2]).prod(axis=2)
    shares = sides.clip(min=0).prod(axis=2) / np.maximum(own, 1e-12)
    most = shares.max(axis=1, initial=-1.0)
    return most >= np.minimum(_OVERLAPS, 1 - 1e-10)[:, None]


def _match_picture(told: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Give each told box, the surest first, the free true box it overlaps most with: T K."""
    shared = overlaps(told.astype(np.float64), true.astype(np.float64))
    matched = np.zeros((len(_OVERLAPS), len(told)), bool)
    for row, least in enumerate(_OVERLAPS):
        is_free = np.ones(len(true), bool)
        for number in range(len(told)):
            candidates = np.where(is_free, shared[number], -1.0)
            best = int(candidates.argmax()) if len(true) else -1
            if best >= 0 and candidates[best] >= min(least, 1 - 1e-10):
                is_free[best], matched[row, number] = False, True
    return matched
