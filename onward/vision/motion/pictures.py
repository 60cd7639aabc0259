"""Pictures of a flow network's answers: the pair, the truth, what the network says, and what DIS says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.vision.motion.colours import drawn_flow, flow_colours
from onward.vision.motion.dense import FlowFinder
from onward.vision.motion.sheets import Pair

__all__ = ["pairs_picture"]

_TILE, _HEAD = 192, 26


def pairs_picture(pairs: Sequence[Pair], finder: FlowFinder, other: FlowFinder | None) -> NDArray[np.uint8]:
    """Lay pairs out, one a row: the first picture, the true way, the finder's, another's; the colours of a row agree."""
    heads = ["first picture", "true way", finder.name, *([other.name] if other else [])]
    sheet = Image.new("RGB", (_TILE * len(heads), _HEAD + _TILE * max(1, len(pairs))), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for column, words in enumerate(heads):
        pen.text((column * _TILE + 6, 5), words, fill=(40, 44, 52), font=font)
    for row, pair in enumerate(pairs):
        longest = max(1.0, float(np.percentile(np.linalg.norm(pair.way, axis=2), 98)))
        tiles = [pair.first, drawn_flow(pair.way, longest, pair.known)]
        tiles += [flow_colours(each.way(pair.first, pair.second), longest) for each in (finder, other) if each]
        for column, tile in enumerate(tiles):
            image = Image.fromarray(tile)
            image = image.resize(
                (_TILE, _TILE), Image.Resampling.BOX if image.width > _TILE else Image.Resampling.NEAREST
            )
            sheet.paste(image, (column * _TILE, _HEAD + row * _TILE))
    return np.asarray(sheet)
