"""The user's photo, or noise, and the guide if there is one: all that can be wrong is said here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.data.photo import Photo, read_photo
from onward.generation.dream.settings import Settings

__all__ = ["Scene", "chosen_channels", "read", "scene_of"]

_NOISE_SIDE = 320
_CHANNELS = (16, 24, 40, 80, 112, 192, 320)  # of lite0's stages


@dataclass(frozen=True)
class Scene:
    """What is dreamt on.

    Attributes:
        guide: whose shapes are to be seen in the photo; None without one.
        is_noise: whether there is no photo at all, so that colours are free.
    """

    photo: Photo
    guide: Photo | None = None
    is_noise: bool = False

    @property
    def fingerprint(self) -> str:
        """Give a digest of the pictures."""
        return " ".join(each.digest for each in (self.photo, self.guide) if each is not None)

    def findings(self) -> list[str]:
        """Say what was understood."""
        guided = [] if self.guide is None else [f"Guide: {each}" for each in self.guide.findings()]
        return [*self.photo.findings(), *guided]


def read(source: Source, settings: Settings) -> Scene:
    """Read the photo and the guide.

    Raises:
        DataFault: one of them is missing or cannot be used.
        UsageFault: the settings contradict each other, or name a class or channel that does not exist.
    """
    return scene_of(source.address, settings)


def scene_of(address: str, settings: Settings) -> Scene:
    """Read what an address means for these settings; `noise` is noise unless a file has that name."""
    _check(settings)
    if not address:
        raise DataFault("Name a photo: onward apply dream photo.jpg")
    is_noise = address == "noise" and not Path(address).exists()
    photo = _noise(settings.size or _NOISE_SIDE) if is_noise else read_photo(address)
    return Scene(photo, read_photo(settings.guide) if settings.guide else None, is_noise)


def chosen_channels(words: str, channels: int, layer: int) -> tuple[int, ...]:
    """Read a list of channels: numbers with commas, from 0.

    Raises:
        UsageFault: it is no such list, or the layer has no such channel.
    Example:
        >>> chosen_channels("12, 40", 112, 4)
        (12, 40)
    """
    try:
        found = tuple(int(word) for word in words.split(",") if word.strip())
    except ValueError:
        found = ()
    if not found:
        raise UsageFault(f"channels is {words!r}. Write numbers with commas: --channels 12,40")
    if wrong := [number for number in found if not 0 <= number < channels]:
        raise UsageFault(f"Layer {layer} has channels 0 to {channels - 1}, and no {wrong[0]}.")
    return found


def _check(settings: Settings) -> None:
    wishes = [name for name in ("channels", "class_", "guide") if getattr(settings, name)]
    if len(wishes) > 1:
        named = " and ".join(f"--{name.rstrip('_')}" for name in wishes)
        raise UsageFault(f"{named} each say what to dream of. Give one of them.")
    if settings.class_:
        from onward.backbones import find_class  # brings torch, which photos are read without

        find_class(settings.class_)
        if settings.backbone != "lite0":
            raise UsageFault(
                f"--class needs a network that knows classes, and {settings.backbone} does not: lite0 does."
            )
    if settings.channels and settings.backbone == "lite0":
        chosen_channels(settings.channels, _CHANNELS[settings.layer], settings.layer)


def _noise(side: int) -> Photo:
    """Draw soft grey noise of several sizes of grain; the same each time."""
    chance = np.random.default_rng(0)
    total = np.full((side, side, 3), 118.0)
    for grain in (4, 12, 40):
        cells = chance.standard_normal((max(2, side // grain), max(2, side // grain), 3)).astype(np.float32)
        total += 9 * np.stack([_grown(cells[..., colour], side) for colour in range(3)], axis=2)
    pixels = total.clip(0, 255).astype(np.uint8)
    return Photo(pixels, None, "noise", hashlib.sha256(pixels.tobytes()).hexdigest())


def _grown(cells: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC))
