"""What moves by itself: the camera's own motion, and the regions that go another way.

The camera moves the whole picture by one affine map (pan, tilt, zoom, roll). It is fitted to the flow again and again
with less weight for what does not follow it (iteratively reweighted least squares, Holland and Welsch 1977), so that
things in front do not bend it. What differs by more than the noise is gathered into connected regions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.parts.dense_flow import Flow, fetched

__all__ = ["Region", "camera_motion", "moving_regions"]

_GRID, _ROUNDS = 48, 12
_LEAST_PIXELS_MOVED = 0.75
_OPEN, _GAP = 1, 0.01  # of the longer side
_LEAST_AREA = 0.0008  # of the picture
_BETTER, _LEVELS = 1.25, 1.0  # how much better than the camera's a region's own way has to explain its pixels


@dataclass(frozen=True)
class Region:
    """A part of the picture that moves by itself.

    Attributes:
        box: left, top, right, bottom in pixels.
        area: pixels.
        way: its median way against the camera's, in pixels.
    """

    box: tuple[float, float, float, float]
    area: int
    way: tuple[float, float]


def camera_motion(flow: Flow) -> NDArray[np.float32]:
    """Give the way each pixel would go if nothing but the camera moved: H W 2.

    Example:
        >>> way = np.full((32, 32, 2), 3, np.float32); way[4:10, 4:10] = 20
        >>> found = camera_motion(Flow(way, np.ones((32, 32), bool))); bool(np.abs(found - 3).max() < 0.01)
        True
    """
    high, wide = flow.sure.shape
    step = max(1, max(high, wide) // _GRID)
    rows, columns = np.mgrid[step // 2 : high : step, step // 2 : wide : step]
    sure = flow.sure[rows, columns].ravel()
    if sure.sum() < 12:
        sure = np.ones_like(sure)
    ways = flow.way[rows, columns].reshape(-1, 2)[sure].astype(np.float64)
    places = _places(columns.ravel()[sure], rows.ravel()[sure], flow.sure.shape)
    weights = np.ones(len(ways))
    start = np.zeros((3, 2))
    start[2] = np.median(ways, axis=0)  # a robust start: most of the picture is ground
    fit = start
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(ways - places @ fit, axis=1)
        scale = max(0.15, 1.4826 * float(np.median(apart)))
        weights = np.square(np.maximum(0, 1 - np.square(apart / (4 * scale))))  # Tukey's biweight
        if weights.sum() < 6:
            return _whole(start, flow.sure.shape)
        root = np.sqrt(weights)[:, None]
        fit, *_ = np.linalg.lstsq(places * root, ways * root, rcond=None)
    return _whole(fit, flow.sure.shape)


def _places(columns: NDArray[np.int64], rows: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Give N 3: x, y about the middle in shares of the longer side, and one."""
    side = max(shape)
    return np.stack([(columns - shape[1] / 2) / side, (rows - shape[0] / 2) / side, np.ones(columns.shape)], axis=-1)


def _whole(fit: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (_places(columns, rows, shape) @ fit).astype(np.float32)


def moving_regions(
    flow: Flow, first: NDArray[np.uint8], second: NDArray[np.uint8], least_pixels: float | None = None
) -> list[Region]:
    """Find what moves by itself, the largest first.

    A clear sky has no way that could be seen, and flow there says anything; so a region has to explain its pixels
    better than the camera's motion does.

    Args:
        flow: from the first to the second.
        first: H W 3.
        second: H W 3.
        least_pixels: how much faster than the camera; without it, what stands out from the picture's own noise.
    """
    camera = camera_motion(flow)
    apart = flow.way - camera
    amount = np.linalg.norm(apart, axis=2)
    if least_pixels is None:
        still = float(np.median(amount[flow.sure])) if flow.sure.any() else 0.0
        least_pixels = max(_LEAST_PIXELS_MOVED, 5 * still)
    labels, places, moves = _connected((amount > least_pixels) & flow.sure)  # what is hidden next has no known way
    if not places:
        return []
    unlike_camera, unlike_flow = (np.abs(first - fetched(second, way)).mean(axis=2) for way in (camera, flow.way))
    found = []
    for number, place in enumerate(places, 1):
        inside = (labels[place] == number) & moves[place]
        area = int(inside.sum())
        if area < max(12, _LEAST_AREA * amount.size):
            continue
        if unlike_camera[place][inside].mean() < _BETTER * unlike_flow[place][inside].mean() + _LEVELS:
            continue
        way = np.median(apart[place][inside], axis=0)
        box = (float(place[1].start), float(place[0].start), float(place[1].stop), float(place[0].stop))
        found.append(Region(box, area, (float(way[0]), float(way[1]))))
    return sorted(found, key=lambda region: -region.area)


def _connected(moves: NDArray[np.bool_]) -> tuple[NDArray[Any], list[tuple[slice, slice]], NDArray[np.bool_]]:
    """Gather pixels into regions across small gaps: their numbers, their places, and the pixels without specks."""
    from scipy import ndimage

    moves = np.array(ndimage.binary_opening(moves, iterations=_OPEN), bool)
    reach = max(1, round(_GAP * max(moves.shape)))
    closed = np.asarray(ndimage.binary_closing(np.pad(moves, reach), iterations=reach))[reach:-reach, reach:-reach]
    labels: NDArray[Any] = ndimage.label(closed)[0]  # type: ignore[index]
    return labels, ndimage.find_objects(labels), moves
