"""Prior alignment: guesses as a whole should name each class as often as it is there.

A classifier with few labels calls too many pictures by the classes it knows best. Its guesses are scaled, class by
class, until their mean is the prior (Sinkhorn 1967; as distribution alignment in ReMixMatch, arXiv:1911.09785, section
3.1, but repeated until it holds).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["aligned", "expected_shares"]

Floats = NDArray[np.float32]
_DOUBT = 10.0  # labels' worth of belief that classes are alike in number
_LEAST = 1e-6


def expected_shares(labels: NDArray[np.int64], kinds: int) -> Floats:
    """Say how often each class is thought to be there: as among the labels, the fewer they are the nearer to alike.

    People often label equally many of each class whatever there is; but where they label as they come across, the
    labels tell.

    Example:
        >>> expected_shares(np.array([0, 0, 1, 1]), 2).tolist()
        [0.5, 0.5]
    """
    counts = np.bincount(labels, minlength=kinds).astype(np.float32)
    return (counts + _DOUBT) / (counts.sum() + _DOUBT * kinds)


def aligned(guesses: Floats, shares: Floats, rounds: int = 20) -> Floats:
    """Scale guesses until their mean is `shares`.

    Args:
        guesses: N K, not negative.
        shares: K, of sum 1.
    Returns: N K, each row of sum 1.
    Example:
        >>> aligned(np.array([[0.9, 0.1], [0.8, 0.2]], np.float32), np.array([0.5, 0.5], np.float32)).argmax(1).tolist()
        [0, 1]
    """
    found = np.maximum(guesses, _LEAST)
    found = found / found.sum(axis=1, keepdims=True)
    for _ in range(rounds):
        found = found * (shares / found.mean(axis=0))
        found = found / found.sum(axis=1, keepdims=True)
    return found.astype(np.float32)
