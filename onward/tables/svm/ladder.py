"""What is tried next: a ladder of growing samples, then a search, and never a fit that could outrun the clock.

A pure function of what was tried so far and of the seconds left. First a few rows, twice as many each time, as long as
the next rung is predicted to fit; then other kernels, C and gamma on few rows; what is better there is fitted on many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from onward.tables.svm.fitting import Choice

__all__ = ["Bounds", "Tried", "next_try", "predicted_seconds"]

_FIRST_ROWS = 500
_SEARCH_ROWS = 2_000
_CLIMB, _PROMOTE, _SEARCH = 0.35, 0.7, 0.1  # of the seconds left that one fit may be predicted to take
_CAUTION = 1.5
_USUAL_POWER = {"rbf": 2.0, "poly": 2.0}  # of the rows; an exact kernel looks at pairs
_COSTS, _GAMMAS = (0.01, 1000.0), (1 / 64, 64.0)


@dataclass(frozen=True)
class Tried:
    """A fit that was made.

    Attributes:
        score: on rows not fitted; higher is better.
        seconds: it took; 0 where nothing is timed.
        is_whole: the solver came to its end.
    """

    choice: Choice
    rows: int
    score: float
    seconds: float
    is_whole: bool = True

    def as_json(self) -> dict[str, Any]:
        """Give its values."""
        return {**asdict(self), "choice": self.choice.as_json()}

    @staticmethod
    def from_json(facts: dict[str, Any]) -> Tried:
        """Undo `as_json`."""
        return Tried(**{**facts, "choice": Choice(**facts["choice"])})


@dataclass(frozen=True)
class Bounds:
    """What limits the search.

    Attributes:
        rows: there are.
        exact_rows: up to which the kernel is exact.
        landmarks: above.
        kernel, cost, gamma: what the user chose; None to try.
        kernels: that are tried.
    """

    rows: int
    exact_rows: int
    landmarks: int
    kernel: str | None
    cost: float | None
    gamma: float | None
    kernels: tuple[str, ...]

    def fitting(self, choice: Choice, rows: int) -> Choice:
        """Give the choice as so many rows want it: exact or by landmarks."""
        if choice.kernel == "linear":
            return Choice("linear", choice.cost)
        marks = self.landmarks if rows > self.exact_rows else 0
        return Choice(choice.kernel, choice.cost, choice.gamma, marks)


def next_try(
    tried: Sequence[Tried], bounds: Bounds, seconds_left: float, chance: np.random.Generator
) -> tuple[Choice, int] | None:
    """Choose the next fit.

    Args:
        seconds_left: infinity where only steps are counted.
    Returns: a choice and the rows to fit it on; None when no fit is predicted to end in time.
    """
    first = min(_FIRST_ROWS, bounds.rows)
    for kernel in bounds.kernels:
        if not any(each.choice.kernel == kernel for each in tried):
            choice = Choice(kernel, bounds.cost or 1.0, bounds.gamma or 1.0)
            return (choice, first) if not tried or _fits(tried, choice, first, seconds_left, 1.0) else None
    best = max(tried, key=lambda each: (each.rows, each.score))
    higher = min(bounds.rows, 2 * best.rows)
    at_top = [each for each in tried if each.rows == best.rows]
    leader = max(at_top, key=lambda each: each.score)
    if higher > best.rows:
        choice = bounds.fitting(leader.choice, higher)
        if _fits(tried, choice, higher, seconds_left, _CLIMB):
            return choice, higher
    return _promotion(tried, bounds, seconds_left) or _search(tried, bounds, seconds_left, chance)


def _promotion(tried: Sequence[Tried], bounds: Bounds, seconds_left: float) -> tuple[Choice, int] | None:
    """Take the best on few rows to many, unless it was there, when that is cheap or the time is nearly over."""
    top = max(each.rows for each in tried)
    low = _search_rows(bounds)
    if top <= low:
        return None
    few = [each for each in tried if each.rows == low]
    there = {_plain(each.choice) for each in tried if each.rows == top}
    known = max((each.score for each in few if _plain(each.choice) in there), default=-math.inf)
    better = [each for each in few if each.score > known]
    if not better:
        return None
    best = max(better, key=lambda each: each.score)
    choice = bounds.fitting(best.choice, top)
    seconds = predicted_seconds(tried, choice, top)
    is_cheap = seconds < 0.15 * seconds_left
    is_late = seconds_left < 3 * seconds
    if (is_cheap or is_late) and _fits(tried, choice, top, seconds_left, _PROMOTE):
        return choice, top
    return None


def _search(
    tried: Sequence[Tried], bounds: Bounds, seconds_left: float, chance: np.random.Generator
) -> tuple[Choice, int] | None:
    """Change the best on few rows a little, or try another kernel."""
    low = _search_rows(bounds)
    few = [each for each in tried if each.rows == low]
    known = {_plain(each.choice) for each in few}
    for each in sorted(tried, key=lambda each: -each.rows):  # what is known on many rows, for comparison
        if _plain(each.choice) not in known and each.rows > low and each.choice.landmarks == 0:
            return (
                (bounds.fitting(each.choice, low), low) if _fits(tried, each.choice, low, seconds_left, 0.5) else None
            )
    leader = max(few or tried, key=lambda each: each.score).choice
    for _ in range(20):
        choice = bounds.fitting(_changed(leader, bounds, chance), low)
        if _plain(choice) not in known and _fits(tried, choice, low, seconds_left, _SEARCH):
            return choice, low
    return None


def _search_rows(bounds: Bounds) -> int:
    rows = min(_FIRST_ROWS, bounds.rows)
    while 2 * rows <= min(_SEARCH_ROWS, bounds.rows):
        rows *= 2
    return bounds.rows if bounds.rows <= _SEARCH_ROWS else rows


def _changed(leader: Choice, bounds: Bounds, chance: np.random.Generator) -> Choice:
    """Draw another kernel now and then, else other C and gamma near the leader's, on grids."""
    kernel = leader.kernel
    if chance.random() < 0.25:
        kernel = bounds.kernels[int(chance.integers(len(bounds.kernels)))]
    cost = bounds.cost or _on_grid(leader.cost * 10 ** chance.normal(0, 0.8), 10**0.5, *_COSTS)
    gamma = bounds.gamma or _on_grid(leader.gamma * 2 ** chance.normal(0, 1.5), 2.0, *_GAMMAS)
    return Choice(kernel, cost, 1.0 if kernel == "linear" else gamma)


def _on_grid(value: float, step: float, low: float, high: float) -> float:
    exponent = round(math.log(min(high, max(low, value))) / math.log(step))
    return float(f"{step**exponent:.6g}")


def _plain(choice: Choice) -> tuple[str, float, float]:
    return choice.kernel, choice.cost, choice.gamma


def _fits(tried: Sequence[Tried], choice: Choice, rows: int, seconds_left: float, share: float) -> bool:
    return math.isinf(seconds_left) or predicted_seconds(tried, choice, rows) <= share * seconds_left


def predicted_seconds(tried: Sequence[Tried], choice: Choice, rows: int) -> float:
    """Predict how long a fit takes from the fits before it: a power of the rows, from the nearest of its method.

    A method not tried yet is taken for the slowest of those that were.

    Example:
        >>> fits = [Tried(Choice("rbf", 1.0), rows, 0.9, seconds) for rows, seconds in ((500, 1.0), (1000, 4.0))]
        >>> predicted_seconds(fits, Choice("rbf", 1.0), 2000) / _CAUTION
        16.0
    """
    own = [each for each in tried if each.choice.method == choice.method]
    family = own or [each for each in tried if each.choice.kernel == choice.kernel] or list(tried)
    power = _USUAL_POWER.get(choice.method, 1.2)
    largest = max(each.rows for each in family)
    top = [each for each in family if each.rows == largest]
    base = max(each.seconds for each in top)
    smaller = [each for each in family if each.rows <= largest / 1.9]
    if own and smaller and base > 0.2:
        near = max(smaller, key=lambda each: each.rows)
        measured = math.log(max(base, 1e-3) / max(near.seconds, 1e-3)) / math.log(largest / near.rows)
        power = min(2.6, max(power * 0.6, measured))
    return _CAUTION * max(base, 1e-3) * (rows / largest) ** (power if rows > largest else 1.0)
