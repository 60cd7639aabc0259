"""The letters that words in pictures are drawn with: DejaVu's many alphabets where matplotlib, which has them, is."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

__all__ = ["Letters", "letters"]

Letters = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def letters(size: int) -> Letters:
    """Give letters of a size in pixels; without matplotlib those that Pillow brings, which are English.

    Example:
        >>> letters(16).getlength("ж") > 0
        True
    """
    found = find_spec("matplotlib")  # found, not imported: that would take a second
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size=size)
