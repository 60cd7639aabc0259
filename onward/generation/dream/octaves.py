"""Coarse to fine: in which sizes a photo is dreamt on, how the time is shared, and what size the minutes allow."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from onward.generation.dream.ascent import direction, gradient
from onward.generation.dream.wishes import Wish

__all__ = ["Plan", "film_seconds", "fitting_side", "memory_bytes", "most_pixels", "plan_of", "seconds_a_pixel"]

_SCALE = 1.4
_SMALLEST = 72  # pixels of the shorter side, below which nothing is recognised
_STEPS_AN_OCTAVE = 20
_STEPS_A_FRAME = 3
_LEAST_SHARE = 0.06
_LONGEST_STEP_SECONDS = 2.0  # what a kill can lose, and what the end of the budget can be late by
_LONGEST_STEP_SHARE = 0.05  # of the seconds, whatever size was asked for
_FRAME_SECONDS, _FRAME_STEPS = (
    0.003,
    0.25,
)  # what a frame takes besides: to be kept and filmed, and in steps of its size
_FEWEST_PIXELS = 96.0 * 96  # that are dreamt on, however late it is
_TRIED_SIDE = 128
_PROGRAM_BYTES, _BYTES_A_TILE_PIXEL, _BYTES_A_PIXEL = 450e6, 3000, 120


@dataclass(frozen=True)
class Plan:
    """The way through the octaves.

    Attributes:
        sizes: height and width of each, rising; the last is the result's.
        shares: of the way that each takes; together 1. The last is 0 where the result is only enlarged to its size.
    """

    sizes: tuple[tuple[int, int], ...]
    shares: tuple[float, ...]

    def at(self, place: float) -> int:
        """Say which octave belongs to a place on the way, 0 to 1.

        Example:
            >>> [Plan(((8, 8), (16, 16)), (0.25, 0.75)).at(place) for place in (0.0, 0.2, 0.3, 1.0)]
            [0, 0, 1, 1]
        """
        end = 0.0
        for number, share in enumerate(self.shares):
            end += share
            if place < end - 1e-9:
                return number
        return max(number for number, share in enumerate(self.shares) if share)


def plan_of(height: int, width: int, count: int | None, *, timed: bool, most: float = math.inf) -> Plan:
    """Choose the octaves for a result of this size.

    Args:
        count: how many; by itself down to a shorter side of some 72 pixels.
        timed: whether the way is one of seconds, of which a large octave takes more for as many steps.
        most: pixels that can be dreamt on; what is then dreamt is carried over to the result's size at the end.
    Example:
        >>> plan_of(200, 400, 1, timed=True, most=20_000.0)
        Plan(sizes=((100, 200), (200, 400)), shares=(1.0, 0.0))
    """
    result = height, width
    if height * width > most:
        factor = (most / (height * width)) ** 0.5
        height, width = max(1, round(height * factor)), max(1, round(width * factor))
    sizes = [(height, width)]
    while (count is None and min(sizes[0]) / _SCALE >= _SMALLEST) or (count is not None and len(sizes) < count):
        factor = _SCALE ** -len(sizes)
        smaller = (round(height * factor), round(width * factor))
        if min(smaller) < 16:
            break
        sizes.insert(0, smaller)
    costs = [float(high * wide) if timed else 1.0 for high, wide in sizes]
    shares = [max(_LEAST_SHARE, cost / sum(costs)) for cost in costs]
    parts = [share / sum(shares) for share in shares]
    if result != (height, width):
        sizes, parts = [*sizes, result], [*parts, 0.0]
    return Plan(tuple(sizes), tuple(parts))


def most_pixels(seconds: float, cost: float) -> float:
    """Give how many pixels can be dreamt on in so many seconds, such that no step makes the end much too late.

    Args:
        cost: seconds a step and pixel.
    """
    return max(_FEWEST_PIXELS, _LONGEST_STEP_SHARE * seconds / cost)


def film_seconds(pixels: float, cost: float) -> float:
    """Estimate what each frame of a film takes besides its steps: half of it to be kept, half to be put in the film."""
    return _FRAME_SECONDS + _FRAME_STEPS * cost * pixels


def seconds_a_pixel(wish: Wish) -> float:
    """Measure what a step costs, on a small picture; the first look warms up."""
    chance = torch.Generator().manual_seed(0)
    picture = torch.rand(1, 3, _TRIED_SIDE, _TRIED_SIDE, generator=chance)
    best = float("inf")
    for number in range(3):
        began = time.perf_counter()
        slope, _ = gradient(picture, wish, chance, 0, _TRIED_SIDE)
        direction(slope, natural=True)
        if number:
            best = min(best, time.perf_counter() - began)
    return best / _TRIED_SIDE**2


def fitting_side(size: Sequence[int], seconds: float, cost: float, frames: int = 0) -> int:
    """Choose the longer side such that 20 steps fit into each octave and 3 into each frame of a zoom.

    Args:
        size: of the photo in pixels, which is the most.
        cost: seconds a step and pixel.
    Example:
        >>> fitting_side((4000, 3000), 20.0, 2e-6)
        568
    """
    octaves = 1 / (1 - _SCALE**-2)
    pixels = min(seconds / (_STEPS_AN_OCTAVE * octaves + _STEPS_A_FRAME * frames), _LONGEST_STEP_SECONDS) / cost
    shape = max(size) / min(size)
    side = int((pixels * shape) ** 0.5) // 4 * 4
    return max(min(96, *size), min(max(size), side))


def memory_bytes(height: int, width: int, tile: int) -> float:
    """Estimate the memory that dreaming takes: the program, a tile's maps, and some pictures."""
    return (
        _PROGRAM_BYTES + _BYTES_A_TILE_PIXEL * min(height * width, (tile + 64) ** 2) + _BYTES_A_PIXEL * height * width
    )
