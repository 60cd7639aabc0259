"""The honest opponent: a translation memory, which gives the translation of the likest known sentence.

Where it does better than the network on the sentences to choose by, it is what the run keeps (`choosing.py`).
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.files import read_json, write_atomically
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
        self._sources = sources
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

    def save(self, path: Path) -> None:
        """Write what is known."""
        write_atomically(path, json.dumps({"source": self._sources, "target": self._targets}).encode())

    @staticmethod
    def load(path: Path) -> TranslationMemory:
        """Read what `save` wrote."""
        known = read_json(path)
        return TranslationMemory(PairPart([*map(str, known["source"])], [*map(str, known["target"])]))

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
