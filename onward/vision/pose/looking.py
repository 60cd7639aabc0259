"""Looking at pictures: made ready aside, looked at some at once; points come out in pixels of the picture.

`Windows` looks with a trained finder, through a window on the whole picture or one around each box. `people.py` has
another looker, which finds people by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.data.skeletons import Skeleton
from onward.data.windows import Box, fitted, window_around, window_of_all
from onward.vision.pose.finder import Finder, find_and_describe

__all__ = ["Looker", "Seen", "Windows"]


@dataclass(frozen=True)
class Seen:
    """What was seen in a picture.

    Attributes:
        boxes: where each subject is; None where there is one, somewhere in the picture.
        subjects: of each its points, K 3 in pixels with their scores, and a description, C.
    """

    boxes: Sequence[Box] | None
    subjects: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]


class Looker(Protocol):
    """Finds points in pictures."""

    skeleton: Skeleton

    def ready(self, picture: Image.Image, boxes: Sequence[Box] | None) -> Any:
        """Do what needs no network: another thread may do it meanwhile."""
        ...

    def look(self, ready: Sequence[Any]) -> list[Seen]:
        """Look at pictures that were made ready."""
        ...


class Windows:
    """Looks with a trained finder.

    Args:
        finder: the trained one.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder, self.skeleton = finder, finder.skeleton

    def ready(self, picture: Image.Image, boxes: Sequence[Box] | None) -> Any:
        """Fit a picture, or what each box holds."""
        shape = self._finder.shape
        if boxes is None:
            windows = [window_of_all(picture.size, shape)]
        else:
            windows = [window_around(box, shape[0]) for box in boxes]
        return boxes, windows, [fitted(picture, window) for window in windows]

    def look(self, ready: Sequence[Any]) -> list[Seen]:
        """Find the points in all windows at once, and bring them to pixels of their pictures."""
        images = [image for *_, fits in ready for image in fits]
        if not images:
            return [Seen(boxes, []) for boxes, *_ in ready]
        found, described = find_and_describe(self._finder.network, np.stack(images))
        answers, number = [], 0
        for boxes, windows, _ in ready:
            subjects = []
            for window in windows:
                places = window.outwards(found[number, :, :2])
                subjects.append((np.concatenate([places, found[number, :, 2:]], axis=1), described[number]))
                number += 1
            answers.append(Seen(boxes, subjects))
        return answers
