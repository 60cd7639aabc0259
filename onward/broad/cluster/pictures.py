"""Pictures of groups: the map as dots or thumbnails, each group's most typical items, doubles side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.parts.letters import letters
from onward.parts.plots import COLOURS

__all__ = ["flat_map", "map_picture", "pairs_picture", "sheet_picture", "thumbnails_picture"]

_SIDE, _MARGIN = 760, 24
_INK, _GREY = (40, 44, 52), (170, 170, 170)
_TILE, _GAP, _LEFT = 72, 6, 250
_MOST_DOTS = 20_000
Thumbnail = Callable[[int], NDArray[np.uint8]]


def colour_of(group: int) -> tuple[int, int, int]:
    """Give a group's colour; grey for none."""
    return _GREY if group < 0 else COLOURS[group % len(COLOURS)]


def flat_map(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring N D places to two numbers each, 0 to 1: the two directions in which they differ most."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]
    flat = centred @ axes
    low, high = np.percentile(flat, 0.5, axis=0), np.percentile(flat, 99.5, axis=0)
    return np.clip((flat - low) / np.maximum(high - low, 1e-9), 0, 1).astype(np.float32)


def map_picture(points: NDArray[np.float32], labels: NDArray[np.int64] | None) -> NDArray[np.uint8]:
    """Draw each item as a dot in its group's colour, with the groups' numbers on them."""
    sheet = Image.new("RGB", (_SIDE, _SIDE), "white")
    pen = ImageDraw.Draw(sheet)
    flat = _MARGIN + (_SIDE - 2 * _MARGIN) * flat_map(points)
    groups = np.zeros(len(points), np.int64) if labels is None else labels
    reach = 2 if len(points) > 2000 else 3
    for place in np.random.default_rng(0).permutation(len(points))[:_MOST_DOTS]:
        x, y = (float(each) for each in flat[place])
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour_of(int(groups[place])))
    if labels is not None:
        font = letters(20)
        for group in range(int(labels.max(initial=-1)) + 1):
            if (labels == group).any():
                x, y = (float(each) for each in np.median(flat[labels == group], axis=0))
                pen.text((x, y), str(group), fill=_INK, font=font, anchor="mm", stroke_width=3, stroke_fill="white")
    return np.asarray(sheet)


def thumbnails_picture(points: NDArray[np.float32], thumbnail: Thumbnail, cells: int = 22) -> NDArray[np.uint8]:
    """Draw the map in pictures: in each cell the item nearest to its middle."""
    tile = 40
    sheet = Image.new("RGB", (cells * tile, cells * tile), "white")
    flat = flat_map(points) * cells
    corner = np.minimum(flat.astype(int), cells - 1)
    away = ((flat - corner - 0.5) ** 2).sum(axis=1)
    best: dict[tuple[int, int], int] = {}
    for place in np.argsort(away, kind="stable"):
        best.setdefault((int(corner[place, 0]), int(corner[place, 1])), int(place))
    for (column, row), place in best.items():
        picture = Image.fromarray(thumbnail(place)).resize((tile - 2, tile - 2))
        sheet.paste(picture, (column * tile + 1, row * tile + 1))
    return np.asarray(sheet)


def sheet_picture(
    rows: Sequence[tuple[str, str, Sequence[int]]], thumbnail: Thumbnail, most: int = 10
) -> NDArray[np.uint8]:
    """Lay out groups, a row each.

    Args:
        rows: a group's title, what makes it, and the places of its most typical items.
    """
    height = _TILE + _GAP
    sheet = Image.new("RGB", (_LEFT + most * height + _GAP, max(1, len(rows)) * height + _GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (title, words, places) in enumerate(rows):
        top = _GAP + number * height
        pen.rectangle((6, top + 4, 14, top + _TILE - 4), fill=colour_of(number))
        pen.text((24, top + 6), title, fill=_INK, font=letters(17))
        for line, part in enumerate(_lines(words, 30)[:3]):
            pen.text((24, top + 28 + 14 * line), part, fill=(110, 110, 110), font=letters(12))
        for column, place in enumerate(places[:most]):
            picture = Image.fromarray(thumbnail(place)).resize((_TILE, _TILE), Image.Resampling.BICUBIC)
            sheet.paste(picture, (_LEFT + column * height, top))
    return np.asarray(sheet)


def pairs_picture(
    pairs: Sequence[tuple[int, int, str]], thumbnail: Thumbnail, columns: int = 4, side: int = 96
) -> NDArray[np.uint8]:
    """Lay out pairs side by side, over what they share."""
    width, height = 2 * side + 22, side + 26
    rows = -(-len(pairs) // columns)
    sheet = Image.new("RGB", (min(columns, len(pairs)) * width + 8, rows * height + 8), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (first, second, words) in enumerate(pairs):
        left, top = 8 + number % columns * width, 8 + number // columns * height
        for place, shift in ((first, 0), (second, side + 4)):
            picture = Image.fromarray(thumbnail(place)).resize((side, side), Image.Resampling.BICUBIC)
            sheet.paste(picture, (left + shift, top))
        pen.text((left, top + side + 4), words[:34], fill=_INK, font=letters(11))
    return np.asarray(sheet)


def _lines(words: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in words.split():
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line] if line else lines
