"""What comes out: the restyled picture as a file, with what was transparent left so, and how it is found again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.data.photo import Photo
from onward.generation.style.quick_network import QuickPainter
from onward.generation.style.reading import MOST_STYLES
from onward.generation.style.settings import Settings
from onward.parts.trained import facts_of, kept_average

__all__ = ["Restyled", "load", "untrained"]


@dataclass(frozen=True)
class Restyled:
    """How photos are restyled, and the one that was; without training only the usual settings.

    Attributes:
        painter: what restyles at once, if that was learned.
    """

    settings: Settings
    result: Photo | None = None
    painter: QuickPainter | None = None


def untrained() -> Restyled:
    """Give what needs no training: the usual settings."""
    return Restyled(Settings())


def load(run: Run) -> Restyled:
    """Find what a run made; neither its photo nor its styles have to be there any more.

    Raises:
        RunFault: it has made nothing yet.
    """
    path, settings, painter = run.path / "result.png", run.settings(Settings), None
    if settings.fast:
        painter = _painter(run)
    if painter is not None and not path.is_file():
        return Restyled(settings, painter=painter)
    if not path.is_file():
        raise RunFault(f"{run.name} has no result yet. Go on with: onward resume {run.folder.word}")
    with Image.open(path) as picture:
        alpha = np.asarray(picture.getchannel("A")) if "A" in picture.getbands() else None
        pixels = np.asarray(picture.convert("RGB"))
    return Restyled(settings, Photo(pixels, alpha, path.name), painter)


def _painter(run: Run) -> QuickPainter:
    """Load what a run learned; the run may be a stranger's."""
    facts = facts_of(run, "style")
    try:
        width, styles = int(facts["width"]), int(facts["styles"])
        if not 1 <= styles <= MOST_STYLES:
            raise ValueError(styles)
        return kept_average(run, "average", lambda: QuickPainter(width, styles))
    except (KeyError, TypeError, ValueError, OverflowError, RuntimeError):
        raise RunFault(f"{run.name} is damaged: its network cannot be read. Train it anew.") from None
