"""The honest opponents: saying the source again, and a translation memory, the answer of the likest known sentence."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onward.data.pairs import PairPart

__all__ = ["TranslationMemory"]

_MOST_PAIRS = 200_000
_COMMON_SHARE = 0.3  # words in more sentences than this tell nothing apart


class TranslationMemory:
    """Known pairs, found by the words they share: cosine of counts weighted by rarity (tf-idf).

    Args:
        part: what is known.

    Example:
        >>> known = TranslationMemory(PairPart(["a red cat", "a dog"], ["eine rote Katze", "ein Hund"]))
        >>> known.answers(["the cat", "dog !"])
        ['eine rote Katze', 'ein Hund']
    """

    def __init__(self, part: PairPart) -> None:
        sources, self._targets = part.source[:_MOST_PAIRS], part.target[:_MOST_PAIRS]
        found: dict[str, list[int]] = defaultdict(list)
        for row, text in enumerate(sources):
            for word in set(_words(text)):
                found[word].append(row)
        count = len(sources)
        self._rows = {word: np.array(rows) for word, rows in found.items()}
        self._rarity = {word: math.log((1 + count) / len(rows)) for word, rows in found.items()}
        squares = np.zeros(count)
        for word, rows in self._rows.items():
            squares[rows] += self._rarity[word] ** 2
        self._norms = np.sqrt(np.maximum(squares, 1e-9))
        self._most = max(1.0, _COMMON_SHARE * count)

    def answers(self, texts: Sequence[str]) -> list[str]:
        """Give the translation of the likest known sentence to each."""
        return [self._targets[int(np.argmax(self._likeness(text)))] for text in texts]

    def _likeness(self, text: str) -> NDArray[np.float64]:
        likeness = np.zeros(len(self._norms))
        for word in Counter(_words(text)):
            rows = self._rows.get(word)
            if rows is not None and (len(rows) <= self._most or len(rows) < 50):
                likeness[rows] += self._rarity[word] ** 2
        return likeness / self._norms


def _words(text: str) -> list[str]:
    """Give what stands between white space; of a text without, its letters two by two."""
    words = text.lower().split()
    return words if len(words) > 1 or len(text) < 2 else [text[place : place + 2] for place in range(len(text) - 1)]
