"""Boxes out of scores and distances: the best points, and of boxes that overlap much only the best one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from onward.vision.detect.assignment import reaches_to_boxes
from onward.vision.overlaps import suppress

__all__ = ["Found", "decode", "suppress"]

_CANDIDATES, _MOST, _LEAST_SCORE = 400, 100, 0.01


@dataclass(frozen=True)
class Found:
    """What was found in one picture, the surest first.

    Attributes:
        boxes: K 4, left top right bottom in pixels.
        labels: K class numbers.
        scores: K, in [0, 1].
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def above(self, threshold: float) -> Found:
        """Leave out what is less sure."""
        sure = self.scores >= threshold
        return Found(self.boxes[sure], self.labels[sure], self.scores[sure])

    def scaled(self, factor: float, width: float, height: float) -> Found:
        """Bring boxes to another scale and cut them at the picture's border."""
        boxes = (self.boxes * factor).clip(0, np.array([width, height] * 2, np.float32)).astype(np.float32)
        return Found(boxes, self.labels, self.scores)


def decode(logits: Tensor, reaches: Tensor, points: Tensor) -> Found:
    """Read one picture's answers.

    Args:
        logits: P classes.
        reaches: P 4, in pixels.
        points: P 2.
    """
    classes = logits.shape[1]
    scores, order = logits.sigmoid().flatten().sort(descending=True)
    order = order[:_CANDIDATES][scores[:_CANDIDATES] >= _LEAST_SCORE]
    places, labels = order // classes, order % classes
    boxes = reaches_to_boxes(points[places], reaches[places]).numpy()
    kept = suppress(boxes, labels.numpy())[:_MOST]
    return Found(
        boxes[kept].astype(np.float32), labels.numpy()[kept], scores[: len(order)].numpy()[kept].astype(np.float32)
    )
