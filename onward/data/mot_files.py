"""MOTChallenge text files (arXiv:1603.00831): boxes in frames, with or without who each one is.

A line is `frame, who, left, top, width, height, score, class, seen`, frames from 1; what follows the sixth value may be
missing. In `det.txt` everybody is -1; in `gt.txt` a score of 0 marks a row that does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault

__all__ = ["MotRows", "is_mot", "mot_line", "read_mot", "write_mot_rows"]

_LEAST, _MOST_FRAMES = 6, 10_000_000


@dataclass(frozen=True)
class MotRows:
    """Rows of a file, in the order of their frames.

    Attributes:
        frames: N, from 1.
        who: N; -1 where nobody says.
        boxes: N 4, left top right bottom in pixels, as the file counts them.
        scores: N; 1 where the file does not say.
        kinds: N class numbers; -1 where the file does not say.
    """

    frames: NDArray[np.int64]
    who: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    kinds: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.frames)

    @property
    def last_frame(self) -> int:
        """Give the number of the last frame; 0 if there is none."""
        return int(self.frames.max(initial=0))

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> MotRows:
        """Take some rows."""
        return MotRows(
            self.frames[chosen], self.who[chosen], self.boxes[chosen], self.scores[chosen], self.kinds[chosen]
        )

    def in_frame(self, frame: int) -> MotRows:
        """Take the rows of a frame."""
        first, end = np.searchsorted(self.frames, [frame, frame + 1])
        return self.only(np.arange(first, end))

    def by_frame(self) -> Iterator[tuple[int, MotRows]]:
        """Go through the frames from 1 to the last, also those without a row."""
        for frame in range(1, self.last_frame + 1):
            yield frame, self.in_frame(frame)


def is_mot(address: str) -> bool:
    """Say whether an address looks like such a file: a .txt whose first line has six numbers or more."""
    path = Path(address)
    if not address.lower().endswith(".txt") or not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        line = next((line for line in file if line.strip()), "")
    try:
        return len([float(word) for word in _parts(line) if word.strip()]) >= _LEAST
    except ValueError:
        return False


def read_mot(path: Path) -> MotRows:
    """Read `det.txt`, `gt.txt` or a tracker's output.

    Raises:
        DataFault: which line is wrong and why.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as reason:
        raise DataFault(f"{path} cannot be read ({reason.strerror}). Check the path.") from None
    rows = [_row(path, number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not rows:
        raise DataFault(f"{path} is empty. It needs lines like: 1,-1,281,187,80,209,0.99")
    values = np.array(rows, np.float64)
    values = values[np.argsort(values[:, 0], kind="stable")]
    boxes = np.concatenate([values[:, 2:4], values[:, 2:4] + values[:, 4:6]], axis=1)
    return MotRows(
        values[:, 0].astype(np.int64), values[:, 1].astype(np.int64), boxes, values[:, 6], values[:, 7].astype(np.int64)
    )


def _parts(line: str) -> list[str]:
    return line.replace(";", ",").split(",") if "," in line or ";" in line else line.split()


def _row(path: Path, number: int, line: str) -> list[float]:
    words = _parts(line)
    try:
        values = [float(word) for word in words if word.strip()]
    except ValueError:
        raise DataFault(
            f"{path}, line {number}: {line.strip()[:60]!r} is not all numbers. Mend or remove it."
        ) from None
    if len(values) < _LEAST:
        raise DataFault(
            f"{path}, line {number} has {len(values)} values, and at least six are needed: "
            "frame, who, left, top, width, height."
        )
    if not np.isfinite(values[:_LEAST]).all():
        raise DataFault(f"{path}, line {number} holds a value that is no number. Mend or remove it.")
    if not 1 <= values[0] <= _MOST_FRAMES or values[0] != int(values[0]):
        raise DataFault(f"{path}, line {number}: its frame is {values[0]:g}, and frames count from 1.")
    if values[4] < 0 or values[5] < 0:
        raise DataFault(f"{path}, line {number}: its box is {values[4]:g} x {values[5]:g}, less than nothing. Mend it.")
    return [*values[:6], values[6] if len(values) > 6 else 1.0, values[7] if len(values) > 7 else -1.0]


def mot_line(frame: int, who: int, box: NDArray[np.floating], score: float = 1.0, kind: int = -1) -> str:
    """Write one row: a box of left, top, right, bottom, in hundredths of a pixel.

    Example:
        >>> mot_line(1, 2, np.array([10.0, 20, 30, 50.5]), 0.5)
        '1,2,10,20,20,30.5,0.5,-1,-1'
    """
    left, top, right, bottom = (float(side) for side in box)
    numbers = [round(each, 2) for each in (left, top, right - left, bottom - top)]
    return f"{frame},{who}," + ",".join(f"{each:.10g}" for each in numbers) + f",{round(score, 4):g},{kind},-1"


def write_mot_rows(path: Path, rows: MotRows) -> None:
    """Write a file: UTF-8, a bare newline after each line."""
    lines = [
        mot_line(int(frame), int(who), box, float(score), int(kind))
        for frame, who, box, score, kind in zip(rows.frames, rows.who, rows.boxes, rows.scores, rows.kinds, strict=True)
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
