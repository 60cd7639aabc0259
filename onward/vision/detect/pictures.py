"""Pictures of a detector's answers: boxes on photos, truth beside findings, precision against recall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.vision.detect.decoding import Found
from onward.vision.detect.reading import Scenes

__all__ = ["COLOURS", "curves_picture", "draw_boxes", "sheet_of", "truth_and_found"]

COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (120, 94, 240))
_TRUTH = (255, 255, 255)
_SHOWN_SCORE = 0.3
_COLUMNS, _GAP, _TILE = 4, 8, 256


def draw_boxes(
    image: Image.Image, found: Found, classes: Sequence[str], truth: NDArray[np.float32] | None = None
) -> Image.Image:
    """Draw boxes with class and score on a picture; true ones, where they are known, thin and white below them."""
    drawn = image.convert("RGB")
    pen = ImageDraw.Draw(drawn)
    line = max(2, round(max(drawn.size) / 200))
    letters = max(11, round(max(drawn.size) / 32))
    font = ImageFont.load_default(size=letters)
    for box in truth if truth is not None else ():
        pen.rectangle(tuple(float(corner) for corner in box), outline=_TRUTH, width=max(1, line // 2))
    for box, label, score in reversed(list(zip(found.boxes, found.labels, found.scores, strict=True))):
        colour = COLOURS[int(label) % len(COLOURS)]
        left, top, right, bottom = (float(corner) for corner in box)
        pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=colour, width=line)
        words = f"{classes[int(label)]} {100 * float(score):.0f}"
        place = pen.textbbox((left + line, max(0.0, top - letters - 4)), words, font=font)
        pen.rectangle((place[0] - line, place[1] - 2, place[2] + line, place[3] + 2), fill=colour)
        pen.text(place[:2], words, fill="white", font=font, anchor="lt")
    return drawn


def truth_and_found(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> NDArray[np.uint8]:
    """Lay fitted pictures out with true boxes in white and what was found in colours."""
    tiles = []
    for place, each in zip(places, found, strict=True):
        image = Image.fromarray(scenes.pictures.images[place])
        drawn = draw_boxes(image, each.above(_SHOWN_SCORE), scenes.classes, scenes.boxes(place))
        width, height = (
            min(scenes.size, round(float(side * scenes.pictures.scales[place])))
            for side in scenes.pictures.sizes[place]
        )
        tiles.append(drawn.crop((0, 0, width, height)))
    return sheet_of(tiles)


def sheet_of(tiles: Sequence[Image.Image]) -> NDArray[np.uint8]:
    """Lay pictures out in rows of four."""
    columns = max(1, min(_COLUMNS, len(tiles)))
    small = [tile.copy() for tile in tiles]
    for tile in small:
        tile.thumbnail((_TILE, _TILE))
    rows = [small[start : start + columns] for start in range(0, len(small), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new(
        "RGB", (columns * (_TILE + _GAP) + _GAP, sum(heights) + _GAP * (len(rows) + 1) if rows else _TILE), "white"
    )
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for number, tile in enumerate(row):
            sheet.paste(tile, (_GAP + number * (_TILE + _GAP) + (_TILE - tile.width) // 2, top))
        top += height + _GAP
    return np.asarray(sheet)


def curves_picture(precision: NDArray[np.floating], classes: Sequence[str]) -> NDArray[np.uint8]:
    """Draw precision against recall at an overlap of a half, a curve a class.

    Args:
        precision: 101 classes: at recalls 0, 0.01, … 1; negative where a class is not there.
    """
    width, height, left, top = 460, 340, 60, 20
    sheet = Image.new("RGB", (width + left + 220, height + top + 60), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for tenth in range(0, 11, 2):
        x, y = left + width * tenth // 10, top + height - height * tenth // 10
        pen.line((x, top, x, top + height), fill=(230, 230, 230))
        pen.line((left, y, left + width, y), fill=(230, 230, 230))
        pen.text((x, top + height + 8), f"{tenth / 10:g}", fill=(90, 90, 90), font=font, anchor="mt")
        pen.text((left - 8, y), f"{tenth / 10:g}", fill=(90, 90, 90), font=font, anchor="rm")
    pen.text((left + width // 2, top + height + 30), "found (recall)", fill=(40, 44, 52), font=font, anchor="mt")
    pen.text((left + 6, top + 4), "right when told (precision)", fill=(40, 44, 52), font=font)
    for number, name in enumerate(classes[:12]):
        values = precision[:, number]
        colour = COLOURS[number % len(COLOURS)]
        if (values >= 0).any():
            line = [
                (left + width * place / 100, top + height * (1 - float(value))) for place, value in enumerate(values)
            ]
            pen.line(line, fill=colour, width=3)
        pen.rectangle(
            (left + width + 16, top + 24 * number + 4, left + width + 28, top + 24 * number + 16), fill=colour
        )
        pen.text((left + width + 34, top + 24 * number + 2), name[:24], fill=(40, 44, 52), font=font)
    return np.asarray(sheet)
