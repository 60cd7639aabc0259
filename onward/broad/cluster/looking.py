"""One look at every picture: what it shows to pretrained eyes, a small print of it, its bytes' digest, its facts.

Pictures are looked at in chunks, and each chunk is kept on disk under the digests of its pictures' bytes and the
weights of the eyes: a stopped run, a second run or another name of the folder find it again. Where a chunk begins
depends on the names of its files alone, so that a new picture among a hundred thousand changes one chunk.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.broad.cluster.books import Book
from onward.data.cache import cache_key, recall, remember
from onward.data.picture_files import UnreadablePicture, square

__all__ = ["FACTS", "PRINT_SIDE", "Encoder", "Looks"]

FACTS = ("width", "height", "bytes", "has_metadata", "taken_seconds")
PRINT_SIDE = 32
_VERSION = 1
_CHUNK, _MOST_A_CHUNK = 32, 64
_TAKEN = (36867, 306)  # EXIF's DateTimeOriginal and DateTime
_EXIF_FOLDER = 0x8769


class Encoder(Protocol):
    """Something that turns pictures into features."""

    @property
    def name(self) -> str:
        """Give a name with the digest of its weights."""
        ...

    @property
    def side(self) -> int:
        """Give the side in pixels at which it looks; 0 if it needs no look of its own."""
        ...

    def look(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Turn N S S 3 into N F."""
        ...


class Looks:
    """What was seen of the pictures so far, in an order of chunks drawn by lot.

    Attributes:
        places: M, where in the book each picture that could be read is.
        features: M F, float16; F is 0 without eyes.
        prints: M 32 32 3: the whole picture, squeezed into a square.
        digests: M 16.
        facts: M 5, as in `FACTS`; 0 for what is not known.
        unreadable: (place, reason).
    """

    def __init__(self, book: Book, encoder: Encoder, seed: int = 0) -> None:
        self._book, self._encoder = book, encoder
        chunks = _chunks(book.names)
        self._chunks = [chunks[place] for place in np.random.default_rng([seed, len(chunks)]).permutation(len(chunks))]
        self._found: list[dict[str, NDArray[Any]]] = []
        self.unreadable: list[tuple[int, str]] = []

    def __len__(self) -> int:
        """Count the chunks."""
        return len(self._chunks)

    @property
    def done(self) -> int:
        """Count the chunks looked at."""
        return len(self._found)

    @property
    def pictures(self) -> int:
        """Count the pictures that were seen."""
        return sum(len(each["places"]) for each in self._found)

    def look(self) -> None:
        """Look at the next chunk, or recall it."""
        places = self._chunks[self.done]
        stamps = [self._book.stamp(place) for place in places]
        key = cache_key("cluster-stamps", _VERSION, *stamps) if all(stamps) else None
        known = recall(key, "digests") if key else None
        contents: dict[int, bytes] = {}
        if known is None or len(known["digests"]) != len(places):
            contents = {place: self._content(place) for place in places}
            digests = np.stack([_digest(contents[place]) for place in places])
            if key:
                remember(key, digests=digests)
        else:
            digests = np.asarray(known["digests"], np.uint8)
        self._found.append(self._seen(places, digests, contents))

    def _content(self, place: int) -> bytes:
        try:
            return self._book.content(place)
        except UnreadablePicture:
            return b""

    def _seen(
        self, places: list[int], digests: NDArray[np.uint8], contents: dict[int, bytes]
    ) -> dict[str, NDArray[Any]]:
        key = cache_key("cluster-looks", _VERSION, self._encoder.name, self._encoder.side, digests.tobytes().hex())
        names = ("features", "prints", "facts", "readable", "reasons")
        found = recall(key, *names)
        if found is None or len(found["readable"]) != len(places) or len(found["prints"]) != found["readable"].sum():
            found = self._computed(places, contents)
            remember(key, **found)
        is_read = np.asarray(found["readable"], bool)
        reasons = found["reasons"].tobytes().decode("utf-8", "replace").split("\0")
        lost = [place for place, good in zip(places, is_read, strict=True) if not good]
        self.unreadable += list(zip(lost, reasons, strict=False))
        kept = {name: np.asarray(found[name]) for name in ("features", "prints", "facts")}
        return {"places": np.array(places, np.int64)[is_read], "digests": digests[is_read], **kept}

    def _computed(self, places: list[int], contents: dict[int, bytes]) -> dict[str, NDArray[Any]]:
        side = self._encoder.side
        squares, prints, facts, readable, reasons = [], [], [], [], []
        for place in places:
            content = contents.get(place) or self._content(place)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    image, sides = self._opened(place, content, max(side, PRINT_SIDE))
            except UnreadablePicture as reason:
                reasons.append(_why(content, str(reason)))
                readable.append(False)
                continue
            readable.append(True)
            prints.append(_squeezed(image))
            facts.append((*sides, len(content), *_metadata(content)))
            if side:
                squares.append(square(image, side))
        features = self._encoder.look(np.stack(squares)) if squares else np.zeros((len(prints), 0), np.float16)
        return {
            "features": features,
            "prints": np.stack(prints) if prints else np.zeros((0, PRINT_SIDE, PRINT_SIDE, 3), np.uint8),
            "facts": np.array(facts, np.int64).reshape(-1, len(FACTS)),
            "readable": np.array(readable, np.uint8),
            "reasons": np.frombuffer("\0".join(reasons).encode("utf-8", "replace"), np.uint8),
        }

    def _opened(self, place: int, content: bytes, side: int) -> tuple[Image.Image, tuple[int, int]]:
        if not content:
            self._book.content(place)  # says why, if it is not merely empty
        return self._book.opened(content, side)

    def gathered(self, name: str) -> NDArray[Any]:
        """Give `places`, `features`, `prints`, `digests` or `facts` of all pictures seen, in the order of the book."""
        if not self._found:
            return np.zeros(0, np.int64)
        parts = [each[name] for each in self._found if len(each["places"])]
        order = np.argsort(np.concatenate([each["places"] for each in self._found]), kind="stable")
        return np.concatenate(parts)[order] if parts else self._found[0][name]

    def state_dict(self) -> dict[str, Any]:
        """Take how far it came."""
        return {"done": self.done}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Look again, which recalls what was seen."""
        self._found, self.unreadable = [], []
        while self.done < min(int(state["done"]), len(self)):
            self.look()


def _chunks(names: tuple[str, ...]) -> list[list[int]]:
    """Part the places into chunks of about 32 that end where a digest of the name says so."""
    chunks: list[list[int]] = [[]]
    for place, name in enumerate(names):
        chunks[-1].append(place)
        lot = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=2).digest()
        if int.from_bytes(lot, "big") % _CHUNK == 0 or len(chunks[-1]) >= _MOST_A_CHUNK:
            chunks.append([])
    return [chunk for chunk in chunks if chunk]


def _digest(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.uint8)


def _squeezed(image: Image.Image) -> NDArray[np.uint8]:
    """Bring the whole picture to a small square."""
    side = PRINT_SIDE
    if image.size != (side, side):
        image = image.resize(
            (side, side), Image.Resampling.BOX if min(image.size) >= 2 * side else Image.Resampling.BICUBIC
        )
    return np.asarray(image, np.uint8)


def _metadata(content: bytes) -> tuple[int, int]:
    """Say whether a file has EXIF, and when the picture was taken, in seconds since 1970; 0 where nobody says."""
    if b"Exif" not in content[:65536]:
        return 0, 0
    import io

    try:
        found = Image.open(io.BytesIO(content)).getexif()
        inner = found.get_ifd(_EXIF_FOLDER)
        written = next((str(each[tag]) for each in (inner, found) for tag in _TAKEN if tag in each), "")
        taken = datetime.strptime(written.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S") if written else None
        return int(bool(found)), int((taken - datetime(1970, 1, 1)).total_seconds()) if taken else 0
    except Exception:  # whatever a damaged EXIF makes Pillow raise, the picture itself was read
        return 1, 0


def _why(content: bytes, reason: str) -> str:
    """Say more of a file that is no picture, where its bytes do."""
    if len(content) > 1 and content[:4096].count(content[0]) == len(content[:4096]):
        return f"not a picture: every byte is {content[0]}, as of a copy that broke off"
    return reason
