"""The confusion matrix as a picture: who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["confusion_picture"]

_INK, _SOFT = (40, 44, 52), (120, 126, 136)


def confusion_picture(counts: NDArray[np.int64], classes: Sequence[str]) -> NDArray[np.uint8]:
    """Draw the confusion matrix: a row for each true class, a column for each guess, shares of the row as blue.

    Args:
        counts: classes classes; row: truth, column: guess.
    """
    kinds = len(classes)
    cell = 52 if kinds <= 12 else max(14, 620 // kinds)
    left, top = 150, 120
    sheet = Image.new("RGB", (left + kinds * cell + 20, top + kinds * cell + 20), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=min(15, max(9, cell - 4)))
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    for row in range(kinds):
        middle = top + row * cell + cell // 2
        pen.text((left - 8, middle), _short(classes[row]), fill=_INK, font=font, anchor="rm")
        for column in range(kinds):
            share = float(shares[row, column])
            shade = tuple(round(255 - share * (255 - part)) for part in (0, 114, 178))
            place = (left + column * cell, top + row * cell)
            pen.rectangle(
                (*place, place[0] + cell - 2, place[1] + cell - 2), fill=shade if counts[row, column] else (246,) * 3
            )
            if cell >= 30 and counts[row, column]:
                ink = "white" if share > 0.55 else _INK
                pen.text(
                    (place[0] + cell // 2 - 1, middle - 1), str(counts[row, column]), fill=ink, font=font, anchor="mm"
                )
    for column in range(kinds):
        label = Image.new("RGBA", (110, 24), (255, 255, 255, 0))
        ImageDraw.Draw(label).text((0, 12), _short(classes[column]), fill=_INK, font=font, anchor="lm")
        turned = label.rotate(60, expand=True, resample=Image.Resampling.BICUBIC)
        sheet.paste(turned, (left + column * cell + cell // 2 - 12, top - turned.height - 2), turned)
    pen.text((left - 8, top - 18), "truth \\ guess", fill=_SOFT, font=font, anchor="rm")
    return np.asarray(sheet)


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"
