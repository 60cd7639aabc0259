"""Scores with intervals and constant baselines, of answers to rows that no answering member had seen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.core.metrics import Baseline, Score
from onward.parts.intervals import widened
from onward.tables.ensemble.challenge import Head
from onward.tables.ensemble.measures import Measure, find_measure

__all__ = ["Answered", "gained", "measured", "scores"]

_ROUNDS, _FEWEST_ROUNDS = 300, 40
_SHARES = ("accuracy", "AUC", "F1", "macro F1", "balanced accuracy")  # of which a bootstrap says nothing at 1
_BESIDE = {True: ("accuracy", "AUC", "log loss"), False: ("RMSE", "MAE", "R2")}


@dataclass(frozen=True)
class Answered:
    """Rows with their answers.

    Attributes:
        heads: the targets.
        truth: n T.
        answers: n P, numbers in the targets' own scale.
        labels: n T, the classes told.
    """

    heads: tuple[Head, ...]
    truth: NDArray[np.float64]
    answers: NDArray[np.float64]
    labels: NDArray[np.float64]

    def at(self, rows: NDArray[np.int64]) -> Answered:
        """Give some of the rows."""
        return Answered(self.heads, self.truth[rows], self.answers[rows], self.labels[rows])


def measured(measure: Measure, answered: Answered) -> float:
    """Score answers: the mean over the targets."""
    figures = []
    for number, head in enumerate(answered.heads):
        truth = answered.truth[:, number]
        own = answered.labels[:, number] if measure.kind == "labels" else head.of(answered.answers)
        figures.append(measure.of(truth, own))
    return float(np.mean(figures))


def scores(
    measure: Measure, answered: Answered, known: NDArray[np.float64], seconds: float, unit: str = ""
) -> Iterator[Score]:
    """Score answers by the measure that was asked for, then by the usual ones.

    Args:
        known: N T, the targets learned from; the constant baselines are made of them.
        seconds: what the drawing again and again may take.
    """
    kinds = len(answered.heads[0].classes)
    beside = [find_measure(name) for name in _BESIDE[kinds > 0] if name != measure.name]
    every = [measure, *(each for each in beside if each.name != "AUC" or kinds == 2)]
    for each in every:
        value = measured(each, answered)
        interval = _interval(each, answered, value, seconds / len(every))
        yield Score(
            each.name,
            value,
            "",
            each.higher_is_better,
            interval,
            len(answered.truth),
            _baseline(each, answered, known),
        )


def _draws(count: int, seconds: float) -> Iterator[NDArray[np.int64]]:
    chance, began = np.random.default_rng(0), time.monotonic()
    for number in range(_ROUNDS):
        if number >= _FEWEST_ROUNDS and time.monotonic() - began > seconds:
            return
        yield chance.integers(0, count, count)


def _interval(measure: Measure, answered: Answered, value: float, seconds: float) -> tuple[float, float]:
    """Give the bootstrap interval (Efron 1979), which is around the value whatever the draws say."""
    figures = [measured(measure, answered.at(rows)) for rows in _draws(len(answered.truth), seconds)]
    low, high = np.percentile(figures, [2.5, 97.5])
    interval = min(float(low), value), max(float(high), value)
    if measure.name not in _SHARES:
        return interval
    counts = np.unique(answered.truth[:, 0], return_counts=True)[1]
    return widened(value, interval, int(counts.min() if measure.name == "AUC" else counts.sum()))


def gained(measure: Measure, answered: Answered, other: Answered, name: str, seconds: float) -> Score:
    """Say what the blend is worth beyond one member, on the same rows: drawn together, so that luck cancels out."""
    sign = 1 if measure.higher_is_better else -1
    value = sign * (measured(measure, answered) - measured(measure, other))
    draws = [
        sign * (measured(measure, answered.at(rows)) - measured(measure, other.at(rows)))
        for rows in _draws(len(answered.truth), seconds / 2)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    interval = min(float(low), value), max(float(high), value)
    count = len(answered.truth)
    return Score(f"{measure.name} gained on {name}", value, "", True, interval, count, Baseline("no gain", 0.0))


def _baseline(measure: Measure, answered: Answered, known: NDArray[np.float64]) -> Baseline:
    """Answer every row alike: the shares of the classes, or the number that the measure likes best."""
    figures, names = [], []
    for number, head in enumerate(answered.heads):
        truth, before = answered.truth[:, number], known[:, number]
        name, figure = _constant(measure, head, truth, before)
        figures.append(figure)
        names.append(name)
    return Baseline(names[0], float(np.mean(figures)))


def _constant(
    measure: Measure, head: Head, truth: NDArray[np.float64], before: NDArray[np.float64]
) -> tuple[str, float]:
    count = len(truth)
    if measure.kind == "shares":
        shares = np.bincount(before.astype(int), minlength=len(head.classes)) / len(before)
        name = "chance" if measure.name in ("AUC", "Gini") else "the classes' shares"
        return name, measure.of(truth, np.tile(shares, (count, 1)))
    if measure.kind == "labels":
        if not measure.needs_cut:
            most = int(np.bincount(before.astype(int)).argmax())
            return "majority class", measure.of(truth, np.full(count, most))
        figures: Sequence[float] = [measure.of(truth, np.full(count, kind)) for kind in range(len(head.classes))]
        return "one class for all", max(figures)
    if measure.is_logarithmic:
        return "one number for all", measure.of(truth, np.full(count, np.expm1(np.log1p(before).mean())))
    middle = {"squares": before.mean(), "absolute": np.median(before)}
    level = middle.get(measure.loss, np.quantile(before, measure.quantile))
    return "median" if measure.loss == "absolute" else "one number for all", measure.of(truth, np.full(count, level))
