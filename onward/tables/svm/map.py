"""A map: the two columns that tell classes apart best, and what a machine of the same kernel makes of them alone.

A boundary between many columns cannot be drawn; between two it can, with its margins and the rows that hold it up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.core.exhibits import Picture
from onward.parts.letters import letters
from onward.parts.plots import COLOURS
from onward.tables.svm.fitting import Choice, fit
from onward.tables.svm.machine import Machine

__all__ = ["map_picture", "telling_columns"]

_ROWS = 500
_MOST_CLASSES = 6
_GRID = (150, 110)
_CELL = 5
_FINER = 2  # lines are drawn on a sheet so much larger
_LEFT, _TOP, _RIGHT, _BELOW = 90, 30, 180, 50
_INK, _GREY = (40, 44, 52), (110, 110, 110)
_ITERATIONS = 50_000


def map_picture(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    classes: Sequence[str],
    choice: Choice,
    names: Sequence[str],
    scales: NDArray[np.float64],
) -> Picture | None:
    """Draw it; None where there are too many classes or too few columns.

    Args:
        x: N F rows; some of them are drawn.
        names: of the F columns.
        scales: 2 F; a column's mean and spread, by which its marks are written.
    """
    x, y = x[:_ROWS], y[:_ROWS]
    shown = [kind for kind in range(len(classes)) if (y == kind).sum() >= 2]
    columns = telling_columns(x, y, len(classes)) if 2 <= len(shown) <= _MOST_CLASSES else []
    if len(columns) < 2:
        return None
    flat = x[:, columns]
    low, high = (np.percentile(flat, share, axis=0) for share in (1, 99))
    reach = np.maximum(high - low, 1e-9)
    low, high = low - 0.08 * reach, high + 0.08 * reach
    found = fit(flat, y, len(classes), Choice(choice.kernel, min(choice.cost, 100.0)), 0.5, _ITERATIONS)
    sheet = Image.new("RGB", (_LEFT + _CELL * _GRID[0] + _RIGHT, _TOP + _CELL * _GRID[1] + _BELOW), "white")
    sheet.paste(_ground(found.machine, low, high), (_LEFT, _TOP))
    pen, font = ImageDraw.Draw(sheet), letters(13)
    size = np.array([_CELL * _GRID[0], _CELL * _GRID[1]])
    holds = np.zeros(len(y), bool)
    holds[found.support if len(found.support) else _within_margin(found.machine, flat, y)] = True
    for place, kind, is_held in zip((flat - low) / (high - low), y.astype(int).tolist(), holds.tolist(), strict=True):
        if not ((place >= 0).all() and (place <= 1).all()):
            continue
        across, down = _LEFT + place[0] * size[0], _TOP + (1 - place[1]) * size[1]
        if is_held:
            pen.ellipse((across - 6, down - 6, across + 6, down + 6), outline=_INK)
        pen.ellipse((across - 3, down - 3, across + 3, down + 3), fill=_colour(kind), outline="white")
    for axis, column in enumerate(columns):
        for share in (0.0, 0.5, 1.0):
            value = (low[axis] + share * (high[axis] - low[axis])) * scales[1, column] + scales[0, column]
            told = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
            if axis == 0:
                pen.text((_LEFT + share * size[0], _TOP + size[1] + 6), told, _GREY, font, "mt")
            else:
                pen.text((_LEFT - 6, _TOP + (1 - share) * size[1]), told, _GREY, font, "rm")
    pen.text((_LEFT + size[0] / 2, _TOP + size[1] + 24), str(names[columns[0]])[:60], _INK, font, "mt")
    pen.text((_LEFT, 8), str(names[columns[1]])[:60], fill=_INK, font=font)
    for line, kind in enumerate(shown):
        top = _TOP + 22 * line
        pen.ellipse((_LEFT + size[0] + 14, top, _LEFT + size[0] + 24, top + 10), fill=_colour(kind))
        pen.text((_LEFT + size[0] + 30, top - 3), str(classes[kind])[:18], fill=_INK, font=font)
    caption = (
        f"two columns only: the boundary of a machine with the {choice.kernel} kernel (black), its margins (grey), "
    )
    return Picture(np.asarray(sheet), f"{caption}and ringed the {int(holds.sum())} support vectors of {len(y)} rows")


def telling_columns(x: NDArray[np.float64], y: NDArray[np.float64], classes: int) -> list[int]:
    """Choose the two columns of many values that tell classes apart best: by the ratio of variances (Fisher's F).

    Example:
        >>> x = np.random.default_rng(0).normal(size=(60, 3)); y = (x[:, 2] + 0.1 * x[:, 0] > 0).astype(float)
        >>> telling_columns(x, y, 2)[0]
        2
    """
    many = np.array([_is_spread(np.round(column, 6)) for column in x.T])
    between, within = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    middle = x.mean(axis=0)
    for kind in range(classes):
        own = x[y == kind]
        if len(own):
            between += len(own) * (own.mean(axis=0) - middle) ** 2
            within += ((own - own.mean(axis=0)) ** 2).sum(axis=0)
    ratio = np.where(many, between / np.maximum(within, 1e-9), -1.0)
    order = np.argsort(ratio)[::-1]
    return [int(place) for place in order[:2] if ratio[place] >= 0]


def _is_spread(values: NDArray[np.float64]) -> bool:
    """Say whether a column has many values, none of which most rows have."""
    _, counts = np.unique(values, return_counts=True)
    return len(counts) > 5 and int(counts.max()) < 0.5 * len(values)


def _ground(machine: Machine, low: NDArray[np.float64], high: NDArray[np.float64]) -> Image.Image:
    """Colour every place by what the machine tells there, with lines where it changes its mind and at the margins."""
    across, down = np.linspace(low[0], high[0], _GRID[0]), np.linspace(high[1], low[1], _GRID[1])
    places = np.stack([each.ravel() for each in np.meshgrid(across, down)], axis=1)
    shares = machine.predict(places)
    told = np.stack([_enlarged(each.reshape(_GRID[::-1])) for each in shares.T], axis=-1)
    colours = np.array([_colour(kind) for kind in range(shares.shape[1])], float)
    pixels = 255 - 0.35 * (255 - told @ colours)
    decisions = machine.decide(places)
    if machine.facts["form"] == "rest":
        decisions = decisions[:, 1:] if shares.shape[1] == 2 else decisions
    for value in (-1.0, 1.0) if shares.shape[1] == 2 else ():
        _drawn(pixels, _enlarged(decisions[:, 0].reshape(_GRID[::-1])) > value, _GREY)
    _drawn(pixels, told.argmax(axis=-1), _INK)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).reduce(_FINER)


def _enlarged(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Bring a field to the size of the sheet and finer, smoothly, so that lines in it have no steps."""
    size = (_FINER * _CELL * _GRID[0], _FINER * _CELL * _GRID[1])
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))


def _drawn(pixels: NDArray[np.floating[Any]], values: NDArray[np.generic], colour: tuple[int, int, int]) -> None:
    """Draw a line where values change."""
    line = np.zeros(values.shape, bool)
    line[1:] |= values[1:] != values[:-1]
    line[:, 1:] |= values[:, 1:] != values[:, :-1]
    line[:-1] |= line[1:]  # twice as wide, so that the finer picture's line is one pixel
    line[:, :-1] |= line[:, 1:]
    pixels[line] = colour


def _within_margin(machine: Machine, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the rows that a plane's solver would call support vectors: inside the margin, or on the wrong side."""
    decisions = machine.decide(x)
    own = np.take_along_axis(decisions, y.astype(int)[:, None], axis=1)[:, 0]
    return np.flatnonzero(own <= 1.0)


def _colour(kind: int) -> tuple[int, int, int]:
    return COLOURS[(4, 5, 2, 0, 6, 1)[kind % 6]]
