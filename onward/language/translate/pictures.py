"""Where the translator looked: a map with the source across, the translation down, darker for more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.language.lettering import Font, font_for
from onward.language.translate.interpreter import Answer, Interpreter
from onward.language.translate.vocabulary import END, Sentence

__all__ = ["attention_map", "draw_attention", "stacked"]

_CELL, _LETTERS, _GAP = 24, 15, 8
_PAPER, _INK, _FAINT = (255, 255, 255), (30, 30, 34), (225, 228, 232)
_DEEP = np.array([8, 64, 129], np.float32)  # Okabe and Ito's blue, darkened
_LONGEST_LABEL = 22


def attention_map(
    interpreter: Interpreter, text: str, answer: Answer
) -> tuple[NDArray[np.float32], list[str], list[str]]:
    """Give the shares of attention, T S, with pieces of words joined; and the words of both sides.

    The last row is where was looked when the sentence ended.
    """
    sentence = interpreter.vocabulary.read(text)
    shares = interpreter.attention(sentence, answer.pieces)
    across = interpreter.vocabulary.labels(sentence)
    down = interpreter.vocabulary.labels(Sentence(np.array([*answer.pieces, END], np.int64)))
    if interpreter.vocabulary.tokenizer.level == "characters":
        return shares, across, down
    columns, rows = _words(across), _words(down)
    joined = np.stack([shares[:, own].sum(axis=1) for own in columns], axis=1)
    joined = np.stack([joined[own].mean(axis=0) for own in rows])
    return joined, [_joined(across, own) for own in columns], [_joined(down, own) for own in rows]


def _words(labels: Sequence[str]) -> list[list[int]]:
    """Put pieces together that are one word: a new one begins with a space, drawn as a low line."""
    found: list[list[int]] = []
    for place, label in enumerate(labels):
        if place == 0 or label[:1] in ("_", "·") or labels[place - 1] == "·":
            found.append([])
        found[-1].append(place)
    return found


def _joined(labels: Sequence[str], places: Sequence[int]) -> str:
    return "".join(labels[place] for place in places).strip("_") or "_"


def draw_attention(shares: NDArray[np.float32], across: Sequence[str], down: Sequence[str]) -> NDArray[np.uint8]:
    """Draw a map, T S, with words: H W 3. Where no font has the letters, numbers stand for the words."""
    font = font_for([*across, *down], _LETTERS)
    if font is None:
        across, down = ([str(number + 1) for number in range(len(each))] for each in (across, down))
        font = font_for(["0123456789"], _LETTERS)
    if font is None:
        raise RuntimeError("Pillow has no font with figures")
    across, down = ([_short(label) for label in labels] for labels in (across, down))
    left, top = (max([_wide(font, label) for label in labels] + [10]) + 2 * _GAP for labels in (down, across))
    height, width = top + _CELL * len(down) + _GAP, left + _CELL * len(across) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for column, label in enumerate(across):
        sheet.paste(_upright(font, label, top - _GAP), (left + column * _CELL + 3, 0))
    for row, label in enumerate(down):
        middle = top + row * _CELL + _CELL // 2
        pen.text((left - _GAP - _wide(font, label), middle), label, _INK, font, anchor="lm")
        for column in range(len(across)):
            share = float(shares[row, column]) ** 0.6  # small shares are to be seen too
            colour = tuple(np.round(255 + share * (_DEEP - 255)).astype(int).tolist())
            corner = (left + column * _CELL, top + row * _CELL)
            pen.rectangle((*corner, corner[0] + _CELL - 1, corner[1] + _CELL - 1), colour, _FAINT)
    return np.asarray(sheet)


def stacked(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Put pictures, H W 3 each, one under the other."""
    width = max(each.shape[1] for each in pictures)
    padded = [np.pad(each, ((0, _GAP), (0, width - each.shape[1]), (0, 0)), constant_values=255) for each in pictures]
    return np.concatenate(padded)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else label[: _LONGEST_LABEL - 1] + "…"


def _wide(font: Font, label: str) -> int:
    return int(np.ceil(font.getlength(label)))


def _upright(font: Font, label: str, height: int) -> Image.Image:
    """Write a word from below upwards."""
    strip = Image.new("RGB", (height, _CELL - 4), _PAPER)
    ImageDraw.Draw(strip).text((4, (_CELL - 4) // 2), label, _INK, font, anchor="lm")
    return strip.rotate(90, expand=True)
