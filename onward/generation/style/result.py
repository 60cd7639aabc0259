"""What comes out: the restyled picture as a file, with what was transparent left so, and how it is found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.data.photo import Photo
from onward.generation.style.settings import Settings

__all__ = ["Restyled", "load", "untrained"]


@dataclass(frozen=True)
class Restyled:
    """How photos are restyled, and the one that was; without training only the usual settings."""

    settings: Settings
    result: Photo | None = None


def untrained() -> Restyled:
    """Give what needs no training: the usual settings."""
    return Restyled(Settings())


def load(run: Run) -> Restyled:
    """Find what a run made; neither its photo nor its styles have to be there any more.

    Raises:
        RunFault: it has made nothing yet.
    """
    path = run.path / "result.png"
    if not path.is_file():
        raise RunFault(f"{run.name} has no result yet. Go on with: onward resume {run.name}")
    with Image.open(path) as picture:
        alpha = np.asarray(picture.getchannel("A")) if "A" in picture.getbands() else None
        pixels = np.asarray(picture.convert("RGB"))
    return Restyled(run.settings(Settings), Photo(pixels, alpha, path.name))
