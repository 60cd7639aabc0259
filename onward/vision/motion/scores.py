"""How far off is the flow? End-point error on pairs nothing was learned from, beside no motion and beside DIS."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.parts.dense_flow import FlowFinder
from onward.parts.intervals import mean_interval
from onward.vision.motion.pictures import pairs_picture
from onward.vision.motion.reading import Moving
from onward.vision.motion.sheets import Pair
from onward.vision.motion.using import Watcher

__all__ = ["end_point_errors", "evaluate"]

_FEWEST, _MOST = 4, 200
_BANDS = ((0, 2), (2, 8), (8, 32), (32, np.inf))


def end_point_errors(ways: Sequence[NDArray[np.float32]], pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Give each pair's mean distance to the truth in pixels, where it is known (Otte and Nagel 1994)."""
    return np.array([_apart(way, pair)[pair.known].mean() for way, pair in zip(ways, pairs, strict=True)], np.float64)


def _apart(way: NDArray[np.float32], pair: Pair) -> NDArray[np.floating]:
    return np.linalg.norm(way - pair.way, axis=2)


def evaluate(watcher: Watcher, data: Moving, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a flow network on as many test pairs as the seconds allow, half of them for the shifted ones."""
    began = time.monotonic()
    finder, classical = watcher.finder, FlowFinder()
    pairs, answers = _answered(finder, data, seconds * 0.35, shifted=False)
    errors = end_point_errors(answers, pairs)
    still = end_point_errors([np.zeros_like(pair.way) for pair in pairs], pairs)
    yield _score("end-point error", errors, Baseline("no motion", float(still.mean())))
    if data.test_count(shifted=True):
        left = 0.35 * (seconds - (time.monotonic() - began))
        shifted, theirs = _answered(finder, data, left, shifted=True)
        usual = Baseline("the same on usual pairs", float(errors.mean()))
        yield _score("end-point error on pairs unlike those learned from", end_point_errors(theirs, shifted), usual)
    theirs = [classical.way(pair.first, pair.second) for pair in pairs]
    told = {finder.name: answers, classical.name: theirs}
    yield _by_length(pairs, told)
    order = np.argsort(errors, kind="stable")
    chosen = list(dict.fromkeys([*order[:2], order[len(order) // 2], *order[-2:]]))
    shown = {name: [ways[place] for place in chosen] for name, ways in told.items()}
    yield Picture(pairs_picture([pairs[place] for place in chosen], shown), "test pairs, from the best to the worst")


def _answered(
    finder: FlowFinder, data: Moving, seconds: float, *, shifted: bool
) -> tuple[list[Pair], list[NDArray[np.float32]]]:
    """Draw test pairs and answer them, until the time is up or there are no more."""
    pairs, answers = [], []
    began = time.monotonic()
    for number in range(min(_MOST, data.test_count(shifted))):
        if number >= _FEWEST and time.monotonic() - began > seconds:
            break
        pairs.append(data.test_pair(number, shifted))
        answers.append(finder.way(pairs[-1].first, pairs[-1].second))
    return pairs, answers


def _score(name: str, errors: NDArray[np.float64], baseline: Baseline) -> Score:
    return Score(name, float(errors.mean()), "px", False, mean_interval(errors), len(errors), baseline)


def _by_length(pairs: Sequence[Pair], answers: dict[str, list[NDArray[np.float32]]]) -> Table:
    """Tell the error of pixels that go a short, a middling, a long way, beside DIS and no motion."""
    lengths = np.concatenate([np.linalg.norm(pair.way, axis=2)[pair.known] for pair in pairs])
    rows = []
    for name, ways in [("no motion", [np.zeros_like(pair.way) for pair in pairs]), *answers.items()]:
        apart = np.concatenate([_apart(way, pair)[pair.known] for way, pair in zip(ways, pairs, strict=True)])
        row = [name, f"{apart.mean():.3f}"]
        for low, high in _BANDS:
            inside = (lengths >= low) & (lengths < high)
            row.append(f"{apart[inside].mean():.3f}" if inside.any() else "none there")
        rows.append(row)
    heads = [f"{low} to {high:g} px" if np.isfinite(high) else f"over {low} px" for low, high in _BANDS]
    return Table(["way told by", "all, px off", *heads], rows, "end-point error by length of the way")
