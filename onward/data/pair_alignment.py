"""Do the two sides of sentence pairs belong together, line by line?

Long sentences have long translations (Gale and Church 1993), and numbers and question marks are seldom lost. How well
two lines agree is a sum of those; where line i agrees better with line i + k for a stretch, a line is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shift", "first_suspicious", "shifts", "swapped"]

_FARTHEST = 3
_DRIFT = 0.25  # what a stretch has to win a line, lest chance walks far
_LEAST_WON = 25.0
_LEAST_SPREAD = 0.12
_MOST_WORDS_COUNTED = 20_000  # lines
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")  # Latin, Chinese, Arabic
_ODD_RATIO = 2.5  # spreads


@dataclass(frozen=True)
class Shift:
    """A stretch of lines, counted from 0, whose translation stands `by` lines farther on."""

    begin: int
    end: int
    by: int


@dataclass(frozen=True)
class _Marks:
    """What is compared: logarithms of lengths, digests of the numbers (0 for none), whether it asks."""

    lengths: NDArray[np.float64]
    numbers: NDArray[np.int64]
    asks: NDArray[np.bool_]


def _marks(lines: Sequence[str]) -> _Marks:
    digits = re.compile(r"\d+")
    numbers = [hash(tuple(sorted(map(int, found)))) if (found := digits.findall(line[:2000])) else 0 for line in lines]
    asks = [line.rstrip().endswith(_QUESTION_MARKS) for line in lines]
    return _Marks(np.log1p([len(line) for line in lines]), np.array(numbers, np.int64), np.array(asks, bool))


def _agreement(one: _Marks, other: _Marks, by: int, usual: tuple[float, float]) -> NDArray[np.float64]:
    """Say how well line i of the one agrees with line i + by of the other; 0 where there is none."""
    count = len(one.lengths)
    agreed = np.zeros(count)
    here = slice(max(0, -by), min(count, len(other.lengths) - by))
    if here.stop <= here.start:
        return agreed
    there = slice(here.start + by, here.stop + by)
    middle, spread = usual
    apart = (other.lengths[there] - one.lengths[here] - middle) / spread
    mine, theirs = one.numbers[here], other.numbers[there]
    both = (mine != 0) & (theirs != 0)
    agreed[here] = -0.5 * np.minimum(apart**2, 9.0) + 2.0 * np.where(both, np.where(mine == theirs, 1.0, -1.0), 0.0)
    agreed[here] += np.where(one.asks[here] == other.asks[there], 0.0, -1.5)
    return agreed


def _usual(one: _Marks, other: _Marks) -> tuple[float, float]:
    count = min(len(one.lengths), len(other.lengths))
    ratios = other.lengths[:count] - one.lengths[:count]
    middle = float(np.median(ratios))
    return middle, max(_LEAST_SPREAD, 1.48 * float(np.median(np.abs(ratios - middle))))


def shifts(source: Sequence[str], target: Sequence[str], most: int = 3) -> list[Shift]:
    """Find stretches of lines that belong to lines farther on or back: best first.

    Example:
        >>> said = ["a" * (1 + 7 * n % 40) for n in range(300)]
        >>> found = shifts(said, said[:100] + said[101:] + ["b"])[0]; found.by, 100 < found.begin < 104, found.end
        (-1, True, 300)
    """
    one, other = _marks(source), _marks(target)
    usual = _usual(one, other)
    straight = _agreement(one, other, 0, usual)
    found: list[Shift] = []
    free = np.ones(len(straight), bool)
    while len(found) < most:
        best, won = None, _LEAST_WON
        for by in (way * step for step in range(1, _FARTHEST + 1) for way in (1, -1)):
            gained = np.where(free, _agreement(one, other, by, usual) - straight - _DRIFT, -9.0)
            summed = np.concatenate([[0.0], np.cumsum(gained)])
            gains = summed - np.minimum.accumulate(summed)
            end = int(np.argmax(gains))
            if gains[end] > won:
                begin = int(np.argmin(summed[: end + 1]))
                best, won = Shift(begin, end, by), float(gains[end])
        if best is None:
            return found
        found.append(best)
        free[best.begin : best.end] = False
    return found


def first_suspicious(source: Sequence[str], target: Sequence[str]) -> tuple[int, str]:
    """Say at which line, counted from 1, two files of unequal length begin to disagree, and why it is thought so."""
    begun = [shift for shift in shifts(source, target) if shift.end - shift.begin > 5]
    if begun:
        return min(
            shift.begin for shift in begun
        ) + 1, "from there on lengths and numbers fit a neighbouring line better"
    one, other = _marks(source), _marks(target)
    middle, spread = _usual(one, other)
    count = min(len(source), len(target))
    apart = np.abs(other.lengths[:count] - one.lengths[:count] - middle) > _ODD_RATIO * spread
    mine, theirs = one.numbers[:count], other.numbers[:count]
    digits = (mine != 0) & (theirs != 0) & (mine != theirs)
    odd = np.flatnonzero(apart | digits)
    if not len(odd):
        return count + 1, "all before it agree, so the end of one file may be missing"
    return int(odd[0]) + 1, "its numbers differ" if digits[odd[0]] else "one is much longer than the other"


def swapped(source: Sequence[str], target: Sequence[str], learned: tuple[Sequence[str], Sequence[str]]) -> list[int]:
    """Give the lines, counted from 0, whose source reads like the targets and whose target like the sources.

    Args:
        learned: the two sides by which languages are told.
    """
    one, other = (
        Counter(word for line in side[:_MOST_WORDS_COUNTED] for word in line.lower().split()) for side in learned
    )
    leaning = {word: float(np.log((one[word] + 0.5) / (other[word] + 0.5))) for word in one.keys() | other.keys()}

    def lean(line: str) -> float:
        known = [leaning.get(word, 0.0) for word in line.lower().split()]
        return sum(known) / max(1, len(known))

    return [
        number
        for number, pair in enumerate(zip(source, target, strict=True))
        if lean(pair[0]) < -0.5 < 0.5 < lean(pair[1])
    ]
