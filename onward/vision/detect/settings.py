"""What can be chosen: for training (`Settings`) and for looking at new pictures (`Looking`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Looking", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How a detector is built and trained; the defaults are for two processor cores."""

    size: int | None = setting(None, "Side pictures are fitted into, in pixels; a multiple of 32.", 64, 1024)
    backbone: str = setting(
        "lite0", "Pretrained eyes, none to learn to see, or torchvision/NAME, one of its big detectors (for a GPU)."
    )
    width: int = setting(96, "Channels of neck and head.", 16, 512)
    batch_size: int = setting(16, "Pictures a step while the eyes are frozen.", 1, 1024)
    learning_rate: float = setting(1e-3, "The highest one.", 1e-6, 1.0)
    unfreeze: bool = setting(True, "Train the deeper half of the eyes too, once the head has learned.")
    views: int = setting(4, "Ways each picture is looked at with frozen eyes: mirrored, nearer, farther.", 1, 64)
    photos: str = setting("", "Folder with photos to stand behind the meadow's creatures.", rare=True)
    frozen_share: float = setting(0.5, "Part of the time spent with frozen eyes.", 0.0, 1.0, rare=True)
    learn_all: bool = setting(
        True, "Learn from the validation part too, once nothing is left to choose by it.", rare=True
    )


@dataclass(frozen=True)
class Looking:
    """What `onward apply` finds and shows."""

    threshold: float = setting(0.4, "Least score of a box that is drawn; files hold all above 0.05.", 0.0, 1.0)
    pictures: int = setting(60, "Pictures to draw boxes on.", 0, 100_000)
