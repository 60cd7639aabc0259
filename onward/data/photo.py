"""One photo, whole: an address to upright sRGB pixels, whatever camera, scanner or web page it came from.

    photo.jpg            any format Pillow reads; turned as its EXIF says, its colour profile brought to sRGB
    folder/, a.zip       the first picture in it that can be read
    meadow:scene         a picture that the program draws itself

Transparency is laid on white and kept aside, to be put back over a result. For many pictures see `pictures.py`.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from onward.core.faults import DataFault, printable
from onward.data.archive import Store, check_there, open_store, split_address
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, eight_bits

__all__ = ["FEWEST_PIXELS", "Photo", "decode_photo", "holds_photos", "may_hold_photo", "read_photo", "read_photos"]

FEWEST_PIXELS = 16  # of the shorter side
_MOST_PIXELS = 100_000_000
_MEADOW_SIZE = 384
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
_NO_PICTURES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".npz", ".npy", ".mp4", ".mov", ".avi", ".mkv", ".webm")
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError)


@dataclass(frozen=True)
class Photo:
    """One picture as people see it.

    Attributes:
        pixels: H W 3, sRGB, upright; what is transparent lies on white.
        alpha: H W, 255 for opaque; None where nothing is transparent.
        name: the file's, fit to print.
        digest: of the file's bytes.
        notes: what was found out about it on the way, a sentence each.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    name: str = "photo"
    digest: str = ""
    notes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Give the digest of the file's bytes."""
        return self.digest

    @property
    def size(self) -> tuple[int, int]:
        """Give width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def findings(self) -> list[str]:
        """Say what was understood, the summary first.

        Example:
            >>> Photo(np.zeros((48, 64, 3), np.uint8), name="a.png").findings()
            ['a.png: 64 x 48 pixels.']
        """
        width, height = self.size
        return [f"{self.name}: {width} x {height} pixels.", *self.notes]

    def reduced(self, longest_side: int) -> Photo:
        """Give the same photo with its longer side no longer than so many pixels."""
        factor = longest_side / max(self.size)
        if factor >= 1:
            return self
        wanted = (max(1, round(self.size[0] * factor)), max(1, round(self.size[1] * factor)))
        return replace(
            self,
            pixels=_resized(self.pixels, wanted),
            alpha=None if self.alpha is None else _resized(self.alpha, wanted),
        )


def may_hold_photo(address: str) -> bool:
    """Say whether an address looks like a photo, or like something with photos in it; nothing is read.

    Example:
        >>> [may_hold_photo(each) for each in ("a.JPG", "holiday/", "meadow:scene", "a.csv")]
        [True, True, True, False]
    """
    return not address.lower().endswith(_NO_PICTURES)


def read_photo(address: str) -> Photo:
    """Read the photo an address means.

    Args:
        address: a picture, a folder or an archive with one, or a room of the meadow.
    Raises:
        DataFault: it is missing, no picture, damaged, too small or too large; the sentence says which.
    Example:
        >>> read_photo("meadow:scene").size
        (384, 384)
    """
    if address.startswith("meadow:"):
        return _drawn(address)
    if address.lower().startswith(("http://", "https://")):
        raise DataFault(f"{address[:200]} is a web address, and nothing is downloaded. Save the picture and name it.")
    path, _ = split_address(address)
    check_there(path)
    if holds_photos(address):
        return _first(open_store(address), address)
    name = printable(path.name)
    try:
        return decode_photo(path.read_bytes(), name)
    except OSError as reason:
        raise DataFault(f"{name} cannot be opened ({reason.strerror}). Check its rights.") from None
    except UnreadablePicture as reason:
        raise DataFault(f"{name} cannot be used: {reason}. Give another picture, or save this one anew.") from None


def holds_photos(address: str) -> bool:
    """Say whether an address is a folder or an archive, which can have many photos in it."""
    path, inner = split_address(address)
    return bool(inner) or path.is_dir() or path.name.lower().endswith(_ARCHIVES)


def read_photos(address: str, unread: list[str], longest: int | None = None) -> Iterator[Photo]:
    """Read the photos of a folder or an archive one after the other, each named by its path there.

    Args:
        unread: what cannot be read is added here, a sentence each.
        longest: pixels of the longer side that are wanted; large JPEGs are read smaller then, in a tenth of the time.
    Raises:
        DataFault: none can be read.
    """
    store, count = open_store(address), 0
    for photo in _readable(store, _pictures_of(store), unread, longest):
        yield photo
        count += 1
    if not count:
        _first(store, address)  # says why


def decode_photo(content: bytes, name: str, fewest_pixels: int = FEWEST_PIXELS, longest: int | None = None) -> Photo:
    """Decode a picture whole.

    Args:
        content: the file's bytes.
        fewest_pixels: that its shorter side may have.
        longest: as in `read_photos`.
    Raises:
        UnreadablePicture: with the reason.
    """
    _check_kind(content)
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels, alpha = _decoded(content, notes, longest)
    except UnidentifiedImageError:
        raise UnreadablePicture("it is no picture, whatever its name says") from None
    except Image.DecompressionBombError:
        raise UnreadablePicture(f"it has more than {_MOST_PIXELS:,} pixels: make it smaller first") from None
    except _DAMAGE as reason:
        said = str(reason).partition("\n")[0][:80] or type(reason).__name__
        raise UnreadablePicture(f"it is damaged ({said})") from None
    height, width = pixels.shape[:2]
    if min(height, width) < fewest_pixels:
        raise UnreadablePicture(
            f"it is {width} x {height} pixels, and the shorter side has to be at least {fewest_pixels}"
        )
    return Photo(pixels, alpha, name, hashlib.sha256(content).hexdigest(), tuple(notes))


def _check_kind(content: bytes) -> None:
    """Name what people take for pictures by mistake."""
    begin = content[:512].lstrip().lower()
    if not content:
        raise UnreadablePicture("the file is empty")
    if begin.startswith((b"<!doctype html", b"<html", b"<head")):
        raise UnreadablePicture("it is a web page, not the picture on it: open it in a browser and save the picture")
    if begin.startswith(b"<svg") or (begin.startswith(b"<?xml") and b"<svg" in begin):
        raise UnreadablePicture("it is a drawing of lines (SVG): export it as PNG")
    if begin.startswith(b"version https://git-lfs"):
        raise UnreadablePicture("it is only a Git LFS pointer: run git lfs pull")


def _decoded(
    content: bytes, notes: list[str], longest: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    image = Image.open(io.BytesIO(content))
    width, height = image.size
    if width * height > _MOST_PIXELS:
        image.draft("RGB", (width // 2, height // 2))  # only JPEG can be read smaller than it is
        if image.width * image.height > _MOST_PIXELS:
            raise UnreadablePicture(f"it is {width} x {height} pixels, more than {_MOST_PIXELS:,}: make it smaller")
        notes.append(f"{width} x {height} pixels are many, so it was read at {image.width} x {image.height}.")
    elif longest is not None:
        image.draft("RGB", (longest, longest))
    count = getattr(image, "n_frames", 1)
    if count > 1:
        notes.append(f"It holds {count} pictures, of which the first is taken.")
        image.seek(0)
    image.load()
    profile = image.info.get("icc_profile")
    orientation = image.getexif().get(0x0112, 1)
    image = ImageOps.exif_transpose(image)
    if orientation in range(2, 9):
        notes.append(f"It was turned upright, as its EXIF orientation {orientation} says.")
    alpha = _alpha(image)
    coloured = _in_srgb(image, profile, notes)
    if alpha is None:
        return np.asarray(coloured, np.uint8), None
    notes.append("Its transparent part lies on white while it is worked on.")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(coloured, (0, 0), alpha)
    return np.asarray(ground, np.uint8), np.asarray(alpha, np.uint8)


def _alpha(image: Image.Image) -> Image.Image | None:
    """Give how opaque each pixel is; None where all are."""
    if image.mode not in ("RGBA", "LA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return None
    if image.mode.startswith(("I", "F")):
        return None
    alpha = image.convert("RGBA").getchannel("A")
    return None if alpha.getextrema()[0] == 255 else alpha


def _in_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Bring any mode and any colour profile to sRGB; where the profile is damaged, the pixels are taken as they are."""
    plain = eight_bits(image)
    if plain.mode not in ("RGB", "CMYK", "L"):
        plain = plain.convert("RGBA").convert("RGB") if "A" in plain.mode or plain.mode == "P" else plain.convert("RGB")
    if profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            title = (ImageCms.getProfileDescription(source) or "unnamed").strip()
            if "sRGB" not in title:
                turned = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                notes.append(f"Its colours were brought from {printable(title)[:60]} to sRGB.")
                return turned or plain.convert("RGB")
        except (ImageCms.PyCMSError, *_DAMAGE):
            notes.append("Its colour profile does not fit it and was left aside.")
    return plain.convert("RGB")


def _first(store: Store, address: str) -> Photo:
    """Take the first picture of many that can be read."""
    names, unread = _pictures_of(store), list[str]()
    if (photo := next(_readable(store, names, unread), None)) is not None:
        one = f"{address} holds {len(names):,} pictures; {photo.name} is the first, and taken."
        return replace(photo, notes=(*photo.notes, *([one] if len(names) > 1 else []), *unread[:3]))
    if unread:
        raise DataFault(f"{address}: none of its {len(names):,} pictures can be used; {unread[0]}")
    raise DataFault(f"{printable(address)} holds no pictures. Name a photo: photo.jpg")


def _pictures_of(store: Store) -> list[str]:
    return [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]


def _readable(store: Store, names: Sequence[str], unread: list[str], longest: int | None = None) -> Iterator[Photo]:
    for name in names:
        try:
            yield decode_photo(store.read(name), name, longest=longest)
        except UnreadablePicture as reason:
            unread.append(f"{name}: {reason}.")
        except Exception as reason:  # zlib, zipfile and the disk each raise kinds of their own
            unread.append(f"{name}: it cannot be unpacked ({type(reason).__name__}).")


def _drawn(address: str) -> Photo:
    """Draw a picture of the meadow."""
    from onward.meadow import WORLD_VERSION, large_scene, parse_address

    room = parse_address(address)
    if room.name != "scene":
        raise DataFault(f"{address} is no single picture. Use meadow:scene.")
    pixels = large_scene(0, size=_MEADOW_SIZE, level=room.level).pixels
    digest = hashlib.sha256(f"{room.address} {WORLD_VERSION} {_MEADOW_SIZE}".encode()).hexdigest()
    return Photo(np.asarray(pixels, np.uint8), None, f"meadow-scene-{room.level}.png", digest)


def _resized(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS), np.uint8)
