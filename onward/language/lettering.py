"""Which font of this computer has the letters of a text? Our usual one first, then those that systems bring along."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from onward.parts.letters import Letters as Font
from onward.parts.letters import letters as usual_letters

__all__ = ["Font", "font_for", "is_drawable"]

_PLACES = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "/Library/Fonts", "/System/Library/Fonts",
    "C:/Windows/Fonts",
)  # fmt: skip
_LIKELY = (
    "DejaVuSans.ttf", "NotoSans", "Arial Unicode", "arialuni", "segoeui", "msyh", "msgothic", "PingFang", "wqy",
    "Unifont", "Droid",
)  # fmt: skip
_MOST_TRIED = 24
_NEVER = "\U0010ffff"


def is_drawable(text: str) -> bool:
    """Say whether letters can be put one after the other from left to right as they come.

    Example:
        >>> is_drawable("Müller"), is_drawable("שלום"), is_drawable("नमस्ते")
        (True, False, False)
    """
    return not any(
        unicodedata.bidirectional(each) in ("R", "AL", "RLE", "RLO", "RLI")
        or unicodedata.category(each) in ("Mn", "Mc", "Cf")
        for each in text
    )


def font_for(texts: Iterable[str], size: int) -> Font | None:
    """Give a font with all letters of the texts, or None where there is none or they are not drawn one by one."""
    letters = {letter for text in texts for letter in text if not letter.isspace()}
    if not is_drawable("".join(sorted(letters))):
        return None
    own = usual_letters(size)
    if _has(own, letters):
        return own
    for path in _files():
        try:
            font = ImageFont.truetype(path, size)
        except OSError:
            continue
        if _has(font, letters):
            return font
    return None


def _has(font: Font, letters: set[str]) -> bool:
    missing = _drawn(font, _NEVER)
    return all(_drawn(font, letter) != missing for letter in letters)


def _drawn(font: Font, letter: str) -> bytes:
    sheet = Image.new("L", (64, 64))
    ImageDraw.Draw(sheet).text((8, 8), letter, 255, font)
    return sheet.tobytes()


@cache
def _files() -> tuple[str, ...]:
    found = [path for place in _PLACES for path in _fonts_in(Path(place).expanduser())]
    liked = {path: next((rank for rank, name in enumerate(_LIKELY) if name in path), len(_LIKELY)) for path in found}
    return tuple(sorted(found, key=lambda path: (liked[path], path))[:_MOST_TRIED])


def _fonts_in(place: Path) -> list[str]:
    if not place.is_dir():
        return []
    return [str(path) for path in place.rglob("*") if path.suffix.lower() in (".ttf", ".otf", ".ttc")]
