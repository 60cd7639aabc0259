"""What comes out: the restyled picture as a file, with what was transparent left so, and how it is found again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.photo import Photo
from onward.generation.style.reading import Subject, read
from onward.generation.style.settings import Settings

__all__ = ["Restyled", "load", "untrained", "write_result"]


@dataclass(frozen=True)
class Restyled:
    """A photo that was restyled, and how; without training only the usual settings.

    Attributes:
        pixels: H W 3.
    """

    run: Run | None
    subject: Subject | None
    settings: Settings
    pixels: NDArray[np.uint8] | None = None


def untrained() -> Restyled:
    """Give what needs no training: the usual settings."""
    return Restyled(None, None, Settings())


def load(run: Run) -> Restyled:
    """Find what a run made; its styles are read again from where they were.

    Raises:
        RunFault: it has made nothing yet.
        DataFault: a style is not there any more.
    """
    path = run.path / "result.png"
    if not path.is_file():
        raise RunFault(f"{run.name} has no result yet. Go on with: onward resume {run.name}")
    settings = run.settings(Settings)
    address = run.folder.record["data"]["address"]
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return Restyled(run, read(Source((address,)), settings), settings, pixels)


def write_result(path: Path, pixels: NDArray[np.uint8], photo: Photo) -> Path:
    """Write a restyled photo as PNG, whole or not at all."""
    picture = Image.fromarray(pixels)
    if photo.alpha is not None:
        alpha = Image.fromarray(photo.alpha).resize(picture.size, Image.Resampling.LANCZOS)
        picture.putalpha(alpha)
    aside = path.with_name(f".{path.name}")
    picture.save(aside, "PNG")
    aside.replace(path)
    return path
