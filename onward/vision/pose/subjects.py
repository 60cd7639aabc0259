"""Where subjects are when a finder is applied: the whole picture, or boxes that a `detect` run found.

Boxes come as a file, `onward apply DETECT-RUN film.mp4` writes it: so each task keeps to itself, boxes can be looked at
and corrected on the way, and boxes of any other origin serve as well.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from onward.core.faults import DataFault
from onward.data.windows import Box

__all__ = ["Follower", "read_boxes_table"]

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_LEAST_SCORE = 0.4
_LEAST_OVERLAP = 0.2
_LONGEST_GAP = 1.0  # seconds


def read_boxes_table(address: str) -> dict[str, list[Box]]:
    """Read the boxes of each path in a detect run's `predictions.csv`; those scored below 0.4 are left out.

    Raises:
        DataFault: it is missing, or no such table.
    """
    path = Path(address)
    if not path.is_file():
        raise DataFault(f"{address} is not there. Name the predictions.csv that `onward apply` of a detect run wrote.")
    found: dict[str, list[Box]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"path", *_CORNERS} <= set(reader.fieldnames or ()):
            raise DataFault(
                f"{address} has no columns path, xmin, ymin, xmax, ymax. Name a detect run's predictions.csv."
            )
        for row in reader:
            try:
                if float(row.get("score") or 1.0) < _LEAST_SCORE:
                    continue
                left, top, right, bottom = (float(row[corner]) for corner in _CORNERS)
            except (TypeError, ValueError):
                raise DataFault(f"{address}, line {reader.line_num}: a box without four numbers. Mend it.") from None
            if right > left and bottom > top:
                found.setdefault(row["path"], []).append((left, top, right, bottom))
    return found


class Follower:
    """Gives boxes of a film's frames the numbers of those they overlap with most in the frames before.

    Example:
        >>> follow = Follower(); follow(0.0, [(0, 0, 10, 10), (50, 0, 60, 10)]), follow(0.1, [(51, 0, 61, 10)])
        ([1, 2], [2])
    """

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, Box]] = {}
        self._count = 0

    def __call__(self, seconds: float, boxes: Sequence[Box]) -> list[int]:
        """Number the boxes of a frame, from 1."""
        recent = {number: box for number, (when, box) in self._last.items() if seconds - when <= _LONGEST_GAP}
        pairs = sorted(
            (
                (_overlap(box, before), place, number)
                for place, box in enumerate(boxes)
                for number, before in recent.items()
            ),
            reverse=True,
        )
        given: dict[int, int] = {}
        for shared, place, number in pairs:
            if shared >= _LEAST_OVERLAP and place not in given and number not in given.values():
                given[place] = number
        for place in range(len(boxes)):
            if place not in given:
                self._count += 1
                given[place] = self._count
            self._last[given[place]] = (seconds, boxes[place])
        return [given[place] for place in range(len(boxes))]


def _overlap(one: Box, other: Box) -> float:
    """Give the intersection over union of two boxes."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    inner = max(0.0, wide) * max(0.0, high)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return inner / max(sum(areas) - inner, 1e-9)
