"""What can be chosen: for training (`Settings`) and for looking at new pictures and films (`Looking`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Looking", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How a finder of points is built and trained; the defaults are for two processor cores."""

    size: int | None = setting(None, "Longest side pictures are fitted into, in pixels; a multiple of 32.", 64, 1024)
    backbone: str = setting("lite0", "Pretrained eyes, or none to learn to see.", choices=("lite0", "none"))
    width: int = setting(64, "Channels of neck and head.", 16, 512)
    stride: int = setting(4, "Pixels a cell of the heat maps: 4 is finer, 8 is faster.", 4, 8)
    batch_size: int = setting(16, "Pictures a step while the eyes are frozen.", 1, 1024)
    learning_rate: float = setting(1e-3, "The highest one.", 1e-6, 1.0)
    unfreeze: bool = setting(True, "Train the deeper half of the eyes too, once the head has learned.")
    views: int | None = setting(None, "Ways each picture is looked at with frozen eyes; by the number of them.", 1, 64)
    turn: float | None = setting(
        None, "Degrees views are turned by at most; 180 where subjects lie in all directions.", 0, 180
    )
    subjects: str = setting("auto", "How many a picture shows.", choices=("auto", "one", "many"))
    test_every: int | None = setting(
        None, "Test on each so-manieth picture by name; frames of a film: 5.", 2, 1000, rare=True
    )
    photos: str = setting("", "Folder with photos to stand behind the meadow's creatures.", rare=True)
    frozen_share: float = setting(0.4, "Part of the time spent with frozen eyes.", 0.0, 1.0, rare=True)
    learn_all: bool = setting(
        True, "Learn from the validation part too, once nothing is left to choose by it.", rare=True
    )


@dataclass(frozen=True)
class Looking:
    """What `onward apply` finds and shows."""

    threshold: float = setting(0.3, "Least score of a point that is drawn; files hold all.", 0.0, 1.0)
    boxes: str = setting("", "predictions.csv of a detect run: where the subjects are, each looked at for itself.")
    people: str = setting(
        "", "Without a run: find people by torchvision/keypointrcnn_resnet50_fpn; its weights are downloaded."
    )
    smooth: bool = setting(True, "Smooth what is found in films over time.")
    label_next: int = setting(20, "How many frames to propose for labelling next.", 0, 1000)
    pictures: int = setting(60, "Pictures to draw points on.", 0, 100_000)
