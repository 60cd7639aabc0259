"""What is held out of what is learned from: drawn class by class, by content, so that the choice never changes."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["content_key", "set_aside"]


def content_key(text: str) -> int:
    """Give a number that equal texts share, whatever their case and spaces.

    Example:
        >>> content_key("So  good ") == content_key("so good")
        True
    """
    plain = " ".join(text.casefold().split()).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(plain, digest_size=8).digest(), "big")


def set_aside(
    labels: NDArray[np.int64], keys: NDArray[np.uint64], places: NDArray[np.int64], share: float, most: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part places in two, class by class, by content: the rest, and at least one of each class that has two."""
    wanted = min(share, most / max(1, len(places))) if most else share
    aside: set[int] = set()
    for kind in np.unique(labels[places]):
        own = sorted(set(keys[places[labels[places] == kind]].tolist()))
        aside |= set(own[: min(len(own) - 1, max(1, round(wanted * len(own))))])
    is_aside = np.isin(keys[places], np.array(sorted(aside), np.uint64))
    return places[~is_aside], places[is_aside]
