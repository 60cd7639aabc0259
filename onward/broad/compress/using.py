"""`onward apply`: pictures to `.onw` files, and those back to pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onward.broad.compress.container import (
    BrokenFile,
    Container,
    pack,
    packed_alpha,
    unpack,
    unpacked_alpha,
)
from onward.broad.compress.fitted import decode_single
from onward.broad.compress.fitting import fit_picture
from onward.broad.compress.reading import check_fitting, photos_of
from onward.broad.compress.settings import Coding
from onward.broad.compress.training import Model
from onward.core.exhibits import Picture, Table
from onward.core.faults import DataFault
from onward.core.files import write_atomically
from onward.core.task import Source
from onward.data.archive import check_there
from onward.data.inputs import told_apart
from onward.data.photo import Photo

__all__ = ["CodedFile", "apply", "decode_file", "encode_file"]

_MOST_FILE_BYTES = 200_000_000


@dataclass(frozen=True)
class CodedFile:
    """A coded picture as a thing to be written."""

    ending: ClassVar[str] = ".onw"
    content: bytes
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.onw`."""
        path = folder / f"{name}.onw"
        write_atomically(path, self.content)
        return path


@dataclass(frozen=True)
class _Decoded(Picture):
    """A decoded picture: H W 3, H W, or H W 4."""


def apply(model: Model, source: Source, options: Coding) -> Iterator[Picture | Table | CodedFile]:
    """Code pictures and decode `.onw` files; leaves `files.csv` with sizes, seconds and what is wrong.

    Raises:
        DataFault: nothing was named, or nothing of what was named can be read.
    """
    addresses = source.addresses or ((source.address,) if source.address else ())
    if not addresses:
        raise DataFault("Name pictures to code, or .onw files to decode: onward apply RUN photo.png")
    rows: list[list[str]] = []
    faults: list[DataFault] = []
    taken: set[str] = set()
    for address in addresses:
        try:
            is_coded = address.lower().endswith(".onw")
            yield from (
                _decoded(model, address, rows, taken) if is_coded else _coded(model, address, options, rows, taken)
            )
        except DataFault as fault:
            faults.append(fault)
            rows.append([Path(address).name, "", "", "", str(fault)])
    if len(faults) == len(addresses):
        raise faults[0]
    for fault in faults:
        _say(str(fault))
    yield Table(("path", "bytes", "bits_a_pixel", "seconds", "trouble"), rows, "files")


def _coded(
    model: Model, address: str, options: Coding, rows: list[list[str]], taken: set[str]
) -> Iterator[Picture | Table | CodedFile]:
    """Code a picture, or a folder's."""
    unreadable: list[tuple[str, str]] = []
    before = len(rows)
    for photo in photos_of(address, unreadable):
        stem = "-".join(PurePosixPath(photo.name).with_suffix("").parts)
        began = time.monotonic()
        content = encode_file(model, photo, options)
        height, width = photo.pixels.shape[:2]
        spent = f"{time.monotonic() - began:.2f}"
        rows.append([photo.name, str(len(content)), f"{8 * len(content) / height / width:.3f}", spent, ""])
        yield CodedFile(content, told_apart(stem, stem, taken))
    if unreadable and len(rows) == before:
        raise DataFault(f"{address} has no picture that can be read: {unreadable[0][0]} ({unreadable[0][1]}).")
    rows += [[name, "", "", "", reason] for name, reason in unreadable]


def encode_file(model: Model, photo: Photo, options: Coding) -> bytes:
    """Code a photo as a whole file."""
    height, width = photo.pixels.shape[:2]
    if model.frozen is None:
        check_fitting(photo)
        return fit_picture(photo, options.quality - 1, options.seconds)
    tiles = model.frozen.encode(photo.pixels, options.quality - 1)
    is_grey = bool((photo.pixels == photo.pixels[..., :1]).all())
    alpha = packed_alpha(photo.alpha)
    return pack(Container(width, height, options.quality, tiles, model.frozen.id, is_grey=is_grey, alpha=alpha))


def decode_file(model: Model, content: bytes) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Decode a whole file: H W 3, H W for a grey one, H W 4 for one with transparency; and what is wrong with it.

    Raises:
        BrokenFile: it cannot be decoded at all.
    """
    file = unpack(content)
    if file.is_fitted:
        pixels, lost = decode_single(file)
    else:
        frozen = model.by_id(file.model)
        if frozen is None:
            raise BrokenFile(f"it was coded by another model ({file.model.hex()}), and only that one decodes it")
        pixels, lost = frozen.decode(file.tiles, file.height, file.width, file.quality - 1)
    if len(lost) == len(file.tiles):
        raise BrokenFile("no part of it is sound")
    notes = list(file.notes)
    if lost:
        notes.append(f"{len(lost)} of its {len(file.tiles)} tiles are damaged and left even")
    if file.is_grey:
        pixels = pixels.astype(np.float32).mean(2).round().astype(np.uint8)
    if file.alpha is not None:
        alpha = unpacked_alpha(file.alpha, file.height, file.width)
        if alpha is None:
            notes.append("its transparency is damaged and left out")
        else:
            coloured = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2)
            pixels = np.dstack([_off_white(coloured, alpha), alpha])
    return pixels, tuple(notes)


def _decoded(model: Model, address: str, rows: list[list[str]], taken: set[str]) -> Iterator[Picture]:
    path = Path(address)
    check_there(path)
    if not path.is_file():
        raise DataFault(f"{address} is no file. Name an .onw file.")
    if path.stat().st_size > _MOST_FILE_BYTES:
        raise DataFault(f"{address} is far larger than any .onw file. Name another one.")
    began = time.monotonic()
    try:
        content = path.read_bytes()
        pixels, notes = decode_file(model, content)
    except OSError as reason:
        raise DataFault(f"{address} cannot be read ({reason.strerror}). Check its rights.") from None
    except BrokenFile as reason:
        raise DataFault(
            f"{address} cannot be decoded: {reason}. Code the picture anew, or find another copy."
        ) from None
    trouble = "; ".join(notes)
    if trouble:
        _say(f"{address}: {trouble}.")
    height, width = pixels.shape[:2]
    seconds = f"{time.monotonic() - began:.2f}"
    rows.append([path.name, str(len(content)), f"{8 * len(content) / height / width:.3f}", seconds, trouble])
    yield _Decoded(pixels, told_apart(path.stem, path.stem, taken))


def _say(sentence: str) -> None:
    import click

    click.echo(sentence, err=True)


def _off_white(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the colours that, laid on white, look as coded."""
    share = alpha[..., None].astype(np.float32) / 255
    found = (pixels - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    return found.round().clip(0, 255).astype(np.uint8)
