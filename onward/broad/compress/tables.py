"""Probabilities as whole counts, and the coder that turns whole numbers into bits by them.

A table has a count for each of the symbols -reach to reach and one more for "beyond", an escape: what lies beyond is
written out in full. Counts of a table sum to 2^16. They are worked out once, stored with the model, and never again
computed from anything else, so that all machines read a file by the same tables.

The coder is `constriction`'s asymmetric numeral system, a stack: what is decoded first is encoded last.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.compress.container import BrokenFile, read_number, write_number
from onward.core.faults import MachineFault

__all__ = ["TOTAL", "Decoder", "Tables", "counts_of", "encode"]

TOTAL = 1 << 16
_BEYOND = 1 << 20  # no symbol is larger

Integers = NDArray[np.integer]


def counts_of(probabilities: NDArray[np.floating]) -> NDArray[np.int32]:
    """Turn probabilities into counts of at least 1 that sum to 2^16.

    Args:
        probabilities: of each symbol and, last, of what lies beyond; they need not sum to 1.
    Example:
        >>> counts_of(np.array([0.0, 1.0, 0.0])).tolist()
        [1, 65534, 1]
    """
    shares = np.maximum(np.asarray(probabilities, np.float64), 0)
    shares = shares / max(float(shares.sum()), 1e-300)
    counts = 1 + np.floor(shares * (TOTAL - len(shares))).astype(np.int32)
    counts[int(counts.argmax())] += TOTAL - int(counts.sum())
    return counts


@dataclass(frozen=True)
class Tables:
    """Tables, by number.

    Attributes:
        counts: T L, each row's first 2 reach + 2 are used.
        reach: T, the largest symbol of each.
    """

    counts: NDArray[np.int32]
    reach: NDArray[np.int32]

    @staticmethod
    def of(rows: Sequence[NDArray[np.int32]]) -> Tables:
        """Put rows of an even length together."""
        longest = max(map(len, rows))
        counts = np.stack([np.pad(row, (0, longest - len(row))) for row in rows]).astype(np.int32)
        return Tables(counts, np.array([len(row) // 2 - 1 for row in rows], np.int32))

    def check(self) -> None:
        """Refuse tables that are none.

        Raises:
            ValueError: counts or reaches do not fit.
        """
        if self.counts.ndim != 2 or self.reach.shape != self.counts.shape[:1]:
            raise ValueError("tables of other shapes")
        width = 2 * self.reach.astype(np.int64) + 2
        used = np.arange(self.counts.shape[1])[None] < width[:, None]
        if (self.reach < 0).any() or (width > self.counts.shape[1]).any() or ((self.counts > 0) != used).any():
            raise ValueError("tables that are none")
        if (self.counts.sum(axis=1, dtype=np.int64) != TOTAL).any():
            raise ValueError("tables of another sum")

    @cached_property
    def _models(self) -> dict[int, Any]:
        return {}

    def model(self, table: int) -> Any:
        """Give the coder's model of a table: counts divided by 2^16, which is exact."""
        if table not in self._models:
            used = self.counts[table, : 2 * int(self.reach[table]) + 2]
            shares = used.astype(np.float32) / np.float32(TOTAL)
            self._models[table] = _library().stream.model.Categorical(shares, perfect=False)
        return self._models[table]


def encode(stages: Sequence[tuple[Tables, Integers, Integers]]) -> bytes:
    """Encode stages of symbols, each with its tables and the number of the table of each symbol.

    Returns: the escapes, then the coder's words without the zeros at their end.
    """
    coder = _library().stream.stack.AnsCoder()
    escaped: list[list[int]] = []
    for tables, symbols, numbers in reversed(stages):
        order, starts = _by_table(numbers)
        symbols = np.clip(symbols[order], -_BEYOND, _BEYOND).astype(np.int64)
        reach = tables.reach[numbers[order]].astype(np.int64)
        is_beyond = np.abs(symbols) > reach
        escaped.insert(0, symbols[is_beyond].tolist())
        places = np.where(is_beyond, 2 * reach + 1, symbols + reach).astype(np.int32)
        for table, start, end in reversed(starts):
            coder.encode_reverse(places[start:end], tables.model(table))
    beyond = [value for stage in escaped for value in stage]
    words = np.asarray(coder.get_compressed(), dtype="<u4").tobytes().rstrip(b"\0")
    written = b"".join(write_number(2 * value if value >= 0 else -2 * value - 1) for value in beyond)
    return write_number(len(beyond)) + written + words


class Decoder:
    """Decodes what `encode` wrote, stage by stage.

    Raises:
        BrokenFile: the bytes cannot be what it wrote.
    """

    def __init__(self, content: bytes, most_escapes: int) -> None:
        count, place = read_number(content, 0)
        if count > most_escapes:
            raise BrokenFile("more escapes than symbols")
        self._beyond: list[int] = []
        for _ in range(count):
            value, place = read_number(content, place)
            self._beyond.append(value >> 1 if value % 2 == 0 else -(value >> 1) - 1)
        self._beyond.reverse()
        words = content[place:]
        words += bytes(-len(words) % 4)
        try:
            self._coder = _library().stream.stack.AnsCoder(np.frombuffer(words, "<u4").astype(np.uint32))
        except ValueError as reason:
            raise BrokenFile("words that are none") from reason

    def decode(self, tables: Tables, numbers: Integers) -> NDArray[np.int64]:
        """Decode a symbol for each table's number."""
        order, starts = _by_table(numbers)
        places = np.empty(len(numbers), np.int64)
        for table, start, end in starts:
            places[start:end] = self._coder.decode(tables.model(table), end - start)
        reach = tables.reach[numbers[order]].astype(np.int64)
        symbols = places - reach
        for place in np.flatnonzero(places == 2 * reach + 1):
            if not self._beyond:
                raise BrokenFile("fewer escapes than needed")
            symbols[place] = np.clip(self._beyond.pop(), -_BEYOND, _BEYOND)
        found = np.empty(len(numbers), np.int64)
        found[order] = symbols
        return found


def _by_table(numbers: Integers) -> tuple[NDArray[np.int64], list[tuple[int, int, int]]]:
    """Sort places by table: the order, and for each table where it starts and ends."""
    order = np.argsort(numbers, kind="stable")
    sorted_ = numbers[order]
    cuts = [0, *(np.flatnonzero(np.diff(sorted_)) + 1).tolist(), len(sorted_)] if len(sorted_) else [0]
    return order, [(int(sorted_[start]), start, end) for start, end in itertools.pairwise(cuts)]


def _library() -> Any:
    try:
        import constriction
    except ImportError:
        words = "compress needs the package constriction. Install it with: pip install 'onward[compress]'"
        raise MachineFault(words) from None
    return constriction
