"""What the forest looked at, as bars drawn with Pillow, which loads ten times as fast as a plotting library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.core.exhibits import Picture
from onward.parts.letters import letters

__all__ = ["bars_picture", "importance_picture"]

_MOST_BARS = 20
_LINE, _LEFT, _WIDTH, _MARGIN = 30, 260, 860, 20
_BAR = (0, 114, 178)


def importance_picture(names: Sequence[str], importance: NDArray[np.float64]) -> Picture:
    """Draw the most important columns as bars, longest first.

    Args:
        importance: one number a name; they add up to 1.
    """
    told = [f"{100 * float(share):.1f} %" for share in importance]
    return bars_picture(
        names, importance, told, "what the forest looked at: each column's share of the decrease in impurity"
    )


def bars_picture(names: Sequence[str], lengths: NDArray[np.float64], told: Sequence[str], caption: str) -> Picture:
    """Draw the longest bars with their names, longest first.

    Args:
        lengths: not negative.
        told: what is written at each bar's end.
    """
    order = np.argsort(lengths)[::-1][:_MOST_BARS]
    sheet = Image.new("RGB", (_WIDTH, 2 * _MARGIN + _LINE * len(order)), "white")
    pen, font = ImageDraw.Draw(sheet), letters(16)
    longest = max(float(lengths[order[0]]), 1e-12)
    for line, place in enumerate(order):
        top = _MARGIN + _LINE * line
        reach = round((_WIDTH - _LEFT - 90) * float(lengths[place]) / longest)
        pen.text((_LEFT - 12, top + 6), str(names[place])[:28], fill=(60, 60, 60), font=font, anchor="ra")
        pen.rectangle((_LEFT, top + 4, _LEFT + reach, top + _LINE - 6), fill=_BAR)
        pen.text((_LEFT + reach + 8, top + 6), told[int(place)], fill=(60, 60, 60), font=font)
    return Picture(np.asarray(sheet), caption)
