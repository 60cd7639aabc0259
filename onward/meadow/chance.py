"""Random numbers that are the same everywhere: a counter-based stream for every sample, and a whole-number sine.

A sample of the meadow is a pure function of its address, so nothing here keeps state between samples. The address is
hashed with SHA-256 into a Philox key and only the *raw* 64-bit words are used, mapped by the integer rules below:
raw streams never change between releases of NumPy, its distributions may (NEP 19). Angles are whole numbers, 4096 to
the turn, because the sine of a floating-point library may differ in its last bit from one machine to the next.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". Read next: ``scene.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ONE", "TURN", "Chance", "cosine", "sine"]

TURN = 4096  # angle steps in a full turn
ONE = 1 << 14  # the whole number that stands for 1 in sines and cosines

_Choice = TypeVar("_Choice")
_SINES = [round(ONE * math.sin(2 * math.pi * step / TURN)) for step in range(TURN)]


def sine(angle: int) -> int:
    """Return the sine of `angle` (4096 to the turn) times 16384, as a whole number.

    Example:
        >>> sine(TURN // 4), sine(0), sine(-TURN // 12)
        (16384, 0, -8207)
    """
    return _SINES[angle % TURN]


def cosine(angle: int) -> int:
    """Return the cosine of `angle` (4096 to the turn) times 16384, as a whole number.

    Example:
        >>> cosine(0), cosine(TURN // 2)
        (16384, -16384)
    """
    return _SINES[(angle + TURN // 4) % TURN]


class Chance:
    """A stream of random whole numbers that belongs to one address and to nothing else.

    Example:
        >>> Chance("horses", "train", 7).below(1000) == Chance("horses", "train", 7).below(1000)
        True
    """

    def __init__(self, *address: str | int) -> None:
        """Open the stream of `address`; parts are kept apart, so ("a", "bc") is not ("ab", "c")."""
        text = "".join(f"{len(str(part))}:{part}" for part in address)
        digest = sha256(text.encode("utf-8")).digest()
        self._philox = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
        self._words: list[int] = []

    def word(self) -> int:
        """Return the next raw word, 0 to 2**64 - 1."""
        if not self._words:
            self._words = self._philox.random_raw(64).tolist()[::-1]
        return self._words.pop()

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` - 1: the high half of word x limit, even to 1 part in 2**50."""
        return (self.word() * limit) >> 64

    def between(self, lowest: int, highest: int) -> int:
        """Return a whole number from `lowest` to `highest`, both included."""
        return lowest + self.below(highest - lowest + 1)

    def choose(self, choices: Sequence[_Choice]) -> _Choice:
        """Return one of `choices`, each as likely as the others."""
        return choices[self.below(len(choices))]

    def weighted(self, weights: Mapping[_Choice, int]) -> _Choice:
        """Return one key of `weights`, as likely as its whole-number weight says."""
        left = self.below(sum(weights.values()))
        for choice, weight in weights.items():
            if left < weight:
                return choice
            left -= weight
        raise ValueError("Weights must be whole numbers of at least 1.")

    def bytes(self, count: int) -> NDArray[np.uint8]:
        """Return `count` even random bytes straight from the stream, the same on either byte order."""
        words = self._philox.random_raw((count + 7) // 8).astype("<u8", copy=False)
        return words.view(np.uint8)[:count]
