"""Styles that the program draws by itself: pencil hatching, a watercolour wash, strokes of oil.

Each is a sheet with all tones and directions in it, so that its statistics hold a way of painting and not a motif. The
same name gives the same sheet, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["DRAWN_STYLES", "drawn_style"]

_SIDE = 768  # pixels
_FINER = 2  # the pencil's sheet is drawn so many times larger
_STROKES = 2600

Floats = NDArray[np.floating]


@cache
def drawn_style(name: str) -> NDArray[np.uint8]:
    """Draw a style's sheet, once a process: 768 768 3, to be looked at and not written into.

    Raises:
        KeyError: there is none of that name; `DRAWN_STYLES` has them.
    Example:
        >>> drawn_style("pencil").shape
        (768, 768, 3)
    """
    return DRAWN_STYLES[name](np.random.default_rng(17))


def _noise(chance: np.random.Generator, cells: int, octaves: int = 3) -> Floats:
    """Give smooth noise over the sheet, 0 to 1, with so many cells across, and finer ones upon them."""
    total = np.zeros((_SIDE, _SIDE), np.float32)
    for octave in range(octaves):
        side = cells * 2**octave + 3
        grid = Image.fromarray(chance.random((side, side), np.float32))
        total += 0.5**octave * np.asarray(grid.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    total -= total.min()
    return total / total.max()


def _paper(chance: np.random.Generator, strength: float) -> Floats:
    """Give the light of rough paper, about 1: H W 1."""
    rough = 0.6 * _noise(chance, 180, 1) + 0.4 * chance.random((_SIDE, _SIDE), np.float32)
    return (1 - strength * (rough - 0.5))[..., None]


def _reduced(sheet: Image.Image) -> Floats:
    return np.asarray(sheet.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), np.float32) / 255


def _as_pixels(picture: Floats) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)


def _pencil(chance: np.random.Generator) -> NDArray[np.uint8]:
    """Hatch: strokes in one direction where it is grey, across them where it is darker, thrice where it is dark."""
    side = _SIDE * _FINER
    tone, turn = _noise(chance, 4), _noise(chance, 3, 1)
    sheet = Image.new("L", (side, side), 255)
    for layer, (least, angle) in enumerate(((0.30, 0.8), (0.52, -0.5), (0.68, 0.15), (0.82, 1.5))):
        ink = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(ink)
        for across, down in chance.random((9000, 2)) * _SIDE:
            dark = tone[int(down), int(across)]
            if dark < least + 0.08 * chance.standard_normal():
                continue
            way = angle + 0.9 * (turn[int(down), int(across)] - 0.5) + 0.06 * chance.standard_normal()
            half = chance.uniform(10, 26) * _FINER
            dx, dy = half * np.cos(way), half * np.sin(way)
            x, y = across * _FINER, down * _FINER
            bend = chance.normal(0, 0.06)
            points = [(x - dx, y - dy), (x - bend * dy, y + bend * dx), (x + dx, y + dy)]
            pen.line(points, fill=int(chance.uniform(70, 150 + 20 * layer)), width=int(chance.integers(2, 5)))
        darker = np.asarray(sheet, np.float32) * (1 - np.asarray(ink, np.float32) / 255)
        sheet = Image.fromarray(darker.astype(np.uint8))
    grain = _noise(chance, 220, 1)[..., None]  # graphite stays on the tooth of the paper
    strokes = _reduced(sheet)[..., None]
    strokes = 1 - (1 - strokes) * (0.55 + 0.75 * grain)
    paper = _paper(chance, 0.05) * np.array([0.985, 0.975, 0.95], np.float32)
    return _as_pixels(strokes * paper)


_WASHES = np.array(
    [[0.16, 0.38, 0.62], [0.85, 0.48, 0.20], [0.35, 0.52, 0.25], [0.72, 0.22, 0.28], [0.93, 0.76, 0.30],
     [0.36, 0.27, 0.45]],
    np.float32,
)  # fmt: skip


def _watercolour(chance: np.random.Generator) -> NDArray[np.uint8]:
    """Lay washes one over the other: paler inside, dark where they dried last, granular on the paper's tooth."""
    light = np.ones((_SIDE, _SIDE, 3), np.float32)
    tooth = _noise(chance, 150, 2)
    for layer in range(11):
        field = _noise(chance, int(chance.integers(2, 6)), 5)
        level = float(np.quantile(field, chance.uniform(0.62, 0.9)))
        soft = chance.choice([0.006, 0.012, 0.10])  # a dry edge, or wet into wet
        inside = np.clip((field - level) / soft, 0, 1)
        edge = np.exp(-(((field - level) / 0.014) ** 2)) * (soft < 0.05)
        blooms = 0.35 + 0.9 * _noise(chance, 6, 5) ** 1.5
        amount = (0.7 * inside * blooms + 0.3 * edge * inside) * (0.8 + 0.4 * tooth)
        light *= 1 - (chance.uniform(0.5, 1.15) * amount)[..., None].clip(0, 1) * (1 - _WASHES[layer % len(_WASHES)])
    return _as_pixels(light * _paper(chance, 0.06))


_PIGMENTS = np.array(
    [[0.12, 0.22, 0.48], [0.20, 0.45, 0.60], [0.82, 0.60, 0.18], [0.78, 0.32, 0.14], [0.55, 0.12, 0.14],
     [0.22, 0.36, 0.20], [0.90, 0.84, 0.66], [0.16, 0.12, 0.12], [0.58, 0.66, 0.40]],
    np.float32,
)  # fmt: skip


def _oil(chance: np.random.Generator) -> NDArray[np.uint8]:
    """Lay thick strokes along a flow, bristle by bristle, and let light fall on their ridges from above left."""
    turn, hue, bright = _noise(chance, 3, 2), _noise(chance, 4, 3), _noise(chance, 3, 3)
    paint = Image.new("RGB", (_SIDE, _SIDE), (92, 74, 56))
    height = Image.new("L", (_SIDE, _SIDE), 100)
    pens = ImageDraw.Draw(paint), ImageDraw.Draw(height)
    for number, (across, down) in enumerate(chance.random((_STROKES, 2)) * _SIDE):
        coarse = 2.4 - 1.5 * min(1.0, 2 * number / _STROKES)  # broad ones first, fine ones over them
        here = int(down), int(across)
        way = 7.0 * turn[here] + 0.12 * chance.standard_normal()
        size = coarse * chance.uniform(22, 46), coarse * chance.uniform(6, 11)
        place = int(hue[here] * 1.8 * len(_PIGMENTS) + chance.normal(0, 0.35)) % len(_PIGMENTS)
        colour = _PIGMENTS[place] * (0.55 + 0.8 * bright[here]) * chance.uniform(0.9, 1.1)
        _stroke(chance, pens, (across, down), way, size, colour)
    ridges = np.asarray(height.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    shade = np.clip((np.roll(ridges, (-1, -1), (0, 1)) - np.roll(ridges, (1, 1), (0, 1))) / 160, -0.16, 0.2)
    return _as_pixels(np.asarray(paint, np.float32) / 255 * (1 + shade[..., None]))


def _stroke(
    chance: np.random.Generator,
    pens: tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw],
    place: tuple[float, float],
    way: float,
    size: tuple[float, float],
    colour: Floats,
) -> None:
    """Draw one stroke of a brush: bristles side by side, each with its own load of paint."""
    bend = chance.normal(0, 0.4)
    along = np.linspace(-0.5, 0.5, 6)
    angles = way + bend * along
    path = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], axis=1), axis=0) * size[0] / 6
    path += np.array(place) - path.mean(axis=0)
    aside = np.array([-np.sin(way), np.cos(way)])
    for offset in np.arange(-size[1] / 2, size[1] / 2, 1.6):
        light = float(chance.uniform(0.86, 1.14))
        begins = int(chance.integers(0, 2))
        points = [tuple(point) for point in (path + aside * offset)[begins : 6 - int(chance.integers(0, 2))]]
        told = tuple(int(each) for each in np.clip(colour * light * 255, 0, 255))
        pens[0].line(points, fill=told, width=2)
        pens[1].line(points, fill=int(np.clip(128 + 420 * (light - 1), 0, 255)), width=2)


DRAWN_STYLES: dict[str, Callable[[np.random.Generator], NDArray[np.uint8]]] = {
    "oil": _oil,
    "pencil": _pencil,
    "watercolour": _watercolour,
}
