"""A tree as a picture: the questions of its first levels, and how what comes by is parted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.core.exhibits import Picture
from onward.parts.letters import letters
from onward.parts.plots import COLOURS
from onward.tables.looks import Look, TableLook

__all__ = ["question", "tree_picture"]

_LEVELS = 4
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _MARGIN = 150, 62, 46, 24
_INK, _GREY, _PAPER = (40, 44, 52), (110, 110, 110), (246, 246, 246)


def tree_picture(arrays: Mapping[str, NDArray[Any]], look: Look, facts: Mapping[str, Any]) -> Picture:
    """Draw a tree's first levels from above; a bar in each box has the classes' shares there.

    Args:
        arrays: of a `Tree`.
        facts: of the forest; its `classes`.
    """
    places: dict[int, tuple[float, int]] = {}
    _lay_out(arrays, 0, 0.0, 1.0, 0, places)
    deepest = max(level for _, level in places.values())
    width = 2 * _MARGIN + (_BOX_WIDTH + 8) * 2**deepest
    sheet = Image.new("RGB", (width, 2 * _MARGIN + (deepest + 1) * _BOX_HEIGHT + deepest * _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), letters(12)
    classes: Sequence[str] = facts["classes"]
    centres = {
        node: (_MARGIN + share * (width - 2 * _MARGIN), _MARGIN + level * (_BOX_HEIGHT + _GAP))
        for node, (share, level) in places.items()
    }
    for node, (across, top) in centres.items():
        for side, word in (("left", "yes"), ("right", "no")):
            child = int(arrays[side][node])
            if child in centres:
                end = centres[child]
                pen.line((across, top + _BOX_HEIGHT, end[0], end[1]), fill=_GREY, width=2)
                middle = ((across + end[0]) / 2, (top + _BOX_HEIGHT + end[1]) / 2)
                pen.text(middle, word, fill=_INK, font=font, anchor="mm", stroke_width=3, stroke_fill="white")
    for node, (across, top) in centres.items():
        left = across - _BOX_WIDTH / 2
        pen.rectangle((left, top, left + _BOX_WIDTH, top + _BOX_HEIGHT), fill=_PAPER, outline=_GREY)
        is_leaf = int(arrays["left"][node]) < 0
        pen.text((across, top + 15), _told(arrays, node, look, classes, is_leaf), fill=_INK, font=font, anchor="mm")
        pen.text((across, top + 33), f"{int(arrays['counts'][node]):,} rows", fill=_GREY, font=font, anchor="mm")
        if classes:
            begin = left + 8
            for kind, share in enumerate(arrays["values"][node].tolist()):
                end = begin + share * (_BOX_WIDTH - 16)
                pen.rectangle((begin, top + 46, end, top + 54), fill=COLOURS[(kind + 4) % len(COLOURS)])
                begin = end
        else:
            value = f"mean {float(arrays['values'][node][0]):.4g}"
            pen.text((across, top + 50), value, fill=COLOURS[4], font=font, anchor="mm")
    colours = ", ".join(map(str, classes[:6])) + (" …" if len(classes) > 6 else "")
    nodes = len(arrays["left"])
    caption = f"the first questions of one tree of {nodes:,} nodes"
    return Picture(np.asarray(sheet), f"{caption}; bars are the shares of {colours}" if classes else caption)


def question(look: Look, column: int, threshold: float) -> str:
    """Say what a node asks, as a person would."""
    if isinstance(look, TableLook):
        design = look.design
        source = design.columns[int(design.sources[column])]
        if source.kind == "category":
            last = int(np.floor(threshold))
            names = source.categories[: last + 1]
            if len(names) <= 1:
                return f"{source.name[:10]} is {names[0][:9] if names else '?'}?"
            return f"{source.name[:14]}: one of {len(names)}?"
    elif look.names and threshold < 0.5 and not look.names[column].startswith("feature"):
        return f"few of {look.names[column][:14]!r}?"
    return f"{look.names[column][:14]} ≤ {threshold:.3g}?"


def _told(arrays: Mapping[str, NDArray[Any]], node: int, look: Look, classes: Sequence[str], is_leaf: bool) -> str:
    if not is_leaf:
        return question(look, int(arrays["column"][node]), float(arrays["threshold"][node]))
    return str(classes[int(arrays["values"][node].argmax())])[:22] if classes else "a leaf"


def _lay_out(
    arrays: Mapping[str, NDArray[Any]], node: int, low: float, high: float, level: int, found: dict[int, Any]
) -> None:
    found[node] = ((low + high) / 2, level)
    if level + 1 >= _LEVELS or int(arrays["left"][node]) < 0:
        return
    middle = (low + high) / 2
    _lay_out(arrays, int(arrays["left"][node]), low, middle, level + 1, found)
    _lay_out(arrays, int(arrays["right"][node]), middle, high, level + 1, found)
