"""Is it a copy? The nearest training picture of each sample, and how near new pictures come to training ones anyway.

Distances are between the outside judge's features, to training pictures and their mirror images, since augmentation
shows both. Held-out pictures are the yardstick: nobody learned from them, so as near as they come is chance. Nine in
ten samples of an honest generator lie between the nearest and the farthest twentieth of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from onward.generation.gan.judge import Judge, judge_features
from onward.generation.gan.measures import nearest_places, unseen_distances
from onward.generation.gan.reading import Gallery

__all__ = ["CopyCheck", "check_copies", "training_features", "with_nearest"]

_NEAR = 0.05  # of the held-out pictures are this near
_COPIED = 0.5  # of what is near: nearer than that no new picture comes
_SELDOM = 0.025  # so improbable is more than chance
_ZOOMED, _STRIP = 96, 14  # pixels: side of a sample on the sheet, and height of the figures below


@dataclass(frozen=True)
class CopyCheck:
    """What was found of each sample.

    Attributes:
        places: M, the nearest training picture's place among the gallery's pictures.
        is_mirrored: M, whether its mirror image is meant.
        times_usual: M, the distance to it over what held-out pictures have in the middle: 1 is as new as they are.
        near: what a twentieth of the held-out pictures are nearer than, in the same measure.
    """

    places: NDArray[np.int64]
    is_mirrored: NDArray[np.bool_]
    times_usual: NDArray[np.float64]
    near: float

    @property
    def is_copy(self) -> NDArray[np.bool_]:
        """Say of each sample whether it is nearer to a training picture than a new picture ever is."""
        return self.times_usual < _COPIED * self.near

    def sentence(self) -> str:
        """Say it: is this a copy?"""
        from scipy.special import bdtrc  # the upper tail of the binomial distribution

        count, near = len(self.places), int((self.times_usual < self.near).sum())
        copies = int(self.is_copy.sum())
        if copies:
            start = f"{copies} of {count} samples look copied: as near to a training picture as no new picture comes."
        else:
            start = f"None of {count} samples looks copied."
        is_chance = near == 0 or float(bdtrc(near - 1, count, _NEAR)) > _SELDOM  # so many, or more
        verdict = "no more than chance" if is_chance else "more than chance: look at them"
        return (
            f"{start} The middle one is {np.median(self.times_usual):.2f} times as far from its nearest training "
            f"picture as unseen real pictures are; {near} are nearer than 19 of 20 of those ({verdict})."
        )


def training_features(judge: Judge, gallery: Gallery, most: int | None = None) -> Tensor:
    """Look at the training pictures, then at their mirror images: 2N F.

    Args:
        most: of the pictures, where there is little time.
    """
    return torch.cat(
        [judge_features(judge, each) for each in _both_ways(gallery.pictures.images, gallery.training[:most])]
    )


def check_copies(judge: Judge, gallery: Gallery, training: Tensor, drawn: Tensor) -> CopyCheck:
    """Look up the nearest training picture of each sample.

    Args:
        training: what `training_features` gave.
        drawn: M 3 H W, uint8.
    """
    unseen = judge_features(judge, _pixels(gallery.pictures.images[gallery.held_out]))
    held_out = unseen_distances(training, unseen).double()
    middle = float(held_out.median().clamp(min=1e-9))
    distances, places = nearest_places(training, judge_features(judge, drawn))
    count = len(training) // 2
    return CopyCheck(
        gallery.training[(places % count).numpy()],
        (places >= count).numpy(),
        distances.double().numpy() / middle,
        float(held_out.quantile(_NEAR)) / middle,
    )


def with_nearest(pictures: Tensor, gallery: Gallery, check: CopyCheck) -> NDArray[np.uint8]:
    """Lay out each sample, the nearest training picture to its right, and below them how near: a copy's figure in red.

    Args:
        pictures: M 3 S S, uint8; the gallery's pictures are S pixels too.
    """
    side = pictures.shape[-1]
    zoom = max(1, round(_ZOOMED / side))
    wide, high = 2 * side * zoom + 6, side * zoom + _STRIP + 4
    columns = max(1, round((len(pictures) / 2) ** 0.5))
    sheet = Image.new("RGB", (columns * wide, -(-len(pictures) // columns) * high), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=_STRIP - 2)
    drawn = pictures.permute(0, 2, 3, 1).numpy()
    for number, place in enumerate(check.places):
        left, top = number % columns * wide, number // columns * high
        real = gallery.pictures.images[place]
        pair = np.concatenate([drawn[number], real[:, ::-1] if check.is_mirrored[number] else real], axis=1)
        sheet.paste(Image.fromarray(pair.repeat(zoom, axis=0).repeat(zoom, axis=1)), (left, top))
        colour = (200, 0, 0) if check.is_copy[number] else (90, 90, 90)
        pen.text((left + 2, top + side * zoom), f"{check.times_usual[number]:.2f}", fill=colour, font=font)
    return np.asarray(sheet)


def _pixels(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)


def _both_ways(images: NDArray[np.uint8], places: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    chosen = _pixels(images[places])
    return chosen, chosen.flip(3)
