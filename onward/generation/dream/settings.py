"""What can be chosen: for dreaming on a photo (`Settings`), and for the same dream on others (`Dreaming`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Dreaming", "Settings"]


@dataclass(frozen=True)
class Settings:
    """What is dreamt, and how; the defaults are for two processor cores."""

    layer: int = setting(4, "What is seen more of: 0 edges, 2 textures, 4 animals, 6 whole things.", 0, 6)
    channels: str = setting("", "Only these channels of the layer: 12,40.")
    class_: str = setting("", "One of ImageNet's 1,000 classes: 'Egyptian cat'.")
    guide: str = setting("", "Another picture, whose shapes are to be seen in the photo.")
    octaves: int | None = setting(None, "Sizes it is dreamt in, coarse to fine.", 1, 16)
    strength: float = setting(0.5, "How far the photo may change, 0 to 1.", 0.0, 1.0)
    size: int | None = setting(None, "Longer side of the result in pixels; by itself by the minutes.", 16, 8192)
    zoom: int = setting(0, "Frames of a film that dives into the dream.", 0, 100_000)
    colours: str = setting("auto", "natural: the photo's own.", choices=("auto", "natural", "free"))
    gallery: bool = setting(False, "Add a sheet of what each layer sees.")
    backbone: str = setting("lite0", "The network: lite0, random, or torchvision/vgg19.")
    jitter: int = setting(32, "Pixels the picture is rolled by at most, so that no grid shows.", 0, 512, rare=True)
    tile: int = setting(640, "Side of the tiles that a large picture is looked at in.", 64, 8192, rare=True)
    show_every: int = setting(10, "Steps between previews.", 1, 1_000_000, rare=True)


@dataclass(frozen=True)
class Dreaming:
    """What `onward apply` does: the run's dream, or another, on further photos."""

    seconds: float = setting(20.0, "For each photo.", 1.0, 86_400.0)
    layer: int | None = setting(None, "As for training; by itself the run's.", 0, 6)
    channels: str | None = setting(None, "As for training.")
    class_: str | None = setting(None, "As for training.")
    guide: str | None = setting(None, "As for training.")
    strength: float | None = setting(None, "As for training.", 0.0, 1.0)
    size: int | None = setting(None, "As for training.", 16, 8192)
    colours: str | None = setting(None, "As for training.", choices=("auto", "natural", "free"))
    gallery: bool = setting(False, "Also a sheet of what each layer sees.")
    seed: int = setting(0, "For the random numbers.", 0, 2**31 - 1)
