"""Pictures that come as numbers: npz, IDX (the MNIST format) and CIFAR-10's binary archive."""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
import tarfile
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault

__all__ = ["CIFAR10_CLASSES", "ArraySet", "PartedSet", "read_arrays", "read_idx"]

ArraySet = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]
PartedSet = tuple[ArraySet, tuple[str, ...] | None]  # and each picture's split, where the set has more than one
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR10_RECORD = 1 + 3 * 32 * 32
_MOST_BYTES = 4 * 2**30
_SMALLEST_SIDE = 4  # below this an array is rather a table
_MOST_DIMENSIONS = 4
_DAMAGE = (OSError, EOFError, ValueError, KeyError, NotImplementedError, MemoryError, struct.error, zlib.error)
_BAD_HEADER = (SyntaxError, tokenize.TokenError, TypeError)  # NumPy reads an array's header as Python's words


def read_arrays(path: Path) -> PartedSet | None:
    """Read a file of pictures as numbers; None when the file is of another kind.

    Returns: N H W 3 uint8, N labels and class names; and N splits, where the file has both parts.
    Raises:
        DataFault: it is of this kind but damaged or holds no pictures.
    """
    name = path.name.lower()
    if name.endswith(".npz"):
        return _npz(path), None
    if "idx" in name and (name.endswith((".gz", "-ubyte")) or name.endswith(".idx")):
        return _idx(path), None
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        return _cifar10(path)
    return None


def _npz(path: Path) -> ArraySet:
    try:
        if sum(member.file_size for member in zipfile.ZipFile(path).infolist()) > _MOST_BYTES:
            raise DataFault(f"{path} would unpack to more than 4 GiB. Split it.")
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
    except (zipfile.BadZipFile, *_DAMAGE, *_BAD_HEADER) as reason:
        said = _first_line(reason)
        raise DataFault(f"{path} cannot be read as npz ({said}). Save it anew with numpy.savez.") from None
    arrays = {key: array for key, array in found.items() if isinstance(array, np.ndarray)}  # else a file of other kind
    pictures = [key for key, array in arrays.items() if array.ndim in (3, 4) and _looks_like_pictures(array)]
    if not pictures:
        shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items()) or "nothing"
        raise DataFault(f"{path} holds {shapes}: no pictures. Save an array of N H W or N H W 3.")
    key = max(pictures, key=lambda each: len(arrays[each]))
    images = _rgb(arrays[key])
    labels = next((a for a in arrays.values() if a.ndim == 1 and len(a) == len(images)), None)
    return images, *_labelled(labels, len(images))


def _first_line(reason: Exception) -> str:
    """Give what a library says, short and on one line: tarfile lists all it tried, NumPy quotes what it found."""
    words = (str(reason).splitlines() or [type(reason).__name__])[0].rstrip(":")[:120]
    return words if words.isprintable() else repr(words)


def _looks_like_pictures(array: NDArray[np.generic]) -> bool:
    if array.dtype.kind not in "uif" or 0 in array.shape:
        return False
    if array.ndim == 3:
        return min(array.shape[1:]) >= _SMALLEST_SIDE
    sides = array.shape[1:3] if array.shape[3] in (1, 3, 4) else array.shape[2:]
    return min(sides) >= _SMALLEST_SIDE and (array.shape[3] in (1, 3, 4) or array.shape[1] in (1, 3))


def _rgb(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    values: NDArray[Any] = np.asarray(array)
    if values.ndim == 4 and values.shape[3] not in (1, 3, 4):
        values = values.transpose(0, 2, 3, 1)
    if values.dtype != np.uint8:
        values = _to_bytes(values)
    if values.ndim == 3:
        values = values[..., None]
    return np.ascontiguousarray(np.repeat(values, 3, axis=3) if values.shape[3] == 1 else values[..., :3])


def _to_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring 0..1, -1..1, 0..255, 0..65535, or else whatever range there is, to bytes."""
    values = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0:
        bottom, top = 0.0, 1.0 if high <= 1 else 255.0 if high <= 255 else max(high, 65535.0)
    else:
        bottom, top = (-1.0, 1.0) if low >= -1 and high <= 1 else (low, max(high, low + 1.0))
    return np.clip((values - bottom) * (255.0 / (top - bottom)), 0, 255).astype(np.uint8)


def _labelled(labels: NDArray[np.generic] | None, count: int) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if labels is None:
        return np.zeros(count, np.int64), ("all",)
    classes, numbers = np.unique(labels, return_inverse=True)
    return numbers.astype(np.int64), tuple(str(each) for each in classes)


def _idx(path: Path) -> ArraySet:
    images = read_idx(path)
    if images.ndim != 3 or not _looks_like_pictures(images):
        raise DataFault(f"{path} holds {images.shape} numbers, not pictures. Name the images file (idx3).")
    partner = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    labels = read_idx(partner) if partner != path and partner.is_file() else None
    if labels is not None and labels.shape != (len(images),):
        raise DataFault(f"{partner} has {labels.shape} labels for {len(images):,} pictures. Fetch both again.")
    return _rgb(images), *_labelled(labels, len(images))


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file, gzipped or not.

    Raises:
        DataFault: its header and its length disagree.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as reason:
        raise DataFault(f"{path} cannot be unpacked ({_first_line(reason)}). Fetch it again.") from None
    if len(content) > _MOST_BYTES:
        raise DataFault(f"{path} unpacks to more than 4 GiB. Split it.")
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise DataFault(f"{path} does not begin like an IDX file of bytes. Fetch it again.")
    dimensions = content[3]
    if dimensions > _MOST_DIMENSIONS:
        raise DataFault(f"{path} says it has {dimensions} dimensions, and pictures have 3. Fetch it again.")
    shape = struct.unpack_from(f">{dimensions}I", content, 4) if len(content) >= 4 + 4 * dimensions else ()
    body = content[4 + 4 * dimensions :]
    if not shape or len(body) != math.prod(shape):
        raise DataFault(f"{path} says it holds {shape} bytes but has {len(body):,}. Fetch it again.")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _cifar10(path: Path) -> PartedSet | None:
    """Read CIFAR-10's binary archive: records of a label byte and 3x32x32 colour bytes, both parts."""
    try:
        with tarfile.open(path) as archive:
            members = _checked_members(path, archive)
            names = {Path(member.name).name: member for member in members if member.isfile()}
            if "data_batch_1" in names:
                raise DataFault(f"{path} is CIFAR-10 as Python pickles, which can run code. Take the binary version.")
            wanted = [name for name in sorted(names) if re.fullmatch(r"(data_batch_\d+|test_batch)\.bin", name)]
            if not wanted:
                return None
            content, splits = io.BytesIO(), []
            for member in (names[name] for name in wanted):
                file = archive.extractfile(member)
                if file is None or member.size > 64 * 2**20:
                    raise DataFault(f"{path}: {member.name} is no CIFAR-10 batch. Fetch the archive again.")
                count = content.write(file.read()) // _CIFAR10_RECORD
                splits += ["test" if "test" in Path(member.name).name else "train"] * count
    except (tarfile.TarError, *_DAMAGE) as reason:
        raise DataFault(f"{path} cannot be unpacked ({_first_line(reason)}). Fetch it again.") from None
    records = np.frombuffer(content.getvalue(), np.uint8)
    if not len(records) or len(records) != len(splits) * _CIFAR10_RECORD:
        raise DataFault(f"{path} is cut short: its batches are no whole records. Fetch it again.")
    records = records.reshape(-1, _CIFAR10_RECORD)
    if records[:, 0].max() >= len(CIFAR10_CLASSES):
        raise DataFault(f"{path} has a label above 9, so it is not CIFAR-10's binary version. Fetch it again.")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    found = np.ascontiguousarray(images), records[:, 0].astype(np.int64), CIFAR10_CLASSES
    return found, tuple(splits) if len(set(splits)) > 1 else None


def _checked_members(path: Path, archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """List members, giving up before a bomb is unpacked on the way to the next header."""
    members, total = [], 0
    for member in archive:
        members.append(member)
        total += member.size
        if total > _MOST_BYTES or total > max(path.stat().st_size, 2**20) * 200:
            raise DataFault(f"{path} would unpack to {total:,} bytes or more, like a bomb. Pack it anew.")
    return members
