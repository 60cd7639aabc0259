"""How good a decoded picture is, and how curves of rate and distortion are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Point", "bd_rate", "decibels", "equal_quality", "ms_ssim", "overlap"]

_BEST_DECIBELS = 99.0  # of a picture without a single error
_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SPREAD = 11, 1.5


@dataclass(frozen=True)
class Point:
    """A picture coded once.

    Attributes:
        size: bytes of the whole file, headers and all.
        decibels: PSNR of the decoded 8-bit RGB picture.
        likeness: its MS-SSIM.
        seconds: to encode and to decode.
    """

    size: int
    decibels: float
    likeness: float
    seconds: tuple[float, float] = (0.0, 0.0)


def decibels(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Give the peak signal-to-noise ratio of two pictures of bytes.

    Example:
        >>> round(decibels(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)), 6)
        0.0
    """
    error = float(np.square(one.astype(np.float64) - other).mean())
    return min(_BEST_DECIBELS, 10 * math.log10(255**2 / error)) if error > 0 else _BEST_DECIBELS


def ms_ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Give the multi-scale structural similarity, mean of the three colours (Wang, Simoncelli and Bovik 2003).

    Where a picture is too small for the five scales, as many as fit are used, their weights brought to a sum of 1.

    Example:
        >>> picture = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3); ms_ssim(picture, picture)
        1.0
    """
    first, second = (torch.from_numpy(each.transpose(2, 0, 1)[:, None].astype(np.float32)) for each in (one, other))
    side = min(first.shape[-2:])
    scales = max(1, min(len(_WEIGHTS), int(math.log2(max(1, side / _WINDOW))) + 1))
    weights = np.array(_WEIGHTS[:scales]) / sum(_WEIGHTS[:scales])
    product = 1.0
    for scale, weight in enumerate(weights):
        whole, contrast = _likeness(first, second)
        product *= max(whole if scale == scales - 1 else contrast, 0.0) ** float(weight)
        first, second = (F.avg_pool2d(each, 2, ceil_mode=True) for each in (first, second))
    return product


def _likeness(first: Tensor, second: Tensor) -> tuple[float, float]:
    """Give SSIM, and its part without brightness, over all windows."""
    side = min(_WINDOW, *first.shape[-2:])
    way = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    window = torch.exp(-(way**2) / (2 * _SPREAD**2))
    window = window / window.sum()

    def smooth(picture: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(picture, window[None, None, None]), window[None, None, :, None])

    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean, other = smooth(first), smooth(second)
    spread = smooth(first**2) - mean**2
    second_spread = smooth(second**2) - other**2
    shared = smooth(first * second) - mean * other
    contrast = (2 * shared + high) / (spread + second_spread + high)
    bright = (2 * mean * other + low) / (mean**2 + other**2 + low)
    return float((bright * contrast).mean()), float(contrast.mean())


def overlap(curve: Sequence[Point], other: Sequence[Point]) -> float:
    """Give how many decibels two curves share."""
    low = max(min(each.decibels for each in points) for points in (curve, other))
    return min(max(each.decibels for each in points) for points in (curve, other)) - low


def bd_rate(curve: Sequence[Point], other: Sequence[Point]) -> float:
    """Give by how many percent a curve's files are larger than another's at equal PSNR, over the PSNR they share.

    Bjøntegaard 2001 (VCEG-M33), with monotone cubics through the points, as standards bodies do it today.

    Example:
        >>> one = [Point(2 * size, level, 1.0) for size, level in ((100, 30.0), (200, 33.0), (400, 36.0))]
        >>> round(bd_rate(one, [Point(each.size // 2, each.decibels, 1.0) for each in one]), 6)
        100.0
    """
    from scipy.interpolate import PchipInterpolator

    first, second = (_rising(points) for points in (curve, other))
    low, high = max(first[0][0], second[0][0]), min(first[0][-1], second[0][-1])
    if len(first[0]) < 2 or len(second[0]) < 2 or high <= low:
        return math.nan
    areas = [float(PchipInterpolator(*points).integrate(low, high)) for points in (first, second)]
    return 100 * (math.exp((areas[0] - areas[1]) / (high - low)) - 1)


def equal_quality(point: Point, curve: Sequence[Point]) -> float:
    """Give by how many percent a file is larger than another codec's would be at its PSNR.

    Between the other's points the logarithm of the size is taken to be straight; beyond them the nearest counts.
    """
    levels, sizes = _rising(curve)
    return 100 * (math.exp(math.log(point.size) - float(np.interp(point.decibels, levels, sizes))) - 1)


def _rising(points: Sequence[Point]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give decibels and logarithms of sizes, without points that cost more than a better one."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda each: (-each.decibels, each.size)):
        if not kept or (point.size < kept[-1].size and point.decibels < kept[-1].decibels):
            kept.append(point)
    kept.reverse()
    return np.array([each.decibels for each in kept]), np.log([each.size for each in kept])
