"""What is tried next: a ladder of growing samples, then a search, and never a fit that could outrun the clock.

A pure function of what was tried so far and of the seconds left. First a few rows, twice as many each time, as long as
the next rung is predicted to fit; then other kernels, C and gamma on few rows; what is better there is fitted on many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from onward.tables.svm.fitting import Choice

__all__ = ["Bounds", "Tried", "next_try", "predicted_seconds"]

_FIRST_ROWS = 500
_SEARCH_ROWS = 2_000
_CLIMB, _PROMOTE, _SEARCH = 0.35, 0.7, 0.1  # of the seconds left that one fit may be predicted to take
_NEAR, _CHEAP = 0.01, 0.03  # a kernel this much behind the best may still climb; any may that costs so little
_LANDMARK_SECONDS = 2e-6  # a row and landmark, before one was timed
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
        first_rows: the lowest rung.
    """

    rows: int
    exact_rows: int
    landmarks: int
    kernel: str | None
    cost: float | None
    gamma: float | None
    kernels: tuple[str, ...]
    first_rows: int = _FIRST_ROWS

    def highest(self, choice: Choice) -> int:
        """Give the rows that a choice may be fitted on."""
        return self.rows if choice.kernel == "linear" or choice.landmarks else min(self.rows, self.exact_rows)


def next_try(
    tried: Sequence[Tried], bounds: Bounds, seconds_left: float, chance: np.random.Generator
) -> tuple[Choice, int] | None:
    """Choose the next fit.

    Args:
        seconds_left: infinity where only steps are counted.
    Returns: a choice and the rows to fit it on; None when no fit is predicted to end in time.
    """
    first = min(bounds.first_rows, bounds.rows)
    for kernel in bounds.kernels:
        if not any(each.choice.kernel == kernel for each in tried):
            choice = Choice(kernel, bounds.cost or 1.0, bounds.gamma or 1.0)
            return (choice, first) if not tried or _fits(tried, choice, first, seconds_left, 1.0) else None
    return (
        _climb(tried, bounds, seconds_left)
        or _promotion(tried, bounds, seconds_left)
        or _search(tried, bounds, seconds_left, chance)
    )


def _climb(tried: Sequence[Tried], bounds: Bounds, seconds_left: float) -> tuple[Choice, int] | None:
    """Take the best kernel a rung higher, or another one where that costs next to nothing.

    Where the exact kernel has no affordable rung left, Nyström's landmarks stand in for it.
    """
    rungs: list[tuple[float, Choice, int]] = []
    for kernel in bounds.kernels:
        for has_landmarks in (False, True) if kernel != "linear" else (False,):
            own = [
                each for each in tried if each.choice.kernel == kernel and bool(each.choice.landmarks) == has_landmarks
            ]
            if not own and (not has_landmarks or bounds.rows <= _SEARCH_ROWS):
                continue
            known = own or [each for each in tried if each.choice.kernel == kernel]
            top = max(known, key=lambda each: (each.rows, each.score))
            choice = replace(top.choice, landmarks=bounds.landmarks) if has_landmarks else top.choice
            rows = min(2 * top.rows, bounds.highest(choice))
            if not own:
                exact = min(2 * top.rows, bounds.exact_rows)
                if exact > top.rows and _fits(tried, top.choice, exact, seconds_left, _CLIMB):
                    continue
                rows = min(bounds.rows, max(_SEARCH_ROWS, rows))
            if rows > top.rows:
                rungs.append((top.score, choice, rows))
    rungs.sort(key=lambda rung: -rung[0])
    best = max(each.score for each in tried)
    for score, choice, rows in rungs:
        share = _CLIMB if score >= best - _NEAR else _CHEAP
        if _fits(tried, choice, rows, seconds_left, share):
            return choice, rows
    return None


def _promotion(tried: Sequence[Tried], bounds: Bounds, seconds_left: float) -> tuple[Choice, int] | None:
    """Take the best on few rows to many, unless it was there, when that is cheap or the time is nearly over."""
    low = _search_rows(tried, bounds)
    few = sorted((each for each in tried if each.rows == low), key=lambda each: -each.score)
    for each in few[:1]:
        own = [other for other in tried if other.choice.kernel == each.choice.kernel]
        top = max(own, key=lambda other: other.rows)
        choice = replace(each.choice, landmarks=top.choice.landmarks)
        if top.rows <= low or any(other.choice == choice and other.rows == top.rows for other in own):
            return None
        seconds = predicted_seconds(tried, choice, top.rows)
        if seconds < 0.15 * seconds_left or seconds_left < 3 * seconds:
            return (choice, top.rows) if _fits(tried, choice, top.rows, seconds_left, _PROMOTE) else None
    return None


def _search(
    tried: Sequence[Tried], bounds: Bounds, seconds_left: float, chance: np.random.Generator
) -> tuple[Choice, int] | None:
    """Change the best on few rows a little, or try another kernel."""
    low = _search_rows(tried, bounds)
    few = [each for each in tried if each.rows == low and not each.choice.landmarks]
    known = {each.choice for each in few}
    leader = max(few or tried, key=lambda each: each.score).choice
    for _ in range(20):
        choice = _changed(leader, bounds, chance)
        if choice not in known and _fits(tried, choice, low, seconds_left, _SEARCH):
            return choice, low
    return None


def _search_rows(tried: Sequence[Tried], bounds: Bounds) -> int:
    """Give the rows that the search fits on: as many as were climbed to exactly, up to 2,000."""
    most = min(_SEARCH_ROWS, bounds.rows)
    return max(each.rows for each in tried if each.rows <= most and not each.choice.landmarks)


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
    if choice.landmarks and not own:
        return _CAUTION * _LANDMARK_SECONDS * rows * choice.landmarks
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
