"""Pictures of what a classifier of texts goes by: coloured texts, telling words, the curve of more labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.language.text_classify.colouring import Coloured
from onward.language.text_classify.linear import Linear

__all__ = ["can_be_drawn", "curve_picture", "telling_picture", "texts_picture"]

_INK, _SOFT, _WHITE = (40, 44, 52), (120, 126, 136), (255, 255, 255)
_FOR, _AGAINST, _RIGHT, _WRONG = (0, 114, 178), (230, 120, 40), (0, 120, 90), (200, 80, 0)
_WIDTH, _MARGIN, _LINE, _SIZE = 900, 20, 26, 16
_MOST_LINES = 4  # of a text
_MOST_CLASSES, _MOST_WORDS, _COLUMN = 8, 12, 290


def _font(size: int = _SIZE) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def can_be_drawn(text: str) -> bool:
    """Say whether a picture's letters are enough for a text: Latin ones, digits and signs.

    Example:
        >>> can_be_drawn("Grüße"), can_be_drawn("Добрый")
        (True, False)
    """
    letters = [each for each in text if each.isalpha()]
    return sum(ord(each) < 0x250 for each in letters) >= 0.9 * len(letters)


def _drawable(text: str) -> str:
    return "".join(each if each.isprintable() and (ord(each) < 0x250 or not each.isalpha()) else "·" for each in text)


def texts_picture(
    coloured: Sequence[Coloured], classes: Sequence[str], labels: NDArray[np.int64] | None = None
) -> NDArray[np.uint8]:
    """Write texts with each word on the colour of what it speaks for: blue for the class told, orange against it.

    Args:
        labels: the true classes, or None when nobody knows.
    """
    height = 2 * _MARGIN + len(coloured) * ((_MOST_LINES + 1) * _LINE + 14) + _LINE
    sheet = Image.new("RGB", (_WIDTH, height), "white")
    pen, font, top = ImageDraw.Draw(sheet), _font(), _MARGIN
    for number, each in enumerate(coloured):
        truth = None if labels is None else int(labels[number])
        words = f"{_drawable(classes[each.told])[:40]}  {100 * each.share:.0f} %"
        words += "" if truth in (None, each.told) else f", but it is {_drawable(classes[truth or 0])[:40]}"
        colour = _SOFT if truth is None else _RIGHT if truth == each.told else _WRONG
        pen.text((_MARGIN, top), words, fill=colour, font=font)
        top = _write(pen, each, top + _LINE, font) + 14
    return np.asarray(sheet.crop((0, 0, _WIDTH, top + 6)))


def _write(
    pen: ImageDraw.ImageDraw, each: Coloured, top: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> int:
    """Write one text in up to four lines; give where the next one begins."""
    most = max(1e-9, float(np.abs(each.values).max(initial=0.0)))
    left, line, gap = _MARGIN, 1, 5 if each.between else 0
    for word, value in zip(each.words, each.values, strict=True):
        shown = _drawable(word.strip() if each.between else word)[:40]
        wide = round(pen.textlength(shown, font=font))
        if left + wide > _WIDTH - _MARGIN:
            if line == _MOST_LINES:
                pen.text((_WIDTH - _MARGIN, top), "…", fill=_SOFT, font=font, anchor="ra")
                break
            left, top, line = _MARGIN, top + _LINE, line + 1
        strength, colour = abs(float(value)) / most, _FOR if value > 0 else _AGAINST
        ground = tuple(round(255 - strength * 0.75 * (255 - part)) for part in colour)
        pen.rectangle((left - 2, top - 1, left + wide + 2, top + _LINE - 5), fill=ground)
        pen.text((left, top), shown, fill=_WHITE if strength > 0.8 and value > 0 else _INK, font=font)
        left += wide + gap
    return top + _LINE


def telling_words(linear: Linear, kind: int, most: int, *, words_only: bool = True) -> list[tuple[str, float]]:
    """Give the columns that speak for a class most, with their weights: words, or words and pieces."""
    known = linear.features.names
    count = linear.features.words if words_only and linear.features.words else len(known)
    against = np.delete(linear.weights, kind, axis=1).mean(axis=1)
    weights = (linear.weights[:, kind] - against)[:count]
    order = np.argsort(-weights, kind="stable")[:most]
    return [(known[place], float(weights[place])) for place in order if weights[place] > 0]


def telling_picture(linear: Linear, classes: Sequence[str]) -> NDArray[np.uint8]:
    """Draw for each class, up to eight, the words that speak for it most, as bars."""
    shown = range(min(len(classes), _MOST_CLASSES))
    found = [telling_words(linear, kind, _MOST_WORDS) for kind in shown]
    across = min(3, len(found))
    tall = (_MOST_WORDS + 2) * _LINE
    sheet = Image.new("RGB", (2 * _MARGIN + across * _COLUMN, 2 * _MARGIN + -(-len(found) // across) * tall), "white")
    pen, font = ImageDraw.Draw(sheet), _font()
    most = max([weight for own in found for _, weight in own], default=1.0)
    for place, own in enumerate(found):
        left, top = _MARGIN + place % across * _COLUMN, _MARGIN + place // across * tall
        pen.text((left, top), _drawable(classes[place])[:28], fill=_INK, font=_font(18))
        for line, (word, weight) in enumerate(own, 1):
            y = top + line * _LINE + 4
            reach = round(90 * weight / most)
            pen.rectangle((left, y + 2, left + max(2, reach), y + _LINE - 8), fill=_FOR)
            pen.text((left + reach + 8, y), _drawable(word)[:22], fill=_INK, font=font)
    return np.asarray(sheet)


def curve_picture(counts: Sequence[int], accuracies: Sequence[float]) -> NDArray[np.uint8]:
    """Draw accuracy against the number of labels learned from, on a logarithmic axis."""
    width, height, left, bottom = 640, 300, 70, 50
    sheet = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(sheet), _font(14)
    low, high = min(accuracies), max(accuracies)
    low, high = (low - 0.01, high + 0.01) if high - low < 0.02 else (low, high)
    spread = max(1e-9, float(np.log(counts[-1] / counts[0])))

    def place(count: int, accuracy: float) -> tuple[float, float]:
        x = left + (width - left - 40) * float(np.log(count / counts[0])) / spread
        return x, 20 + (height - bottom - 30) * (high - accuracy) / (high - low)

    for value in np.linspace(low, high, 5):
        y = place(counts[0], float(value))[1]
        pen.line((left, y, width - 20, y), fill=(225, 228, 232))
        pen.text((left - 8, y), f"{100 * value:.1f} %", fill=_SOFT, font=font, anchor="rm")
    points = [place(count, accuracy) for count, accuracy in zip(counts, accuracies, strict=True)]
    pen.line(points, fill=_FOR, width=3)
    for (x, y), count in zip(points, counts, strict=True):
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_FOR)
        pen.text((x, height - bottom + 12), f"{count:,}", fill=_SOFT, font=font, anchor="ma")
    pen.text((width - 20, height - 18), "labels learned from", fill=_INK, font=font, anchor="ra")
    return np.asarray(sheet)
