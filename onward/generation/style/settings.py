"""What can be chosen: for restyling a photo (`Settings`), and for doing it to others (`Restyling`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Restyling", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How a photo is restyled; the defaults are for two processor cores."""

    style: str = setting("oil", "Pictures, or oil, pencil, watercolour; several as a.jpg=2,b.jpg=1.")
    fast: bool = setting(False, "Learn from a folder of photos to restyle any photo in a second.")
    size: int | None = setting(None, "Longer side of the result in pixels; by itself by the minutes.", 16, 8192)
    strength: float = setting(0.5, "How much of the photo gives way, 0 to 1.", 0.0, 1.0)
    stroke: float = setting(1.0, "How large the style's strokes become.", 0.25, 4.0)
    keep_color: bool = setting(False, "Keep the photo's colours.")
    smooth: float = setting(0.2, "How calm neighbouring pixels are, 0 to 1.", 0.0, 1.0)
    mask: str = setting("", "Pictures that are white where a style goes, one a style: sky.png,ground.png.")
    backbone: str = setting("lite0", "The network looked through: lite0, random, or torchvision/vgg19.")
    start: str = setting("colors", "What it begins from.", choices=("colors", "photo", "noise"), rare=True)
    tile: int | None = setting(None, "Side of the tiles it is looked at in, in pixels.", 32, 8192, rare=True)
    history: int = setting(10, "Steps that L-BFGS remembers, where memory allows.", 1, 100, rare=True)


@dataclass(frozen=True)
class Restyling:
    """What `onward apply` does to further photos and films."""

    style: str = setting("", "Another style than the run's, as for training.")
    seconds: float = setting(60.0, "For each photo, or for a film's first frame.", 1.0, 86_400.0)
    frame_seconds: float = setting(4.0, "For each further frame of a film.", 0.1, 3600.0)
    size: int | None = setting(None, "Longer side of the result in pixels; by itself by the seconds.", 16, 8192)
    frames: int | None = setting(None, "Frames of a film at most.", 1, 1_000_000)
    strength: float | None = setting(None, "As for training; by itself the run's.", 0.0, 1.0)
    stroke: float | None = setting(None, "As for training; by itself the run's.", 0.25, 4.0)
    keep_color: bool | None = setting(None, "As for training; by itself the run's.")
