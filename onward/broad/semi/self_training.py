"""Self-training: the head learns from its own surest guesses, with thresholds that follow what it has learned.

A class that is learned late has a lower threshold, so that it is not left out (FreeMatch, arXiv:2205.07246, section
4.1): the global threshold is the running mean of how sure the head is (equation 5), a class's own is that times its
running share over the largest one (equations 6 and 7).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.broad.semi.alignment import aligned
from onward.broad.semi.linear import Head, fit_head

__all__ = ["class_thresholds", "self_trained"]

Floats = NDArray[np.float32]
_ROUNDS, _KEPT = 6, 0.5  # rounds, and how much of the running means is kept in each


def class_thresholds(sure: float, shares: Floats) -> Floats:
    """Give each class's threshold.

    Args:
        sure: the running mean of the largest probability.
        shares: K, running means of each class's probability.
    Example:
        >>> class_thresholds(0.8, np.array([0.6, 0.3], np.float32)).round(3).tolist()
        [0.800000011920929, 0.4000000059604645]
    """
    return (shares / shares.max() * sure).astype(np.float32)


def self_trained(x: Floats, targets: Floats, pool: Floats, shares: Floats, strength: float) -> tuple[Floats, Floats]:
    """Train a head on labels, then again and again on labels and its own surest guesses.

    Args:
        x, targets: L D and L K, what is labelled.
        pool: N D.
        shares: K, how often each class is thought to be there.
    Returns: N K guesses and N weights, 0 where a guess is not sure enough.
    """
    kinds = targets.shape[1]
    head: Head = fit_head(x, targets, strength=strength)
    sure, seen = 1.0 / kinds, np.full(kinds, 1.0 / kinds, np.float32)
    guesses, weights = np.zeros((len(pool), kinds), np.float32), np.zeros(len(pool), np.float32)
    rows = np.concatenate([x, pool])
    for _ in range(_ROUNDS if len(pool) else 0):
        told = head.tell(pool)
        sure = _KEPT * sure + (1 - _KEPT) * float(told.max(axis=1).mean())
        seen = (_KEPT * seen + (1 - _KEPT) * told.mean(axis=0)).astype(np.float32)
        guesses = aligned(told, shares)
        named = guesses.argmax(axis=1)
        weights = (told[np.arange(len(told)), named] >= class_thresholds(sure, seen)[named]).astype(np.float32)
        hard = np.eye(kinds, dtype=np.float32)[named]
        head = fit_head(
            rows,
            np.concatenate([targets, hard]),
            np.concatenate([np.ones(len(x), np.float32), weights]),
            strength,
            head,
        )
    return guesses, weights
