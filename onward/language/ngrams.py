"""The opponent of a language model: how often pieces followed one another, counted (interpolated Kneser–Ney).

    p(w | h) = max(c(hw) − d, 0) / c(h)  +  d · types(h) / c(h) · p(w | h without its first)

Below the highest order c counts in how many surroundings a sequence was seen, not how often (Kneser and Ney 1995; Chen
and Goodman 1998, section 4.1.6), and d is n1 / (n1 + 2 n2). Sequences are known by sums of 64 bits, sorted and
counted whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ngram_nats"]

_MOST_COUNTED = 3_000_000
_LEAST_DISCOUNT = 0.1
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
Keys = NDArray[np.uint64]


def ngram_nats(
    learned: NDArray[Any], told: NDArray[Any], size: int, order: int = 5, most: int = _MOST_COUNTED
) -> NDArray[np.float64]:
    """Give how surprised an n-gram model is at each piece of a text but the first.

    Args:
        learned: numbers of the text that is counted, N; of a very long one the last `most`.
        told: numbers of the text that surprises, M.
        size: how many pieces there are.
        order: how many pieces a sequence has.
    Returns: M − 1 values in nats.
    Example:
        >>> text = np.array([1, 2, 3] * 50); float(ngram_nats(text, text, 4).mean()) < 0.1
        True
    """
    learned = np.asarray(learned[-most:]).astype(np.uint64)
    text = np.asarray(told).astype(np.uint64)
    likelihood = np.full(len(text), 1.0 / size)
    tables = _tables(learned, min(order, len(learned), len(text)))
    for length, table in enumerate(tables, start=1):
        likelihood = table.better(likelihood, _keys(text, length), _keys(text, length - 1), length)
    return -np.log(likelihood[1:])


@dataclass(frozen=True)
class _Table:
    """Sequences of one length: how often each was seen, and what followed each beginning."""

    sequences: Keys
    counts: NDArray[np.int64]
    beginnings: Keys
    totals: NDArray[np.int64]
    kinds: NDArray[np.int64]

    def better(
        self, likelihood: NDArray[np.float64], sequences: Keys, beginnings: Keys, length: int
    ) -> NDArray[np.float64]:
        """Mix what these sequences tell into what shorter ones told; `sequences[i]` ends at piece i + length − 1."""
        once, twice = int((self.counts == 1).sum()), int((self.counts == 2).sum())
        discount = max(_LEAST_DISCOUNT, once / max(1, once + 2 * twice))  # what was never seen is never impossible
        seen = _found(self.sequences, self.counts, sequences)
        place, known = _places(self.beginnings, beginnings[: len(sequences)])
        total = np.where(known, self.totals[place], 1)
        kinds = np.where(known, self.kinds[place], 0)
        mixed = likelihood.copy()
        ends = slice(length - 1, None)
        told = np.maximum(seen - discount, 0) / total + discount * kinds / total * likelihood[ends]
        mixed[ends] = np.where(known, told, likelihood[ends])
        return mixed


def _tables(text: NDArray[np.uint64], order: int) -> list[_Table]:
    tables: list[_Table] = []
    longer: NDArray[np.int64] | None = None  # where each kind of sequence one piece longer begins
    for length in range(order, 0, -1):
        keys, begun = _keys(text, length), _keys(text, length - 1)
        tokens = np.arange(len(keys)) if longer is None else longer + 1  # its surroundings are the piece before it
        kinds, first, counts = np.unique(keys[tokens], return_index=True, return_counts=True)
        firsts = tokens[first]
        beginnings, inverse = np.unique(begun[firsts], return_inverse=True)
        totals = np.bincount(inverse, weights=counts).astype(np.int64)
        tables.append(_Table(kinds, counts, beginnings, totals, np.bincount(inverse)))
        longer = np.unique(keys, return_index=True)[1]
    return tables[::-1]


def _keys(text: NDArray[np.uint64], length: int) -> Keys:
    """Give a sum of each sequence of a length: the one of `text[i : i + length]` at i."""
    keys = np.zeros(len(text) - length + 1 if length else len(text) + 1, np.uint64)
    for place in range(length):
        keys = (keys ^ (text[place : place + len(keys)] + np.uint64(1))) * _FACTOR
        keys ^= keys >> np.uint64(29)
    return keys


def _places(known: Keys, asked: Keys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    places = np.searchsorted(known, asked).clip(0, len(known) - 1)
    return places, known[places] == asked


def _found(known: Keys, counts: NDArray[np.int64], asked: Keys) -> NDArray[np.int64]:
    places, is_known = _places(known, asked)
    return np.where(is_known, counts[places], 0)
