"""Watching a film: each frame once, and everything that is found in it written at once.

One walk through the frames finds flow, what moves by itself, and who is who, and writes `flow.mp4`, `tracks.mp4`,
`tracks.txt`, `tracks.csv` and, if wanted, `flow/000001.flo` and so on. Whatever kills it, what it wrote stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.data.film_writing import FilmWriter
from onward.data.flow_files import write_flo
from onward.parts.dense_flow import Flow, FlowFinder, searched
from onward.vision.motion.boxes import Finder, RegionBoxes
from onward.vision.motion.colours import drawn_flow
from onward.vision.motion.ledger import TRACKS, Ledger, spare
from onward.vision.motion.meetings import Meetings
from onward.vision.motion.regions import Region, moving_regions
from onward.vision.motion.settings import Watching
from onward.vision.motion.tracker import Sighting, Tracker, Tuning
from onward.vision.motion.trails import draw_tracks

__all__ = ["Rim", "Walk", "Written", "tuned"]

_LEAST_RIM, _CALMING = 1.0, 0.9


@dataclass(frozen=True)
class Written:
    """A file that stands in the folder already."""

    caption: str

    def write(self, folder: Path, name: str) -> Path:
        """Say where it is."""
        return folder / name


class Rim:
    """Chooses what the colour wheel's rim stands for: 1, 2, 5, 10, … pixels, and seldom another."""

    def __init__(self) -> None:
        self._longest, self._rim = 0.0, 0.0

    def of(self, flow: Flow) -> float:
        """Give it for a frame: at least the 98th part of a hundred of its ways, and no more than thrice of late."""
        ways = np.linalg.norm(flow.way[::4, ::4], axis=2)[flow.sure[::4, ::4]]
        longest = float(np.percentile(ways, 98)) if len(ways) else 0.0
        self._longest = max(longest, _CALMING * self._longest)
        if not self._longest <= self._rim <= 5 * self._longest:
            wanted = max(_LEAST_RIM, self._longest)
            ten = 10.0 ** np.floor(np.log10(wanted))
            self._rim = float(next(step * ten for step in (1, 2, 5, 10) if step * ten >= wanted - 1e-9))
        return self._rim


def tuned(options: Watching) -> Tuning:
    """Give the tracker's tuning for a user's choices."""
    usual = Tuning()
    return Tuning(
        sure=max(usual.doubtful, min(usual.sure, options.threshold)),
        birth=options.threshold,
        doubtful=min(usual.doubtful, options.threshold),
        patience_seconds=options.patience,
    )


@dataclass
class Walk:
    """A film to be walked through; writing it does the walking.

    Attributes:
        caption: name of the film with tracks, without its ending.
        read: all files that are read, to be written over by none.
        moments: second and picture, one after the other.
        finder: whom to follow.
        flow: how flow is found; None leaves it out.
        options: the user's choices.
        seconds: when the last frame was, once it is walked through.
        ledger: who was where, once it is walked through.
        meetings: who touched whom.
    """

    caption: str
    read: Sequence[str]
    moments: Iterator[tuple[float, Image.Image]]
    finder: Finder
    flow: FlowFinder | None
    options: Watching
    seconds: float = 0.0
    ledger: Ledger | None = None
    meetings: Meetings = field(default_factory=Meetings)
    _trails: dict[int, list[tuple[float, float, float]]] = field(default_factory=dict)

    def write(self, folder: Path, name: str) -> Path:
        """Walk through the film, and write what is found as it is found.

        Returns: the film with tracks, or `tracks.csv` where no films are wanted.
        """
        spare(self.read, folder, [*TRACKS, *(f"{each}.mp4" for each in self._films(name))])
        self.ledger = Ledger(folder, self.finder.classes, self.options.scale)
        if self.options.flow:
            (folder / "flow").mkdir(exist_ok=True)
        with ExitStack() as stack:
            stack.callback(self.ledger.close)
            films = [stack.enter_context(FilmWriter(folder / f"{each}.mp4")) for each in self._films(name)]
            self._walk(folder, films)
        return folder / (f"{name}.mp4" if films else "tracks.csv")

    def _films(self, name: str) -> list[str]:
        if not self.options.films:
            return []
        return [name, "flow"] if self.flow is not None else [name]

    def _walk(self, folder: Path, films: list[FilmWriter]) -> None:
        tracker, rim = None, Rim()
        before: NDArray[np.uint8] | None = None
        for frame, (seconds, picture) in enumerate(self.moments, 1):
            pixels = np.asarray(picture.convert("RGB"))
            tracker = tracker or Tracker(tuned(self.options), picture.size)
            regions: list[Region] = []
            if self.flow is not None and before is not None:
                flow, back = searched(self.flow, before, pixels)
                regions = moving_regions(back, pixels, before) if isinstance(self.finder, RegionBoxes) else []
                self._write_flow(folder, films, frame - 1, flow, rim)
            found = self.finder.find(frame, pixels, regions)
            told = tracker.update(frame, seconds, found.boxes, found.scores, found.kinds, found.sizes)
            self.meetings.add([each for each in told if each.frame == frame])
            if self.ledger is not None:
                self.ledger.add(told)
            if films:
                films[0].add(self._drawn(frame, seconds, pixels, told), seconds)
            before, self.seconds = pixels, seconds

    def _write_flow(self, folder: Path, films: list[FilmWriter], frame: int, flow: Flow, rim: Rim) -> None:
        """Write the flow from a frame to the next."""
        if self.options.flow:
            write_flo(folder / "flow" / f"{frame:06d}.flo", flow.way)
        if len(films) > 1:
            drawn = drawn_flow(flow.way, rim.of(flow), flow.sure, f"{self.seconds:.2f} s")
            films[1].add(drawn, self.seconds)

    def _drawn(self, frame: int, seconds: float, pixels: NDArray[np.uint8], told: list[Sighting]) -> NDArray[np.uint8]:
        """Draw who is in a frame, with where each was of late."""
        for each in sorted(told, key=lambda each: each.frame):
            left, top, right, bottom = (float(side) for side in each.box)
            self._trails.setdefault(each.who, []).append((each.seconds, (left + right) / 2, (top + bottom) / 2))
        recent: dict[int, list[tuple[float, float]]] = {}
        for who, points in list(self._trails.items()):
            kept = [point for point in points if point[0] >= seconds - self.options.trail]
            self._trails[who] = kept
            if kept:
                recent[who] = [(x, y) for _, x, y in kept]
            else:
                del self._trails[who]
        now = [(each, self._words(each)) for each in told if each.frame == frame]
        return draw_tracks(pixels, now, recent)

    def _words(self, each: Sighting) -> str:
        """Say who somebody is and how fast."""
        name = self.ledger.kind(each.kind) if self.ledger is not None else ""
        speed = float(np.hypot(*each.speed))
        told = f"{speed / self.options.scale:.1f} m/s" if self.options.scale else f"{speed:.0f} px/s"
        return " ".join(part for part in (f"{each.who}", name, told) if part)
