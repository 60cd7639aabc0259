"""What can be chosen: for training (`Settings`) and for drawing afterwards (`Drawing`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Drawing", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How the two players are built and trained; the defaults are for two processor cores."""

    size: int | None = setting(None, "Side of the pictures in pixels: 16, 32, 64 or 128.", 16, 128)
    loss: str = setting("relativistic", "What the players want.", choices=("relativistic", "classic"))
    backbone: str = setting("auto", "Second judge's eyes.", choices=("auto", "lite0", "none"))
    classes: bool = setting(False, "Learn the folders' classes, to be drawn on request.")
    show_every: int = setting(50, "Steps between pictures.", 1, 1_000_000)
    batch_size: int | None = setting(None, "Pictures a step.", 4, 4096)
    learning_rate: float | None = setting(None, "Of both players.", 1e-6, 0.1)
    width: int | None = setting(None, "Channels of the players; twice is about three times slower.", 8, 512)
    penalty: float = setting(0.3, "First weight of the gradient penalties at 32 pixels.", 0.0, 1000.0, rare=True)
    penalty_every: int = setting(4, "Steps between gradient penalties.", 1, 1000, rare=True)
    projected_weight: float = setting(1.0, "Weight of the second judge.", 0.0, 100.0, rare=True)
    projected_every: int = setting(2, "Steps between looks of the second judge.", 1, 1000, rare=True)
    average_pictures: int = setting(10_000, "Half-life of the averaged generator.", 1, 10_000_000, rare=True)
    shift: float = setting(1.0, "Strength of the augmentation; 0 for none.", 0.0, 2.0, rare=True)

    def width_at(self, size: int) -> int:
        """Give the channels of the players at a side in pixels: 64, or half of it above 32 pixels.

        Fine layers cost most and decide least: at 64 pixels half the channels make two and a half times the steps in
        the same minutes, and those are worth more. The tutorial's networks stay as they were published.
        """
        return self.width or (64 if size <= 32 or self.loss == "classic" else 32)


@dataclass(frozen=True)
class Drawing:
    """What `onward apply` draws."""

    count: int = setting(64, "Pictures to draw.", 1, 1_000_000)
    walk: float | None = setting(None, "Seconds of film through the latent space.", 0.5, 3600.0)
    truncation: float = setting(1.0, "Below 1: more typical, less varied; 0: one picture, the middle.", 0.0, 2.0)
    towards: int | None = setting(None, "A seed: --count pictures on the way to it from --seed.", 0, 2**31 - 1)
    mix: str = setting("", "Rows x columns of a grid, such as 4x6: layout by row, colours by column.")
    nearest: bool = setting(True, "Look up the nearest training picture of each.")
    label: str | None = setting(None, "Draw this class, where classes were learned.")
    seed: int = setting(0, "For the random numbers.", 0, 2**31 - 1)
