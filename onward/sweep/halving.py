"""Successive halving as plain arithmetic: how many trials in which round, and how long each may take."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["FEWEST_SECONDS", "rounds", "seconds_each", "usual_trials"]

_THIRD = 3
FEWEST_SECONDS = 5.0  # in less no task learns anything
_WORTH_SECONDS = 20.0  # a trial of the first round, where the number of trials is free
_MOST, _FEWEST = 27, 3


def rounds(trials: int) -> list[int]:
    """Give how many trials learn in each round: a third goes on; the last has the best and the task's own settings.

    Example:
        >>> rounds(9), rounds(4), rounds(2), rounds(1)
        ([9, 3, 2], [4, 2], [2], [1])
    """
    sizes = [trials]
    while sizes[-1] > 2:
        sizes.append(max(2, sizes[-1] // _THIRD))
    return sizes


def seconds_each(left: float, sizes: Sequence[int], workers: int) -> float:
    """Give the seconds of each trial of the next round: every round has the same part of the time that is left.

    Args:
        left: seconds for all rounds to come.
        sizes: their numbers of trials.
        workers: trials that learn at once.
    Example:
        >>> seconds_each(600, [9, 3, 2], workers=2)
        40.0
    """
    return left / len(sizes) / math.ceil(sizes[0] / workers)


def usual_trials(seconds: float, workers: int) -> int:
    """Give how many trials a time is enough for.

    Example:
        >>> usual_trials(600, workers=2), usual_trials(60, workers=1)
        (9, 3)
    """
    trials = _MOST
    while trials > _FEWEST and seconds_each(seconds, rounds(trials), workers) < _WORTH_SECONDS:
        trials //= _THIRD
    return trials
