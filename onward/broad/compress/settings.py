"""What can be chosen: for training (`Settings`) and for coding afterwards (`Coding`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["LAMBDAS", "Coding", "Settings"]

# Bits a pixel that a mean squared error (pixels 0 to 255) is worth, from quality 1 to 6; each 2.3 times the last.
LAMBDAS = (0.0008, 0.0018, 0.0042, 0.0096, 0.022, 0.05)


@dataclass(frozen=True)
class Settings:
    """What is learned; the defaults are for two processor cores."""

    method: str = setting(
        "auto",
        "Learn from the folder, or fit one picture; auto: a single picture is fitted.",
        choices=("auto", "folder", "picture"),
    )
    quality: int = setting(3, "What a single picture is fitted for: 1 is smallest, 6 finest.", 1, len(LAMBDAS))
    crop: int = setting(128, "Side of what is cut from the pictures to learn from, in pixels.", 16, 512)
    batch_size: int = setting(8, "Cuts a step.", 1, 256)
    width: int = setting(64, "Channels of the layers between.", 4, 512)
    latents: int = setting(96, "Numbers that stand for 8 x 8 pixels.", 3, 192)
    learning_rate: float = setting(2e-3, "At the start, of a folder's codec.", 1e-6, 0.1)
    show_every: int = setting(100, "Steps between pictures.", 1, 1_000_000)


@dataclass(frozen=True)
class Coding:
    """How `onward apply` codes."""

    quality: int = setting(3, "1 is smallest, 6 finest.", 1, len(LAMBDAS))
    seconds: float = setting(60.0, "For fitting a picture, where the run fits single pictures.", 1.0, 86_400.0)
