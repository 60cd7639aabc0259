"""Pictures of a flow network's answers: the pair, the truth, what the network says, and what DIS says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from onward.vision.motion.colours import drawn_flow, flow_colours
from onward.vision.motion.sheets import Pair

__all__ = ["pairs_picture"]

_TILE, _HEAD = 192, 26


def pairs_picture(pairs: Sequence[Pair], told: Mapping[str, Sequence[NDArray[np.float32]]]) -> NDArray[np.uint8]:
    """Lay pairs out, a row each: first picture, true way, and what each finder told; the colours of a row agree."""
    heads = ["first picture", "true way", *told]
    sheet = Image.new("RGB", (_TILE * len(heads), _HEAD + _TILE * max(1, len(pairs))), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for column, words in enumerate(heads):
        pen.text((column * _TILE + 6, 5), words, fill=(40, 44, 52), font=font)
    for row, pair in enumerate(pairs):
        longest = max(1.0, float(np.percentile(np.linalg.norm(pair.way, axis=2), 98)))
        tiles = [pair.first, drawn_flow(pair.way, longest, pair.known)]
        tiles += [flow_colours(ways[row], longest) for ways in told.values()]
        for column, tile in enumerate(tiles):
            image = Image.fromarray(tile)
            how = Image.Resampling.BOX if image.width > _TILE else Image.Resampling.NEAREST
            sheet.paste(image.resize((_TILE, _TILE), how), (column * _TILE, _HEAD + row * _TILE))
    return np.asarray(sheet)
