"""What can be chosen: for training the flow network (`Settings`) and for looking at films (`Watching`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings", "Watching"]


@dataclass(frozen=True)
class Settings:
    """How the flow network is built and trained; the defaults are for two processor cores."""

    size: int | None = setting(None, "Side of the pictures it learns from, in pixels; a multiple of 32.", 64, 1024)
    width: int = setting(32, "Channels that are compared; about 0.7 million parameters at 32.", 8, 256)
    batch_size: int = setting(4, "Pairs of pictures a step.", 1, 512)
    learning_rate: float = setting(4e-4, "The highest one.", 0.0, 1.0)
    sheets: float = setting(0.6, "Share of pairs that are cut-out pictures moved over pictures.", 0.0, 1.0)
    photos: str = setting("", "Folder with photos to move, and to stand behind the meadow's creatures.", rare=True)


@dataclass(frozen=True)
class Watching:
    """What `onward apply` looks for and writes."""

    flow: bool = setting(False, "Write the flow of each frame too, as flow/000001.flo.")
    detector: str = setting("", "What to follow: an exported detect run, its predictions.csv, or a MOT det.txt.")
    follow: str = setting(
        "auto",
        "What to follow without a detector: what moves by itself, or what stands out from an even ground.",
        choices=("auto", "moving", "standing-out"),
    )
    threshold: float = setting(0.3, "Least score of a box that may begin a track.", 0.0, 1.0)
    patience: float = setting(1.0, "Seconds that somebody lost is waited for.", 0.0, 3600.0)
    trail: float = setting(2.0, "Seconds of the trail that is drawn.", 0.0, 3600.0)
    scale: float | None = setting(None, "Pixels a metre, for speeds in metres a second.", 1e-6, 1e6)
    rate: float | None = setting(None, "Frames a second of a folder of frames, or of a MOT file.", 1e-3, 1000.0)
    films: bool = setting(True, "Draw flow and tracks on films.")
    method: str = setting("auto", "How flow is found: by the trained network if there is one.", choices=("auto", "dis"))
    looks: int = setting(2, "Times a trained network looks; once is five times as fast, and less exact.", 1, 2)
