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
from numpy.typing import NDArray

from onward.core.exhibits import Table
from onward.vision.motion.tracker import Sighting
from onward.vision.overlaps import overlaps

__all__ = ["Meeting", "Meetings", "meetings_table"]

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
            seen = min(self._seen[one] for one in who)
            if seconds - seen > _WINDOW_SECONDS:  # one of them went out of sight, and has not come back
                meeting.was_lost = True
            elif seconds - meeting.last <= _APART_SECONDS or seen < seconds:
                continue
            self._past.append(self._open.pop(who))

    def _look_for_lost(self, now: Sequence[Sighting], seconds: float) -> None:
        """Mark the meetings of whoever comes back."""
        back = {each.who for each in now if seconds - self._seen.get(each.who, seconds) > _LOST_SECONDS}
        for who, meeting in self._open.items():
            meeting.was_lost |= not back.isdisjoint(who)

    def all(self) -> list[Meeting]:
        """Give them in the order of time, judged by what was seen before, meanwhile and after."""
        found = sorted([*self._past, *self._open.values()], key=lambda each: (each.first, each.who))
        end = max(self._seen.values(), default=0.0)
        sizes = {who: np.array(rows).reshape(-1, 2) for who, rows in self._sizes.items()}
        begins = [each.first - _WINDOW_SECONDS for each in found]
        ends = [each.last + _WINDOW_SECONDS for each in found]
        last: dict[int, float] = {}
        for place, meeting in enumerate(found):  # windows reach no farther than the meetings before and after
            begins[place] = max(begins[place], *(last.get(one, -np.inf) for one in meeting.who))
            last |= {one: max(meeting.last, last.get(one, -np.inf)) for one in meeting.who}
        following: dict[int, float] = {}
        for place, meeting in reversed(list(enumerate(found))):
            ends[place] = min(ends[place], *(following.get(one, np.inf) for one in meeting.who))
            following |= dict.fromkeys(meeting.who, meeting.first)
        for meeting, begin, until in zip(found, begins, ends, strict=True):
            seen = min(self._seen[one] for one in meeting.who)
            vanished = seen - meeting.last <= _LOST_SECONDS < end - seen
            if meeting.closest < _COVERED and not meeting.was_lost and not vanished:
                meeting.verdict = "kept"
            else:
                meeting.verdict = _by_size(meeting.who, sizes, ((begin, meeting.first), (meeting.last, until)))
        return found


def meetings_table(found: Sequence[Meeting]) -> Table:
    """Write meetings down."""
    rows = []
    for each in found:
        when = [f"{each.first:.2f}", f"{each.last:.2f}"]
        rows.append([*when, *map(str, each.who), f"{each.closest:.2f}", each.verdict])
    heads = ["from second", "to second", "track", "other track", "largest overlap", "their numbers"]
    return Table(heads, rows, "meetings")


def _by_size(
    who: tuple[int, int], sizes: dict[int, NDArray[np.float64]], spans: Sequence[tuple[float, float]]
) -> _Verdict:
    """Compare who was by far the larger in two spans of seconds."""
    differences = []
    nothing = np.zeros((0, 2))
    for begin, end in spans:
        rows = [sizes.get(each, nothing) for each in who]
        cuts = [slice(*np.searchsorted(each[:, 0], [np.nextafter(begin, np.inf), end])) for each in rows]
        one, other = (each[cut, 1] for each, cut in zip(rows, cuts, strict=True))
        if min(len(one), len(other)) < _FEWEST:
            return "cannot be told"
        difference = float(np.median(one) - np.median(other))
        if abs(difference) <= _BY_FAR * float(np.hypot(np.std(one), np.std(other))):
            return "cannot be told"
        differences.append(difference)
    return "kept" if differences[0] * differences[1] > 0 else "swapped"
