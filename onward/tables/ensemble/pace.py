"""How long things take here and now: how crowded the processor is, and what a first fit of a family may need.

Work is counted in seconds of the processor, budgets in seconds of the clock; beside eight busy processes one of work
can take nine of the clock. Nothing is begun that would not be done in time by this reckoning.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.lineup import work_of
from onward.tables.ensemble.members import Spec

__all__ = ["Pace", "first_guess"]

_TRIED, _REMEMBERED = 0.03, 0.6  # seconds of work: for the first look, and looked back on later
_MOST = 30.0
# seconds of work of a first fit, by family: at least, a unit of `work_of`, and the same for each of a million cells
_GUESSES = {
    "linear": (0.02, 0.0, 1.0),
    "lightgbm": (0.05, 7e-5, 3e-4),
    "histograms": (0.1, 1.5e-4, 1e-3),
    "forest": (0.05, 7e-4, 2e-2),
    "network": (1.0, 5e-4, 3e-3),
    "svm": (0.05, 0.0, 10.0),
}
_USUAL = (0.3, 5e-5, 1e-3)


class Pace:
    """Seconds of the clock that a second of work takes, by what the last work took.

    Args:
        clock, worked: seconds that passed, and seconds of work this process did.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, worked: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._worked = clock, worked
        self._marks: list[tuple[float, float]] = [(clock(), worked())]
        while worked() < self._marks[0][1] + _TRIED:
            sum(range(1000))

    @property
    def crowding(self) -> float:
        """Give it, 1 to 30."""
        now = self._clock(), self._worked()
        self._marks.append(now)
        while len(self._marks) > 2 and now[1] - self._marks[1][1] >= _REMEMBERED:
            self._marks.pop(0)
        passed, done = now[0] - self._marks[0][0], now[1] - self._marks[0][1]
        return min(_MOST, max(1.0, passed / max(done, 1e-3)))


def first_guess(challenge: Challenge, spec: Spec) -> float:
    """Guess the seconds of work of a fit of a family that was not fitted before, rather too many."""
    least, flat, steep = _GUESSES.get(spec.family, _USUAL)
    kinds = len(challenge.heads[0].classes)
    trees_a_round = kinds if kinds > 2 and spec.family not in ("forest", "network") else 1
    cells = challenge.x.size * 1e-6
    if spec.family in ("linear", "svm"):
        return least + steep * cells * (1 if spec.family == "linear" else len(challenge.x) * 1e-3) * max(1, kinds)
    return (least + work_of(spec) * (flat + steep * cells) * trees_a_round) * len(challenge.heads)
