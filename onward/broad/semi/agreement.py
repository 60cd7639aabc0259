"""Agreement of views: what the head says of a weak view has to hold for a strong view of the same picture.

FixMatch (arXiv:2001.07685, equations 3 and 4) on features that were computed once: only the head learns, so an epoch
over thousands of pictures takes a moment. Guesses are aligned to the prior first, as its authors do with few labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.broad.semi.linear import Head, softmax

__all__ = ["agreed"]

Floats = NDArray[np.float32]
_BATCH, _EPOCHS, _RATE, _MOMENTUM, _PULL = 256, 12, 0.5, 0.9, 2e-5


def agreed(
    x: Floats,
    targets: Floats,
    views: tuple[Floats, Floats],
    shares: Floats,
    start: Head,
    threshold: float,
    seed: int = 0,
) -> Head:
    """Go on training a head until its answers for weak and strong views agree.

    Args:
        x, targets: L D and L K, what is labelled.
        views: weak and strong, N D each.
        shares: K, how often each class is thought to be there.
        start: the head to begin with.
        threshold: τ, how sure an answer for a weak view has to be to count.
    """
    weak, strong = views
    chance = np.random.default_rng([seed, 11])
    table = np.concatenate([start.weights, start.biases[None]])
    speed = np.zeros_like(table)
    kinds, seen = targets.shape[1], shares.copy()
    steps = _EPOCHS * max(1, len(weak) // _BATCH)
    for step in range(steps if len(weak) else 0):
        chosen = chance.integers(0, len(weak), _BATCH)
        own = chance.integers(0, len(x), min(_BATCH // 4, 8 * len(x)))
        told = softmax(_logits(weak[chosen], table))
        seen = 0.99 * seen + 0.01 * told.mean(axis=0)
        told = told * (shares / seen)
        told = told / told.sum(axis=1, keepdims=True)
        mask = told.max(axis=1) >= threshold  # equation 4: 1(max(q_b) >= τ)
        named = np.eye(kinds, dtype=np.float32)[told.argmax(axis=1)]
        slope = _slope(x[own], targets[own], np.ones(len(own), np.float32), table)  # l_s, equation 3
        slope += _slope(strong[chosen], named, mask.astype(np.float32), table)  # l_u, equation 4
        slope[:-1] += _PULL * table[:-1]
        speed = _MOMENTUM * speed + slope
        table = table - _RATE * np.cos(7 * np.pi * step / (16 * steps)) * speed  # section 2.4: 7/16 of a cosine
    return Head(table[:-1].astype(np.float32), table[-1].astype(np.float32))


def _logits(x: Floats, table: Floats) -> Floats:
    return x @ table[:-1] + table[-1]


def _slope(x: Floats, targets: Floats, weights: Floats, table: Floats) -> Floats:
    """Give the gradient of the weighted mean cross-entropy: D+1 K."""
    apart = (softmax(_logits(x, table)) - targets) * weights[:, None] / len(x)
    return np.concatenate([x.T @ apart, apart.sum(axis=0, keepdims=True)]).astype(np.float32)
