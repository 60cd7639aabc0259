"""How far through a film something is: said to whoever listens to Python's logging, as the command line does."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from onward.core.budget import spoken_duration

__all__ = ["through_film"]

T = TypeVar("T")
_LONGEST_WAIT_SECONDS = 10.0


def through_film(frames: Iterable[T], count: int, name: str) -> Iterator[T]:
    """Pass a film's frames on, and say from time to time how far it is, how fast, and how long it will take.

    Args:
        count: of the frames, as the film says; 0 if it does not.
        name: of the film.

    Example:
        >>> list(through_film("abc", 3, "film.mp4"))
        ['a', 'b', 'c']
    """
    began = time.monotonic()
    due, wait_seconds = began + 1.0, 1.0
    for number, frame in enumerate(frames, 1):
        yield frame
        now = time.monotonic()
        if now < due:
            continue
        rate = number / (now - began)
        parts = [f"{name}: frame {number:,}" + (f" of {count:,}" if count else ""), f"{rate:.1f} frames/s"]
        if count > number:
            parts.append(f"{spoken_duration((count - number) / rate)} left")
        logging.getLogger("onward").info(" · ".join(parts))
        wait_seconds = min(_LONGEST_WAIT_SECONDS, 2 * wait_seconds)
        due = now + wait_seconds
