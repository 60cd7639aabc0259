"""What can be chosen: for training (`Settings`) and for looking at new pictures (`Looking`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Looking", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How a classifier is built and trained; the defaults are for two processor cores."""

    size: int | None = setting(None, "Side the pictures are read at, in pixels.", 16, 512)
    backbone: str = setting("auto", "Pretrained eyes: auto, lite0, timm/NAME, torchvision/NAME; none to learn to see.")
    width: int | None = setting(None, "Channels of the first block, when learning to see.", 8, 512)
    batch_size: int | None = setting(None, "Pictures a step.", 2, 8192)
    learning_rate: float | None = setting(None, "The highest one.", 1e-6, 100.0)
    unfreeze: bool = setting(True, "Train the pretrained eyes too, once the head has learned.")
    per_class: int | None = setting(None, "Use this many training pictures of each class.", 1, 1_000_000)
    mirror: str = setting(
        "auto", "Show mirror images too: by itself unless classes are left and right.", choices=("auto", "yes", "no")
    )
    photos: str = setting("", "Folder with photos to stand behind the meadow's creatures.", rare=True)
    shift: int = setting(2, "Augmentation: pixels a picture of 32 may be moved by.", 0, 16, rare=True)
    smoothing: float = setting(0.2, "Label smoothing.", 0.0, 0.9, rare=True)
    decay: float = setting(0.015, "Weight decay, when learning to see.", 0.0, 1.0, rare=True)


@dataclass(frozen=True)
class Looking:
    """What `onward apply` shows."""

    saliency: int = setting(8, "Pictures to show with what was looked at.", 0, 1000)
