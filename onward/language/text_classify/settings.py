"""What can be chosen: for training (`Settings`) and for telling the classes of new texts (`Telling`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings", "Telling"]


@dataclass(frozen=True)
class Settings:
    """How texts are read and a classifier is built; the defaults are for two processor cores."""

    text: str | None = setting(None, "Column of the texts; by itself by name and content.")
    label: str | None = setting(None, "Column of the labels; by itself by name and content.")
    fine: bool = setting(False, "Of labels written COARSE:fine, tell the fine ones.")
    from_run: str | None = setting(None, "Begin from a language-model run of yours: a name, a folder or last.")
    networks: int | None = setting(None, "Networks with memory, averaged; 0 for none; by itself by the minutes.", 0, 16)
    cell: str = setting("mingru", "Kind of memory.", choices=("lstm", "gru", "rnn", "mingru"))
    width: int = setting(64, "Channels of the memory, each way.", 4, 1024)
    drop: float = setting(0.4, "Share of channels dropped while training.", 0.0, 0.9)
    batch_size: int = setting(64, "Texts a step.", 1, 4096)
    learning_rate: float = setting(8e-3, "The highest one.", 1e-6, 1.0)
    longest: int = setting(
        256, "Pieces of a text that a network reads; the linear model reads all.", 8, 10_000, rare=True
    )
    labels_used: float = setting(1.0, "Share of the training part to learn from, by content.", 0.001, 1.0, rare=True)


@dataclass(frozen=True)
class Telling:
    """What `onward apply` shows."""

    pictures: int = setting(12, "Texts to colour by what speaks for their class.", 0, 200)
