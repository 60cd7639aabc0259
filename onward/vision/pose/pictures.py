"""Pictures of a finder's answers: points and lines on photos, truth beside findings, curves over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.data.skeletons import Skeleton
from onward.parts.plots import COLOURS
from onward.vision.pose.reading import Poses

__all__ = ["bars_picture", "colour_of", "draw_points", "sheet_of", "truth_and_found"]

_INK, _GRID, _GREY = (40, 44, 52), (230, 230, 230), (110, 110, 110)
_SHOWN_SCORE = 0.3
_COLUMNS, _GAP, _TILE = 4, 8, 256
_NEAREST = 0.35  # of the picture's shorter side is shown at least


def colour_of(point: int) -> tuple[int, int, int]:
    """Give a point's colour, the same in all pictures."""
    return COLOURS[point % len(COLOURS)]


def draw_points(
    image: Image.Image,
    found: Sequence[NDArray[np.floating]],
    skeleton: Skeleton,
    threshold: float,
    truth: tuple[NDArray[np.floating], NDArray[np.bool_]] | None = None,
) -> Image.Image:
    """Draw each subject's sure points, K 3, and the lines between them; true ones as white rings.

    Args:
        found: x, y, score of each point in pixels of the picture, a subject after the other.
        truth: places K 2, and which of them are known.
    """
    drawn = image.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    dot = max(2.0, max(drawn.size) / 120)
    line = max(1, round(dot * 0.7))
    for subject in found:
        sure = subject[:, 2] >= threshold
        for one, other in skeleton.edges:
            if sure[one] and sure[other]:
                ends = (*map(float, subject[one, :2]), *map(float, subject[other, :2]))
                pen.line(ends, fill=(0, 0, 0), width=line + 2)
                pen.line(ends, fill=(255, 255, 255), width=line)
        for place in np.flatnonzero(sure):
            x, y = map(float, subject[place, :2])
            pen.ellipse((x - dot, y - dot, x + dot, y + dot), fill=colour_of(int(place)), outline=(0, 0, 0))
    if truth is not None:
        ring = dot * 1.6
        for x, y in truth[0][truth[1]]:
            pen.ellipse((x - ring, y - ring, x + ring, y + ring), outline=(255, 255, 255), width=max(1, line // 2))
    return drawn


def truth_and_found(poses: Poses, places: NDArray[np.int64], found: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay fitted subjects out, seen from near, with true points as white rings and what was found in colours."""
    tiles = []
    for place, each in zip(places.tolist(), found, strict=True):
        shown = each.copy()
        shown[poses.pictures.states[place] < 0, 2] = 0.0  # points its kind does not have
        true, known = poses.places(place), poses.pictures.known[place]
        left, top, side = _close_up(poses, true[known], shown[shown[:, 2] >= _SHOWN_SCORE, :2])
        image = Image.fromarray(poses.pictures.images[place])
        near = image.resize((_TILE, _TILE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
        factor = _TILE / side
        moved = np.concatenate([(shown[:, :2] - (left, top)) * factor, shown[:, 2:]], axis=1)
        truth = ((true - (left, top)) * factor, known)
        tiles.append(draw_points(near, [moved], poses.skeleton, _SHOWN_SCORE, truth))
    return sheet_of(tiles)


def _close_up(poses: Poses, true: NDArray[np.floating], told: NDArray[np.floating]) -> tuple[float, float, float]:
    """Choose a square of the fitted picture that shows all these points: left, top, side."""
    width, height = poses.shape
    whole = float(min(width, height))
    points = np.concatenate([true, told]) if len(true) + len(told) else np.array([[width / 2, height / 2]])
    low, high = points.min(axis=0), points.max(axis=0)
    side = min(whole, max(_NEAREST * whole, 1.6 * float((high - low).max())))
    left, top = (low + high - side) / 2
    return float(np.clip(left, 0, width - side)), float(np.clip(top, 0, height - side)), side


def sheet_of(tiles: Sequence[Image.Image]) -> NDArray[np.uint8]:
    """Lay pictures out in rows of four."""
    columns = max(1, min(_COLUMNS, len(tiles)))
    small = [tile.copy() for tile in tiles]
    for tile in small:
        tile.thumbnail((_TILE, _TILE))
    rows = [small[start : start + columns] for start in range(0, len(small), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    high = sum(heights) + _GAP * (len(rows) + 1) if rows else _TILE
    sheet = Image.new("RGB", (columns * (_TILE + _GAP) + _GAP, high), "white")
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for number, tile in enumerate(row):
            sheet.paste(tile, (_GAP + number * (_TILE + _GAP) + (_TILE - tile.width) // 2, top))
        top += height + _GAP
    return np.asarray(sheet)


def bars_picture(names: Sequence[str], values: Sequence[float], unit: str) -> NDArray[np.uint8]:
    """Draw a bar a point, with its figure."""
    font = ImageFont.load_default(size=14)
    row, left, width = 24, 190, 360
    sheet = Image.new("RGB", (left + width + 90, row * len(names) + 16), "white")
    pen = ImageDraw.Draw(sheet)
    most = max((value for value in values if np.isfinite(value)), default=1.0) or 1.0
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        top = 8 + row * number
        pen.text((left - 10, top + row // 2), name[:24], fill=_INK, font=font, anchor="rm")
        if not np.isfinite(value):
            pen.text((left, top + row // 2), "not marked in the test pictures", fill=_GREY, font=font, anchor="lm")
            continue
        end = left + max(2, round(width * value / most))
        pen.rectangle((left, top + 4, end, top + row - 4), fill=colour_of(number))
        pen.text((end + 8, top + row // 2), f"{value:.1f} {unit}", fill=_INK, font=font, anchor="lm")
    return np.asarray(sheet)
