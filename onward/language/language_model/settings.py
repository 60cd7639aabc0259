"""What can be chosen: for training (`Settings`) and for writing (`Writing`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings", "Writing"]


@dataclass(frozen=True)
class Settings:
    """How a language model is built and trained; the defaults are for two processor cores."""

    level: str = setting(
        "auto", "What is read at a time: pieces of words (bpe), characters or words.",
        choices=("auto", "bpe", "characters", "words"),
    )  # fmt: skip
    vocabulary: int | None = setting(None, "How many pieces of words; by itself by the text's length.", 260, 200_000)
    cell: str = setting("mingru", "Kind of memory.", choices=("lstm", "gru", "rnn", "mingru"))
    width: int | None = setting(None, "Channels of the memory; by itself by text and minutes.", 8, 4096)
    depth: int = setting(2, "Layers.", 1, 8)
    batch_size: int = setting(32, "Places in the text that are read at once.", 1, 1024)
    stretch: int = setting(64, "Moments that an error is sent back through.", 4, 1024)
    learning_rate: float | None = setting(None, "The highest one; by itself by the kind of memory.", 1e-6, 1.0)
    drop: float | None = setting(None, "Share of channels dropped; by itself by how often the text is read.", 0.0, 0.9)
    drop_kept: float = setting(0.0, "Share of the weights between memory and memory dropped.", 0.0, 0.9, rare=True)
    forget_bias: float = setting(1.0, "Of an LSTM before it learns: at 0 it forgets at once.", -5.0, 10.0, rare=True)


@dataclass(frozen=True)
class Writing:
    """How `onward apply` writes."""

    prompt: str = setting("", "What the text begins with.")
    length: int = setting(500, "Characters to write.", 1, 10_000_000)
    seed: int = setting(0, "Another one gives another text.", 0, 2**31)
    temperature: float = setting(0.8, "1 is as daring as the text, 0 always takes the likeliest.", 0.0, 10.0)
    most: int = setting(0, "Choose among so many likeliest pieces; 0 is no limit.", 0, 1_000_000)
    mass: float = setting(0.95, "Choose among the likeliest pieces that hold this share of likelihood.", 0.01, 1.0)
    floor: float = setting(0.0, "Leave out what is less than this share as likely as the likeliest.", 0.0, 1.0)
    repetition: float = setting(1.0, "How many times less likely what was just said becomes.", 1.0, 10.0)
