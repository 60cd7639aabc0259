"""Films as pictures one after the other, upright, with the second each is shown at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from onward.core.faults import DataFault, MachineFault

__all__ = ["FILM_ENDINGS", "FilmFacts", "film_facts", "film_frames", "is_film"]

FILM_ENDINGS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")


@dataclass(frozen=True)
class FilmFacts:
    """What a film says of itself; `frames` is 0 where it does not say."""

    frames_per_second: float
    frames: int


def is_film(address: str) -> bool:
    """Say whether an address looks like a film."""
    return address.lower().endswith(FILM_ENDINGS) and Path(address).is_file()


def film_facts(path: str) -> FilmFacts:
    """Read a film's rate and length.

    Raises:
        DataFault: it cannot be read.
    """
    with _opened(path) as film:
        stream = film.streams.video[0]
        return FilmFacts(float(stream.average_rate or stream.guessed_rate or 25), int(stream.frames))


def film_frames(path: str) -> Iterator[tuple[float, Image.Image]]:
    """Give a film's frames, one after the other: the second, and the picture.

    Raises:
        DataFault: it cannot be read; also in the middle, where it breaks off damaged before the first frame.
    """
    from av.error import FFmpegError

    count = 0
    with _opened(path) as film:
        try:
            for frame in film.decode(video=0):
                yield float(frame.time or 0.0), _upright(frame)
                count += 1
        except (FFmpegError, ValueError) as reason:
            if count == 0:
                raise DataFault(f"{path} has no frame that can be read ({reason}). Convert it to mp4.") from None


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
        raise DataFault(f"{path} is no film that can be read ({reason}). Convert it to mp4.") from None
    if not film.streams.video:
        film.close()
        raise DataFault(f"{path} holds no pictures, only sound. Give a film.")
    return film
