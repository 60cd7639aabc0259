"""Looking at pictures with a trained finder: windows in, points in pixels of the picture out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.data.windows import Box, Window, fitted, window_around, window_of_all
from onward.vision.pose.finder import Finder, find_and_describe

__all__ = ["Seen", "looked_at", "windows_for"]

Seen = tuple[NDArray[np.float32], NDArray[np.float32]]


def windows_for(finder: Finder, size: tuple[int, int], boxes: Sequence[Box] | None) -> list[Window]:
    """Give the windows that a picture is looked at through: one for each box, or one on all of it."""
    if boxes is None:
        return [window_of_all(size, finder.shape)]
    return [window_around(box, finder.shape[0]) for box in boxes]


def looked_at(finder: Finder, pictures: Sequence[Image.Image], windows: Sequence[Sequence[Window]]) -> list[list[Seen]]:
    """Find the points in each window of each picture.

    Returns: for each picture and window, points K 3 in pixels of the picture with their scores, and a description.
    """
    flat = [(picture, window) for picture, own in zip(pictures, windows, strict=True) for window in own]
    if not flat:
        return [[] for _ in pictures]
    images = np.stack([fitted(picture, window) for picture, window in flat])
    return placed(finder, images, windows)


def placed(finder: Finder, images: NDArray[np.uint8], windows: Sequence[Sequence[Window]]) -> list[list[Seen]]:
    """Find the points in windows that are fitted already, N H W 3, and bring them to pixels of their pictures."""
    if not len(images):
        return [[] for _ in windows]
    found, described = find_and_describe(finder.network, images)
    answers, number = [], 0
    for own in windows:
        seen = []
        for window in own:
            places = window.outwards(found[number, :, :2])
            seen.append((np.concatenate([places, found[number, :, 2:]], axis=1), described[number]))
            number += 1
        answers.append(seen)
    return answers
