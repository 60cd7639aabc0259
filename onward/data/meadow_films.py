"""The meadow's films for those who watch films: frames drawn as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from onward.core.faults import UsageFault
from onward.data.films import Footage

if TYPE_CHECKING:
    from onward.meadow import Clip

__all__ = ["meadow_footage"]


@dataclass(frozen=True)
class _MeadowFootage(Footage):
    """A film of the meadow as footage."""

    clip: Clip | None = None

    def _all(self) -> Iterator[tuple[float, Image.Image]]:
        if self.clip is not None:
            for frame, seconds in enumerate(self.clip.times):
                yield float(seconds), Image.fromarray(self.clip.scene(frame).pixels)


def meadow_footage(address: str, number: int = 0, size: int = 192) -> Footage:
    """Give test film `number` of `meadow:tracks`.

    Raises:
        UsageFault: another room is named, which shows no films.
    Example:
        >>> meadow_footage("meadow:tracks@0").frames >= 60
        True
    """
    from onward.meadow import film, parse_address

    room = parse_address(address)
    if room.name != "tracks":
        raise UsageFault(f"{address} shows no films. meadow:tracks does.")
    clip = film(number, size=size, split="test", level=room.level)
    return _MeadowFootage(address, 25.0, len(clip), clip=clip)
