"""How crowded the processor is: seconds of the clock that a second of work takes, beside eight busy processes nine.

Work is counted in seconds of the processor, budgets in seconds of the clock. Nothing is begun that would not be done in
time by this reckoning.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Pace"]

_TRIED, _REMEMBERED = 0.03, 0.6  # seconds of work: for the first look, and looked back on later
_MOST = 30.0


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
