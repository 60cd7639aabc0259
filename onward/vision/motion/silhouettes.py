"""What stands out from an even ground: animals on a floor, cells in a dish; seen also while they stand still.

The ground is a frame's median colour; what is farther from it than Otsu's threshold (doi:10.1109/TSMC.1979.4310076) is
gathered into silhouettes. Where some touch, as many Gaussians as there were things are fitted to the common silhouette
by expectation-maximisation, begun where each was expected, as Ctrax does (Branson et al. 2009, doi:10.1038/nmeth.1328).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.parts.dense_flow import open_cv
from onward.vision.motion.boxes import Found
from onward.vision.motion.regions import Region

__all__ = ["Silhouettes", "silhouettes_for"]

_DISTINCT = 0.6  # Otsu's separability: share of all variance that lies between ground and things
_EVEN = 0.34  # of the threshold: three quarters of the ground are nearer to its median than this
_MOST_COVERED, _LEAST_AREA, _MOST_THINGS = 0.3, 0.0005, 30
_AGREED = 0.6  # of the frames show the same number of things
_PART, _TWO = 0.3, 1.25  # of a usual area: what is less is no thing; what two cover at least
_MANY = 1.6  # of a usual area, where nobody was before: several at once
_ROUNDS, _SAMPLED, _LEAST_VARIANCE = 10, 3000, 1.0


@dataclass
class _Thing:
    """Somebody of the frame before: x and y of his middle, his extent as a covariance, and his step.

    `shape` (the variances across and along him) and `area` are what they are while he touches nobody.
    """

    middle: NDArray[np.float64]
    extent: NDArray[np.float64]
    step: NDArray[np.float64]
    shape: NDArray[np.float64]
    area: float

    @property
    def expected(self) -> NDArray[np.float64]:
        return self.middle + self.step

    @property
    def reach(self) -> float:
        """Give half of his length in pixels."""
        return 2.0 * float(np.sqrt(np.linalg.eigvalsh(self.extent)[-1]))


class Silhouettes:
    """Finds what stands out, frame after frame.

    Args:
        threshold: how far from the ground's colour, 0 to 255 in the channel that differs most.
        area: of a usual thing, in pixels.
        count: how many things there are; more are boxed where they are seen apart, but none is parted into more.
    """

    classes: tuple[str, ...] = ("silhouette",)

    def __init__(self, threshold: float, area: float, count: int) -> None:
        self._threshold, self._area, self._count = threshold, area, count
        self._things: list[_Thing] = []

    def find(self, frame: int, picture: NDArray[np.uint8], regions: Sequence[Region]) -> Found:
        """Give a box around each thing in a frame, H W 3; its size is its area in pixels, unknown where it touches."""
        parts = _parts(_distances(picture) > self._threshold, _PART * self._area)
        covered = sum(map(len, parts))
        if covered > _MOST_COVERED * picture.shape[0] * picture.shape[1] or len(parts) > 2 * _MOST_THINGS:
            return Found.of([], [])  # a hand, a cut, the light switched off: no things, for this frame
        owners = self._owners(parts)
        missing = max(0, self._count - sum(max(1, len(own)) for own in owners))
        rows, sizes, now = [], [], []
        for points, own in zip(parts, owners, strict=True):
            if not own and missing and len(points) >= _MANY * self._area:
                own = _in_a_row(points, min(1 + missing, round(len(points) / self._area)))
                missing -= len(own) - 1
            things, pixels = self._told_apart(points, own)
            for number in range(len(things)):
                inside = points[pixels == number] if len(things) > 1 else points
                low, high = inside.min(axis=0), inside.max(axis=0) + 1
                rows.append((*low, *high, 1.0 if len(things) == 1 else 0.8, 0))
                sizes.append(float(len(inside)) if len(things) == 1 else np.nan)
            now += things
        self._things = now
        return Found.of(rows, sizes)

    def _owners(self, parts: list[NDArray[np.float64]]) -> list[list[_Thing]]:
        """Say whose each silhouette is: the nearest one's to where each was expected, if it is near."""
        owners: list[list[_Thing]] = [[] for _ in parts]
        for thing in self._things:
            apart = [float(np.linalg.norm(points - thing.expected, axis=1).min()) for points in parts]
            if apart and min(apart) <= thing.reach:
                owners[int(np.argmin(apart))].append(thing)
        for points, own in zip(parts, owners, strict=True):
            own.sort(key=lambda thing: float(np.linalg.norm(points.mean(axis=0) - thing.expected)))
            while len(own) > 1 and len(points) < _TWO / 2 * sum(thing.area for thing in own):
                own.pop()  # too small for all of them: somebody is hidden, or gone
        return owners

    def _told_apart(self, points: NDArray[np.float64], own: list[_Thing]) -> tuple[list[_Thing], NDArray[np.int64]]:
        """Part a silhouette among its owners: them now, and which of them each pixel belongs to."""
        if len(own) < 2:
            before = own[0] if own else None
            middle, extent = points.mean(axis=0), _extent(points)
            step = middle - before.middle if before else np.zeros(2)
            shape, area = _variances(extent), float(len(points))
            if before:
                shape, area = 0.9 * before.shape + 0.1 * shape, 0.9 * before.area + 0.1 * area
            return [_Thing(middle, extent, step, shape, area)], np.zeros(len(points), np.int64)
        middles, extents = _fitted(points[:: 1 + len(points) // _SAMPLED], own)
        pixels = _shares(points, middles, extents, _weights(own)).argmax(axis=1)
        taken = [number for number in range(len(own)) if (pixels == number).any()]
        things = [_Thing(middles[n], extents[n], middles[n] - own[n].middle, own[n].shape, own[n].area) for n in taken]
        return things, np.searchsorted(taken, pixels)


def silhouettes_for(pictures: Sequence[NDArray[np.uint8]]) -> Silhouettes | None:
    """Look at some frames, H W 3 each; None unless a few things stand out from an even ground in most of them.

    Example:
        >>> picture = np.full((64, 64, 3), 200, np.uint8); picture[10:20, 10:20] = picture[40:52, 30:40] = 20
        >>> finder = silhouettes_for([picture]); finder is not None and len(finder.find(1, picture, ()).boxes)
        2
    """
    distances = [_distances(picture) for picture in pictures]
    counts = np.bincount(np.concatenate([each.ravel() for each in distances]), minlength=256).astype(np.float64)
    threshold, distinct = _otsu(counts)
    ground = np.cumsum(counts[: threshold + 1])
    even = int(np.searchsorted(ground, 0.75 * ground[-1])) <= _EVEN * threshold
    if distinct < _DISTINCT or not even:
        return None
    least = max(12.0, _LEAST_AREA * distances[0].size)
    areas = [[len(points) for points in _parts(each > threshold, least)] for each in distances]
    if not any(areas) or max(sum(each) for each in areas) > _MOST_COVERED * distances[0].size:
        return None
    usual = float(np.median([area for each in areas for area in each]))
    things = np.array([sum(area >= _PART * usual for area in each) for each in areas])
    most = np.bincount(things).argmax()
    if not 1 <= most <= _MOST_THINGS or (things == most).mean() < _AGREED:
        return None
    apart = [area for each, count in zip(areas, things, strict=True) if count == things.max() for area in each]
    area = float(np.median([each for each in apart if each >= _PART * usual]))
    return Silhouettes(float(threshold), area, int(things.max()))


def _distances(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give how far each pixel is from the ground's colour, smoothed: H W."""
    ground = np.median(picture[::3, ::3].reshape(-1, 3), axis=0)
    apart = np.abs(picture.astype(np.int16) - ground.astype(np.int16)).max(axis=2).astype(np.uint8)
    return np.asarray(open_cv().GaussianBlur(apart, (0, 0), 1.0))


def _otsu(counts: NDArray[np.float64]) -> tuple[int, float]:
    """Give the level that parts a histogram of 256 best, and how well it does."""
    values = np.arange(256)
    total, mass = counts.sum(), np.cumsum(counts)
    mean = float((counts * values).sum() / total)
    first = np.cumsum(counts * values)
    share = mass / total
    between = np.square(mean * share - first / total) / np.maximum(share * (1 - share), 1e-12)
    variance = float((counts * np.square(values - mean)).sum() / total)
    level = int(between.argmax())
    return level, float(between[level]) / max(variance, 1e-12)


def _parts(mask: NDArray[np.bool_], least: float) -> list[NDArray[np.float64]]:
    """Gather a mask into connected parts of at least so many pixels: x and y of each, N 2."""
    cv2 = open_cv()
    count, labels, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    parts = []
    for number in range(1, count):
        left, top, wide, high, area = (int(value) for value in facts[number])
        if area >= least:
            rows, columns = np.nonzero(labels[top : top + high, left : left + wide] == number)
            parts.append(np.stack([columns + left, rows + top], axis=1).astype(np.float64))
    return parts


def _extent(points: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = np.cov(points.T) if len(points) > 1 else np.zeros((2, 2))
    return np.asarray(spread + _LEAST_VARIANCE * np.eye(2), np.float64)


def _variances(extent: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.eigvalsh(extent), np.float64)


def _in_a_row(points: NDArray[np.float64], count: int) -> list[_Thing]:
    """Begin with so many things side by side along a silhouette."""
    along = np.linalg.eigh(_extent(points))[1][:, -1]
    places = np.array_split(np.argsort((points - points.mean(axis=0)) @ along), count)
    things = []
    for each in places:
        extent = _extent(points[each])
        shape = _variances(extent)
        things.append(_Thing(points[each].mean(axis=0), extent, np.zeros(2), shape, len(points) / count))
    return things


def _weights(own: list[_Thing]) -> NDArray[np.float64]:
    areas = np.array([thing.area for thing in own])
    return areas / areas.sum()


def _fitted(points: NDArray[np.float64], own: list[_Thing]) -> tuple[list[NDArray], list[NDArray]]:
    """Fit a Gaussian a thing by expectation-maximisation (Dempster, Laird and Rubin 1977): it moves and turns.

    Each keeps its weight and its shape, or the one would swallow the other and leave it a wing.
    """
    middles, extents = [thing.expected for thing in own], [thing.extent for thing in own]
    for _ in range(_ROUNDS):
        shares = _shares(points, middles, extents, _weights(own))
        masses = shares.sum(axis=0) + 1e-9
        middles = [(shares[:, n, None] * points).sum(axis=0) / masses[n] for n in range(len(own))]
        for n, (middle, thing) in enumerate(zip(middles, own, strict=True)):
            away = points - middle
            axes = np.linalg.eigh((shares[:, n, None] * away).T @ away / masses[n])[1]
            extents[n] = axes * thing.shape @ axes.T
    return middles, extents


def _shares(
    points: NDArray[np.float64], middles: list[NDArray], extents: list[NDArray], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the probability that a pixel belongs to each thing: N K."""
    logs = np.empty((len(points), len(middles)))
    for n, (middle, extent) in enumerate(zip(middles, extents, strict=True)):
        away = points - middle
        logs[:, n] = np.log(weights[n] + 1e-9) - 0.5 * np.log(np.linalg.det(extent))
        logs[:, n] -= 0.5 * ((away @ np.linalg.inv(extent)) * away).sum(axis=1)
    logs -= logs.max(axis=1, keepdims=True)
    shares = np.exp(logs)
    return shares / shares.sum(axis=1, keepdims=True)
