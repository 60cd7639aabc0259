"""Motion in films: flow, what moves by itself, who is who; with a trained network or without any training."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from onward.core.exhibits import Picture, Table
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.films import Footage, footage, sequence_rate
from onward.data.flow_files import write_flo
from onward.data.inputs import checked_inputs
from onward.data.mot_files import is_mot, read_mot
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.upright import upright_pictures
from onward.parts.dense_flow import FlowFinder, searched
from onward.parts.film_progress import through_film
from onward.vision.motion.boxes import Finder, MotBoxes, RegionBoxes, finder_for
from onward.vision.motion.colours import drawn_flow
from onward.vision.motion.ledger import TRACKS, Ledger, spare
from onward.vision.motion.meetings import Meeting, meetings_table
from onward.vision.motion.settings import Watching
from onward.vision.motion.silhouettes import silhouettes_for
from onward.vision.motion.tracker import Sighting, Tracker
from onward.vision.motion.trails import time_line
from onward.vision.motion.watching import Rim, Walk, Written, tuned

__all__ = ["Watcher", "apply", "untrained"]

_USUAL_RATE = 25.0
_TRIED_FRAMES, _TRIED_STEP = 200, 8  # to choose whom to follow


@dataclass(frozen=True)
class Watcher:
    """What finds flow: a trained network, or DIS.

    Attributes:
        finder: the network's, if one was trained.
        trained: the network and its run, for `evaluate` and `export`; None without training.
    """

    finder: FlowFinder
    trained: Any = None


def untrained() -> Watcher:
    """Give what works without training: DIS and the tracker."""
    return Watcher(FlowFinder())


def apply(watcher: Watcher, source: Source, options: Watching) -> Iterator[Any]:
    """Watch films, folders of frames, pairs of pictures, or link the boxes of MOT files.

    Leaves `tracks.txt`, `tracks.csv`, films with flow and tracks, counts and a time line; several inputs get a folder
    each. Everything but the last few is written while the film is walked through.

    Raises:
        DataFault: nothing was named, or it is nothing that moves.
    """
    finder = FlowFinder() if options.method == "dis" else watcher.finder.with_looks(options.looks)
    addresses = list(source.addresses)
    if not addresses:
        raise DataFault("Name a film, a folder of frames, two pictures or a MOT det.txt: onward apply motion film.mp4")
    checked_inputs(addresses, "onward apply motion film.mp4")
    pictures = [address for address in addresses if address.lower().endswith(PICTURE_ENDINGS)]
    if len(pictures) not in (0, 2):
        raise DataFault(f"{pictures[0]} alone shows no motion. Name two pictures, a film, or a folder of frames.")
    if pictures:
        yield from _pair(finder, pictures, options)
    rest = [address for address in addresses if address not in pictures]
    for number, address in enumerate(rest):
        stem = re.sub(r"[^\w.-]+", "-", Path(address).stem)
        inner = f"{number:02d}-{stem}" if len(rest) > 1 else ""
        read = [*addresses, *filter(None, [options.detector])]
        parts = _linked(address, options, read) if is_mot(address) else _watched(finder, address, options, read)
        yield from (_Inside(part, inner) for part in parts) if inner else parts


@dataclass(frozen=True)
class _Inside:
    """Something to show, in a folder of its own."""

    part: Any
    inner: str

    @property
    def caption(self) -> str:
        return self.part.caption

    def write(self, folder: Path, name: str) -> Path:
        (folder / self.inner).mkdir(exist_ok=True)
        return self.part.write(folder / self.inner, name)


def _opened(address: str, options: Watching) -> Footage:
    return _meadow_footage(address) if address.startswith("meadow:") else footage(address, options.rate)


def _unnamed(address: str, options: Watching) -> Finder:
    """Choose whom to follow where no detector is named, by the first frames of a footage of its own.

    Raises:
        DataFault: what stands out was asked for, and nothing does.
    """
    if options.follow == "moving":
        return RegionBoxes()
    tried = islice(_opened(address, options).moments(), 0, _TRIED_FRAMES, _TRIED_STEP)
    finder = silhouettes_for([np.asarray(picture.convert("RGB")) for _, picture in tried])
    if finder is None and options.follow == "standing-out":
        raise DataFault(
            f"{address}: nothing stands out from an even ground in its first frames. Leave --follow out, or name a "
            "--detector."
        )
    return finder or RegionBoxes()


def _watched(flow: FlowFinder, address: str, options: Watching, read: Sequence[str]) -> Iterator[Any]:
    """Watch a film or a folder of frames."""
    shots = _opened(address, options)
    finder = finder_for(options.detector, Path(address).name, shots.names) or _unnamed(address, options)
    needs_flow = options.films or options.flow or isinstance(finder, RegionBoxes)
    moments = through_film(shots.moments(), shots.frames, Path(address).name)
    walk = Walk("tracks", read, moments, finder, flow if needs_flow else None, options)
    yield walk
    names = ["flow.mp4"] if options.films and needs_flow else []
    for name in [*names, "tracks.txt", "tracks.csv"]:
        yield Written(name)
    if walk.ledger is not None:
        meetings = walk.meetings.all()
        yield from _summary(walk.ledger, walk.seconds, meetings)
        yield meetings_table(meetings)
    if shots.troubles:
        yield Table(["what was wrong"], [[sentence] for sentence in shots.troubles], "troubles")


def _summary(ledger: Ledger, seconds: float, meetings: Sequence[Meeting] = ()) -> Iterator[Any]:
    yield ledger.counts()
    yield Picture(time_line(ledger.sightings, seconds, meetings), "time-line")


def _meadow_footage(address: str) -> Footage:
    """Give the first test film of `meadow:tracks`, or the first test pair of `meadow:flow`."""
    from onward.data.meadow_films import meadow_footage

    return meadow_footage(address)


@dataclass
class _Links:
    """The boxes of a MOT file, linked while they are written."""

    caption: str
    read: Sequence[str]
    rows: MotBoxes
    rate: float
    options: Watching
    ledger: Ledger | None = None

    def write(self, folder: Path, name: str) -> Path:
        """Link them; the pictures are not there, so nothing is drawn."""
        spare(self.read, folder, TRACKS)
        self.ledger = Ledger(folder, (), self.options.scale)
        tracker = Tracker(tuned(self.options))
        nothing = np.zeros((0, 0, 3), np.uint8)
        for frame in range(1, self.rows.rows.last_frame + 1):
            found = self.rows.find(frame, nothing, ())
            told: list[Sighting] = tracker.update(
                frame, (frame - 1) / self.rate, found.boxes, found.scores, found.kinds
            )
            self.ledger.add(told)
        self.ledger.close()
        return folder / name


def _linked(address: str, options: Watching, read: Sequence[str]) -> Iterator[Any]:
    """Link the boxes of a MOT file."""
    path = Path(address)
    rows = read_mot(path)
    rate = options.rate or sequence_rate(path.parent) or _USUAL_RATE
    links = _Links("tracks.csv", read, MotBoxes(rows), rate, options)
    yield links
    yield Written("tracks.txt")
    if links.ledger is not None:
        yield from _summary(links.ledger, (rows.last_frame - 1) / rate)


@dataclass(frozen=True)
class _FlowFile:
    """A flow to be written as `.flo`."""

    way: Any
    caption: str

    def write(self, folder: Path, name: str) -> Path:
        path = folder / "flow" / f"{name}.flo"
        path.parent.mkdir(exist_ok=True)
        write_flo(path, self.way)
        return path


def _pair(finder: FlowFinder, names: Sequence[str], options: Watching) -> Iterator[Any]:
    """Find the flow between two pictures."""
    lost: list[tuple[str, str]] = []
    read: list[Image.Image] = [picture for name in names for _, picture in upright_pictures(name, lost)]
    if lost:
        raise DataFault(f"{lost[0][0]} cannot be read ({lost[0][1]}). Give another picture.")
    first, second = (np.asarray(picture.convert("RGB")) for picture in read)
    if first.shape != second.shape:
        sizes = " and ".join(f"{each.shape[1]} x {each.shape[0]}" for each in (first, second))
        raise DataFault(f"{names[0]} and {names[1]} are {sizes} pixels. Give two pictures of one size.")
    flow, _ = searched(finder, first, second)
    if options.flow:
        yield _FlowFile(flow.way, "000001")
    longest = Rim().of(flow)
    yield Picture(drawn_flow(flow.way, longest, flow.sure, f"by {finder.name}"), "flow")
    ways = np.linalg.norm(flow.way, axis=2)
    facts = [
        ["mean way in px", f"{ways.mean():.3f}"],
        ["longest way in px (99 of 100 are shorter)", f"{np.percentile(ways, 99):.3f}"],
        ["share hidden or uncertain", f"{1 - flow.sure.mean():.4f}"],
    ]
    yield Table(["what", "value"], facts, "flow-facts")
