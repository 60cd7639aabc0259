"""One file's bytes to one upright square RGB picture, or the reason why not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = [
    "PICTURE_ENDINGS",
    "UnreadablePicture",
    "decode_picture",
    "decode_reduced",
    "decode_upright",
    "eight_bits",
    "fitting_size",
    "square",
]

PICTURE_ENDINGS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
    ".heic",
    ".heif",
    ".avif",
)
_MOST_PIXELS = 100_000_000


class UnreadablePicture(Exception):
    """Why a file is no picture, in a few words; gathered into findings, never shown alone."""


def decode_picture(content: bytes, size: int | None) -> tuple[NDArray[np.uint8], int]:
    """Decode a picture: turned as its EXIF says, transparency laid on white, 16 bits brought to 8.

    Args:
        content: the file's bytes.
        size: side of the square to make; None only measures.
    Returns: H W 3 (empty when only measured) and the shorter side of the original in pixels.
    Raises:
        UnreadablePicture: with the reason.
    """
    if size is not None:
        image, sides = decode_reduced(content, size)
        return square(image, size), min(sides)
    with _reasons(content):
        image = _opened(content)
        image.verify()
        return np.empty((0, 0, 3), np.uint8), min(image.size)


def decode_reduced(content: bytes, size: int) -> tuple[Image.Image, tuple[int, int]]:
    """Decode a picture no larger than needed: upright RGB, its sides at least `size` where the original's are.

    Returns: the picture, and width and height of the original in pixels.
    Raises:
        UnreadablePicture: with the reason.
    """
    with _reasons(content):
        image = _opened(content)
        sides = image.size
        image.draft("RGB", (size * 2, size * 2))
        return _plain(ImageOps.exif_transpose(image)), sides


def _opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    if image.width * image.height > _MOST_PIXELS:
        raise UnreadablePicture(f"{image.width} x {image.height} pixels, too large to be a photo")
    return image


@contextmanager
def _reasons(content: bytes) -> Iterator[None]:
    """Turn whatever Pillow's readers raise into a reason in a few words."""
    if not content:
        raise UnreadablePicture("empty file")
    try:
        yield
    except UnidentifiedImageError:
        if content[4:8] == b"ftyp":
            raise UnreadablePicture("HEIC or AVIF, which Pillow cannot read here: save it as JPEG") from None
        raise UnreadablePicture("not a picture") from None
    except Image.DecompressionBombError:
        raise UnreadablePicture("too many pixels to be a photo") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, MemoryError, OverflowError) as reason:
        raise UnreadablePicture(f"damaged: {reason}".partition("\n")[0][:80]) from None


def decode_upright(content: bytes) -> tuple[Image.Image, int]:
    """Decode a picture whole: RGB, turned as its EXIF says, and the orientation it was turned from (1: none).

    Raises:
        UnreadablePicture: with the reason.
    """
    _, side = decode_picture(content, None)
    if side < 2:
        raise UnreadablePicture("a picture of one pixel")
    with _reasons(content):
        image = Image.open(io.BytesIO(content))
        orientation = int(image.getexif().get(0x0112, 1))
        return _plain(ImageOps.exif_transpose(image)), orientation if 1 <= orientation <= 8 else 1


def fitting_size(side: int) -> int:
    """Choose 32, 64 or 128 pixels for originals of this shorter side."""
    return 128 if side >= 256 else 64 if side >= 64 else 32


def eight_bits(image: Image.Image) -> Image.Image:
    """Bring grey of 16 or 32 bits, or in floating point, to 8 bits; any other mode stays as it is."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(values.min()), float(values.max())
    top = 65535.0 if high > 255 or image.mode.startswith("I;16") else 255.0
    if image.mode == "F" and high <= 1.0 and low >= 0.0:
        top = 1.0
    return Image.fromarray((np.clip(values / top, 0, 1) * 255).astype(np.uint8))


def _plain(image: Image.Image) -> Image.Image:
    """Bring any mode to RGB."""
    image = eight_bits(image)
    if image.mode in ("RGBA", "LA", "PA") or (image.mode == "P" and "transparency" in image.info):
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")


def square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    """Cut the middle square and bring it to `size` pixels."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    if (image.width, image.height) != (side, side):
        image = image.crop((left, top, left + side, top + side))
    if side != size:
        image = image.resize((size, size), Image.Resampling.LANCZOS if side < 2 * size else Image.Resampling.BOX)
    return np.asarray(image, dtype=np.uint8)
