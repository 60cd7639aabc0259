"""The file `NAME.onw`: every byte of it is under a checksum, and no size is believed before it is checked.

    4  magic "ONW1"                      1  kind: 0 coded by a run's model, 1 brings its own networks
    1  flags: 1 grey, 2 transparency     1  quality
    8  the model's id: the first bytes of the SHA-256 of its weights and tables; zeros for kind 1
    v  width   v  height   v  bytes of networks   v  bytes of transparency   v  bytes of each tile, row by row
    4  CRC-32 of all so far
    then networks, transparency and tiles, each followed by its own CRC-32

v is a whole number of 7 bits a byte, the lowest first. A broken header or network ends the reading with a sentence; a
broken tile costs its own part of the picture.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MOST_FITTED",
    "MOST_PIXELS",
    "MOST_SIDE",
    "TILE",
    "BrokenFile",
    "Container",
    "pack",
    "packed_alpha",
    "read_number",
    "tiles_of",
    "unpack",
    "unpacked_alpha",
    "write_number",
]

MAGIC = b"ONW1"
TILE = 256  # pixels of a side
MOST_PIXELS = 40_000_000
MOST_FITTED = 2_000_000  # pixels of a picture with networks of its own
MOST_SIDE = 65_535
_MOST_BYTES = 200_000_000
_ID = 8


class BrokenFile(Exception):
    """Why a file cannot be decoded, in a few words."""


@dataclass(frozen=True)
class Container:
    """What a file holds.

    Attributes:
        model: the id of the model that is needed, 8 bytes.
        quality: 1 and up.
        networks: what a fitted picture brings with it.
        alpha: packed transparency; None for none.
        tiles: coded, row by row; None where its checksum is wrong.
    """

    width: int
    height: int
    quality: int
    tiles: Sequence[bytes | None]
    model: bytes = bytes(_ID)
    is_fitted: bool = False
    is_grey: bool = False
    networks: bytes = b""
    alpha: bytes | None = None
    notes: tuple[str, ...] = field(default=())


def tiles_of(height: int, width: int) -> list[tuple[int, int, int, int]]:
    """List the tiles of a picture row by row: top, left, bottom, right in pixels.

    Example:
        >>> tiles_of(100, 300)
        [(0, 0, 100, 256), (0, 256, 100, 300)]
    """
    return [
        (top, left, min(top + TILE, height), min(left + TILE, width))
        for top in range(0, height, TILE)
        for left in range(0, width, TILE)
    ]


def write_number(value: int) -> bytes:
    r"""Write a whole number of 0 and up.

    Example:
        >>> write_number(300)
        b'\xac\x02'
    """
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def read_number(content: bytes, place: int) -> tuple[int, int]:
    """Read a whole number; gives it and the place after it.

    Raises:
        BrokenFile: it ends too soon, or is larger than 35 bits.
    """
    value = 0
    for count in range(5):
        if place + count >= len(content):
            raise BrokenFile("it is cut short")
        value |= (content[place + count] & 127) << 7 * count
        if content[place + count] < 128:
            return value, place + count + 1
    raise BrokenFile("a size in it is absurd")


def pack(file: Container) -> bytes:
    """Write a file."""
    kept = [(each or b"") for each in file.tiles]
    flags = file.is_grey | (file.alpha is not None) << 1
    head = MAGIC + bytes([file.is_fitted, flags, file.quality]) + file.model[:_ID].ljust(_ID, b"\0")
    sizes = [file.width, file.height, len(file.networks), len(file.alpha or b""), *map(len, kept)]
    head += b"".join(map(write_number, sizes))
    parts = [head, *([file.networks] if file.networks else []), *([file.alpha] if file.alpha else []), *kept]
    return b"".join(_checked(part) for part in parts)


def unpack(content: bytes) -> Container:
    """Read a file; nothing is set aside for a size before it is found to be true.

    Raises:
        BrokenFile: it is none, of another version, cut short, or its header or networks are damaged.
    """
    if not content.startswith(MAGIC[:3]):
        raise BrokenFile("it is no .onw file")
    if not content.startswith(MAGIC):
        raise BrokenFile("another version of Onward made it, or its first bytes are damaged")
    if len(content) > _MOST_BYTES:
        raise BrokenFile("it is far larger than any .onw file")
    width, height, lengths, place = _sizes(content)
    kind, flags, quality = content[len(MAGIC) : len(MAGIC) + 3]
    if kind == 1 and width * height > MOST_FITTED:
        raise BrokenFile(f"it claims {width:,} x {height:,} pixels")
    if kind > 1 or flags > 3 or not quality:
        raise BrokenFile("another version of Onward made it")
    parts: list[bytes | None] = []
    for number, length in enumerate(lengths):
        whole = content[place : place + length]
        is_there = number > 1 or length > 0
        end = place + length
        good = len(whole) == length and zlib.crc32(whole) == int.from_bytes(content[end : end + 4], "little")
        parts.append(whole if good or not is_there else None)
        place += length + 4 * is_there
    networks, alpha, *tiles = parts
    if networks is None:
        raise BrokenFile("the networks in it are damaged")
    notes = _notes(len(content) - place, bool(flags & 2) and alpha is None)
    model = content[len(MAGIC) + 3 : len(MAGIC) + 3 + _ID]
    packed = alpha if flags & 2 else None
    return Container(width, height, quality, tiles, model, kind == 1, bool(flags & 1), networks, packed, notes)


def _sizes(content: bytes) -> tuple[int, int, list[int], int]:
    """Read width, height and the lengths of all parts; also the place after the header's checksum, which is right."""
    place = len(MAGIC) + 3 + _ID
    width, place = read_number(content, place)
    height, place = read_number(content, place)
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE and width * height <= MOST_PIXELS):
        raise BrokenFile(f"it claims {width:,} x {height:,} pixels")
    lengths = []
    for _ in range(2 + -(-width // TILE) * -(-height // TILE)):
        length, place = read_number(content, place)
        lengths.append(length)
    if zlib.crc32(content[:place]) != int.from_bytes(content[place : place + 4], "little"):
        raise BrokenFile("its header is damaged")
    return width, height, lengths, place + 4


def packed_alpha(alpha: NDArray[np.uint8] | None) -> bytes | None:
    """Pack H W of how opaque each pixel is, without loss: each less the one above, deflated."""
    if alpha is None:
        return None
    steps = np.diff(alpha.astype(np.uint8), axis=0, prepend=np.uint8(0))
    return zlib.compress(steps.tobytes(), 9)


def unpacked_alpha(content: bytes, height: int, width: int) -> NDArray[np.uint8] | None:
    """Undo `packed_alpha`; None if it is anything else. Never more than height x width bytes are unpacked."""
    try:
        steps = zlib.decompressobj().decompress(content, height * width)
    except zlib.error:
        return None
    if len(steps) != height * width:
        return None
    return np.cumsum(np.frombuffer(steps, np.uint8).reshape(height, width), axis=0, dtype=np.uint8)


def _checked(part: bytes) -> bytes:
    return part + zlib.crc32(part).to_bytes(4, "little")


def _notes(more: int, is_opaque: bool) -> tuple[str, ...]:
    said = [f"{more:,} bytes follow its end"] if more > 0 else []
    return (*said, *(["its transparency is damaged and left out"] if is_opaque else []))
