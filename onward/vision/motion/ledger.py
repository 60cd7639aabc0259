"""Tracks on disk while they are found: `tracks.txt` (MOT) and `tracks.csv`, row by row; at the end put in order.

Each row is handed to the system as soon as it is known, so that a kill loses none of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from onward.core.exhibits import Table
from onward.core.faults import DataFault
from onward.data.mot_files import mot_line
from onward.vision.motion.tracker import Sighting

__all__ = ["TRACKS", "Ledger", "spare"]

TRACKS = ("tracks.txt", "tracks.csv")
_NOTHING = np.zeros(0)
_HEAD = "frame,seconds,track,class,xmin,ymin,xmax,ymax,speed_px_s"


def spare(addresses: Iterable[str], folder: Path, names: Iterable[str]) -> None:
    """Refuse to write files over those that are read.

    Raises:
        DataFault: one of them is one of those.
    """
    written = [path for name in names if (path := folder / name).is_file()]
    for own in map(Path, addresses):
        if own.is_file() and any(path.samefile(own) for path in written):
            raise DataFault(f"{own} would be written over by what is found. Choose another --out.")


class Ledger:
    """Writes sightings as they come, and counts them.

    Args:
        folder: to write into.
        classes: names of the class numbers.
        pixels_a_metre: for speeds in metres a second; None leaves them out.
    """

    def __init__(self, folder: Path, classes: Sequence[str], pixels_a_metre: float | None) -> None:
        self._classes, self._scale = classes, pixels_a_metre
        self._paths = tuple(folder / name for name in TRACKS)
        self._files: list[TextIO] = [path.open("w", encoding="utf-8", newline="\n") for path in self._paths]
        self.sightings: list[Sighting] = []
        self._files[1].write(_HEAD + (",speed_m_s" if pixels_a_metre else "") + ",seen\n")

    def kind(self, number: int) -> str:
        """Name a class."""
        return self._classes[number] if 0 <= number < len(self._classes) else "" if number < 0 else str(number)

    def add(self, sightings: Sequence[Sighting]) -> None:
        """Write sightings, now."""
        for each in sightings:
            line = mot_line(each.frame, each.who, each.box, each.score, each.kind) + "\n"
            row = self._csv_row(each)
            self._files[0].write(line)
            self._files[1].write(row)
        for file in self._files:
            file.flush()
        self.sightings += [each._replace(box=_NOTHING) for each in sightings]  # hours of film fit into memory

    def _csv_row(self, each: Sighting) -> str:
        speed = float(np.hypot(*each.speed))
        box = ",".join(f"{side:.2f}" for side in each.box)
        name = " ".join(self.kind(each.kind).split())  # a row is a line
        name = '"' + name.replace('"', '""') + '"' if "," in name or '"' in name else name
        metres = f",{speed / self._scale:.4f}" if self._scale else ""
        return f"{each.frame},{each.seconds:.4f},{each.who},{name},{box},{speed:.3f}{metres},{int(each.is_seen)}\n"

    def close(self) -> None:
        """Put the rows in the order of frames: what became clear late stands late until now."""
        for file in self._files:
            file.close()
        for number, path in enumerate(self._paths):
            aside = path.with_suffix(".part")
            lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
            rows = sorted(lines[number:], key=lambda line: int(line.partition(",")[0]))  # tracks.csv has a head
            aside.write_text("".join(f"{line}\n" for line in [*lines[:number], *rows]), encoding="utf-8", newline="\n")
            os.replace(aside, path)

    def counts(self) -> Table:
        """Count: class by class how many there were, at most at once, how long they stayed, how fast they were."""
        rows = []
        for kind in sorted({each.kind for each in self.sightings}):
            own = [each for each in self.sightings if each.kind == kind]
            who, frames = {each.who for each in own}, np.array([each.frame for each in own])
            stays = [[each.seconds for each in own if each.who == one] for one in who]
            speed = float(np.median([np.hypot(*each.speed) for each in own]))
            metres = [f"{speed / self._scale:.3g}"] if self._scale else []
            stay = float(np.mean([max(times) - min(times) for times in stays]))
            most = int(np.bincount(frames).max())
            rows.append([self.kind(kind) or "anything", len(who), most, f"{stay:.2f}", f"{speed:.1f}", *metres])
        heads = ["class", "tracks", "most at once", "mean seconds", "median speed in px/s"]
        return Table(heads + (["median speed in m/s"] if self._scale else []), rows, "counts")
