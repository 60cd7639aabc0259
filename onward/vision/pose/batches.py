"""Batches on their way to a finder: views of pictures, or of their features computed once, with their points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from onward.backbones import Features
from onward.parts.pixels import as_pixels
from onward.vision.pose.reading import Poses
from onward.vision.pose.views import draw_view, moved_points, moved_states, view_of
from onward.vision.view_order import ViewOrder

__all__ = ["Batches", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """What a batch is to say.

    Attributes:
        places: B K 2 in pixels.
        states: B K: above 0 known, 0 unknown, -1 nowhere.
    """

    places: Tensor
    states: Tensor


class Batches:
    """Endless batches whose place is part of the checkpoint: shuffled by (seed, epoch), each epoch other views.

    Args:
        poses: subjects and points.
        seed: of the run.
    """

    def __init__(self, poses: Poses, seed: int) -> None:
        self._poses, self._seed = poses, seed
        self.order = ViewOrder(poses.training, poses.validation, seed)

    def looked_at(self, features: Features, count: int) -> tuple[list[Tensor], Wanted]:
        """Give features of `count` views that the eyes have seen already: maps B C h w, and what is wanted."""
        rows, chosen = self.order.looked_at(features.done, count)
        maps = [torch.from_numpy(values[rows]).float() for values in features.values]
        return maps, self._wanted(chosen)

    def fresh(self, count: int) -> tuple[Tensor, Wanted]:
        """Give `count` pictures in views never seen before: B 3 H W in [-1, 1], and what is wanted."""
        chosen, drawn = self.order.fresh(count), []
        for place, number in chosen:
            view = view_of(self._seed, place, number, self._poses.shape, self._poses.turn)
            drawn.append(draw_view(self._poses.pictures.images[place], view))
        return as_pixels(np.stack(drawn)), self._wanted(chosen)

    def _wanted(self, chosen: list[tuple[int, int]]) -> Wanted:
        """Say what is true of views (place of the picture, number of the view)."""
        poses, skeleton = self._poses, self._poses.skeleton
        places, states = [], []
        for place, number in chosen:
            view = view_of(self._seed, place, number, poses.shape, poses.turn)
            places.append(moved_points(poses.places(place), view, skeleton))
            states.append(moved_states(poses.pictures.states[place], view, skeleton))
        return Wanted(torch.from_numpy(np.stack(places)), torch.from_numpy(np.stack(states)))
