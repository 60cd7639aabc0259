"""Curves as SVG, drawn here: a few polylines need no plotting library, load at once and follow the page's colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

__all__ = ["curve"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 220, 52, 30, 10, 12
_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
)  # Okabe and Ito, safe for colour blindness
_MOST_POINTS = 300


def curve(x: Sequence[float], lines: dict[str, Sequence[float | None]], x_label: str) -> str:
    """Draw lines over a common axis as an SVG element; gaps where a value is None.

    Example:
        >>> curve([0, 1], {"loss": [2.0, 1.0]}, "minutes").startswith("<svg")
        True
    """
    values = [value for line in lines.values() for value in line if value is not None]
    if len(x) < 2 or not values:
        return ""
    low, high = min(values), max(values)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    span = max(x[-1] - x[0], 1e-9)

    def across(value: float) -> float:
        return _LEFT + (value - x[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(", ".join(lines))} against {escape(x_label)}">'
    ]
    for tick in _ticks(low, high):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down(tick):.1f}" y2="{down(tick):.1f}"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{down(tick) + 4:.1f}" text-anchor="end">{tick:.3g}</text>')
    for tick in _ticks(x[0], x[-1]):
        parts.append(f'<text x="{across(tick):.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{tick:.3g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 1}" text-anchor="end">{escape(x_label)}</text>')
    for number, line in enumerate(lines.values()):
        points = [(a, b) for a, b in zip(x, line, strict=True) if b is not None]
        points = points[:: -max(1, len(points) // _MOST_POINTS)][::-1]  # each line's own, and its last always
        path = " ".join(f"{across(a):.1f},{down(b):.1f}" for a, b in points)
        parts.append(f'<polyline fill="none" stroke="{_COLOURS[number % 6]}" stroke-width="1.8" points="{path}"/>')
    key = "".join(
        f'<span><i style="background:{_COLOURS[number % 6]}"></i>{escape(name.replace("_", " "))}</span>'
        for number, name in enumerate(lines)
    )
    return "".join(parts) + f'</svg><p class="key">{key}</p>'


def _ticks(low: float, high: float) -> list[float]:
    """Choose up to six round numbers between two; the one number where the two are the same."""
    if high - low < 1e-12 * max(abs(low), abs(high), 1.0):
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(step * many for many in (1, 2, 5, 10) if (high - low) / (step * many) <= 5)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]
