"""How quick the meadow is, told in units of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

_TURNS = 5
_CHANCE = np.random.default_rng(0)
_NOISE = _CHANCE.random((96, 96, 3), dtype=np.float32)
_PLACES = _CHANCE.integers(0, 96 * 96, 96 * 96)


def _plain_picture(_: int) -> None:
    """Draw what any picture of 96 pixels a side costs NumPy and Pillow: colours mixed twenty times, twenty polygons."""
    colours = 0.7 * _NOISE + 0.3 * _NOISE.reshape(-1, 3).take(_PLACES, axis=0).reshape(96, 96, 3)
    for _ in range(20):
        colours = np.clip(colours + 0.1 * np.sin(colours), 0, 1)
    picture = Image.fromarray((colours * 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for number in range(20):
        pen.polygon([(number, number), (90 - number, number + 5), (70, 90 - number), (10 + number, 80)], fill=number)
    picture.filter(ImageFilter.BoxBlur(2)).resize((48, 48), Image.Resampling.BILINEAR)


def _seconds(draw: Callable[[int], object], numbers: range) -> float:
    began = time.process_time()
    for number in numbers:
        draw(number)
    return time.process_time() - began


@pytest.fixture
def cost_in_plain_pictures() -> Callable[[Callable[[int], object]], float]:
    """Give a function that says how many plain pictures' processor time a picture takes.

    Processors differ fivefold in speed, and one processor does with its neighbours, so pictures a second would test
    the machine; the two are drawn in turns, and the median turn counts. What a core draws a second, the benchmark says.
    """

    def cost(draw: Callable[[int], object]) -> float:
        draw(0)
        turns = [range(20 * turn, 20 * turn + 20) for turn in range(_TURNS)]
        return float(np.median([_seconds(draw, turn) / _seconds(_plain_picture, turn) for turn in turns]))

    return cost
