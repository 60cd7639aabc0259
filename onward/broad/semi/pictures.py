"""Pictures of what was learned from few labels: which way was best, what to label next, guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.parts.letters import letters

__all__ = ["guesses_picture", "methods_picture", "next_picture"]

_INK, _SOFT, _GRID = (40, 44, 52), (120, 126, 136), (230, 230, 230)
_KEPT, _OTHER, _WRONG = (0, 158, 115), (150, 170, 190), (213, 94, 0)
_TILE, _LINE, _GAP, _COLUMNS = 112, 20, 10, 8


def next_picture(images: NDArray[np.uint8], words: Sequence[str]) -> NDArray[np.uint8]:
    """Lay out pictures to be labelled, numbered in their order, each over why.

    Args:
        images: N H W 3, uint8.
        words: N, why each.
    """
    lines = [[(f"{number + 1}  {each}", _INK)] for number, each in enumerate(words)]
    return _sheet(images, lines)


def guesses_picture(
    images: NDArray[np.uint8], shares: NDArray[np.floating], labels: NDArray[np.int64] | None, classes: Sequence[str]
) -> NDArray[np.uint8]:
    """Lay pictures out, each over its guess; where it is wrong, the true class stands below in orange.

    Args:
        images: N H W 3, uint8.
        shares: N K, each class's probability.
        labels: N true class numbers, or None where nobody knows.
    """
    lines = []
    for number in range(len(images)):
        guess = int(shares[number].argmax())
        is_right = labels is None or guess == int(labels[number])
        told = f"{_short(classes[guess])} {100 * float(shares[number, guess]):.0f} %"
        truth = "" if labels is None or is_right else f"is {_short(classes[int(labels[number])])}"
        lines.append([(told, _KEPT if is_right else _WRONG), (truth, _SOFT)])
    return _sheet(images, lines)


def methods_picture(accuracies: Mapping[str, Sequence[float | None]], kept: str) -> NDArray[np.uint8]:
    """Draw each way's accuracy on hidden labels as a bar with its interval over foldings.

    Args:
        accuracies: way -> (mean, low, high), each None where it is not known.
        kept: the way that was kept.
    """
    width, row, left, top = 760, 44, 150, 16
    sheet = Image.new("RGB", (width, top + row * len(accuracies) + 40), "white")
    pen, font = ImageDraw.Draw(sheet), letters(14)
    across = width - left - 110
    for tick in range(0, 101, 20):
        place = left + across * tick // 100
        pen.line((place, top, place, top + row * len(accuracies)), fill=_GRID)
        pen.text((place, top + row * len(accuracies) + 8), f"{tick} %", fill=_SOFT, font=font, anchor="mt")
    for number, (name, (mean, low, high)) in enumerate(accuracies.items()):
        middle = top + row * number + row // 2
        pen.text((left - 10, middle), name, fill=_INK, font=font, anchor="rm")
        if mean is None:
            pen.text((left + 8, middle), "not asked", fill=_SOFT, font=font, anchor="lm")
            continue
        pen.rectangle((left, middle - 13, left + across * mean, middle + 13), fill=_KEPT if name == kept else _OTHER)
        if low is not None and high is not None:
            ends = [left + across * min(1.0, max(0.0, each)) for each in (low, high)]
            pen.line((ends[0], middle, ends[1], middle), fill=_INK, width=2)
            for end in ends:
                pen.line((end, middle - 6, end, middle + 6), fill=_INK, width=2)
        pen.text((width - 100, middle), f"{100 * mean:.1f} %", fill=_INK, font=font, anchor="lm")
    return np.asarray(sheet)


def _sheet(images: NDArray[np.uint8], lines: Sequence[Sequence[tuple[str, tuple[int, int, int]]]]) -> NDArray[np.uint8]:
    columns = min(_COLUMNS, max(1, len(images)))
    tall = max((len(each) for each in lines), default=1)
    cell = _TILE + tall * _LINE + _GAP
    width = _TILE + 24
    sheet = Image.new("RGB", (columns * width + _GAP, max(1, -(-len(images) // columns)) * cell + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), letters(12)
    for number, image in enumerate(images):
        left, top = _GAP + number % columns * width, _GAP + number // columns * cell
        way = Image.Resampling.NEAREST if image.shape[0] < _TILE // 2 else Image.Resampling.BICUBIC
        sheet.paste(Image.fromarray(image).resize((_TILE, _TILE), way), (left, top))
        for row, (words, colour) in enumerate(lines[number]):
            pen.text((left, top + _TILE + 3 + row * _LINE), words, fill=colour, font=font)
    return np.asarray(sheet)


def _short(name: str) -> str:
    return name if len(name) <= 13 else f"{name[:12]}…"
