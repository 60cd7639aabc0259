"""Where a box will be: a Kalman filter in seconds (Kalman 1960; white-noise acceleration, Bar-Shalom 2001, 6.2.2).

Middle and sides of a box are four values, each with its own speed; they do not touch each other, so each is a filter of
two numbers, and N boxes are filtered at once. Time is in seconds: a film of uneven rate needs nothing special.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Beliefs", "Noise", "from_middle", "to_middle"]

_LEAST_SIDE = 1.0  # pixels


@dataclass(frozen=True)
class Noise:
    """How things move and how well they are seen, in shares of their size, so that near and far ones are alike.

    Attributes:
        seen: error of a detection's middle and sides.
        place: acceleration of the middle, in sizes a second, after a second.
        side: the same of the sides.
        speed: of things that are new, in sizes a second.
    """

    seen: float = 0.06
    place: float = 1.0
    side: float = 0.3
    speed: float = 1.0


def to_middle(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn left, top, right, bottom into middle and sides: N 4."""
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def from_middle(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn middle and sides into left, top, right, bottom: N 4."""
    half = np.maximum(values[:, 2:], _LEAST_SIDE) / 2
    return np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)


@dataclass(frozen=True)
class Beliefs:
    """What is believed of N boxes.

    Attributes:
        values: N 4: middle x, y, width, height.
        speeds: N 4, a second.
        spread: N 4 3: variance of the value, of value with speed, of the speed.
    """

    values: NDArray[np.float64]
    speeds: NDArray[np.float64]
    spread: NDArray[np.float64]

    @staticmethod
    def of(boxes: NDArray[np.floating], noise: Noise) -> Beliefs:
        """Begin with boxes, N 4, that stand still as far as is known.

        Example:
            >>> Beliefs.of(np.array([[0.0, 0, 4, 8]]), Noise()).boxes.tolist()
            [[0.0, 0.0, 4.0, 8.0]]
        """
        values = to_middle(boxes)
        size = _sizes(values)
        spread = np.zeros((*values.shape, 3))
        spread[..., 0] = np.square(noise.seen * size)
        spread[..., 2] = np.square(size * np.array([noise.speed, noise.speed, noise.speed / 4, noise.speed / 4]))
        return Beliefs(values, np.zeros_like(values), spread)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """Give the boxes: N 4, left top right bottom."""
        return from_middle(self.values)

    def only(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> Beliefs:
        """Take some."""
        return Beliefs(self.values[chosen], self.speeds[chosen], self.spread[chosen])

    def joined(self, more: Beliefs) -> Beliefs:
        """Add others."""
        return Beliefs(
            np.concatenate([self.values, more.values]),
            np.concatenate([self.speeds, more.speeds]),
            np.concatenate([self.spread, more.spread]),
        )

    def later(self, seconds: float, noise: Noise) -> Beliefs:
        """Look ahead: everything goes on as it does, and is known less well."""
        density = np.square(_sizes(self.values) * np.array([noise.place, noise.place, noise.side, noise.side]))
        here, cross, speed = np.moveaxis(self.spread, -1, 0)
        spread = np.stack(
            [
                here + 2 * seconds * cross + seconds**2 * speed + density * seconds**3 / 3,
                cross + seconds * speed + density * seconds**2 / 2,
                speed + density * seconds,
            ],
            axis=-1,
        )
        return Beliefs(self.values + seconds * self.speeds, self.speeds, spread)

    def seen(self, boxes: NDArray[np.floating], noise: Noise, doubt: NDArray[np.floating] | float = 1.0) -> Beliefs:
        """Learn from boxes that were seen, N 4; `doubt` multiplies their error."""
        wanted = to_middle(boxes)
        here, cross, speed = np.moveaxis(self.spread, -1, 0)
        error = np.square(noise.seen * _sizes(wanted) * np.broadcast_to(doubt, len(wanted))[:, None])
        gain, speed_gain = here / (here + error), cross / (here + error)
        surprise = wanted - self.values
        spread = np.stack([(1 - gain) * here, (1 - gain) * cross, speed - speed_gain * cross], axis=-1)
        return Beliefs(self.values + gain * surprise, self.speeds + speed_gain * surprise, spread)


def _sizes(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each box's size, the root of its area: N 1."""
    return np.sqrt(np.maximum(values[:, 2:], _LEAST_SIDE).prod(axis=1))[:, None]
