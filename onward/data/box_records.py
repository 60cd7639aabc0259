"""What every format of boxes is read into: a record for each picture, as it was written, and where it was written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from onward.core.faults import DataFault

__all__ = ["Annotations", "Drawn", "Noted", "checked_corners", "checked_size", "is_set"]

_LARGEST = 1e7  # no picture is that wide


@dataclass(frozen=True)
class Drawn:
    """One box as it was written: left, top, right, bottom, and where it stands in the files.

    Attributes:
        is_share: whether its numbers are shares of the picture.
        is_ignored: whether its own file says that it is a crowd, or too difficult to ask for.
    """

    label: str
    left: float
    top: float
    right: float
    bottom: float
    where: str
    is_share: bool = False
    is_ignored: bool = False

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Give left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom


@dataclass(frozen=True)
class Noted:
    """One picture's boxes in one file.

    Attributes:
        pictures: its path as written; after it what else it may be called.
        size: width and height as written, or None.
        split: `train`, `val` or `test`, or "" where the files do not say.
        file: the annotation file.
        where: the file, and the line if there is one.
    """

    pictures: tuple[str, ...]
    boxes: tuple[Drawn, ...]
    size: tuple[int, int] | None
    split: str
    file: str
    where: str


@dataclass
class Annotations:
    """All records of a folder or archive, the name of their format, and what was odd about the files."""

    noted: list[Noted]
    kind: str
    troubles: dict[str, list[str]] = field(default_factory=dict)


def checked_corners(values: Sequence[object], where: str) -> tuple[float, float, float, float]:
    """Give four numbers.

    Raises:
        ValueError: they are not four, or no numbers.
        DataFault: one is not finite, or larger than any picture.
    """
    left, top, right, bottom = (float(str(value)) for value in values)
    for value in (left, top, right, bottom):
        if not math.isfinite(value) or abs(value) > _LARGEST:
            raise DataFault(f"{where}: {value} is no place in a picture. Draw the box anew or remove it.")
    return left, top, right, bottom


def is_set(mark: object) -> bool:
    """Say whether a mark is set, by whatever tool: 1, true and "1" are, 0, false, "0" and nothing are not.

    Example:
        >>> [is_set(mark) for mark in (1, True, " 1 ", "True", 0, "0", "false", "", None)]
        [True, True, True, True, False, False, False, False, False]
    """
    return str(mark).strip().lower() not in ("0", "0.0", "false", "no", "", "none")


def checked_size(width: object, height: object) -> tuple[int, int] | None:
    """Give a picture's size as written, or None if it is no size."""
    try:
        size = int(float(str(width))), int(float(str(height)))
    except (ValueError, OverflowError):
        return None
    return size if min(size) > 0 and max(size) <= _LARGEST else None
