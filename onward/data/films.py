"""Films and folders of frames behind one door: upright pictures one after the other, each with its second.

Times are what the film says (its time stamps), never a frame's number, so a film of uneven rate keeps its speeds.
What is damaged is passed over and said; a film that breaks off is read to its last good frame. Nothing is written.

    film_frames(path)     a film file, frame by frame
    footage(address)      the same for a film, a folder or zip of frames, or a MOTChallenge folder (`img1/`)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from onward.core.faults import DataFault, MachineFault
from onward.data.archive import open_store
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture
from onward.data.upright import read_upright

__all__ = [
    "FILM_ENDINGS",
    "FilmFacts",
    "Footage",
    "film_facts",
    "film_frames",
    "footage",
    "is_film",
    "sequence_rate",
]

FILM_ENDINGS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
_USUAL_RATE = 25.0
_FASTEST = 1000.0  # frames a second; what says more says nonsense
_MAY_LACK = 2  # frames: files often count one or two more than they hold
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")


@dataclass(frozen=True)
class FilmFacts:
    """What a film says of itself; `frames` is 0 where it does not say."""

    frames_per_second: float
    frames: int


@dataclass(frozen=True)
class Footage:
    """Pictures in time, from a film or from a folder.

    Attributes:
        frames: how many there are, as far as is known beforehand; 0 is unknown.
        troubles: a sentence for each thing that was wrong; filled while `moments` goes on.
    """

    address: str
    frames_per_second: float
    frames: int
    names: tuple[str, ...] = ()
    troubles: list[str] = field(default_factory=list)

    def moments(self) -> Iterator[tuple[float, Image.Image]]:
        """Give second and picture, one after the other, all of the first one's size.

        Raises:
            DataFault: not one can be read.
        """
        size: tuple[int, int] | None = None
        others = 0
        for seconds, picture in self._all():
            size = size or picture.size
            if picture.size == size:
                yield seconds, picture
            else:
                others += 1
        if others and size:
            self.troubles.append(
                f"{self.address}: {others} frames are not {size[0]} x {size[1]} as the first one is; left out."
            )

    def _all(self) -> Iterator[tuple[float, Image.Image]]:
        if not self.names:
            yield from film_frames(self.address, self.troubles)
            return
        store, lost = open_store(self.address), []
        for number, name in enumerate(self.names):
            try:
                yield number / self.frames_per_second, read_upright(store, name)[0]
            except UnreadablePicture as reason:
                lost.append(f"{name} ({reason})")
        if len(lost) == len(self.names):
            raise DataFault(f"{self.address}: none of its {len(lost)} frames can be read; the first is {lost[0]}.")
        if lost:
            self.troubles.append(f"{self.address}: {len(lost)} frames cannot be read, the first is {lost[0]}.")


def is_film(address: str) -> bool:
    """Say whether an address looks like a film."""
    return address.lower().endswith(FILM_ENDINGS) and Path(address).is_file()


def footage(address: str, frames_per_second: float | None = None) -> Footage:
    """Open a film, or a folder or zip of frames in the order of the numbers in their names.

    Args:
        address: its path.
        frames_per_second: of a folder; without it `seqinfo.ini` beside the frames says, or it is 25.
    Raises:
        DataFault: there is nothing of the kind.
    """
    path = Path(address)
    if path.is_dir() or address.lower().endswith(_ARCHIVES):
        names = _frames_of(address)
        if not names:
            raise DataFault(f"{address} holds no pictures. Give a film, or a folder with its frames.")
        return Footage(address, frames_per_second or sequence_rate(path) or _USUAL_RATE, len(names), names)
    if not path.is_file():
        raise DataFault(f"{address} is not there. Check the path.")
    facts = film_facts(address)
    return Footage(address, facts.frames_per_second, facts.frames)


def _frames_of(address: str) -> tuple[str, ...]:
    names = [name for name in open_store(address).names if name.lower().endswith(PICTURE_ENDINGS)]
    if inner := [name for name in names if "img1" in name.split("/")[:-1]]:
        names = inner  # a MOTChallenge folder; other pictures in it are no frames
    return tuple(sorted(names, key=_by_number))


def _by_number(name: str) -> list[tuple[int, str]]:
    """Sort frame9 before frame10."""
    return [(int(digits or 0), letters) for letters, digits in re.findall(r"([^\d]*)(\d*)", name)]


def sequence_rate(place: Path) -> float | None:
    """Read the frames a second from a `seqinfo.ini` (MOTChallenge) in a folder or one above it; None if none says."""
    for folder in (place, *place.parents[:2]):
        path = folder / "seqinfo.ini"
        if path.is_file():
            found = re.search(r"^\s*frameRate\s*=\s*([\d.]+)", path.read_text("utf-8", "replace"), re.MULTILINE)
            rate = float(found[1]) if found else 0.0
            return rate if 0 < rate <= _FASTEST else None
    return None


def film_facts(path: str) -> FilmFacts:
    """Read a film's rate and length.

    Raises:
        DataFault: it cannot be read.
    """
    with _opened(path) as film:
        return _facts(film.streams.video[0])


def _facts(stream: Any) -> FilmFacts:
    rate = float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
    return FilmFacts(rate if 0 < rate <= _FASTEST else _USUAL_RATE, int(stream.frames))


def _length(film: Any) -> float:
    """Give the seconds a film says it lasts; 0 where it does not say, or where its sound may last longer."""
    return 0.0 if film.streams.audio else (film.duration or 0) / 1e6


def film_frames(path: str, troubles: list[str] | None = None) -> Iterator[tuple[float, Image.Image]]:
    """Give a film's frames, one after the other: the second since the first one, and the picture.

    Args:
        path: of the film.
        troubles: sentences about damaged places and an early end are added here.
    Raises:
        DataFault: it cannot be read, or not one frame of it can.
    """
    with _opened(path) as film:
        said, seconds_said = _facts(film.streams.video[0]), _length(film)
        first, last, count = None, 0.0, 0
        damages: list[str] = []
        for frame in _decoded(film, damages):
            stamp = frame.time
            if stamp is None:  # some streams carry no time stamps at all
                stamp = (first or 0.0) + (last + 1 / said.frames_per_second if count else 0.0)
            first = stamp if first is None else first
            last = max(float(stamp - first), last)
            count += 1
            yield last, _upright(frame)
    if count == 0:
        reason = f" ({damages[0]})" if damages else ""
        raise DataFault(f"{path} has no frame that can be read{reason}. Convert it to mp4.")
    if troubles is not None:
        if damages:
            troubles.append(f"{path} is damaged ({len(damages)} times {damages[0]!r}); {count} frames could be read.")
        if count + _MAY_LACK < said.frames:
            troubles.append(f"{path} breaks off: it says {said.frames} frames, and {count} could be read.")
        elif not said.frames and last + (_MAY_LACK + 1) / said.frames_per_second < seconds_said:
            troubles.append(f"{path} breaks off: it says {seconds_said:.1f} seconds, and {last:.1f} could be read.")


def _decoded(film: Any, damages: list[str]) -> Iterator[Any]:
    """Decode what can be decoded; each damaged place is added to `damages`, in a few words."""
    from av.error import FFmpegError

    packets = film.demux(video=0)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
        except (FFmpegError, ValueError) as reason:  # the container itself breaks off
            damages.append(_words(reason))
            return
        try:
            yield from packet.decode()
        except (FFmpegError, ValueError) as reason:
            damages.append(_words(reason))


def _words(reason: Exception) -> str:
    return (getattr(reason, "strerror", None) or str(reason)).partition(":")[0].strip().lower()


def _upright(frame: Any) -> Image.Image:
    """Turn a frame as the film says it is shown: telephones film lying down and note it."""
    picture = frame.to_image()
    turn = round(getattr(frame, "rotation", 0)) % 360
    return picture.rotate(turn, expand=True) if turn else picture


def _opened(path: str):
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise MachineFault("Films need the package av. Install it with: pip install 'onward[vision]'") from None
    try:
        film = av.open(path)
    except (FFmpegError, OSError, ValueError) as reason:
        raise DataFault(
            f"{path} is no film that can be read ({_words(reason)}). "
            "Copy it again if it was cut off, or convert it to mp4."
        ) from None
    if not film.streams.video:
        film.close()
        raise DataFault(f"{path} holds no pictures, only sound. Give a film.")
    return film
