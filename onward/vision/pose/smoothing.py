"""Steady points in films: the One-Euro filter (Casiez, Roussel and Vogel, CHI 2012), in seconds, not in frames.

What rests is smoothed much, what moves little. A point nobody is sure of is passed on as it was found and not learned
from; after a gap the filter begins anew.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["OneEuro"]

_RESTING_HERTZ = 1.5
_SPEED_HERTZ = 1.0  # cutoff of the filter that smooths the speed
_LONGEST_GAP = 0.5  # seconds


class OneEuro:
    """Smooths K points of one subject.

    Args:
        diagonal: of the picture in pixels, so that films of all sizes are smoothed alike.
        hertz_by_speed: by how much the cutoff rises with the speed, in Hz for each diagonal a second.

    Example:
        >>> smooth = OneEuro(800.0)
        >>> still, sure = np.array([[100.0, 100.0]]), np.array([True])
        >>> _ = smooth(0.0, still, sure); float(smooth(0.04, still + 2.0, sure)[0, 0].round(1))
        100.6
    """

    def __init__(self, diagonal: float, hertz_by_speed: float = 15.0) -> None:
        self._diagonal, self._by_speed = diagonal, hertz_by_speed
        self._places: NDArray[np.float64] | None = None
        self._speeds = np.zeros(0)
        self._seen = np.zeros(0)

    def __call__(self, seconds: float, places: NDArray[np.floating], is_sure: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Take what was found, K 2, at a second; give the smoothed places."""
        places = places.astype(np.float64)
        if self._places is None:
            self._places, self._speeds = places.copy(), np.zeros_like(places)
            self._seen = np.full(len(places), -math.inf)
        passed = seconds - self._seen
        is_new = is_sure & ~((passed > 0) & (passed <= _LONGEST_GAP))
        goes_on = is_sure & ~is_new
        passed = np.where(goes_on, passed, 1.0)[:, None]
        speeds = (places - self._places) / passed
        speeds = self._speeds + _share(_SPEED_HERTZ, passed) * (speeds - self._speeds)
        hertz = _RESTING_HERTZ + self._by_speed * np.hypot(speeds[:, :1], speeds[:, 1:]) / self._diagonal
        smoothed = self._places + _share(hertz, passed) * (places - self._places)
        self._speeds = np.where(goes_on[:, None], speeds, np.where(is_new[:, None], 0.0, self._speeds))
        self._places = np.where(goes_on[:, None], smoothed, np.where(is_new[:, None], places, self._places))
        self._seen = np.where(is_sure, seconds, self._seen)
        return np.where(is_sure[:, None], self._places, places)


def _share(hertz: NDArray[np.floating] | float, passed: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the share of the new in an exponential mean with this cutoff, after so many seconds."""
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * np.maximum(hertz, 1e-9) * passed))
