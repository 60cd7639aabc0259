"""Where subjects are when a finder is applied: the whole picture, or boxes that a `detect` run found.

Boxes come as a file, `onward apply DETECT-RUN film.mp4` writes it: so each task keeps to itself, boxes can be looked at
and corrected on the way, and boxes of any other origin serve as well.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onward.core.faults import DataFault
from onward.data.windows import Box

__all__ = ["Follower", "GivenBoxes", "read_boxes_table"]

_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_LEAST_SCORE = 0.4
_LEAST_OVERLAP = 0.2
_LONGEST_GAP = 1.0  # seconds


@dataclass
class GivenBoxes:
    """The boxes of a file, by the picture or frame they are in.

    Attributes:
        address: the file.
        boxes: by path; without any where all were scored too low.
        first_asked: the first picture or frame that was looked at.
        is_used: whether any picture or frame that was looked at stands in the file.
    """

    address: str
    boxes: dict[str, list[Box]]
    first_asked: str = ""
    is_used: bool = False

    def of(self, name: str) -> list[Box]:
        """Give the boxes of a picture or frame: none where the file has none."""
        self.first_asked = self.first_asked or name
        self.is_used |= name in self.boxes
        return self.boxes.get(name, [])

    def check_films(self, names: Sequence[str]) -> None:
        """Make sure that there is a box for a frame of some film, before hours go into looking at nothing.

        Raises:
            DataFault: every box is somewhere else.
        """
        if self.boxes and not {path.rpartition("#")[0] for path in self.boxes} & set(names):
            raise self._fault(f"{names[0]}#000000")

    def check_used(self) -> None:
        """Make sure that the file was about what was looked at; one without a single box may well be.

        Raises:
            DataFault: every box is somewhere else.
        """
        if self.boxes and not self.is_used:
            raise self._fault(self.first_asked)

    def _fault(self, asked: str) -> DataFault:
        return DataFault(
            f"{self.address} has boxes for {len(self.boxes):,} pictures or frames (the first: "
            f"{next(iter(self.boxes))}), but for none of those looked at (the first: {asked}). Write its column path "
            "as these are called, or apply the detect run to the same files."
        )


def read_boxes_table(address: str) -> GivenBoxes:
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
            own = found.setdefault(row["path"] or "", [])  # a row cut off may have none
            try:
                if float(row.get("score") or 1.0) < _LEAST_SCORE:
                    continue
                left, top, right, bottom = (float(row[corner]) for corner in _CORNERS)
            except (TypeError, ValueError):
                raise DataFault(f"{address}, line {reader.line_num}: a box without four numbers. Mend it.") from None
            if right > left and bottom > top:
                own.append((left, top, right, bottom))
    return GivenBoxes(address, found)


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
