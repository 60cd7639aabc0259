"""Which pictures are most worth marking next: those the finder is unsure of, and unlike each other.

`label-next.csv` is a csv of points as `onward train pose` reads it, with what was found as a proposal: correct it, put
it beside the pictures, and train again. A row is one subject of a picture; its column `subject` says which, since
without it a second row of a picture is taken for a repeated one. Uncertainty times the distance from what is chosen
already: as in arXiv:1708.00489, weighed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Table

__all__ = ["Candidates", "chosen_next", "proposals"]

_PROPOSED_SCORE = 0.1


@dataclass
class Candidates:
    """Pictures that were looked at, and what is known of them.

    Attributes:
        names: the pictures' paths, or a frame's `film.mp4#000012`.
        seconds: of frames; None of pictures.
        subjects: each subject's number in its picture or film.
        found: K 3 each: x, y in pixels of the picture, score.
        described: C each: the eyes' description.
        sureness: the mean score of each.
    """

    names: list[str] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    found: list[NDArray[np.float32]] = field(default_factory=list)
    described: list[NDArray[np.float16]] = field(default_factory=list)
    sureness: list[float] = field(default_factory=list)

    def add(
        self,
        name: str,
        seconds: float | None,
        subject: int,
        found: NDArray[np.float32],
        described: NDArray[np.floating],
        sureness: float,
    ) -> None:
        """Remember a subject of a picture."""
        self.names.append(name)
        self.seconds.append(seconds)
        self.subjects.append(subject)
        self.found.append(found)
        self.described.append(described.astype(np.float16))
        self.sureness.append(sureness)


def chosen_next(sureness: NDArray[np.floating], described: NDArray[np.floating], count: int) -> list[int]:
    """Choose pictures one after the other: unsure, and far from those chosen.

    Args:
        sureness: N, 0 to 1.
        described: N C.
    Example:
        >>> chosen_next(np.array([0.9, 0.1, 0.1, 0.5]), np.array([[0.0], [1.0], [1.0], [5.0]]), 2)
        [1, 3]
    """
    doubt = 1.0 - np.asarray(sureness, np.float64) + 0.01
    spread = np.asarray(described, np.float64)
    spread = (spread - spread.mean(axis=0)) / (spread.std(axis=0) + 1e-6)
    nearest = np.full(len(doubt), np.inf)
    chosen: list[int] = []
    while len(chosen) < min(count, len(doubt)):
        worth = doubt * (1.0 if not chosen else nearest)
        worth[chosen] = -1.0
        best = int(worth.argmax())
        chosen.append(best)
        nearest = np.minimum(nearest, np.sqrt(np.square(spread - spread[best]).sum(axis=1)))
    return chosen


def proposals(candidates: Candidates, chosen: Sequence[int], files: Sequence[str], names: Sequence[str]) -> Table:
    """Give the csv of points to correct: cells are empty where nothing likely was found."""
    heads = ["file", "subject", *(f"{name}_{axis}" for name in names for axis in ("x", "y")), "seconds", "sureness"]
    rows = []
    for place, file in zip(chosen, files, strict=True):
        cells: list[str] = []
        for x, y, score in candidates.found[place]:
            cells += [f"{x:.1f}", f"{y:.1f}"] if score >= _PROPOSED_SCORE else ["", ""]
        seconds = candidates.seconds[place]
        told = ["" if seconds is None else f"{seconds:.3f}", f"{candidates.sureness[place]:.3f}"]
        rows.append([file, str(candidates.subjects[place]), *cells, *told])
    return Table(heads, rows, "label-next")
