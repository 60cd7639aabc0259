"""The door to pictures with named points: an address in; subjects fitted into pixels of one size, points, findings out.

Points are x, y in pixels of the *upright* picture: where a file's EXIF turns a picture, points marked on the unturned
one turn with it. One subject a picture is seen whole; several are cut out, each around its own box. Read next:
``keypoint_files.py`` and ``keypoint_tables.py`` (the formats), ``skeletons.py`` (names, lines and mirrors).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault
from onward.data.albums import Album
from onward.data.archive import Store, open_store
from onward.data.keypoint_files import Marked, PointFile, read_coco_points
from onward.data.keypoint_tables import read_point_tables
from onward.data.meadow_points import draw_meadow_points, meadow_kinds
from onward.data.skeletons import Skeleton, joined_kinds, nearest_edges
from onward.data.windows import Box, Window, fitted, shape_for, window_around, window_of_all

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["NOWHERE", "UNKNOWN", "PosedPictures", "read_keypoints"]

NOWHERE, UNKNOWN = -1, 0  # states of a point beside 1, hidden, and 2, seen
_TURNED = {5, 6, 7, 8}  # EXIF orientations that swap width and height
_NAMED_AT_MOST = 5
_OUTSIDE_BY = 1.5
_SEVERAL = 0.02  # share of pictures with several subjects from which on they are cut out
_TABLES = (".csv", ".tsv", ".json", ".xml", ".txt")


@dataclass
class PosedPictures:
    """Subjects in pictures, with named points; N subjects, K points.

    Attributes:
        images: N H W 3, uint8: each subject's window, fitted; what lies outside the picture is grey.
        windows: where each was taken from.
        points: N K 2, in pixels of the upright originals.
        states: N K: 2 seen, 1 hidden, 0 nobody knows, -1 a point that this kind of subject does not have.
        boxes: N 4, around each subject, in pixels of the originals.
        names: each one's picture.
        splits: `train`, `val`, `test` or "" for each.
        digests: of each one's picture file.
        sizes: N 2, width and height of the upright originals.
        are_cut: whether subjects were cut out, since pictures hold several.
        troubles: kind of trouble to sentences that name file and line.
    """

    address: str
    images: NDArray[np.uint8]
    windows: tuple[Window, ...]
    points: NDArray[np.float32]
    states: NDArray[np.int8]
    boxes: NDArray[np.float32]
    names: tuple[str, ...]
    splits: tuple[str, ...]
    digests: tuple[bytes, ...]
    sizes: NDArray[np.int64]
    skeleton: Skeleton
    form: str
    are_cut: bool
    troubles: dict[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self.images)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Say which points somebody marked: N K."""
        return self.states > UNKNOWN

    @property
    def fingerprint(self) -> str:
        """Give a digest of pixels and points."""
        digest = hashlib.blake2b(self.images.tobytes(), digest_size=16)
        digest.update(self.points.tobytes() + self.states.tobytes() + "\0".join(self.skeleton.names).encode())
        return digest.hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, with files and lines."""
        skeleton, pictures = self.skeleton, len(set(self.names))
        asked = int((self.states >= UNKNOWN).sum())
        missing = 100 * (1 - self.known.sum() / max(1, asked))
        shown = ", ".join(skeleton.names[:8]) + (" …" if len(skeleton.names) > 8 else "")
        sentences = [
            f"{self.address}: {pictures:,} pictures, {len(self):,} subjects, {len(skeleton.names)} points ({self.form})"
            f": {shown}; {missing:.0f} % of them are missing."
        ]
        if skeleton.pairs:
            some = [f"{skeleton.names[one]} and {skeleton.names[other]}" for one, other in skeleton.pairs[:3]]
            sentences.append(f"In a mirror {len(skeleton.pairs)} pairs change places: {', '.join(some)}.")
        else:
            sentences.append("No two points are named left and right, so none change places in a mirror.")
        if skeleton.lonely:
            lonely = ", ".join(skeleton.names[place] for place in skeleton.lonely[:_NAMED_AT_MOST])
            sentences.append(f"One-sided names without an opposite are not learned from mirrored views: {lonely}.")
        if self.are_cut:
            sentences.append("Pictures hold several subjects, so each is cut out around its box.")
        for words, found in self.troubles.items():
            rest = f" and {len(found) - _NAMED_AT_MOST:,} more" if len(found) > _NAMED_AT_MOST else ""
            sentences.append(f"{words}: {'; '.join(found[:_NAMED_AT_MOST])}{rest}.")
        return sentences

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        marked = dict(zip(self.skeleton.names, self.known.sum(axis=0).tolist(), strict=True))
        return {
            "pictures": len(set(self.names)),
            "subjects": len(self),
            "keypoints": marked,
            "pairs": [[self.skeleton.names[place] for place in pair] for pair in self.skeleton.pairs],
            "format": self.form,
            "troubles": {words: len(found) for words, found in self.troubles.items()},
        }


@dataclass(frozen=True)
class _Subject:
    """A subject whose picture was found and read; points in pixels of the upright picture."""

    name: str
    kind: int
    points: NDArray[np.float32]
    box: Box
    size: tuple[int, int]
    split: str
    digest: bytes


def read_keypoints(
    address: str, size: int = 320, subjects: str = "auto", photos: Photos | None = None
) -> PosedPictures:
    """Read pictures and their points from a folder or archive; a csv or json file means the folder it lies in.

    Args:
        size: longest side of what is fitted, in pixels.
        subjects: `one` a picture, `many`, or `auto` to find out.
        photos: what stands behind the creatures of the meadow.
    Raises:
        DataFault: no points, no pictures, or none that belong together.
    """
    if address.startswith("meadow:"):
        return _from_meadow(address, size, subjects, photos)
    path = Path(address)
    if path.suffix.lower() in (".csv", ".tsv", ".json") and path.is_file():
        whole = open_store(str(path.parent))
        names = tuple(name for name in whole.names if name == path.name or not name.lower().endswith(_TABLES))
        store = Store(str(path), names, whole.read)
    else:
        store = open_store(address)
    found = read_coco_points(store) or read_point_tables(store)
    if found is None or not found.marked:
        raise DataFault(
            f"{address} holds no points. Put COCO keypoints json, a DeepLabCut csv, or a csv with file, nose_x, nose_y"
            " … beside the pictures."
        )
    album = Album(store)
    return _fitted_set(address, _gathered(address, album, found), album.picture, found, size, subjects)


def _from_meadow(address: str, size: int, subjects: str, photos: Photos | None) -> PosedPictures:
    images, rows, splits = draw_meadow_points(address, size, photos)
    found = PointFile(meadow_kinds(), [], "drawn")
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    gathered = []
    for row in rows:
        number, kind = int(row[0]), int(row[1])
        count = len(found.kinds[kind].names)
        points = row[6:].reshape(-1, 3)[:count]
        box = (float(row[2]), float(row[3]), float(row[4]), float(row[5]))
        name = f"{splits[number]}/{number:05d}.png"
        gathered.append(_Subject(name, kind, points, box, (size, size), splits[number], digests[number]))
    return _fitted_set(address, gathered, lambda name: images[int(Path(name).stem)], found, size, subjects)


def _gathered(address: str, album: Album, found: PointFile) -> list[_Subject]:
    """Bring records and pictures together; say what is wrong with either."""
    gathered, unreadable = [], set()
    for each in found.marked:
        name = album.find(each.picture)
        if name is None:
            words = "Marked, but the picture is missing (or several have its name)"
            found.trouble(words, f"{each.where} ({each.picture})")
            continue
        facts = album.look_at(name)
        if isinstance(facts, str):
            if name not in unreadable:
                found.trouble("Unreadable", f"{name} ({facts})")
            unreadable.add(name)
            continue
        width, height, orientation, digest = facts
        points = _true_points(each, (width, height), orientation, found)
        if not (points[:, 2] > 0).any():
            found.trouble("Left out, since no point of it is marked", each.where)
            continue
        box = _true_box(each, points, (width, height), orientation)
        gathered.append(_Subject(name, each.kind, points, box, (width, height), each.split, digest))
    if not gathered:
        words, where = next(iter(found.troubles.items()))
        raise DataFault(f"{address}: none of its {len(found.marked)} marked subjects can serve. {words}: {where[0]}.")
    if bare := sorted(set(album.names) - {each.name for each in gathered} - unreadable):
        found.troubles["Left out, since nobody marked points in them"] = bare
    return gathered


def _turn(marked: Marked, size: tuple[int, int], orientation: int) -> int:
    """Say by which EXIF orientation points have to be turned: those marked on the unturned picture."""
    raw = (size[1], size[0]) if orientation in _TURNED else size
    return orientation if marked.size == raw and raw != size else 1


def _true_points(marked: Marked, size: tuple[int, int], orientation: int, found: PointFile) -> NDArray[np.float32]:
    """Bring points, K 3, to pixels of the upright picture, and find out what is wrong with them."""
    points = marked.points.copy()
    turn = _turn(marked, size, orientation)
    if turn != 1:
        points[:, :2] = _turned(points[:, :2], turn, (size[1], size[0]))
    elif marked.size is not None and marked.size != size:
        words = "Marked on a picture of another size, so the points were scaled"
        found.trouble(words, f"{marked.where} says {marked.size}, the picture has {size}")
        points[:, :2] *= (size[0] / marked.size[0], size[1] / marked.size[1])
    is_known = points[:, 2] > 0
    inside = ((points[:, :2] >= -_OUTSIDE_BY) & (points[:, :2] <= np.array(size) + _OUTSIDE_BY)).all(axis=1)
    for place in np.flatnonzero(is_known & ~inside):
        name = found.kinds[marked.kind].names[place]
        found.trouble("Outside its picture, taken as missing", f"{marked.where} ({name})")
    points[~(is_known & inside)] = 0
    return points


def _true_box(marked: Marked, points: NDArray[np.float32], size: tuple[int, int], orientation: int) -> Box:
    """Give the subject's box: as written, else around its points with a fifth of room."""
    if marked.box is not None:
        corners = np.array(marked.box, np.float32).reshape(2, 2)
        turn = _turn(marked, size, orientation)
        if turn != 1:
            corners = _turned(corners, turn, (size[1], size[0]))
        elif marked.size is not None:
            corners = corners * (size[0] / marked.size[0], size[1] / marked.size[1])
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        own = points[points[:, 2] > 0, :2]
        low, high = own.min(axis=0), own.max(axis=0)
        room = max(8.0, 0.2 * float((high - low).max()))
        low, high = low - room, high + room
    low, high = low.clip(0, size), high.clip(0, size)
    return float(low[0]), float(low[1]), max(float(high[0]), float(low[0]) + 4), max(float(high[1]), float(low[1]) + 4)


def _turned(points: NDArray[np.float32], orientation: int, raw: tuple[int, int]) -> NDArray[np.float32]:
    """Turn points marked on the unturned picture as EXIF turns the picture (5 to 8 swap the sides)."""
    x, y = points[:, 0], points[:, 1]
    width, height = raw
    columns, rows = {
        5: (y, x),  # mirrored on the main diagonal
        6: (height - y, x),  # a quarter clockwise
        7: (height - y, width - x),  # mirrored on the other diagonal
        8: (y, width - x),  # a quarter counter-clockwise
    }[orientation]
    return np.stack([columns, rows], axis=1).astype(np.float32)


def _fitted_set(
    address: str,
    gathered: list[_Subject],
    picture: Callable[[str], Image.Image | NDArray[np.uint8]],
    found: PointFile,
    size: int,
    subjects: str,
) -> PosedPictures:
    """Cut subjects out, or fit their whole pictures, and put everything into arrays."""
    counts = Counter(each.name for each in gathered)
    several = sum(count > 1 for count in counts.values())
    are_cut = subjects == "many" or (subjects == "auto" and several > _SEVERAL * len(counts))
    if not are_cut and several:
        gathered = _fullest(gathered, found)
    kinds = sorted({each.kind for each in gathered})
    skeleton, places = joined_kinds([found.kinds[kind] for kind in kinds])
    count, total = len(gathered), len(skeleton.names)
    points, states = np.zeros((count, total, 2), np.float32), np.full((count, total), NOWHERE, np.int8)
    for number, each in enumerate(gathered):
        own = list(places[kinds.index(each.kind)])
        points[number, own], states[number, own] = each.points[:, :2], each.points[:, 2]
    if are_cut:
        windows = [window_around(each.box, size) for each in gathered]
    else:
        shape = shape_for([each.size for each in gathered], size)
        windows = [window_of_all(each.size, shape) for each in gathered]
    images = np.stack([fitted(picture(each.name), window) for each, window in zip(gathered, windows, strict=True)])
    if not skeleton.edges:
        own_edges = [nearest_edges(points, states > UNKNOWN, own) for _, own in skeleton.kinds]
        skeleton = replace(skeleton, edges=tuple(edge for edges in own_edges for edge in edges))
    return PosedPictures(
        address,
        images,
        tuple(windows),
        points,
        states,
        np.array([each.box for each in gathered], np.float32),
        tuple(each.name for each in gathered),
        tuple(each.split for each in gathered),
        tuple(each.digest for each in gathered),
        np.array([each.size for each in gathered], np.int64),
        skeleton,
        found.form,
        are_cut,
        found.troubles,
    )


def _fullest(gathered: list[_Subject], found: PointFile) -> list[_Subject]:
    """Keep the subject with the most points of each picture."""
    best: dict[str, _Subject] = {}
    for each in gathered:
        before = best.get(each.name)
        if before is not None:
            found.trouble("Shows several subjects, of which the one with the most points is taken", each.name)
        if before is None or (each.points[:, 2] > 0).sum() > (before.points[:, 2] > 0).sum():
            best[each.name] = each
    return list(best.values())
