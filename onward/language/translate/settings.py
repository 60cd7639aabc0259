"""What can be chosen: for training (`Settings`) and for translating (`Translating`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings", "Translating"]


@dataclass(frozen=True)
class Settings:
    """How a translator is built and trained; the defaults are for two processor cores."""

    direction: str = setting("auto", "Source and target, like de-en; reverse for the other way round.")
    level: str = setting(
        "auto", "What is read at a time: pieces of words (bpe) or characters.", choices=("auto", "bpe", "characters")
    )
    vocabulary: int | None = setting(
        None, "How many pieces of words; by itself by how much text there is.", 260, 64_000
    )
    width: int | None = setting(None, "Channels; by itself by sentences and minutes.", 8, 2048)
    depth: int = setting(2, "Layers of the encoder.", 1, 8)
    batch_tokens: int = setting(1200, "Pieces a step, padding included.", 16, 1_000_000)
    learning_rate: float | None = setting(None, "The highest one; by itself by the width.", 1e-6, 1.0)
    drop: float | None = setting(None, "Share of channels dropped; by itself 0.3, of made pairs 0.1.", 0.0, 0.9)
    drop_words: float = setting(0.0, "Share of source pieces hidden while training.", 0.0, 0.9, rare=True)
    smoothing: float = setting(0.1, "Share of certainty given to all pieces alike.", 0.0, 0.9, rare=True)
    clip: float = setting(1.0, "Longest gradient that is followed as it is.", 0.01, 1000.0, rare=True)


@dataclass(frozen=True)
class Translating:
    """How `onward apply` translates."""

    beam: int = setting(5, "Beginnings that are followed at once; 1 is fastest.", 1, 100)
    length: float = setting(1.0, "More gives longer translations.", 0.0, 2.0)
    coverage: float = setting(0.0, "Weight of leaving nothing out; 0.2 is much.", 0.0, 2.0)
    best: int = setting(1, "Translations of each line, in n-best.csv.", 1, 100)
    by: str = setting(
        "better", "Who answers: what was better in training, or the network.", choices=("better", "network")
    )
    attention: int = setting(0, "Pictures of where was looked, of the first so many lines.", 0, 1000)
