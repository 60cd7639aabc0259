"""Which pictures are the same, exactly or nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["difference_hashes", "exact_duplicates", "near_duplicates"]


def difference_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Describe each picture by 64 comparisons of neighbouring cells of its 9x8 thumbnail.

    Args:
        images: N H W 3.
    Returns: N.
    """
    count, height, width, _ = images.shape
    rows = np.linspace(0, height, 9).astype(int)
    columns = np.linspace(0, width, 10).astype(int)
    found = np.empty(count, np.uint64)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    for start in range(0, count, 4096):
        grey = images[start : start + 4096].astype(np.float32).mean(axis=3)
        cells = np.add.reduceat(grey, rows[:-1], axis=1)
        cells = np.add.reduceat(cells, columns[:-1], axis=2) / np.diff(columns)
        bits = (cells[:, :, 1:] > cells[:, :, :-1]).reshape(len(grey), 64)
        found[start : start + 4096] = (bits * weights).sum(axis=1, dtype=np.uint64)
    return found


def exact_duplicates(digests: Sequence[bytes]) -> int:
    """Count files that repeat an earlier one byte for byte."""
    return len(digests) - len(set(digests))


def near_duplicates(hashes: NDArray[np.uint64], most_different_bits: int = 3) -> int:
    """Count pictures within a few bits of an earlier one.

    Two hashes that differ in at most 3 bits agree in at least one of four 16-bit bands, so only those are compared.
    Flat pictures, whose hash says nothing, are left out.
    """
    telling = np.array([bin(int(each)).count("1") for each in hashes])
    hashes = hashes[(telling > 6) & (telling < 58)]
    repeated = np.zeros(len(hashes), bool)
    for band in range(4):
        keys = (hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0, True])
        for first, last in pairwise(starts):
            if 1 < last - first <= 2000:
                members = np.sort(order[first:last])
                different = hashes[members][:, None] ^ hashes[members][None, :]
                close = np.bitwise_count(different) <= most_different_bits
                repeated[members] |= np.tril(close, -1).any(axis=1)
    return int(repeated.sum())


def largest_class(labels: NDArray[np.int64]) -> tuple[int, float]:
    """Give the most frequent label and its share."""
    label, count = Counter(labels.tolist()).most_common(1)[0]
    return label, count / len(labels)
