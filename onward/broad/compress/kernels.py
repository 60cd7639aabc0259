"""What fitting a picture repeats thousands of times, compiled: the formulas of `single.py` with their gradients.

torch does the same in some hundred passes over the picture; here a stretch of `BLOCK` latents or pixels stays in the
processor's nearest memory from the first layer to the last gradient. Features come first and places last, so that one
instruction serves many places. Gradients are of the sums that are given back: whoever calls multiplies them by what
came from above. Read `swift.py` next, which makes torch's functions of them; a test holds both to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit  # its products of matrices are those that SciPy brings
from numpy.typing import NDArray

__all__ = ["paint", "soften", "tell"]

Floats = NDArray[np.float32]
Many = tuple[Floats, ...]
BLOCK = 256

# A number without a type would be a double, and turn every formula into doubles.
_NOTHING, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_BITS_A_NAT, _NATS_A_BIT = np.float32(np.log2(np.e)), np.float32(np.log(2))
_LOWEST, _HIGHEST = np.float32(-120), np.float32(120)
_POWERS = tuple(np.float32(np.log(2) ** each / [1, 1, 2, 6, 24, 120, 720][each]) for each in range(7))
_ODD = tuple(np.float32(2 / np.log(2) / each) for each in (1, 3, 5, 7, 9))
_MANTISSA, _BIAS, _ROOT = np.int32(23), np.int32(127), np.int32(0x3F3504F3)  # the last are the bits of the root of 1/2
_LEVELS_A_UNIT, _MIDDLE_LEVEL, _LAST_LEVEL = np.float32(4), np.float32(16), np.float32(39)
_SHARPEST, _NATS_A_LEVEL = np.float32(1 / 0.05), np.float32(np.log(320) / 39)
_LEAST_SHARE = np.float32(1e-7)


def _compiled(function: Callable[..., Any]) -> Any:
    """Compile a function, kept on the disk where that can be written; sums may be taken in any order."""
    rules: dict[str, Any] = {"fastmath": {"reassoc", "contract", "nsz", "arcp"}, "error_model": "numpy"}
    try:
        return njit(cache=True, **rules)(function)
    except RuntimeError:  # no folder to keep it in
        return njit(**rules)(function)


@_compiled
def _power(bits: Any) -> Any:
    """Give 2 to the power of `bits`, by the exponent's bits and a polynomial."""
    bits = min(max(np.float32(bits), _LOWEST), _HIGHEST)
    whole = np.floor(bits + _HALF)
    part = bits - whole
    found = _POWERS[5] + part * _POWERS[6]
    found = _POWERS[2] + part * (_POWERS[3] + part * (_POWERS[4] + part * found))
    found = _POWERS[0] + part * (_POWERS[1] + part * found)
    return found * np.int32((np.int32(whole) + _BIAS) << _MANTISSA).view(np.float32)


@_compiled
def _logarithm(value: Any) -> Any:
    """Give the logarithm to base 2 of a number above 0, by the exponent's bits and the series of the inverse tanh."""
    bits = np.float32(value).view(np.int32)
    exponent = np.int32(np.int32(bits - _ROOT) >> _MANTISSA)
    rest = np.int32(bits - np.int32(exponent << _MANTISSA)).view(np.float32)  # from the root of 1/2 to that of 2
    share = (rest - _ONE) / (rest + _ONE)
    square = share * share
    odd = _ODD[0] + square * (_ODD[1] + square * (_ODD[2] + square * (_ODD[3] + square * _ODD[4])))
    return np.float32(exponent) + share * odd


@_compiled
def _round_softly(value: Any, sharpness: Any, bend: Any) -> Any:
    """Give what `fitting.py` calls soft, and its slope."""
    floor = np.floor(value) + _HALF
    curve = _ONE - _TWO / (_power((value - floor) / sharpness * _TWO * _BITS_A_NAT) + _ONE)  # tanh
    return floor + curve / bend, (_ONE - curve * curve) / (sharpness * bend)


@_compiled
def soften(latents: Floats, drawn: Floats, numbers: Floats, values: Floats, slopes: Floats) -> None:
    """Round softly, add noise, round softly again.

    Args:
        latents: N.
        drawn: N, evenly from 0 to 1.
        numbers: sharpness, its bend, the noise's peak and its second exponent.
        values: N; what comes out.
        slopes: N; its slopes by the latents.
    """
    sharpness, bend, first, second = numbers[0], numbers[1], _ONE / numbers[2], _ONE / numbers[3]
    for place in range(len(latents)):
        inner = _power(_logarithm(_ONE - drawn[place]) * second)
        noise = _power(_logarithm(max(_ONE - inner, _LEAST_SHARE)) * first) - _HALF
        once, slope = _round_softly(latents[place], sharpness, bend)
        values[place], again = _round_softly(once + noise, sharpness, bend)
        slopes[place] = slope * again


@_compiled
def _rectify(values: Floats) -> None:
    """Cut to 0 and more, in place."""
    for row in range(len(values)):
        for place in range(BLOCK):
            values[row, place] = max(values[row, place], _NOTHING)


@_compiled
def _pass_where(slopes: Floats, values: Floats) -> None:
    """Take away slopes where the value was cut to 0, in place."""
    for row in range(len(slopes)):
        for place in range(BLOCK):
            slopes[row, place] = slopes[row, place] if values[row, place] > _NOTHING else _NOTHING


@_compiled
def _price(ends: Floats, told: Floats, slopes: Floats) -> Any:
    """Sum the bits of a block under Laplace's distribution, as `Single.bits` has them.

    With p and q the falls to the nearer and the farther edge of a value's interval its share is (p - q) / 2, or
    1 - (p + q) / 2 where the interval holds the middle.

    Args:
        ends: 3 BLOCK; values; 1 where there is a latent, else 0; where the slopes by the values go.
        told: 2 BLOCK; means and levels.
        slopes: 2 BLOCK; where the slopes by what was told go.
    """
    total = _NOTHING
    for place in range(BLOCK):
        level = _LEVELS_A_UNIT * told[1, place] + _MIDDLE_LEVEL
        cut = min(max(level, _NOTHING), _LAST_LEVEL)
        sharp = _SHARPEST * _power(-cut * _NATS_A_LEVEL * _BITS_A_NAT)  # one over the scale
        gap = ends[0, place] - told[0, place]
        near, far = abs(gap) - _HALF, abs(gap) + _HALF
        near_fall = _power(-abs(near) * sharp * _BITS_A_NAT)
        far_fall = _power(-far * sharp * _BITS_A_NAT)
        share = _HALF * (near_fall - far_fall) if near > _NOTHING else _ONE - _HALF * (near_fall + far_fall)
        safe = max(share, _LEAST_SHARE)
        total -= _logarithm(safe) * ends[1, place]
        slope = _HALF * ends[1, place] / (_NATS_A_BIT * safe) if share >= _LEAST_SHARE else _NOTHING
        by_gap = slope * sharp * (near_fall - far_fall)
        by_gap = by_gap if gap > _NOTHING else -by_gap
        by_level = slope * _NATS_A_LEVEL * sharp * (far * far_fall - near * near_fall)
        by_level = _NOTHING if level < _NOTHING and by_level > _NOTHING else by_level  # see `bounded.py`
        by_level = _NOTHING if level > _LAST_LEVEL and by_level < _NOTHING else by_level
        ends[2, place] = by_gap
        slopes[0, place] = -by_gap
        slopes[1, place] = _LEVELS_A_UNIT * by_level
    return total


@_compiled
def _tell_block(seen: Floats, ends: Floats, weights: Many, slopes: Many, work: Many, is_learning: bool) -> Any:
    """Sum the bits of a block; with `is_learning` leaves slopes by `seen` in it and by the values in ends[2]."""
    inner, more, both, told, told_slopes, both_slopes, inner_slopes = work
    width = len(more)
    np.dot(weights[0], seen, inner[:width])
    _rectify(inner)
    np.dot(weights[1], inner, more)
    _rectify(more)
    for row in range(width):
        for place in range(BLOCK):
            both[row, place] = inner[row, place] + more[row, place]
    np.dot(weights[2], both, told)
    bits = _price(ends, told, told_slopes)
    if is_learning:
        slopes[2][:] += np.dot(told_slopes, both.T)
        np.dot(weights[2].T, told_slopes, both_slopes)
        for row in range(width):
            for place in range(BLOCK):
                both[row, place] = both_slopes[row, place] if more[row, place] > _NOTHING else _NOTHING
        slopes[1][:] += np.dot(both[:width], inner.T)
        np.dot(weights[1].T, both[:width], inner_slopes)
        for row in range(width):
            for place in range(BLOCK):
                inner_slopes[row, place] += both_slopes[row, place]
        _pass_where(inner_slopes, inner)
        slopes[0][:] += np.dot(inner_slopes[:width], seen.T)
        np.dot(weights[0].T, inner_slopes[:width], seen)
    return bits


@_compiled
def _tell_grid(framed: Floats, shifts: Any, span: Any, weights: Many, slopes: Many, is_learning: bool) -> Any:
    """Sum the bits of one grid of a tile.

    Args:
        framed: 3 F; values, 1 where there is a latent, and where the slopes are added.
        shifts: 10; from a latent to those it is foretold from.
        span: where the first latent is, and where behind the last.
    """
    seers, width, bits = len(shifts), len(weights[0]), 0.0
    seen, ends = np.ones((seers + 1, BLOCK), np.float32), np.empty((3, BLOCK), np.float32)
    inner, more = np.ones((width + 1, BLOCK), np.float32), np.ones((width, BLOCK), np.float32)
    both, told = np.ones((width + 1, BLOCK), np.float32), np.empty((2, BLOCK), np.float32)
    work = (inner, more, both, told, np.empty_like(told), np.empty_like(both), np.empty_like(both))
    for base in range(span[0], span[1], BLOCK):
        for place in range(BLOCK):
            ends[0, place], ends[1, place] = framed[0, base + place], framed[1, base + place]
            seen[seers, place] = both[width, place] = _ONE
        for number in range(seers):
            for place in range(BLOCK):
                seen[number, place] = framed[0, base + shifts[number] + place]
        bits += _tell_block(seen, ends, weights, slopes, work, is_learning)
        if is_learning:
            for place in range(BLOCK):
                framed[2, base + place] += ends[2, place]
            for number in range(seers):
                for place in range(BLOCK):
                    framed[2, base + shifts[number] + place] += seen[number, place]
    return bits


@_compiled
def tell(latents: Floats, plan: Any, weights: Many, slopes: Any, is_learning: bool) -> float:
    """Sum the bits of all latents.

    Each grid of a tile is laid in a frame of zeros two wide, so that its contexts are shifts and need no looking up.

    Args:
        latents: N.
        plan: where the latents of each grid of a tile begin, its height and its width, P 3; rows and columns from a
            latent to those it is foretold from, 10 2.
        weights: of three layers, each with its bias as the last column.
        slopes: of the latents, N, and of these weights; with `is_learning` they are added to.
    """
    parts, context = plan
    bits = 0.0
    for part in range(len(parts)):
        start, high, wide = parts[part]
        stride = wide + 2  # what is right of a row is left of the next
        begin, end = 2 * stride + 2, (high + 2) * stride + 2
        framed = np.zeros((3, end + BLOCK), np.float32)
        for row in range(high):
            for column in range(wide):
                framed[0, begin + row * stride + column] = latents[start + row * wide + column]
                framed[1, begin + row * stride + column] = _ONE
        shifts = context[:, 0] * stride + context[:, 1]
        bits += _tell_grid(framed, shifts, (begin, end), weights, slopes[1], is_learning)
        if is_learning:
            for row in range(high):
                for column in range(wide):
                    slopes[0][start + row * wide + column] += framed[2, begin + row * stride + column]
    return bits


@_compiled
def _widen(latents: Floats, plan: Any, stack: Floats) -> None:
    """Bring the rows of all grids to the picture's width: N latents to R W."""
    places, grids, (columns, shares), _rows = plan
    line = np.empty(len(shares[0]) + 1, np.float32)
    for number in range(len(grids)):
        start, high, wide, top = grids[number]
        for row in range(high):
            for column in range(wide):
                line[column] = latents[places[start + row * wide + column]]
            for column in range(len(shares[0])):
                share, left = shares[number, column], columns[number, column]
                here, there = line[left], line[min(left + 1, wide - 1)]
                stack[top + row, column] = here + share * (there - here)


@_compiled
def _narrow(stack: Floats, plan: Any, slopes: Floats) -> None:
    """Take slopes the way back of `_widen`."""
    places, grids, (columns, shares), _rows = plan
    for number in range(len(grids)):
        start, high, wide, top = grids[number]
        for row in range(high):
            line = np.zeros(wide, np.float32)
            for column in range(len(shares[0])):
                share, left = shares[number, column], columns[number, column]
                line[left] += (_ONE - share) * stack[top + row, column]
                line[min(left + 1, wide - 1)] += share * stack[top + row, column]
            for column in range(wide):
                slopes[places[start + row * wide + column]] += line[column]


@_compiled
def _colour(stack: Floats, plan: Any, where: Any, weights: Many, work: Many) -> None:
    """Leave in `work` what a stretch of a row sees (G+1 BLOCK), its hidden layer (K+1 BLOCK), its colours (3 BLOCK)."""
    seen, hidden, colours = work
    grids, (uppers, lowers, shares), (row, base) = plan[1], plan[3], where
    for number in range(len(grids)):
        upper, lower, share = uppers[number, row], lowers[number, row], shares[number, row]
        for place in range(BLOCK):
            here, there = stack[upper, base + place], stack[lower, base + place]
            seen[number, place] = here + share * (there - here)
    for place in range(BLOCK):
        seen[len(grids), place] = _ONE
    np.dot(weights[0], seen, hidden[: len(weights[0])])
    _rectify(hidden)
    np.dot(weights[1], hidden, colours)


@_compiled
def _uncolour(stack: Floats, plan: Any, where: Any, weights: Many, pair: Any) -> None:
    """Take slopes by the colours the way back of `_colour`: to the weights and to the stack."""
    (seen, hidden, colours), slopes = pair
    grids, (uppers, lowers, shares), (row, base) = plan[1], plan[3], where
    slopes[1][:] += np.dot(colours, hidden.T)
    behind = np.dot(weights[1].T, colours)
    _pass_where(behind, hidden)
    behind = behind[: len(weights[0])]
    slopes[0][:] += np.dot(behind, seen.T)
    np.dot(weights[0].T, behind, seen)
    for number in range(len(grids)):
        upper, lower, share = uppers[number, row], lowers[number, row], shares[number, row]
        for place in range(BLOCK):
            stack[upper, base + place] += (_ONE - share) * seen[number, place]
        for place in range(BLOCK):
            stack[lower, base + place] += share * seen[number, place]


@_compiled
def _around(framed: Floats, where: Any, found: Floats) -> None:
    """Take the 3 x 3 pixels around each of a stretch of a row: 27 BLOCK, from pictures in a frame one wide."""
    row, base = where
    for colour in range(3):
        for number in range(9):
            for place in range(BLOCK):
                found[9 * colour + number, place] = framed[colour, row + number // 3, base + number % 3 + place]


@_compiled
def _compare(painted: Floats, pictures: Floats, weights: Many, slopes: Many, errors: Floats) -> Any:
    """Filter, sum the squared errors, and leave slopes by the filtered pictures in `errors`, framed like `painted`."""
    around, found, stretch = np.empty((27, BLOCK), np.float32), np.empty((3, BLOCK), np.float32), 0
    _, high, wide = pictures.shape
    total = 0.0
    for row in range(high):
        for base in range(0, wide, BLOCK):
            stretch = min(BLOCK, wide - base)
            _around(painted, (row, base), around)
            np.dot(weights[2], around, found)
            found[:, stretch:] = _NOTHING
            squares = _NOTHING
            for colour in range(3):
                for place in range(stretch):
                    error = found[colour, place] + around[9 * colour + 4, place] - pictures[colour, row, base + place]
                    squares += error * error
                    found[colour, place] = errors[colour, row + 1, base + place + 1] = error + error
            total += squares
            slopes[2][:] += np.dot(found, around.T)
    return total


@_compiled
def paint(latents: Floats, pictures: Floats, plan: Any, weights: Many, slopes: Any, is_learning: bool) -> float:
    """Paint and sum the squared errors.

    Args:
        latents: N.
        pictures: 3 H W; what should be painted.
        plan: see `Swift` in `swift.py`.
        weights: of two layers, each with its bias as the last column, of the filter, 3 27, and of its way back.
        slopes: of the latents, N, and of the weights but the last; with `is_learning` they are added to.
    """
    _, high, wide = pictures.shape
    full, grids = -(-wide // BLOCK) * BLOCK, plan[1]
    stack = np.zeros((grids[-1, 3] + grids[-1, 1], full), np.float32)
    _widen(latents, plan, stack)
    seen, hidden = np.ones((len(grids) + 1, BLOCK), np.float32), np.ones((len(weights[0]) + 1, BLOCK), np.float32)
    colours, around = np.empty((3, BLOCK), np.float32), np.empty((27, BLOCK), np.float32)
    painted, errors = np.zeros((2, 3, high + 2, full + 2), np.float32)
    for row in range(high):
        for base in range(0, wide, BLOCK):
            _colour(stack, plan, (row, base), weights, (seen, hidden, colours))
            for colour in range(3):
                for place in range(min(BLOCK, wide - base)):
                    painted[colour, row + 1, base + place + 1] = colours[colour, place]
    total = _compare(painted, pictures, weights, slopes[1], errors)
    if is_learning:
        back = np.zeros_like(stack)
        for row in range(high):
            for base in range(0, wide, BLOCK):
                _colour(stack, plan, (row, base), weights, (seen, hidden, colours))
                _around(errors, (row, base), around)
                np.dot(weights[3], around, colours)
                for colour in range(3):
                    for place in range(BLOCK):
                        colours[colour, place] += around[9 * colour + 4, place]
                colours[:, min(BLOCK, wide - base) :] = _NOTHING
                _uncolour(back, plan, (row, base), weights, ((seen, hidden, colours), slopes[1]))
        _narrow(back, plan, slopes[0])
    return total
