"""The user's pictures: those to learn from, those to measure by, and one that stands alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onward.broad.compress.container import MOST_FITTED, MOST_PIXELS, MOST_SIDE
from onward.broad.compress.settings import Settings
from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.archive import Store, check_there, open_store, split_address
from onward.data.arrays import read_arrays
from onward.data.cache import cache_key, recall, remember
from onward.data.named_sets import find_named
from onward.data.photo import Photo, decode_photo
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture
from onward.data.splits import folder_split

__all__ = ["Album", "check_fitting", "photos_of", "read"]

_SIDE = 1024  # pixels; of what is larger the middle is taken
_MOST_BYTES = 600_000_000
_MOST_TESTED = 40
_ONE_IN = 8  # held out where no folder says which
_MEADOW_SIDE = 256
_MEADOW_COUNTS = (("train", 24), ("test", 6))
_LOSSY = (".jpg", ".jpeg", ".webp", ".heic", ".heif", ".avif")
_NAMED = 5


@dataclass(frozen=True)
class Album:
    """Pictures, and which of them are held out.

    Attributes:
        training: H W 3 each; held_out: the same, none of which is learned from.
        is_fitted: one picture is to be coded by networks of its own; it is `photo`, and measured by itself.
    """

    address: str
    training: Sequence[NDArray[np.uint8]]
    held_out: Sequence[NDArray[np.uint8]]
    names: Sequence[str]
    fingerprint: str
    is_fitted: bool
    photo: Photo | None = None
    unreadable: Sequence[tuple[str, str]] = ()
    notes: tuple[str, ...] = field(default=())

    def findings(self) -> list[str]:
        """Say what was understood."""
        count = len(self.training) + (0 if self.is_fitted else len(self.held_out))
        sides = sorted(min(each.shape[:2]) for each in [*self.training, *self.held_out])
        if self.is_fitted:
            height, width = self.training[0].shape[:2]
            said = [
                f"{self.address}: one picture, {width} x {height} pixels, to be coded by small networks of its own."
            ]
        else:
            said = [
                f"{self.address}: {count:,} pictures, {len(self.training):,} to learn from and {len(self.held_out):,} "
                f"held out to measure by, shorter side {sides[0]} to {sides[-1]} px."
            ]
        if self.unreadable:
            named = "; ".join(f"{name} ({reason})" for name, reason in self.unreadable[:_NAMED])
            rest = f" and {len(self.unreadable) - _NAMED:,} more" if len(self.unreadable) > _NAMED else ""
            said.append(f"Left out: {named}{rest}. Replace or remove them.")
        return [*said, *self.notes]

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        return {
            "pictures": len(self.training) + (0 if self.is_fitted else len(self.held_out)),
            "held_out": len(self.held_out),
            "unreadable": [list(each) for each in self.unreadable],
        }


@dataclass
class _Found:
    """What was found on the way through a folder."""

    first: Photo | None = None
    pictures: list[tuple[str, NDArray[np.uint8], str]] = field(default_factory=list)  # name, pixels, digest
    splits: dict[str, str] = field(default_factory=dict)  # by digest
    copies: int = 0
    bytes: int = 0
    is_cut: bool = False

    def add(self, photo: Photo) -> None:
        """Take a picture, once."""
        self.first = self.first or photo
        split = folder_split(photo.name) if "/" in photo.name else ""
        if photo.digest in self.splits:
            self.copies += 1
            if not (split == "test" and self.splits[photo.digest] != "test"):
                return
            self.pictures = [each for each in self.pictures if each[2] != photo.digest]  # the test is not learned from
        if self.bytes > _MOST_BYTES:
            self.is_cut = True
            return
        pixels = _middle(photo.pixels)
        self.splits[photo.digest] = split
        self.bytes += pixels.nbytes
        self.pictures.append((photo.name, pixels, photo.digest))

    def notes(self) -> tuple[str, ...]:
        """Say what is worth knowing."""
        said = []
        if self.is_cut:
            said.append(
                f"Only the first {len(self.pictures):,} pictures are used: they fill {_MOST_BYTES // 10**6} MB."
            )
        if self.copies:
            said.append(f"{self.copies:,} exact copies are counted once.")
        if lossy := sum(name.lower().endswith(_LOSSY) for name, _, _ in self.pictures):
            said.append(
                f"{lossy:,} of {len(self.pictures):,} are stored with losses already (JPEG and the like), whose traces "
                "cost bits too: originals, or pictures of half the size, are a fairer measure."
            )
        return tuple(said)


def read(source: Source, settings: Settings) -> Album:
    """Read pictures; of very large ones the middle.

    Raises:
        DataFault: there is none that can be read, or too few for what was asked.
    """
    address = source.address
    unreadable: list[tuple[str, str]] = []
    found, digest = _Found(), hashlib.sha256()
    for photo in photos_of(address, unreadable):
        digest.update(f"{photo.name} {photo.digest}\n".encode())
        found.add(photo)
    pictures, first = found.pictures, found.first
    if first is None or not pictures:
        why = f": {unreadable[0][0]} ({unreadable[0][1]})" if unreadable else ""
        raise DataFault(f"{address} has no picture that can be read{why}. Name a folder of pictures, or one picture.")
    if settings.method == "folder" and len(pictures) < 2:
        raise DataFault(
            f"{address} has one picture, and a codec needs some to learn from and others to be measured by."
        )
    if settings.method == "picture" or len(pictures) == 1:
        check_fitting(first)
        more = [f"Of {len(pictures):,} pictures the first, {first.name}, is fitted."] if len(pictures) > 1 else []
        one, told = [first.pixels], (*found.notes(), *first.notes, *more)
        return Album(address, one, one, [first.name], digest.hexdigest(), True, first, unreadable, told)
    held = _held_out(pictures)
    training = [pixels for name, pixels, _ in pictures if name not in held]
    tested = [(name, pixels) for name, pixels, _ in pictures if name in held][:_MOST_TESTED]
    names, measured = [name for name, _ in tested], [pixels for _, pixels in tested]
    return Album(address, training, measured, names, digest.hexdigest(), False, None, unreadable, found.notes())


def check_fitting(photo: Photo) -> None:
    """Refuse a picture too large for networks of its own.

    Raises:
        DataFault: it is.
    """
    width, height = photo.size
    if width * height > MOST_FITTED:
        raise DataFault(
            f"{photo.name} has {width} x {height} pixels, and up to {MOST_FITTED:,} can be fitted by themselves. Make "
            "it smaller, or train a codec on a folder."
        )


def photos_of(address: str, unreadable: list[tuple[str, str]]) -> Iterator[Photo]:
    """Give the pictures that an address means, one after the other.

    Args:
        unreadable: (name, reason) of what cannot be read is added here.
    Raises:
        DataFault: nothing is there.
    """
    if address.startswith("meadow:scene"):
        yield from _scenes(address)
        return
    named = find_named(address)
    if callable(named):
        (images, _, _), splits = named(None)
        yield from _from_arrays(images, splits)
        return
    address = named or address
    path, inner = split_address(address)
    check_there(path)
    if path.is_file() and not inner and path.name.lower().endswith((".npz", ".npy")):
        held = read_arrays(path)
        if held is not None:
            yield from _from_arrays(held[0][0], held[1])
            return
    if path.is_file() and not inner and not path.name.lower().endswith((".zip", ".tar", ".tgz", ".gz")):
        store = Store(str(path.parent), (path.name,), lambda name: path.read_bytes())
        names = [path.name]
    else:
        store = open_store(address)
        names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
    if not names:
        raise DataFault(f"{address} holds no pictures. Name a folder of pictures, or one picture.")
    for name in names:
        try:
            yield _opened(store, name)
        except UnreadablePicture as reason:
            unreadable.append((name, str(reason)))


def _opened(store: Store, name: str) -> Photo:
    """Read one picture of any size.

    Raises:
        UnreadablePicture: with the reason.
    """
    try:
        content = store.read(name)
    except Exception as reason:  # zlib, zipfile and the disk each raise kinds of their own
        raise UnreadablePicture(f"cannot be unpacked: {type(reason).__name__}") from None
    return _checked(decode_photo(content, name, fewest_pixels=1))


def _checked(photo: Photo) -> Photo:
    """Refuse what no file of ours can hold.

    Raises:
        UnreadablePicture: it has too many pixels.
    """
    width, height = photo.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise UnreadablePicture(f"{width} x {height} pixels are more than {MOST_PIXELS:,}: make it smaller first")
    return photo


def _from_arrays(images: NDArray[np.uint8], splits: Sequence[str] | None) -> Iterator[Photo]:
    for number, image in enumerate(images):
        folder = f"{splits[number]}/" if splits is not None else ""
        pixels = np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image
        digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
        yield Photo(pixels, None, f"{folder}{number:06d}.png", digest)


def _scenes(address: str) -> Iterator[Photo]:
    """Draw scenes of the meadow, or recall them."""
    from onward.meadow import WORLD_VERSION, large_scene, parse_address

    room = parse_address(address)
    for split, count in _MEADOW_COUNTS:
        key = cache_key("compress scenes", WORLD_VERSION, room.address, split, count, _MEADOW_SIDE)
        held = recall(key, "images")
        images = np.asarray(held["images"], np.uint8) if held else None
        if images is None or images.shape != (count, _MEADOW_SIDE, _MEADOW_SIDE, 3):
            drawn = (large_scene(each, size=_MEADOW_SIDE, split=split, level=room.level) for each in range(count))
            images = np.stack([np.asarray(scene.pixels, np.uint8) for scene in drawn])
            remember(key, images=images)
        yield from _from_arrays(images, (split,) * count)


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    return np.ascontiguousarray(pixels[top : top + _SIDE, left : left + _SIDE])


def _held_out(found: Sequence[tuple[str, NDArray[np.uint8], str]]) -> set[str]:
    """Choose what is held out: what lies in a folder called test, or by content, so that it never changes."""
    splits = {name: folder_split(name) if "/" in name else "" for name, _, _ in found}
    for part in ("test", "val"):
        chosen = {name for name, split in splits.items() if split == part}
        if chosen and len(chosen) < len(found):
            return chosen
    order = sorted(found, key=lambda each: hashlib.sha256(each[2].encode()).digest())
    return {name for name, _, _ in order[: max(1, min(_MOST_TESTED, len(found) // _ONE_IN))]}
