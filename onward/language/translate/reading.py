"""Sentence pairs as a translator takes them, and what there is to say about them."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.task import Source
from onward.data.pairs import Pairs, open_pairs
from onward.language.tokenizer import train_tokenizer
from onward.language.translate.settings import Settings
from onward.language.translate.vocabulary import Vocabulary

__all__ = ["Sentences", "learned_vocabulary", "read"]

_ADVISED = 10_000


@dataclass(frozen=True)
class Sentences:
    """Pairs in three parts, and how they are to be written in numbers."""

    pairs: Pairs
    level: str
    vocabulary: int | None

    @property
    def fingerprint(self) -> str:
        """Give a digest of the pairs."""
        return self.pairs.fingerprint

    def findings(self) -> list[str]:
        """Say what was understood."""
        pairs = self.pairs
        counts = f"{len(pairs.training):,} pairs to learn from, {len(pairs.validation):,} to choose by, "
        sentences = [f"{pairs.address}: {counts}{len(pairs.testing):,} to test.", pairs.direction]
        if len(pairs.training) < _ADVISED and not pairs.is_made:
            sentences.append(f"That is little to learn to translate from: some {_ADVISED:,} pairs are advised.")
        return [*sentences, *pairs.troubles]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        pairs = self.pairs
        sizes = {name: len(getattr(pairs, name)) for name in ("training", "validation", "testing")}
        return {**sizes, "source": pairs.names[0], "target": pairs.names[1], "troubles": len(pairs.troubles)}


def read(source: Source, settings: Settings) -> Sentences:
    """Read sentence pairs.

    Raises:
        DataFault: there are none, too few, or they do not fit together.
        MachineFault: the library for the dates is not installed.
    """
    return Sentences(open_pairs(source.address, settings.direction), settings.level, settings.vocabulary)


def learned_vocabulary(sentences: Sentences) -> Vocabulary:
    """Learn pieces from both sides of the training part together: names and cognates share theirs.

    Raises:
        MachineFault: the library that learns pieces is not installed.
    """
    part = sentences.pairs.training
    texts = [*part.source, *part.target]
    letters = "".join(sorted(set().union(*map(set, texts))))
    level = "characters" if sentences.level == "auto" and sentences.pairs.is_made else sentences.level
    tokenizer = train_tokenizer(iter(texts), sum(map(len, texts)), level, sentences.vocabulary)  # type: ignore[arg-type]
    return Vocabulary(tokenizer, letters)
