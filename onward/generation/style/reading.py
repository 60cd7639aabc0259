"""What is restyled: a photo, the styles it is to take, and masks that say where."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, UsageFault, did_you_mean
from onward.core.task import Source
from onward.data.photo import Photo, holds_photos, read_photo, read_photos
from onward.generation.style.drawn import DRAWN_STYLES, drawn_style
from onward.generation.style.pictures import small
from onward.generation.style.settings import Settings

__all__ = [
    "LONGEST_LEARNED", "MOST_STYLES", "Style", "Subject", "learned_side", "read", "read_styles", "subject_of",
]  # fmt: skip

_FLAT = 2.0  # of 255: a style that varies less than this has no strokes
_LEAST_REGION, _UNCOVERED = 0.01, 0.02
_OF_A_WALK = ("start", "tile", "history")
LONGEST_LEARNED, _USUAL_LEARNED = 1024, 320  # pixels, of photos that --fast learns from
MOST_STYLES = 100
_MOST_PHOTOS, _MANY, _MOST_SAID = 300, 50, 5
_ALONE = "It is learned from this photo alone, and measured on it. Fifty or more of a kind serve for any of them."
_FEW = " Fifty or more of the kind you mean to restyle make it surer."
_LONG = 250  # letters, more than a file's name can have


@dataclass(frozen=True)
class Style:
    """One style.

    Attributes:
        pixels: H W 3.
        weight: what it counts beside others.
    """

    name: str
    pixels: NDArray[np.uint8]
    weight: float
    digest: str


@dataclass(frozen=True)
class Subject:
    """A photo and what it is to become.

    Attributes:
        photos: further ones, to learn from; none of them is the photo.
        masks: for each style where it goes, H W in [0, 1]; none for everywhere; one alone leaves the rest as it was.
    """

    photo: Photo
    styles: tuple[Style, ...]
    masks: tuple[NDArray[np.float32], ...] = ()
    photos: tuple[Photo, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Give a digest of all pictures, weights and masks."""
        parts = [self.photo.digest, *(f"{style.digest} {style.weight:g}" for style in self.styles)]
        parts += [hashlib.blake2b(mask.tobytes(), digest_size=16).hexdigest() for mask in self.masks]
        parts += [photo.digest for photo in self.photos]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()

    def findings(self) -> list[str]:
        """Say what was understood."""
        height, width = self.photo.pixels.shape[:2]
        named = ", ".join(f"{style.name} {style.pixels.shape[1]} x {style.pixels.shape[0]}" for style in self.styles)
        said = [f"1 photo, {width} x {height} pixels, to be restyled after {named}."]
        if self.photos:
            many = "1 other photo" if len(self.photos) == 1 else f"{len(self.photos)} other photos"
            said.append(f"It is learned from {many}.{_FEW if len(self.photos) < _MANY else ''}")
        if self.photo.alpha is not None:
            said.append("What is transparent stays so.")
        for style in self.styles:
            if style.digest == self.photo.digest:
                said.append(f"{style.name} is the photo itself, so nothing much will change.")
            elif style.pixels.reshape(-1, 3).std(axis=0).max() < _FLAT:
                said.append(f"{style.name} is one even colour: it has no strokes to take, only its colour.")
            elif max(style.pixels.shape) < max(height, width) / 2:
                said.append(f"{style.name} is much smaller than the photo: strokes will be soft. --stroke 0.5 helps.")
        if self.masks:
            said.append("Regions: " + ", ".join(f"{100 * mask.mean():.0f} %" for mask in self.masks) + ".")
        return [*said, *self.photo.notes]


def read(source: Source, settings: Settings) -> Subject:
    """Read photo, styles and masks.

    Raises:
        DataFault: one cannot be read, or masks do not fit.
        UsageFault: weights or masks are not written as they have to be.
    """
    if not settings.fast:
        return subject_of(read_photo(source.address), settings)
    if settings.mask:
        raise UsageFault("A mask is of one photo's places, and --fast learns for any. Leave out one of them.")
    idle = [f"--{name}" for name in _OF_A_WALK if getattr(settings, name) != getattr(Settings(), name)]
    if idle:
        raise UsageFault(f"{' and '.join(idle)}: only a walk of one photo's pixels has that. Leave out it or --fast.")
    if not holds_photos(source.address):
        photo = read_photo(source.address)
        return subject_of(replace(photo, notes=(*photo.notes, _ALONE)), settings)
    unread: list[str] = []
    first, *others = islice(_read_small(source.address, unread, learned_side(settings)), _MOST_PHOTOS)
    notes = [*first.notes, *(f"Left out: {sentence}" for sentence in unread[:_MOST_SAID])]
    if len(others) == _MOST_PHOTOS - 1:
        notes.append(f"No more than {_MOST_PHOTOS} photos are read.")
    others = [each for each in others if each.digest != first.digest]  # the first is for measuring
    if not others:
        notes.append(_ALONE)
    return replace(subject_of(replace(first, notes=tuple(notes)), settings), photos=tuple(others))


def learned_side(settings: Settings) -> int:
    """Give the longer side, in pixels, that --fast learns at."""
    return min(settings.size or _USUAL_LEARNED, LONGEST_LEARNED)


def _read_small(address: str, unread: list[str], side: int) -> Iterator[Photo]:
    """Read photos, no larger than they are needed: the first is painted, the others are learned from."""
    for number, photo in enumerate(read_photos(address, unread, LONGEST_LEARNED)):
        yield replace(photo, pixels=small(photo.pixels, side if number else LONGEST_LEARNED), alpha=None)


def subject_of(photo: Photo, settings: Settings) -> Subject:
    """Give a photo the styles and masks that settings name."""
    styles = read_styles(settings.style)
    return Subject(photo, styles, _masks(settings.mask, photo, styles))


def read_styles(words: str) -> tuple[Style, ...]:
    """Read styles written as `a.jpg=2,b.jpg`, or by the name of one that is drawn.

    Example:
        >>> [(style.name, style.weight) for style in read_styles("pencil=3,oil")]
        [('pencil', 3.0), ('oil', 1.0)]
    """
    names = _names(words)
    if not names:
        raise UsageFault("No style was named. Give a picture, or one of: " + ", ".join(DRAWN_STYLES))
    if len(names) > MOST_STYLES:
        raise UsageFault(f"{len(names)} styles were named, and {MOST_STYLES} are the most. Leave some out.")
    return tuple(_style(each) for each in names)


def _names(words: str) -> list[str]:
    """Split at commas, unless a file of just that name is there."""
    return [words] if _is_there(words) else [each.strip() for each in words.split(",") if each.strip()]


def _is_there(word: str) -> bool:
    try:
        return bool(word) and Path(word).exists()
    except OSError:  # too long to be a name
        return False


def _style(word: str) -> Style:
    name, equals, told = word.rpartition("=")
    weight = 1.0
    if equals and not _is_there(word):
        word = name
        if not word:
            raise UsageFault(f"No style is named before ={told}. Write --style scream.jpg={told}")
        try:
            weight = float(told)
        except ValueError:
            raise UsageFault(f"{told!r} is no weight of a style. Write --style {name}=2.") from None
        if not 0 < weight < 1e6:
            raise UsageFault(f"A style's weight has to be above 0, and {word} has {told}.")
    if word in DRAWN_STYLES:
        return Style(word, drawn_style(word), weight, f"drawn {word}")
    if not _is_there(word) and ":" not in word and (len(word) > _LONG or not Path(word).suffix):
        hint = did_you_mean(word, DRAWN_STYLES)
        raise DataFault(f"There is no picture {word[:_LONG]} and no drawn style of that name.{hint}")
    photo = read_photo(word)
    return Style(photo.name, photo.pixels, weight, photo.digest)


def _masks(words: str, photo: Photo, styles: Sequence[Style]) -> tuple[NDArray[np.float32], ...]:
    names = _names(words)
    if not names:
        return ()
    read = [_mask(name, photo) for name in names]
    if len(read) == 1 and len(styles) == 2:
        read.append(np.float32(1) - read[0])  # the second style goes where the first does not
    if len(read) != len(styles):
        raise UsageFault(
            f"{len(names)} masks and {len(styles)} styles do not fit. Give one mask for each style, in their order."
        )
    for name, mask in zip([*names, f"the rest of {names[0]}"], read, strict=False):
        if mask.mean() < _LEAST_REGION:
            raise DataFault(
                f"{name} covers {100 * mask.mean():.1f} % of the photo, too little to hold a style. Use white for "
                "where the style goes, at least 1 %."
            )
    uncovered = float((np.sum(read, axis=0) < 0.5).mean())
    if len(read) > 1 and uncovered > _UNCOVERED:
        raise DataFault(f"{100 * uncovered:.0f} % of the photo is white in no mask. Together they have to cover it.")
    return tuple(read)


def _mask(name: str, photo: Photo) -> NDArray[np.float32]:
    from PIL import Image

    read = read_photo(name)
    pixels = read.pixels if read.alpha is None else np.where(read.alpha[..., None] > 127, read.pixels, 0)
    height, width = photo.pixels.shape[:2]
    if abs(pixels.shape[0] / pixels.shape[1] - height / width) > 0.02 * height / width:
        raise DataFault(
            f"{name} is {pixels.shape[1]} x {pixels.shape[0]} pixels and the photo {width} x {height}. A mask has the "
            "photo's shape."
        )
    grey = Image.fromarray(pixels).convert("L").resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(grey, np.float32) / np.float32(255)
