"""The user's pictures as the GAN takes them: enough of them, and a few held out to catch learning by heart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.data.pictures import Pictures, read_pictures
from onward.generation.gan.settings import Settings

__all__ = ["FEWEST_PICTURES", "Gallery", "read"]

FEWEST_PICTURES = 64
_FEW_PICTURES = 1000
_SIZES = (16, 32, 64, 128)
_HELD_OUT = 0.05
_GREY = 2.0  # of 255, between the colours of a picture's pixels, on average


@dataclass(frozen=True)
class Gallery:
    """Pictures to learn from and a twentieth held out.

    Attributes:
        held_out: the held-out pictures' places in `pictures.images`; the rest is trained on.
        is_grey: no picture has colour, so none that is drawn may have any.
    """

    pictures: Pictures
    training: NDArray[np.int64]
    held_out: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    is_grey: bool = False

    @property
    def fingerprint(self) -> str:
        """Give the pictures' digest."""
        return self.pictures.fingerprint

    def at(self, size: int) -> Gallery:
        """Give the same gallery with pictures of another side in pixels, averaged down or repeated up."""
        images = self.pictures.images
        if images.shape[1] == size:
            return self
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
        resized = [F.interpolate(batch.float(), size=(size, size), mode="area") for batch in pixels.split(500)]
        images = torch.cat([batch.round().byte() for batch in resized]).permute(0, 2, 3, 1).contiguous().numpy()
        return replace(self, pictures=replace(self.pictures, images=images))

    @property
    def is_small(self) -> bool:
        """Say whether there are so few pictures that they could be learned by heart."""
        return len(self.training) < _FEW_PICTURES

    def findings(self) -> list[str]:
        """Say what was understood, and warn of too few pictures."""
        sentences = [*self.pictures.findings(), *self.notes]
        if self.is_grey:
            sentences.append("All pictures are grey, so what is drawn will be grey too.")
        if self.is_small:
            sentences.append(
                f"{len(self.pictures)} pictures are few: augmentation is stronger, and watch the nearest training "
                "picture beside each sample for copies."
            )
        return sentences

    def as_json(self) -> dict[str, object]:
        """Give the doctor's counts."""
        return self.pictures.as_json()


def read(source: Source, settings: Settings) -> Gallery:
    """Read pictures and hold a twentieth out, chosen by content so that it never changes.

    Raises:
        DataFault: fewer than 64 pictures.
        UsageFault: a size that is no power of two.
    """
    if settings.size is not None and settings.size not in _SIZES:
        raise UsageFault(
            f"size is {settings.size}; the networks double from 4 pixels. Use {', '.join(map(str, _SIZES))}."
        )
    pictures, notes = _training_part(read_pictures(source.address, size=settings.size))
    if len(pictures) < FEWEST_PICTURES:
        raise DataFault(
            f"{source.address} has {len(pictures)} readable pictures; a GAN needs at least {FEWEST_PICTURES}. Add more."
        )
    if max(float(line.std(axis=0).max()) for line in pictures.images.swapaxes(0, 1)) < 1.0:  # by lines, for memory
        raise DataFault(f"{source.address}: all {len(pictures)} pictures look the same, so there is nothing to learn.")
    # by digest, so that a picture and its exact copy are on the same side
    keys = np.array([int.from_bytes(digest[:8], "big") for digest in pictures.digests], dtype=np.uint64)
    chosen = keys < np.uint64(int(_HELD_OUT * 2**64))
    if chosen.sum() < 4:
        chosen[np.argsort(keys)[:4]] = True
    return Gallery(pictures, np.flatnonzero(~chosen), np.flatnonzero(chosen), notes, _all_grey(pictures.images))


def _all_grey(images: NDArray[np.uint8]) -> bool:
    """Say whether no picture has colour, but for what JPEG leaves: N H W 3."""
    for start in range(0, len(images), 500):
        few = images[start : start + 500].astype(np.int16)
        apart = np.abs(few[..., 0] - few[..., 1]) + np.abs(few[..., 1] - few[..., 2])
        if apart.mean(axis=(1, 2)).max() > _GREY:
            return False
    return True


def _training_part(pictures: Pictures) -> tuple[Pictures, tuple[str, ...]]:
    """Keep pictures to learn from: those for validation and test are never shown to a network that learns."""
    if pictures.splits is None or "train" not in pictures.splits:
        return pictures, ()
    places = np.flatnonzero(np.array(pictures.splits) == "train")
    if len(places) == len(pictures):
        return pictures, ()
    kept = replace(
        pictures,
        images=pictures.images[places],
        labels=pictures.labels[places],
        names=tuple(pictures.names[place] for place in places) if pictures.names else (),
        splits=None,
        digests=tuple(pictures.digests[place] for place in places),
    )
    return kept, (f"{len(pictures) - len(places):,} pictures of other parts than `train` are left out.",)
