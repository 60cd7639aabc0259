"""How good is it? Distances on pictures nothing else looked at, beside the usual places told without looking."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault
from onward.core.metrics import Baseline, Score
from onward.parts.intervals import widened
from onward.vision.pose.errors import diagonals_of, errors_of, middle_places, usual_places
from onward.vision.pose.finder import Finder, find
from onward.vision.pose.pictures import bars_picture, truth_and_found
from onward.vision.pose.reading import Poses

__all__ = ["evaluate"]

_FEWEST, _ROUNDS, _SHOWN = 16, 200, 8
_NEAR = 0.05  # of a diagonal


def evaluate(finder: Finder, poses: Poses, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a finder on the testing part, or as much of it as the seconds allow."""
    began = time.monotonic()
    places = np.random.default_rng(1).permutation(poses.testing)
    places = places[poses.pictures.known[places].any(axis=1)]
    if not len(places):
        return
    first = _found(finder, poses, places[:_FEWEST])
    cost = (time.monotonic() - began) / len(first)
    places = places[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(places))))]
    found = first
    if len(places) > _FEWEST:
        found = np.concatenate([first, _found(finder, poses, places[_FEWEST:])])
    errors = errors_of(poses, places, found)
    guesses = errors_of(poses, places, usual_places(poses, len(places)))
    middles = errors_of(poses, places, middle_places(poses, places))
    opponent = "each point's usual place, without looking"
    yield _mean_score("mean error", errors, Baseline(opponent, float(np.nanmean(guesses))))
    own = diagonals_of(poses, places)[:, None]
    whole = np.hypot(*poses.pictures.sizes[places].T.astype(np.float64))[:, None]
    for words, diagonal in (("the subject's diagonal", own), ("the picture's diagonal", whole)):
        hits, guessed = (_within(each, diagonal) for each in (errors, guesses))
        name = f"points within 5 % of {words} (PCK)"
        yield _mean_score(name, hits, Baseline(opponent, float(np.nanmean(guessed))), unit="", is_share=True)
    if len(poses.shifted):
        left = seconds - (time.monotonic() - began)
        yield _shifted(finder, poses, left, cost, float(np.nanmean(errors)))
    yield from _sheets(poses, places, found, errors)
    names = poses.skeleton.names
    by_point = [float(np.nanmean(each)) if np.isfinite(each).any() else float("nan") for each in errors.T]
    yield Picture(bars_picture(names, by_point, "px"), "mean error of each point, in pixels of the original pictures")
    yield _by_point(poses, errors, _within(errors, own), guesses, middles)


def _found(finder: Finder, poses: Poses, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Find the points of pictures, in the order in which these data name them.

    Raises:
        DataFault: they name some that were not learned.
    """
    learned, asked = finder.skeleton.names, poses.skeleton.names
    if strange := [name for name in asked if name not in learned]:
        words = f"These pictures have {', '.join(strange[:5])}, which {finder.run.name} never learned"
        raise DataFault(f"{words}; it knows {', '.join(learned[:20])}. Name the points alike.")
    return find(finder.network, poses.pictures.images[places])[:, [learned.index(name) for name in asked]]


def _within(errors: NDArray[np.float64], diagonal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say which points are within 5 % of a diagonal: 1, 0, or NaN where nobody knows."""
    return np.where(np.isfinite(errors), (errors <= _NEAR * diagonal).astype(np.float64), np.nan)


def _mean_score(
    name: str, values: NDArray[np.float64], baseline: Baseline, unit: str = "px", *, is_share: bool = False
) -> Score:
    """Give the mean over all points, with the bootstrap interval over subjects."""
    chance = np.random.default_rng(0)
    sums, counts = np.nansum(values, axis=1), np.isfinite(values).sum(axis=1)
    means = []
    for _ in range(_ROUNDS):
        drawn = chance.integers(0, len(values), len(values))
        means.append(sums[drawn].sum() / max(1, counts[drawn].sum()))
    low, high = np.percentile(means, [2.5, 97.5])
    value, interval = float(sums.sum() / max(1, counts.sum())), (float(low), float(high))
    interval = widened(value, interval, len(values)) if is_share else interval
    return Score(name, value, unit, is_share, interval, len(values), baseline)


def _shifted(finder: Finder, poses: Poses, seconds: float, cost: float, usual: float) -> Score:
    """Score the pictures that differ on purpose: the gap to the usual ones is what was learned by heart."""
    places = poses.shifted[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(poses.shifted))))]
    errors = errors_of(poses, places, _found(finder, poses, places))
    name = "mean error on pictures unlike those learned from"
    return _mean_score(name, errors, Baseline("the same on usual pictures", usual))


def _sheets(
    poses: Poses, places: NDArray[np.int64], found: NDArray[np.float32], errors: NDArray[np.float64]
) -> Iterator[Picture]:
    """Show the best and the worst subjects by their own mean error."""
    order = np.argsort(np.nanmean(errors, axis=1), kind="stable")
    for rows, words in ((order[:_SHOWN], "the best"), (order[::-1][:_SHOWN], "the worst")):
        picture = truth_and_found(poses, places[rows], found[rows])
        yield Picture(picture, f"{words} test pictures; true points are white rings")


def _by_point(
    poses: Poses,
    errors: NDArray[np.float64],
    hits: NDArray[np.float64],
    guesses: NDArray[np.float64],
    middles: NDArray[np.float64],
) -> Table:
    learned = poses.pictures.known[poses.training].sum(axis=0)
    rows = []
    for place, name in enumerate(poses.skeleton.names):
        own = np.isfinite(errors[:, place])
        if not own.any():
            rows.append([name, int(learned[place]), 0, *["not marked"] * 5])
            continue
        figures = [float(errors[own, place].mean()), float(np.median(errors[own, place]))]
        share = f"{float(hits[own, place].mean()):.2f}"
        opponents = [float(each[own, place].mean()) for each in (guesses, middles)]
        shown = [*(f"{each:.2f}" for each in figures), share, *(f"{each:.1f}" for each in opponents)]
        rows.append([name, int(learned[place]), int(own.sum()), *shown])
    heads = [
        "point",
        "in the training part",
        "tested",
        "mean error, px",
        "median error, px",
        "within 5 % of the subject",
    ]
    return Table([*heads, "usual place errs by, px", "middle errs by, px"], rows, "point by point")
