"""Who met whom, and whether the two may have been taken for each other.

Two whose boxes hardly cover each other, and who were seen all the while, keep their numbers. Where they covered each
other nobody can say for certain who is who, but afterwards their sizes can: if one was by far the larger before, and
the other one is after, the numbers were swapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from onward.core.exhibits import Table
from onward.vision.motion.tracker import Sighting
from onward.vision.overlaps import overlaps

__all__ = ["Meeting", "Meetings"]

_APART_SECONDS = 0.3  # as long as this apart ends a meeting
_LOST_SECONDS = 0.2  # who was out of sight for longer may have come back as the other one
_COVERED = 0.3  # overlap at which two boxes may be taken for each other
_WINDOW_SECONDS = 10.0  # before and after, in which sizes are compared
_FEWEST = 5
_BY_FAR = 3.0  # spreads of the sizes
_Verdict = Literal["kept", "swapped", "cannot be told"]


@dataclass
class Meeting:
    """Two whose boxes touched.

    Attributes:
        who: their numbers, the smaller one first.
        first: second at which they began to touch.
        last: second at which they were last seen to.
        closest: the largest overlap of their boxes.
        was_lost: whether one of them was out of sight meanwhile.
        verdict: whether their numbers were swapped.
    """

    who: tuple[int, int]
    first: float
    last: float
    closest: float = 0.0
    was_lost: bool = False
    verdict: _Verdict = "cannot be told"


class Meetings:
    """Watches for meetings, frame by frame.

    Example:
        >>> meetings = Meetings()
        >>> for n, x in enumerate((0.0, 30.0, 36.0, 90.0, 95.0)):
        ...     boxes = [(x, 0, x + 10, 10), (40, 0, 50, 10)]
        ...     meetings.add([Sighting(n, n, 1 + k, -1, np.array(box), 1.0, (0, 0)) for k, box in enumerate(boxes)])
        >>> [(each.who, each.first, each.last) for each in meetings.all()]
        [((1, 2), 2, 2)]
    """

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Meeting] = {}
        self._past: list[Meeting] = []
        self._sizes: dict[int, list[tuple[float, float]]] = {}
        self._seen: dict[int, float] = {}

    def add(self, now: Sequence[Sighting]) -> None:
        """Take in who is in a frame."""
        if not now:
            return
        seconds, boxes = now[0].seconds, np.array([each.box for each in now])
        shared = overlaps(boxes, boxes)
        self._look_for_lost(now, seconds)
        for first, second in combinations(range(len(now)), 2):
            if shared[first, second] > 0:
                low, high = sorted((now[first].who, now[second].who))
                meeting = self._open.setdefault((low, high), Meeting((low, high), seconds, seconds))
                meeting.last, meeting.closest = seconds, max(meeting.closest, float(shared[first, second]))
        for place, each in enumerate(now):
            self._seen[each.who] = seconds
            if (shared[place] > 0).sum() == 1 and np.isfinite(each.size):
                self._sizes.setdefault(each.who, []).append((seconds, each.size))
        for who, meeting in list(self._open.items()):
            if seconds - meeting.last > _APART_SECONDS and seconds == min(self._seen[one] for one in who):
                self._past.append(self._open.pop(who))

    def _look_for_lost(self, now: Sequence[Sighting], seconds: float) -> None:
        """Mark the meetings of whoever comes back."""
        back = {each.who for each in now if seconds - self._seen.get(each.who, seconds) > _LOST_SECONDS}
        for who, meeting in self._open.items():
            meeting.was_lost |= not back.isdisjoint(who)

    def all(self) -> list[Meeting]:
        """Give them in the order of time, judged by what was seen before, meanwhile and after."""
        found = sorted([*self._past, *self._open.values()], key=lambda each: (each.first, each.who))
        for meeting in found:
            if meeting.closest < _COVERED and not meeting.was_lost:
                meeting.verdict = "kept"
                continue
            others = [each for each in found if set(each.who) & set(meeting.who)]
            before = max((each.last for each in others if each.first < meeting.first), default=-np.inf)
            after = min((each.first for each in others if each.first > meeting.first), default=np.inf)
            spans = (
                (max(before, meeting.first - _WINDOW_SECONDS), meeting.first),
                (meeting.last, min(after, meeting.last + _WINDOW_SECONDS)),
            )
            meeting.verdict = self._by_size(meeting.who, spans)
        return found

    def _by_size(self, who: tuple[int, int], spans: Sequence[tuple[float, float]]) -> _Verdict:
        """Compare who was by far the larger in two spans of seconds."""
        differences = []
        for begin, end in spans:
            one, other = (
                [size for seconds, size in self._sizes.get(each, ()) if begin < seconds < end] for each in who
            )
            if min(len(one), len(other)) < _FEWEST:
                return "cannot be told"
            difference = float(np.median(one) - np.median(other))
            if abs(difference) <= _BY_FAR * float(np.hypot(np.std(one), np.std(other))):
                return "cannot be told"
            differences.append(difference)
        return "kept" if differences[0] * differences[1] > 0 else "swapped"

    def table(self) -> Table:
        """Write them down."""
        rows = []
        for each in self.all():
            when = [f"{each.first:.2f}", f"{each.last:.2f}"]
            rows.append([*when, *map(str, each.who), f"{each.closest:.2f}", each.verdict])
        heads = ["from second", "to second", "track", "other track", "largest overlap", "their numbers"]
        return Table(heads, rows, "meetings")
