"""Batches on their way to a detector: views of pictures, or of their features computed once, with their boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import Features
from onward.group import Group
from onward.parts.pixels import as_pixels
from onward.vision.detect.assignment import assign, leave_unasked
from onward.vision.detect.network import points_of
from onward.vision.detect.reading import Scenes
from onward.vision.detect.views import covered, draw_view, moved_boxes, view_of
from onward.vision.view_order import ViewOrder

__all__ = ["Batches", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """What the points of a batch are to say.

    Attributes:
        kinds: B P class numbers, -1 for the background, `UNASKED` where nothing is asked.
        boxes: B P 4 in pixels; of no meaning on the background.
    """

    kinds: Tensor
    boxes: Tensor


class Batches:
    """Endless batches whose place is part of the checkpoint: shuffled by (seed, epoch), each epoch other views.

    Args:
        scenes: pictures and boxes.
        seed: of the run.
        group: of processes that share a batch; counts are of all of them, what is given is this one's share.
    """

    def __init__(self, scenes: Scenes, seed: int, group: Group | None = None) -> None:
        self._scenes, self._seed, self._group = scenes, seed, group or Group()
        self._points = points_of(scenes.size)
        self.order = ViewOrder(scenes.training, scenes.validation, seed)

    def looked_at(self, features: Features, count: int) -> tuple[list[Tensor], Wanted]:
        """Give features of `count` views that the eyes have seen already: maps B C H W, and what is wanted."""
        rows, chosen = self.order.looked_at(features.done, count)
        rows, chosen = self._group.share(rows), self._group.share(chosen)
        maps = [torch.from_numpy(values[rows]).float() for values in features.values]
        return maps, self._wanted(chosen)

    def fresh(self, count: int) -> tuple[Tensor, Wanted]:
        """Give `count` pictures in views never seen before: B 3 S S in [-1, 1], and what is wanted."""
        pixels, chosen = self._drawn(count)
        return pixels, self._wanted(chosen)

    def _drawn(self, count: int) -> tuple[Tensor, list[tuple[int, int]]]:
        """Draw `count` pictures in new views; give them, and which picture and view each is."""
        size, chosen, drawn = self._scenes.size, self._group.share(self.order.fresh(count)), []
        for place, number in chosen:
            drawn.append(draw_view(self._scenes.pictures.images[place], view_of(self._seed, place, number, size)))
        return as_pixels(np.stack(drawn)), chosen

    def fresh_boxes(self, count: int) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Give `count` pictures in views never seen before: B 3 S S in [-1, 1], and each one's boxes and labels.

        What is neither object nor background is painted grey, but under an object's box: there are networks whose loss
        knows no such thing.
        """
        pixels, chosen = self._drawn(count)
        truths = [self.truth(place, number) for place, number in chosen]
        for picture, (place, number), (boxes, _) in zip(pixels, chosen, truths, strict=True):
            is_hidden = covered(self._ignored(place, number), self._scenes.size)
            picture[:, torch.from_numpy(is_hidden & ~covered(boxes, self._scenes.size))] = 0.0
        return pixels, [(torch.from_numpy(boxes), torch.from_numpy(labels)) for boxes, labels in truths]

    def _wanted(self, chosen: list[tuple[int, int]]) -> Wanted:
        """Say what the points of views (place of the picture, number of the view) are to say."""
        found = []
        for place, number in chosen:
            boxes, labels = self.truth(place, number)
            kinds, wanted = assign(torch.from_numpy(boxes), torch.from_numpy(labels), *self._points)
            kinds = leave_unasked(kinds, torch.from_numpy(self._ignored(place, number)), self._points[0])
            found.append((kinds, wanted))
        return Wanted(torch.stack([kinds for kinds, _ in found]), torch.stack([boxes for _, boxes in found]))

    def _ignored(self, place: int, number: int) -> NDArray[np.float32]:
        """Give the boxes of a view that are neither objects nor background, however little it shows of them, J 4."""
        view = view_of(self._seed, place, number, self._scenes.size)
        return moved_boxes(self._scenes.ignored(place)[0], view, self._scenes.size, least_seen=0.0)[0]

    def truth(self, place: int, number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Give the boxes and labels of a view."""
        view = view_of(self._seed, place, number, self._scenes.size)
        boxes, seen = moved_boxes(self._scenes.boxes(place), view, self._scenes.size)
        return boxes, self._scenes.pictures.labels[place][seen]
