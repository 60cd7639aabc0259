"""Text on a coloured ground, a piece at a time: how surprising it was, what a unit of the memory does, what decided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.parts.letters import Letters, letters

__all__ = ["coloured_text", "pieces_of"]

_WIDTH, _LINE, _MARGIN, _LETTERS = 900, 24, 14, 15
_WARM, _COLD, _INK = np.array([230, 97, 1.0]), np.array([94, 60, 153.0]), (25, 25, 25)
_MOST_LINES, _LINE_END = 40, 6.0


def coloured_text(
    pieces: Sequence[str], values: NDArray[np.floating] | Sequence[float], title: str = ""
) -> NDArray[np.uint8]:
    """Write pieces one after the other, each on its colour.

    Args:
        values: one a piece, from −1 (violet) over 0 (white) to 1 (orange).
        title: a line above.
    Returns: H W 3, uint8; at most forty lines.
    Example:
        >>> coloured_text(["to ", "be"], [1.0, -0.5]).shape
        (52, 900, 3)
    """
    font = letters(_LETTERS)
    placed, lines = _placed(pieces, values, font)
    top = _MARGIN + (_LINE if title else 0)
    sheet = Image.new("RGB", (_WIDTH, top + lines * _LINE + _MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    if title:
        pen.text((_MARGIN, _MARGIN // 2), title, fill=(110, 110, 110), font=font)
    for text, x, line, width, value in placed:
        y = top + line * _LINE
        pen.rectangle((x, y + 1, x + width, y + _LINE - 2), fill=_colour(value))
        pen.text((x, y + 2), text, fill=_INK, font=font)
    return np.asarray(sheet)


def pieces_of(numbers: Sequence[int], decoder: object) -> list[str]:
    """Give what each number adds to a text; half a character adds nothing until it is whole."""
    return [decoder.take(int(number)) for number in numbers]  # type: ignore[attr-defined]


_Placed = list[tuple[str, float, int, float, float]]


def _placed(
    pieces: Sequence[str],
    values: NDArray[np.floating] | Sequence[float],
    font: Letters,
) -> tuple[_Placed, int]:
    """Find a place for each piece: text, x, line, width, value; and count the lines."""
    placed: _Placed = []
    x, line = float(_MARGIN), 0
    for piece, value in zip(pieces, values, strict=True):
        parts = piece.split("\n")
        for number, part in enumerate(parts):
            if number:
                if line + 1 == _MOST_LINES:
                    return placed, line + 1
                placed.append(("", x, line, _LINE_END, float(value)))
                x, line = float(_MARGIN), line + 1
            shown = "".join(each if each.isprintable() else " " for each in part)
            if not shown:
                continue
            width = font.getlength(shown)
            if x + width > _WIDTH - _MARGIN and x > _MARGIN:
                if line + 1 == _MOST_LINES:
                    return placed, line + 1
                x, line = float(_MARGIN), line + 1
            placed.append((shown, x, line, width, float(value)))
            x += width
    return placed, line + 1


def _colour(value: float) -> tuple[int, int, int]:
    share = min(1.0, abs(value)) if np.isfinite(value) else 0.0
    mixed = 255 + (((_WARM if value > 0 else _COLD) - 255) * share * 0.8)
    return int(mixed[0]), int(mixed[1]), int(mixed[2])
