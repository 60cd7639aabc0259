"""The pictures of a store, found by what people write, and decoded when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from PIL import Image

from onward.data.archive import Store
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture
from onward.data.upright import read_upright

__all__ = ["Album"]

_KEPT_PIXELS = 100_000_000


class Album:
    """Finds pictures by as many of the last words of a written path as fit, with or without the ending.

    Attributes:
        names: of all pictures.
        facts: of each one read so far: width, height, the EXIF orientation it was turned from, its digest; or the
            reason why it cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self.names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
        self.facts: dict[str, tuple[int, int, int, bytes] | str] = {}
        self._store = store
        self._kept: dict[str, Image.Image] = {}
        self._pixels = 0
        self._known = {str(PurePosixPath(name)): name for name in self.names}
        self._by_stem: dict[str, list[str]] = {}
        for name in self.names:
            self._by_stem.setdefault(PurePosixPath(name).stem, []).append(name)

    def find(self, written: str) -> str | None:
        """Find a picture; None if it is not there, or several fit equally well."""
        path = PurePosixPath(written.replace("\\", "/"))
        if str(path) in self._known:
            return self._known[str(path)]
        stem = path.stem if path.suffix.lower() in PICTURE_ENDINGS else path.name
        likely = self._by_stem.get(stem, [])
        likely = [name for name in likely if PurePosixPath(name).name == path.name] or likely
        if len(likely) < 2:
            return likely[0] if likely else None
        fits = [_shared_end(path.parent.parts, PurePosixPath(name).parent.parts) for name in likely]
        best = max(fits)
        return likely[fits.index(best)] if best and fits.count(best) == 1 else None

    def look_at(self, name: str) -> tuple[int, int, int, bytes] | str:
        """Read a picture's facts once."""
        if name not in self.facts:
            try:
                image, orientation, content = read_upright(self._store, name)
            except UnreadablePicture as reason:
                self.facts[name] = str(reason)
            else:
                digest = hashlib.blake2b(content, digest_size=16).digest()
                self.facts[name] = (image.width, image.height, orientation, digest)
                self._pixels += image.width * image.height
                if self._pixels < _KEPT_PIXELS:  # what is small is not decoded twice
                    self._kept[name] = image
        return self.facts[name]

    def picture(self, name: str) -> Image.Image:
        """Give a picture that could be looked at, upright."""
        return self._kept[name] if name in self._kept else read_upright(self._store, name)[0]


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for word, same in zip(reversed(one), reversed(other), strict=False):
        if word != same:
            break
        count += 1
    return count
