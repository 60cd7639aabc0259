"""How far what was found is from the truth, in pixels of the original pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.vision.pose.reading import Poses

__all__ = ["diagonals_of", "errors_of", "middle_places", "usual_places"]


def errors_of(poses: Poses, places: NDArray[np.int64], found: NDArray[np.float32]) -> NDArray[np.float64]:
    """Measure the distance of each found point from the true one.

    Args:
        places: n subjects.
        found: n K 2 or more, in fitted pixels.
    Returns: n K, in pixels of the original pictures; NaN where nobody marked the point.
    """
    pictures = poses.pictures
    told = np.stack([pictures.windows[place].outwards(each[:, :2]) for place, each in zip(places, found, strict=True)])
    errors = np.hypot(*np.moveaxis(told - pictures.points[places], -1, 0)).astype(np.float64)
    return np.where(pictures.known[places], errors, np.nan)


def diagonals_of(poses: Poses, places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the diagonal of each subject's box, in pixels of the original pictures: n."""
    boxes = poses.pictures.boxes[places].astype(np.float64)
    return np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])


def usual_places(poses: Poses, count: int) -> NDArray[np.float32]:
    """Guess without looking: the mean place of each point in what is learned from, `count` times: n K 2, fitted."""
    known = poses.pictures.known[poses.training]
    learned = np.stack([poses.places(place) for place in poses.training.tolist()])
    sums = (learned * known[:, :, None]).sum(axis=0)
    mean = sums / np.maximum(known.sum(axis=0), 1)[:, None]
    return np.repeat(mean[None].astype(np.float32), count, axis=0)


def middle_places(poses: Poses, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """Guess the middle of each picture, or of each box where subjects are cut out: n K 2, in fitted pixels."""
    pictures = poses.pictures
    boxes = pictures.boxes[places]
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 if pictures.are_cut else pictures.sizes[places] / 2
    fitted = [pictures.windows[place].inwards(middle) for place, middle in zip(places, middles, strict=True)]
    return np.repeat(np.stack(fitted)[:, None], len(poses.skeleton.names), axis=1)
