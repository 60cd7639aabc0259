"""Each encoder's space and map: features, principal components, neighbours, and points on their way to their places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.embedding import Embedding, neighbour_graph
from onward.broad.cluster.spaces import Space, fit_space

__all__ = ["Map", "Maps"]

_COMPONENTS = 64
_FIRST_RATE = 0.5
_FEWEST_EPOCHS = 25
_MOST_SHARE = 8  # one item of so many is a neighbour at most: in a small set fifteen would join what is apart
_FEWEST_NEIGHBOURS = 3
_FEWEST_ITEMS = 50  # of fewer, neighbours say less than the first principal components do


class Map:
    """One encoder's view of the items.

    Attributes:
        recipe: arrays that new items are prepared with.
        space: the straight-line reduction.
        x: N d, reduced by it.
        places: N n, each item's nearest neighbours in it.
    """

    def __init__(self, features: Any, recipe: dict[str, Any], settings: Any, seed: int, *, centred: bool) -> None:
        self.recipe = recipe
        self.space: Space = fit_space(features, _COMPONENTS, seed, centred=centred)
        self.x = self.space.project(features)
        near = min(settings.neighbours, max(_FEWEST_NEIGHBOURS, len(self.x) // _MOST_SHARE))
        graph, self.places = neighbour_graph(self.x, near)
        start = self.x[:, : settings.dimensions]
        if start.shape[1] < settings.dimensions:
            start = np.pad(start, ((0, 0), (0, settings.dimensions - start.shape[1])))
        self.embedding = Embedding(graph, start, seed)

    @property
    def points(self) -> NDArray[np.float32]:
        """Give the map; where items are few or there was no time, the first principal components, on a like scale."""
        if self.embedding.epochs >= _FEWEST_EPOCHS and len(self.x) >= _FEWEST_ITEMS:
            return self.embedding.points
        return self.embedding.start

    def move(self, phase: float) -> None:
        """Move the points once; `phase` goes from 0 to 1 as the map is made."""
        self.embedding.move(_FIRST_RATE * (1 - phase))


class Maps:
    """The maps by encoder, made when they are first asked for; what a checkpoint holds of them is where points are."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: dict[str, Map] = {}
        self._stored: dict[str, Any] = {}

    def get(self, name: str) -> Map:
        """Give an encoder's map."""
        if name not in self._made:
            self._made[name] = self._make(name)
            if name in self._stored:
                self._made[name].embedding.load_state_dict(self._stored.pop(name))
        return self._made[name]

    def epochs(self, name: str) -> int:
        """Count the rounds done, without making the map."""
        if name in self._made:
            return self._made[name].embedding.epochs
        return int(self._stored[name]["epochs"]) if name in self._stored else 0

    def state_dict(self) -> dict[str, Any]:
        """Take the points."""
        return {**self._stored, **{name: each.embedding.state_dict() for name, each in self._made.items()}}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back when the map is next asked for."""
        self._made, self._stored = {}, dict(state)
