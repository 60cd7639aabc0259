"""How sure a figure is: 95 % intervals of shares and means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["mean_interval", "share_interval", "widened"]

_Z = 1.96


def share_interval(hits: float, count: int) -> tuple[float, float]:
    """Give Wilson's interval of a share (1927), which stays inside 0 to 1 and is honest for few examples.

    Args:
        hits: how many of `count`.
    Example:
        >>> low, high = share_interval(9, 10); round(low, 2), round(high, 2)
        (0.6, 0.98)
    """
    if count < 1:
        return 0.0, 1.0
    share = hits / count
    middle = share + _Z**2 / (2 * count)
    reach = _Z * (share * (1 - share) / count + _Z**2 / (4 * count**2)) ** 0.5
    whole = 1 + _Z**2 / count
    low, high = (middle - reach) / whole, (middle + reach) / whole
    return max(0.0, min(low, share)), min(1.0, max(high, share))  # rounding must not leave the share outside


def widened(value: float, interval: tuple[float, float], count: int) -> tuple[float, float]:
    """Widen the bootstrap interval of a share that is all or nothing, of which every drawing says the same.

    Args:
        count: the examples it hangs on.
    Example:
        >>> low, high = widened(1.0, (1.0, 1.0), 9); round(low, 2), high
        (0.7, 1.0)
    """
    return interval if 0 < value < 1 else share_interval(value * count, count)


def mean_interval(values: NDArray[np.floating], rounds: int = 200, seed: int = 0) -> tuple[float, float]:
    """Give the bootstrap interval of a mean: N values, drawn again and again."""
    chance = np.random.default_rng(seed)
    means = [values[chance.integers(0, len(values), len(values))].mean() for _ in range(rounds)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def mean_share_interval(hits: NDArray[np.integer], counts: NDArray[np.integer]) -> tuple[float, float]:
    """Give the interval of the mean of several shares, as of classes' recalls: each drawn from what is known of it.

    Each share's own distribution is Jeffreys' (Brown, Cai, DasGupta 2001), which is not certain after few examples.

    Args:
        hits: K; of `counts`, at least one each.
    Example:
        >>> low, high = mean_share_interval(np.array([95, 0]), np.array([95, 5])); low <= 0.5 < high < 0.7
        True
    """
    drawn = np.random.default_rng(0).beta(hits + 0.5, counts - hits + 0.5, (2000, len(hits))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    value = float((hits / counts).mean())
    return min(float(low), value), max(float(high), value)
