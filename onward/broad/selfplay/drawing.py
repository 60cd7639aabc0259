"""Ink for boards: smooth lines, discs, stones and words on one canvas. What is drawn with it: `pictures.py`.

Everything is drawn three times as large and then made small, which smooths every edge.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.parts.letters import letters

__all__ = ["Canvas", "Colour"]

Colour = tuple[int, int, int]
_TIMES = 3


class Canvas:
    """A sheet to draw on. Places and lengths are in pixels of the finished picture.

    Args:
        colour: of the bare sheet.
    """

    def __init__(self, width: float, height: float, colour: Colour) -> None:
        self.width, self.height = max(1, round(width)), max(1, round(height))
        self._image = Image.new("RGB", (self.width * _TIMES, self.height * _TIMES), colour)
        self._pen = ImageDraw.Draw(self._image, "RGBA")

    def pixels(self) -> NDArray[np.uint8]:
        """Give the finished picture, H W 3."""
        return np.asarray(self._image.reduce(_TIMES)).copy()

    def disc(
        self, x: float, y: float, radius: float, colour: Colour, share: float = 1.0, edge: Colour | None = None
    ) -> None:
        """Draw a filled circle; `share` of 1 hides what is below."""
        box = tuple(_TIMES * each for each in (x - radius, y - radius, x + radius, y + radius))
        width = max(1, round(radius * 0.12 * _TIMES))
        self._pen.ellipse(box, fill=(*colour, round(255 * share)), outline=edge, width=width if edge else 0)

    def ring(self, x: float, y: float, radius: float, colour: Colour, width: float) -> None:
        """Draw a circle."""
        box = tuple(_TIMES * each for each in (x - radius, y - radius, x + radius, y + radius))
        self._pen.ellipse(box, outline=colour, width=max(1, round(width * _TIMES)))

    def line(self, *places: tuple[float, float], colour: Colour, width: float = 1.0, share: float = 1.0) -> None:
        """Draw a line through some places, round at its joints."""
        scaled = [(x * _TIMES, y * _TIMES) for x, y in places]
        self._pen.line(scaled, fill=(*colour, round(255 * share)), width=max(1, round(width * _TIMES)), joint="curve")

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, round_by: float = 0.0) -> None:
        """Fill a rectangle."""
        box = tuple(_TIMES * each for each in (left, top, max(left, right), max(top, bottom)))
        self._pen.rounded_rectangle(box, radius=round_by * _TIMES, fill=colour)

    def shape(
        self, *places: tuple[float, float], colour: Colour, edge: Colour | None = None, share: float = 1.0
    ) -> None:
        """Fill a polygon."""
        scaled = [(x * _TIMES, y * _TIMES) for x, y in places]
        self._pen.polygon(scaled, fill=(*colour, round(255 * share)))
        if edge is not None:
            self._pen.line([*scaled, scaled[0]], fill=edge, width=_TIMES, joint="curve")

    def arrow(
        self, start: tuple[float, float], end: tuple[float, float], colour: Colour, width: float, share: float = 1.0
    ) -> None:
        """Draw an arrow."""
        (x, y), (to_x, to_y) = start, end
        length = max(1e-6, float(np.hypot(to_x - x, to_y - y)))
        ahead_x, ahead_y = (to_x - x) / length, (to_y - y) / length
        head = min(length * 0.5, 2.2 * width + 3)
        neck_x, neck_y = to_x - head * ahead_x, to_y - head * ahead_y
        half, wing = width / 2, width / 2 + head * 0.45
        outline = [(x - half * ahead_y, y + half * ahead_x), (neck_x - half * ahead_y, neck_y + half * ahead_x)]
        outline += [(neck_x - wing * ahead_y, neck_y + wing * ahead_x), (to_x, to_y)]
        outline += [(neck_x + wing * ahead_y, neck_y - wing * ahead_x)]
        outline += [(neck_x + half * ahead_y, neck_y - half * ahead_x), (x + half * ahead_y, y - half * ahead_x)]
        self.shape(*outline, colour=colour, share=share)

    def words(self, x: float, y: float, text: str, size: float, colour: Colour, halo: Colour | None = None) -> None:
        """Write words with their middle at x, y; a halo parts them from what is below."""
        font, rim = letters(max(4, round(size * _TIMES))), 2 * _TIMES if halo else 0
        place = (x * _TIMES, y * _TIMES)
        self._pen.text(place, text, fill=colour, font=font, anchor="mm", stroke_width=rim, stroke_fill=halo)

    def stone(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a round stone with light on it from the upper left, and its shadow."""
        reach = max(2, round(radius * _TIMES))
        shadow = _shadow(reach)
        middle_x, middle_y = round(x * _TIMES), round(y * _TIMES)
        fall = round(reach * 0.12)
        self._paste(shadow, middle_x + fall // 2, middle_y + fall)
        self._paste(_stone(reach, colour), middle_x, middle_y)

    def wood(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle with wood, the same grain each time."""
        box = [round(each * _TIMES) for each in (left, top, right, bottom)]
        self._image.paste(_wood(box[2] - box[0], box[3] - box[1], colour), (box[0], box[1]))

    def _paste(self, patch: Image.Image, x: int, y: int) -> None:
        self._image.paste(patch, (x - patch.width // 2, y - patch.height // 2), patch)


@lru_cache(64)
def _stone(reach: int, colour: Colour) -> Image.Image:
    """Shade a ball seen from above: brighter at the upper left, darker at the lower right edge."""
    side = 2 * reach + 3
    across = (np.arange(side) - side // 2) / reach
    x, y = np.meshgrid(across, across)
    gap = np.hypot(x, y)
    shine = np.exp(-((x + 0.38) ** 2 + (y + 0.42) ** 2) / 0.16)
    shade = 1 - 0.28 * np.clip(np.hypot(x + 0.25, y + 0.3) - 0.35, 0, 1) ** 1.5
    base = np.array(colour, np.float32)
    lift = 0.35 if sum(colour) < 300 else 0.6
    body = base * shade[..., None] + (255 - base) * (lift * shine)[..., None]
    alpha = np.clip((1.0 - gap) * reach + 0.5, 0, 1) * 255
    return Image.fromarray(np.dstack([np.clip(body, 0, 255), alpha]).astype(np.uint8), "RGBA")


@lru_cache(64)
def _shadow(reach: int) -> Image.Image:
    side = round(2.4 * reach) + 3
    across = (np.arange(side) - side // 2) / reach
    gap = np.hypot(*np.meshgrid(across, across))
    alpha = 110 * np.clip((1.15 - gap) / 0.25, 0, 1)
    return Image.fromarray(np.dstack([*(np.zeros_like(gap) for _ in range(3)), alpha]).astype(np.uint8), "RGBA")


@lru_cache(4)
def _wood(width: int, height: int, colour: Colour) -> Image.Image:
    """Draw grain: stripes of changing width that waver a little downwards."""
    chance = np.random.default_rng(3)
    rows, columns = np.mgrid[: height // _TIMES + 1, : width // _TIMES + 1] * (_TIMES / max(height, width))
    waver = 0.012 * np.sin(5 * rows + 1) + 0.006 * np.sin(17 * rows)
    grain = np.zeros(rows.shape)
    for pitch in (9, 23, 61, 140):
        phase = chance.uniform(0, 6.28)
        grain += np.sin(6.28 * pitch * (columns + waver) + phase + 2 * np.sin(3 * columns * pitch / 9)) / pitch**0.35
    grain = 7 * grain / max(1e-9, float(np.abs(grain).max()))
    pixels = np.array(colour) + grain[..., None] * np.array([1.0, 1.0, 0.9])
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).resize((width, height))
