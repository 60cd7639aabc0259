"""What a flow network learns from: the meadow's pairs, the user's photos moved over each other, or pairs with a `.flo`.

A film counts as photos too: its frames' texture is what matters. Nothing is drawn when the data are read; pair `number`
of a seed is drawn when it is asked for, and is always the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.data.films import footage, is_film
from onward.data.flow_files import read_flow_file
from onward.data.photo_albums import album_for
from onward.data.upright import upright_pictures
from onward.meadow import ROOMS, WORLD_VERSION, Photos, frame_pair, large_scene, parse_address
from onward.parts.dense_flow import open_cv
from onward.vision.motion.settings import Settings
from onward.vision.motion.sheets import Pair, sheet_pair

__all__ = ["Moving", "read"]

_SIZE, _STEP = 192, 32
_SHORTER_SIDE, _MOST_PHOTOS, _FEWEST_PHOTOS, _FEWEST_PAIRS = 384, 600, 4, 5
_SCENES = 16  # of the meadow, to cut sheets from where there are no photos
_TEST_SHARE, _TESTS, _TEST_SEED = 0.2, 60, 2**31
_FRAMES_APART = 10


@dataclass(frozen=True)
class Moving:
    """Pairs of pictures, drawn when they are asked for.

    Attributes:
        address: where the data are from.
        size: side of the pairs learned from, in pixels.
        fingerprint: digest of all that the pairs are made of.
        sheets: share of pairs that are sheets.
        level: of the meadow's pairs; None without them.
        album: photos behind the meadow's creatures.
        textures: pictures to move, to learn from; `held_out` those to test with.
        pairs: the user's own pairs, to learn from; `own_tests` those to test with.
        troubles: sentences about what was left out.
    """

    address: str
    size: int
    fingerprint: str
    sheets: float
    level: int | None = None
    album: Photos | None = None
    textures: Sequence[NDArray[np.uint8]] = ()
    held_out: Sequence[NDArray[np.uint8]] = ()
    pairs: Sequence[Pair] = ()
    own_tests: Sequence[Pair] = ()
    troubles: list[str] = field(default_factory=list)

    def findings(self) -> list[str]:
        """Say what was understood."""
        if self.level is not None:
            behind = f"{len(self.album.images)} photos" if self.album else "painted land"
            words = f"Pairs of the meadow, level {self.level}, before {behind}, and cut-outs moved over pictures."
        elif self.pairs:
            words = f"{len(self.pairs) + len(self.own_tests)} pairs with their flow; {len(self.own_tests)} to test."
        else:
            words = (
                f"{len(self.textures) + len(self.held_out)} pictures to move; {len(self.held_out)} kept for the test."
            )
        return [f"{self.address}: {words}", *self.troubles]

    def training_pair(self, seed: int, number: int) -> Pair:
        """Draw pair `number` to learn from."""
        chance = np.random.default_rng([seed, number])
        if self.textures and (chance.random() < self.sheets or (self.level is None and not self.pairs)):
            return sheet_pair(self.textures, chance, self.size)
        if self.level is not None:
            index = number % ROOMS["flow"]["train"]
            return _drawn(index, self.size, "train", seed + number // ROOMS["flow"]["train"], self)
        return _cropped(self.pairs[int(chance.integers(len(self.pairs)))], chance, self.size)

    def test_count(self, shifted: bool = False) -> int:
        """Count the pairs to test with."""
        if self.level is not None:
            return ROOMS["flow"]["test-shift" if shifted else "test"]
        return 0 if shifted else len(self.own_tests) or _TESTS

    def test_pair(self, number: int, shifted: bool = False) -> Pair:
        """Draw pair `number` to test with; shifted ones differ on purpose from all that is learned from."""
        if self.level is not None:
            return _drawn(number, self.size, "test-shift" if shifted else "test", 0, self)
        if self.own_tests:
            return self.own_tests[number]
        return sheet_pair(self.held_out, np.random.default_rng([_TEST_SEED, number]), self.size)


def read(source: Source, settings: Settings) -> Moving:
    """Read what a flow network shall learn from.

    Raises:
        DataFault: too few pictures or pairs, or files that cannot be read.
        UsageFault: another room of the meadow.
        MachineFault: OpenCV is not installed.
    """
    open_cv()
    size = (settings.size or _SIZE) // _STEP * _STEP
    address = source.address
    if address.startswith("meadow:"):
        return _meadow(address, size, settings)
    if settings.photos:
        raise UsageFault("--set photos= goes with meadow:flow. Here the photos are the data already; leave it out.")
    path = Path(address)
    flows = sorted(path.rglob("*.flo")) if path.is_dir() else []
    if flows:
        return _own_pairs(address, flows, size)
    return _own_photos(address, size)


def _meadow(address: str, size: int, settings: Settings) -> Moving:
    room = parse_address(address)
    if room.name != "flow":
        raise UsageFault(f"{address} has no flow to learn from. Write meadow:flow.")
    room.check_range(0, 1, "train", 0)
    album = album_for(address, settings.photos)
    digest = hashlib.blake2b(repr((room.address, WORLD_VERSION, size, settings.sheets)).encode(), digest_size=16)
    if album is not None:
        digest.update(album.digest.encode())
        textures: Sequence[NDArray[np.uint8]] = album.images
    else:
        count = min(_SCENES, ROOMS["scene"]["train"])
        textures = [large_scene(number, size=_SHORTER_SIDE).pixels for number in range(count)]
    return Moving(address, size, digest.hexdigest(), settings.sheets, room.level, album, textures)


def _drawn(index: int, size: int, split: str, seed: int, data: Moving) -> Pair:
    """Draw a pair of the meadow; where the first frame's pixel goes is known also where it is hidden."""
    drawn = frame_pair(index, size=size, split=split, seed=seed, level=data.level or 0, photos=data.album)
    known = np.ones(drawn.hidden.shape, bool)
    return Pair(drawn.first.pixels, drawn.second.pixels, drawn.forward, known)


def _own_photos(address: str, size: int) -> Moving:
    """Read the user's photos, or a film's frames, as pictures to move."""
    troubles: list[str] = []
    images: list[NDArray[np.uint8]] = []
    if is_film(address):
        shots = footage(address)
        for number, (_, picture) in enumerate(shots.moments()):
            if number % _FRAMES_APART == 0:
                images.append(_shrunk(picture))
            if len(images) == _MOST_PHOTOS:
                break
        troubles += shots.troubles
    else:
        lost: list[tuple[str, str]] = []
        for _, picture in upright_pictures(address, lost):
            images.append(_shrunk(picture))
            if len(images) == _MOST_PHOTOS:
                break
        if lost:
            troubles.append(f"{len(lost)} pictures cannot be read, the first is {lost[0][0]} ({lost[0][1]}).")
    if len(images) < _FEWEST_PHOTOS:
        raise DataFault(f"{address} has {len(images)} pictures to move, and at least {_FEWEST_PHOTOS} are needed.")
    digests = [
        hashlib.blake2b(repr(image.shape).encode() + image.tobytes(), digest_size=16).digest() for image in images
    ]
    tests = _parted(digests)
    whole = hashlib.blake2b(b"".join(digests) + repr(size).encode(), digest_size=16).hexdigest()
    learned = [image for image, is_test in zip(images, tests, strict=True) if not is_test]
    kept = [image for image, is_test in zip(images, tests, strict=True) if is_test]
    return Moving(address, size, whole, 1.0, textures=learned, held_out=kept, troubles=troubles)


def _shrunk(picture: Image.Image) -> NDArray[np.uint8]:
    shrink = min(1.0, _SHORTER_SIDE / min(picture.size))
    side = (max(2, round(picture.width * shrink)), max(2, round(picture.height * shrink)))
    return np.asarray(picture.convert("RGB").resize(side, Image.Resampling.LANCZOS))


def _parted(digests: Sequence[bytes]) -> list[bool]:
    """Choose what to test with by content, so that copies fall on one side: at least one, and not all."""
    names = sorted(set(digests))
    chosen = set(names[: max(1, round(_TEST_SHARE * len(names)))]) if len(names) > 1 else set()
    return [digest in chosen for digest in digests] if chosen else [number == 0 for number in range(len(digests))]


def _own_pairs(address: str, flows: Sequence[Path], size: int) -> Moving:
    """Read pairs that lie beside their `.flo`: NAME_1 or NAME_img1, the same with 2, NAME.flo or NAME_flow.flo."""
    pairs, digests, troubles = [], [], []
    for path in flows:
        way, known = read_flow_file(path)
        stem = path.stem.removesuffix("_flow")
        both = [_picture_of(path.parent, stem, number) for number in (1, 2)]
        if both[0] is None or both[1] is None:
            troubles.append(f"{path} has no pictures {stem}_1 and {stem}_2 beside it; left out.")
            continue
        first, second = (np.asarray(picture) for picture in both)
        if first.shape != second.shape or first.shape[:2] != way.shape[:2]:
            raise DataFault(f"{path} and its two pictures differ in size. Give three of one size.")
        pairs.append(Pair(first, second, np.where(known[..., None], way, 0).astype(np.float32), known))
        digests.append(hashlib.blake2b(path.read_bytes() + first.tobytes() + second.tobytes(), digest_size=16).digest())
    if len(pairs) < _FEWEST_PAIRS:
        raise DataFault(f"{address} has {len(pairs)} pairs with their flow, and at least {_FEWEST_PAIRS} are needed.")
    tests = _parted(digests)
    whole = hashlib.blake2b(b"".join(digests) + repr(size).encode(), digest_size=16).hexdigest()
    learned = [pair for pair, is_test in zip(pairs, tests, strict=True) if not is_test]
    kept = [pair for pair, is_test in zip(pairs, tests, strict=True) if is_test]
    return Moving(address, size, whole, 0.0, pairs=learned, own_tests=kept, troubles=troubles)


def _picture_of(folder: Path, stem: str, number: int) -> Image.Image | None:
    for name in (f"{stem}_{number}", f"{stem}_img{number}"):
        for ending in (".png", ".jpg", ".jpeg", ".ppm"):
            if (folder / (name + ending)).is_file():
                lost: list[tuple[str, str]] = []
                found = [picture for _, picture in upright_pictures(str(folder / (name + ending)), lost)]
                return found[0].convert("RGB") if found else None
    return None


def _cropped(pair: Pair, chance: np.random.Generator, size: int) -> Pair:
    """Cut a square from a pair, mirrored every other time; smaller pairs are filled up with their border, unknown."""
    short = [max(0, size - side) for side in pair.way.shape[:2]]
    fill = ((0, short[0]), (0, short[1]))
    top, left = (int(chance.integers(0, max(side, size) - size + 1)) for side in pair.known.shape)
    flip = -1 if chance.random() < 0.5 else 1

    def cut(values: NDArray[Any], mode: Literal["edge", "constant"] = "edge") -> NDArray[Any]:
        filled = np.pad(values, (*fill, (0, 0))[: values.ndim], mode)
        return np.ascontiguousarray(filled[top : top + size, left : left + size][:, ::flip])

    way = cut(pair.way) * np.array([flip, 1], np.float32)
    return Pair(cut(pair.first), cut(pair.second), way, cut(pair.known, "constant"))
