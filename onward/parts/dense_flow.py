"""Dense optical flow without training, and of which pixels it is to be believed.

A flow is H W 2: how far each pixel moves right and down, in pixels, until the second picture. The method is Dense
Inverse Search (Kroeger et al. 2016, arXiv:1603.03590), OpenCV's "medium", the strongest classical one at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import MachineFault

__all__ = ["Flow", "FlowFinder", "dis_flow", "fetched", "is_consistent", "open_cv", "searched"]

_LEAST_SIDE = 16  # pixels; DIS needs a few patches
_SHARE, _PIXELS = 0.01, 0.5  # of Sundaram, Brox and Keutzer 2010, equation 5


@dataclass(frozen=True)
class Flow:
    """The way of each pixel, and which of them are found again.

    Attributes:
        way: H W 2, right and down in pixels.
        sure: H W: going there and back leads home; elsewhere the pixel is hidden in the second picture, or outside it.
    """

    way: NDArray[np.float32]
    sure: NDArray[np.bool_]


def open_cv() -> Any:
    """Import OpenCV.

    Raises:
        MachineFault: it is not installed.
    """
    try:
        import cv2
    except ImportError:
        raise MachineFault("Dense flow needs OpenCV. Install it with: pip install opencv-python-headless") from None
    cv2.setNumThreads(1)  # frames follow each other; threads that wait for a busy core only cost
    return cv2


@lru_cache(maxsize=1)
def _search() -> Any:
    cv2 = open_cv()
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def dis_flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find the way of each pixel of `first` to `second`: two pictures H W 3 to H W 2.

    Raises:
        MachineFault: OpenCV is not installed.
    Example:
        >>> noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        >>> bool(np.abs(dis_flow(noise, noise)).max() < 0.1)
        True
    """
    cv2 = open_cv()
    high, wide = first.shape[:2]
    fill = ((0, max(0, _LEAST_SIDE - high)), (0, max(0, _LEAST_SIDE - wide)), (0, 0))
    greys = [cv2.cvtColor(np.pad(each, fill, "edge"), cv2.COLOR_RGB2GRAY) for each in (first, second)]
    return np.ascontiguousarray(_search().calc(*greys, None)[:high, :wide])


def fetched(values: NDArray[Any], way: NDArray[np.float32], *, is_cubic: bool = False) -> NDArray[np.float32]:
    """Fetch for each pixel what stands where it goes: H W C along H W 2, (bi)linear or cubic; the border's outside."""
    cv2 = open_cv()
    high, wide = way.shape[:2]
    columns, rows = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    return cv2.remap(
        values.astype(np.float32), columns + way[..., 0], rows + way[..., 1],
        cv2.INTER_CUBIC if is_cubic else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


def is_consistent(forward: NDArray[np.float32], backward: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each pixel whether going there and back leads home: H W.

    A pixel may miss by half a pixel, and by more where it goes far (Sundaram, Brox and Keutzer, ECCV 2010, equation 5).
    What goes outside is not found again.

    Example:
        >>> still = np.zeros((4, 4, 2), np.float32); bool(is_consistent(still, still).all())
        True
    """
    high, wide = forward.shape[:2]
    back = fetched(backward, forward)
    missed = np.square(forward + back).sum(axis=2)
    gone = np.square(forward).sum(axis=2) + np.square(back).sum(axis=2)
    columns, rows = np.meshgrid(np.arange(wide), np.arange(high))
    x, y = columns + forward[..., 0], rows + forward[..., 1]
    inside = (x >= -0.5) & (y >= -0.5) & (x <= wide - 0.5) & (y <= high - 0.5)
    return inside & (missed <= _SHARE * gone + _PIXELS)


class FlowFinder:
    """Finds the way between two pictures; DIS here, a trained network in `flow_net.py`."""

    name = "DIS"

    def with_looks(self, looks: int) -> FlowFinder:
        """Give a finder that looks so often at each pair."""
        return self

    def way(self, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the way of each pixel: H W 3 twice to H W 2."""
        return dis_flow(first, second)


def searched(
    finder: FlowFinder, first: NDArray[np.uint8], second: NDArray[np.uint8], longest_side: int = 1024
) -> tuple[Flow, Flow]:
    """Find the way there and back, and with both what is to be believed: from the first picture, and from the second.

    Args:
        finder: how.
        first: H W 3.
        second: H W 3.
        longest_side: pixels; larger pictures are shrunk for the search, and the ways made longer again.
    """
    cv2 = open_cv()
    high, wide = first.shape[:2]
    shrink = longest_side / max(high, wide)
    if shrink < 1:
        size = (max(1, round(wide * shrink)), max(1, round(high * shrink)))
        small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (first, second)]
        stretch = np.array([wide / size[0], high / size[1]], np.float32)
        forward, backward = (
            cv2.resize(way, (wide, high), interpolation=cv2.INTER_LINEAR) * stretch
            for way in (finder.way(*small), finder.way(*small[::-1]))
        )
    else:
        forward, backward = finder.way(first, second), finder.way(second, first)
    return Flow(forward, is_consistent(forward, backward)), Flow(backward, is_consistent(backward, forward))
