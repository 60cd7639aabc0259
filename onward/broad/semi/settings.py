"""What can be chosen: for training (`Settings`) and for looking at new pictures (`Looking`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Looking", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How labels are spread over pictures that have none; the defaults are for two processor cores."""

    labels: int | None = setting(None, "Keep the labels of this many pictures a class and hide all others.", 1, 100_000)
    draw: int = setting(0, "Which pictures keep their label, where others are hidden.", 0, 1_000_000)
    backbone: str = setting("auto", "Pretrained eyes: auto, lite0, timm/NAME, torchvision/NAME; none for FixMatch.")
    size: int | None = setting(None, "Side the pictures are read at, in pixels.", 16, 512)
    side: int | None = setting(None, "Side the pretrained eyes look at, in pixels.", 32, 384)
    pool: int | None = setting(None, "Look at no more than this many pictures without a label.", 1, 10_000_000)
    method: str = setting(
        "auto",
        "How pictures without a label are used.",
        choices=("auto", "supervised", "spreading", "self-training", "agreement"),
    )
    next_: int = setting(24, "How many pictures to propose for labelling next.", 1, 1000)
    unfreeze: bool = setting(True, "Train the last blocks of the eyes too, where time is left.")
    width: int | None = setting(None, "Channels of the first block, without pretrained eyes.", 8, 256)
    batch_size: int | None = setting(None, "Labelled pictures a step, without pretrained eyes.", 2, 1024)
    learning_rate: float | None = setting(None, "The highest one, without pretrained eyes.", 1e-6, 10.0)
    ratio: int = setting(7, "FixMatch: pictures without a label for each labelled one.", 1, 64, rare=True)
    threshold: float = setting(
        0.95, "FixMatch: how sure it has to be of a label, where adaptive=no.", 0.0, 1.0, rare=True
    )
    adaptive: bool = setting(True, "FixMatch: thresholds that follow the network, a class each.", rare=True)


@dataclass(frozen=True)
class Looking:
    """What `onward apply` shows."""

    next_: int = setting(24, "How many of the pictures to propose for labelling next.", 0, 1000)
