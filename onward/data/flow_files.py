"""Optical flow on disk: Middlebury `.flo`, KITTI 16-bit png, and `.pfm`; `.flo` is also written, bit for bit.

A flow is H W 2: how far each pixel moves to the right and down, in pixels, until the next picture.

| file | what it holds | source |
|---|---|---|
| .flo | PIEH, width, height, then u v as float32, row by row | Baker et al. 2011, vision.middlebury.edu/flow |
| .png | 16-bit red, green, blue: 64 u + 32768, 64 v + 32768, known or not | Menze and Geiger 2015, KITTI |
| .pfm | PF or Pf, width height, scale (negative: little-endian), rows from below | Debevec 1998; Mayer et al. 2016 |
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, MachineFault
from onward.meadow.film_writing import read_flow as read_flo
from onward.meadow.film_writing import write_flow as write_flo

__all__ = ["FLOW_ENDINGS", "read_flow_file", "read_pfm", "write_flo"]

FLOW_ENDINGS = (".flo", ".pfm", ".png")
_UNKNOWN = 1e9  # Middlebury: what is farther than this is not known
_LARGEST_SIDE = 1 << 15
_MOST_PIXELS = 1 << 25


def read_flow_file(path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read a flow, and of which pixels it is known: H W 2 in pixels, and H W.

    Raises:
        DataFault: the file is missing, not whole, or no flow.
    Example:
        >>> import tempfile; place = Path(tempfile.mkdtemp()) / "a.flo"
        >>> write_flo(place, np.ones((2, 3, 2), np.float32)); flow, known = read_flow_file(place)
        >>> flow.shape, bool(known.all())
        ((2, 3, 2), True)
    """
    if not path.is_file():
        raise DataFault(f"{path} is not there. Check the path.")
    ending = path.suffix.lower()
    if ending == ".png":
        return _read_kitti(path)
    if ending == ".pfm":
        values = read_pfm(path)
        if values.ndim != 3:
            raise DataFault(f"{path} holds one value a pixel, and a flow has two. Give the file of the flow.")
        flow = np.ascontiguousarray(values[..., :2])
    elif ending == ".flo":
        flow = read_flo(path)
    else:
        raise DataFault(f"{path} is no flow that is known here. Give a .flo, a KITTI .png or a .pfm file.")
    return flow, np.all(np.isfinite(flow) & (np.abs(flow) < _UNKNOWN), axis=2)


def read_pfm(path: Path) -> NDArray[np.float32]:
    """Read a `.pfm` file: H W, or H W 3 where it holds three values a pixel.

    Raises:
        DataFault: it is not whole, or no such file at all.
    """
    content = path.read_bytes()
    head = re.match(rb"(P[Ff])\s+(\d{1,6})\s+(\d{1,6})\s+([-+]?\d+\.?\d*(?:[eE][-+]?\d+)?)\s", content)
    if not head:
        raise DataFault(f"{path} is no .pfm file: it does not begin with PF or Pf and three numbers. Write it anew.")
    wide, high, values = int(head[2]), int(head[3]), 3 if head[1] == b"PF" else 1
    if (
        not 0 < wide < _LARGEST_SIDE
        or not 0 < high < _LARGEST_SIDE
        or len(content) - head.end() != 4 * wide * high * values
    ):
        raise DataFault(f"{path} says {wide} x {high} pixels, and its {len(content):,} bytes are another size.")
    kind = "<f4" if float(head[4]) < 0 else ">f4"
    rows = np.frombuffer(content, kind, offset=head.end()).reshape(high, wide, values)[::-1]
    return np.ascontiguousarray(rows if values == 3 else rows[..., 0], np.float32)


def _is_whole_png(content: bytes) -> bool:
    """Say whether each part of a png is as long as it says: OpenCV takes the memory that one speaks of, gigabytes."""
    place = len(b"\x89PNG\r\n\x1a\n")
    while place + 12 <= len(content):
        place += 12 + int.from_bytes(content[place : place + 4], "big")
    return place == len(content) > 12


def _read_kitti(path: Path) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    try:
        import cv2
    except ImportError:  # Pillow reads 16-bit colours as 8-bit ones
        raise MachineFault(
            "16-bit png files need OpenCV. Install it with: pip install opencv-python-headless"
        ) from None
    content = path.read_bytes()
    wide, high = (int.from_bytes(content[place : place + 4], "big") for place in (16, 20))
    if wide * high > _MOST_PIXELS:  # a png says its size first, and a few bytes can stand for any
        raise DataFault(f"{path} says it has {wide} x {high} pixels. Give a flow of at most {_MOST_PIXELS:,} pixels.")
    is_whole = _is_whole_png(content)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if is_whole else None
    if image is None or image.dtype != np.uint16 or image.ndim != 3 or image.shape[2] != 3:
        raise DataFault(f"{path} is no flow as KITTI writes it, which is a png of three 16-bit values a pixel.")
    known, down, right = (image[..., channel].astype(np.float32) for channel in range(3))  # OpenCV: blue first
    return np.stack([right - 32768, down - 32768], axis=2, dtype=np.float32) / np.float32(64), known > 0
