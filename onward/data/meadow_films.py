"""The meadow's films for those who watch films: frames drawn as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import UsageFault
from onward.data.films import Footage

if TYPE_CHECKING:
    from onward.meadow import Clip

__all__ = ["meadow_footage"]

_RATE = 25.0


@dataclass(frozen=True)
class _MeadowFootage(Footage):
    """Frames of the meadow as footage: the second and the drawing of each."""

    drawings: tuple[tuple[float, Callable[[], NDArray[np.uint8]]], ...] = ()

    def _all(self) -> Iterator[tuple[float, Image.Image]]:
        for seconds, draw in self.drawings:
            yield seconds, Image.fromarray(draw())


def meadow_footage(address: str, number: int = 0, size: int = 192) -> Footage:
    """Give test film `number` of `meadow:tracks`, or the two frames of a test pair of `meadow:flow`.

    Raises:
        UsageFault: another room is named, which shows nothing that moves.
    Example:
        >>> meadow_footage("meadow:tracks@0").frames >= 60, meadow_footage("meadow:flow").frames
        (True, 2)
    """
    from onward.meadow import film, frame_pair, parse_address

    room = parse_address(address)
    if room.name == "flow":
        pair = frame_pair(number, size=size, split="test", level=room.level)
        both = (pair.first.pixels, pair.second.pixels)
        drawings = tuple((place / _RATE, partial(np.asarray, pixels)) for place, pixels in enumerate(both))
    elif room.name == "tracks":
        clip = film(number, size=size, split="test", level=room.level)
        drawings = tuple((float(seconds), partial(_pixels, clip, place)) for place, seconds in enumerate(clip.times))
    else:
        raise UsageFault(f"{address} shows nothing that moves. meadow:tracks and meadow:flow do.")
    return _MeadowFootage(address, _RATE, len(drawings), drawings=drawings)


def _pixels(clip: Clip, frame: int) -> NDArray[np.uint8]:
    return clip.scene(frame).pixels
