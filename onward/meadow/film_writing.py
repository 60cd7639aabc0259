"""The meadow's films written out: MOTChallenge folders, and frame pairs with Middlebury `.flo` files."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.meadow.cast import KINDS
from onward.meadow.flow_room import FramePair
from onward.meadow.tracks_room import Clip

__all__ = ["read_flow", "write_flow", "write_mot", "write_pairs"]

_MAGIC = b"PIEH"  # reads as 202021.25, by which a little-endian file is known
_LARGEST_SIDE = 1 << 15


def write_mot(folder: Path, clip: Clip, *, pictures: bool = True) -> None:
    """Write img1/000001.png and so on, gt/gt.txt, det/det.txt and seqinfo.ini.

    A line of gt.txt is frame from 1, who, left, top, width, height, 1, class from 1, share seen; boxes are whole, also
    where they are hidden or reach outside.
    """
    truth, guesses = [], []
    for place in ("img1", "gt", "det"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for frame in range(len(clip)):
        scene = clip.scene(frame)
        if pictures:
            Image.fromarray(scene.pixels).save(folder / "img1" / f"{frame + 1:06d}.png")
        for track in clip.tracks(frame, scene):
            left, top, right, bottom = track.whole
            kind = KINDS.index(track.kind) + 1
            truth.append(
                f"{frame + 1},{track.who},{left:g},{top:g},{right - left:g},{bottom - top:g},1,{kind},{track.seen:.4f}"
            )
        for left, top, right, bottom, score in clip.detections(frame, scene).tolist():
            guesses.append(f"{frame + 1},-1,{left:.3f},{top:.3f},{right - left:.3f},{bottom - top:.3f},{score:.4f}")
    (folder / "gt" / "gt.txt").write_text("\n".join(truth) + "\n", encoding="utf-8")
    (folder / "det" / "det.txt").write_text("\n".join(guesses) + "\n", encoding="utf-8")
    rate = round((len(clip) - 1) / max(float(clip.times[-1]), 1e-3))
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate={rate}\nseqLength={len(clip)}\n"
        f"imWidth={clip.size}\nimHeight={clip.size}\nimExt=.png\n",
        encoding="utf-8",
    )


def write_pairs(folder: Path, pairs: Iterable[FramePair]) -> None:
    """Write 00000_1.png, 00000_2.png, 00000.flo (forward) and 00000_hidden.png for every pair."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pair in enumerate(pairs):
        Image.fromarray(pair.first.pixels).save(folder / f"{number:05d}_1.png")
        Image.fromarray(pair.second.pixels).save(folder / f"{number:05d}_2.png")
        Image.fromarray(pair.hidden.astype(np.uint8) * 255).save(folder / f"{number:05d}_hidden.png")
        write_flow(folder / f"{number:05d}.flo", pair.forward)


def write_flow(path: Path, flow: NDArray[np.float32]) -> None:
    """Write a flow (H W 2, pixels) as a `.flo` file (Baker et al. 2011)."""
    high, wide = flow.shape[:2]
    path.write_bytes(_MAGIC + struct.pack("<ii", wide, high) + flow.astype("<f4").tobytes())


def read_flow(path: Path) -> NDArray[np.float32]:
    """Read a `.flo` file (H W 2, pixels).

    Raises:
        DataFault: it is not whole, or no such file at all.
    """
    content = path.read_bytes()
    if content[:4] != _MAGIC or len(content) < 12:
        raise DataFault(f"{path} is no .flo file: it does not begin with PIEH. Write it anew.")
    wide, high = struct.unpack("<ii", content[4:12])
    if not (0 < wide < _LARGEST_SIDE and 0 < high < _LARGEST_SIDE) or len(content) != 12 + 8 * wide * high:
        raise DataFault(f"{path} says {wide} x {high} pixels, and its {len(content):,} bytes are another size.")
    return np.frombuffer(content, "<f4", offset=12).reshape(high, wide, 2).astype(np.float32)
