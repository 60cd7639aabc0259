"""Pictures that are there more than once: the same bytes, nearly the same picture, or the same scene.

Near: every picture's 32 by 32 print is described by its 63 lowest frequencies (a cosine transform, without the mean),
in four turns; pairs whose descriptions point the same way are laid over each other, also as a crop of one another, and
have to agree in light, in edges and in tint. Same scene: the two look alike to pretrained eyes, each the nearest of the
other, and nearer than unrelated pictures are (`using.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["Twin", "Twins", "agreement", "descriptions", "exact_twins"]

_LOW = 8
_LIKELY = 0.8  # cosine of descriptions from which a pair is laid over each other
_FLAT = 3.0  # grey levels of spread under which a picture shows nothing to compare
_BLOCK = 256
_MOST_PAIRS = 4096  # of a block: the likeliest
_CROPS = (1.0, 0.95, 0.9)
_LEAST_LIGHT, _LEAST_EDGES = 0.92, 0.7
_MOST_TINT = 12.0  # levels by which the mean colours may differ, brightness set aside


@dataclass(frozen=True)
class Twin:
    """Two places, what they share, and how alike they are, 0 to 1."""

    first: int
    second: int
    kind: str
    likeness: float
    why: str


def exact_twins(digests: NDArray[np.uint8]) -> list[Twin]:
    """Pair every picture with the first of the same bytes.

    Args:
        digests: N 16.
    """
    first: dict[bytes, int] = {}
    found = []
    for place, digest in enumerate(digests):
        before = first.setdefault(digest.tobytes(), place)
        if before != place:
            found.append(Twin(before, place, "exact", 1.0, "the same bytes"))
    return found


def _cosines() -> NDArray[np.float32]:
    """Give the first eight rows of the cosine transform of 32 numbers."""
    place = np.arange(32)
    return np.cos(np.pi * (place[None] + 0.5) * np.arange(_LOW)[:, None] / 32).astype(np.float32)


def descriptions(prints: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Describe each print by its lowest frequencies, of length 1: N 32 32 3 to N 8 8; and say which show anything."""
    waves = _cosines()
    waves /= np.sqrt((waves**2).sum(axis=1, keepdims=True))
    found = np.empty((len(prints), _LOW, _LOW), np.float32)
    for start in range(0, len(prints), 4096):
        grey = prints[start : start + 4096].astype(np.float32).mean(axis=3)
        found[start : start + 4096] = waves @ grey @ waves.T
    found[:, 0, 0] = 0
    length = np.sqrt((found**2).sum(axis=(1, 2)))
    return (found / np.maximum(length, 1e-6)[:, None, None]).astype(np.float32), length / 32 > _FLAT


def _turned(low: NDArray[np.float32], quarters: int) -> NDArray[np.float32]:
    """Turn descriptions by quarters, as `np.rot90` turns the picture: a mirror changes the sign of odd waves."""
    signs = (-1.0) ** np.arange(_LOW, dtype=np.float32)
    for _ in range(quarters):
        low = (low.swapaxes(1, 2) * signs[None, :, None]).astype(np.float32)
    return low


class Twins:
    """The search for near twins, a block of pictures against all later ones at each turn.

    Args:
        prints: N 32 32 3.

    Attributes:
        pairs: P 3: first, second, quarters that the first was turned by.
        likeness: P.
    """

    def __init__(self, prints: NDArray[np.uint8]) -> None:
        self._prints = prints
        low, telling = descriptions(prints)
        self._rows = np.flatnonzero(telling)
        self._low = low[self._rows]
        mean = prints.reshape(len(prints), -1, 3).mean(axis=1) if len(prints) else np.zeros((0, 3))
        self._tints = mean - mean.mean(axis=1, keepdims=True)
        self.done = 0
        self.pairs = np.zeros((0, 3), np.int64)
        self.likeness = np.zeros(0, np.float32)

    def __len__(self) -> int:
        """Count the blocks."""
        return -(-len(self._rows) // _BLOCK)

    def search(self) -> None:
        """Compare the next block with all that come after its beginning."""
        start = self.done * _BLOCK
        later = self._low[start:].reshape(-1, _LOW * _LOW)
        found = []
        for quarters in range(4):
            turned = _turned(self._low[start : start + _BLOCK], quarters).reshape(-1, _LOW * _LOW)
            cosines = turned @ later.T
            first, second = np.nonzero(cosines > _LIKELY)
            is_later = second > first
            first, second = first[is_later], second[is_later]
            found.append(np.stack([first, second, np.full(len(first), quarters), 1e6 * cosines[first, second]], axis=1))
        likely = np.concatenate(found)
        likely = likely[np.argsort(-likely[:, 3], kind="stable")][:_MOST_PAIRS].astype(np.int64)
        self.done += 1
        if not len(likely):
            return
        pairs = np.stack([self._rows[start + likely[:, 0]], self._rows[start + likely[:, 1]], likely[:, 2]], axis=1)
        away = np.abs(self._tints[pairs[:, 0]] - self._tints[pairs[:, 1]]).max(axis=1)
        alike = np.where(away <= _MOST_TINT, agreement(self._prints, pairs), 0)
        good = alike > 0
        self.pairs = np.concatenate([self.pairs, pairs[good]])
        self.likeness = np.concatenate([self.likeness, alike[good]])

    def twins(self) -> list[Twin]:
        """Give the pairs found, the most alike first; a pair that fits in two turns counts once."""
        found, seen = [], set()
        for place in np.argsort(-self.likeness, kind="stable"):
            first, second, quarters = (int(each) for each in self.pairs[place])
            if (first, second) in seen:
                continue
            seen.add((first, second))
            turned = f", turned by {90 * quarters}°" if quarters else ""
            found.append(Twin(first, second, "near", float(self.likeness[place]), f"nearly the same picture{turned}"))
        return found

    def state_dict(self) -> dict[str, object]:
        """Take what was found."""
        return {"done": self.done, "pairs": self.pairs, "likeness": self.likeness}

    def load_state_dict(self, state: dict[str, object], /) -> None:
        """Put it back."""
        self.done = int(state["done"])  # type: ignore[call-overload]
        self.pairs, self.likeness = np.array(state["pairs"]), np.array(state["likeness"])


def agreement(prints: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Lay pairs over each other, each also as a crop of the other, and say how well the best way fits.

    The best way is found on prints of half the size; only that one is measured in full.

    Args:
        prints: N 32 32 3.
        pairs: P 3: first, second, quarters to turn the first by.
    Returns: P: the correlation of light where that and that of edges are high enough, else 0.
    """
    best = np.zeros(len(pairs), np.float32)
    for start in range(0, len(pairs), 1024):
        some = pairs[start : start + 1024]
        first = prints[some[:, 0]].astype(np.float32).mean(axis=3)
        second = prints[some[:, 1]].astype(np.float32).mean(axis=3)
        for quarters in range(1, 4):
            turned = some[:, 2] == quarters
            first[turned] = np.rot90(first[turned], quarters, axes=(1, 2))
        ways = np.stack([_ways(first, second), _ways(second, first)], axis=2).reshape(len(some), -1)
        likely = ways.argmax(axis=1)
        for way in np.unique(likely):
            rows = np.flatnonzero(likely == way)
            (down, across), is_swapped = _windows(32)[way // 2], way % 2
            whole, cropped = (second[rows], first[rows]) if is_swapped else (first[rows], second[rows])
            best[start + rows] = _fit(down @ whole @ across.T, cropped)
    return best


def _ways(whole: NDArray[np.float32], cropped: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlate P pairs of prints in each window of the first, at half the size: P W."""
    small, other = (_halved(each).reshape(len(each), -1) for each in (whole, cropped))
    other = other - other.mean(axis=1, keepdims=True)
    found = []
    for down, across in _windows(16):
        seen = small @ np.kron(down, across).T.astype(np.float32)
        seen = seen - seen.mean(axis=1, keepdims=True)
        sizes = np.sqrt((seen * seen).sum(axis=1) * (other * other).sum(axis=1))
        found.append((seen * other).sum(axis=1) / np.maximum(sizes, 1e-3))
    return np.stack(found, axis=1)


def _halved(prints: NDArray[np.float32]) -> NDArray[np.float32]:
    return prints.reshape(len(prints), 16, 2, 16, 2).mean(axis=(2, 4))


def _fit(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    light = _correlation(one, other)
    edges = np.minimum(
        _correlation(np.diff(one, axis=1), np.diff(other, axis=1)),
        _correlation(np.diff(one, axis=2), np.diff(other, axis=2)),
    )
    return np.where((light >= _LEAST_LIGHT) & (edges >= _LEAST_EDGES), light, 0).astype(np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    one = one - one.mean(axis=(1, 2), keepdims=True)
    other = other - other.mean(axis=(1, 2), keepdims=True)
    sizes = np.sqrt((one * one).sum(axis=(1, 2)) * (other * other).sum(axis=(1, 2)))
    return (one * other).sum(axis=(1, 2)) / np.maximum(sizes, 1e-3)


@cache
def _windows(side: int) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]:
    """Give what cuts a window out of a print and brings it to full size: down and across, each `side` by `side`."""
    found = []
    for scale in _CROPS:
        shifts = sorted({0.0, (1 - scale) / 2, 1 - scale})
        found += [
            (_sampling(scale, down, side), _sampling(scale, across, side)) for down, across in product(shifts, shifts)
        ]
    return tuple(found)


def _sampling(scale: float, shift: float, side: int) -> NDArray[np.float32]:
    """Give the matrix that samples places of a window of a row, straight lines between."""
    places = np.clip((np.arange(side) + 0.5) * scale + shift * side - 0.5, 0, side - 1)
    low = np.minimum(places.astype(int), side - 2)
    weights = np.zeros((side, side), np.float32)
    weights[np.arange(side), low] = 1 - (places - low)
    weights[np.arange(side), low + 1] += places - low
    return weights
