"""A finished grouping: what new items are prepared with, where the known ones lie, and which group each place is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.embedding import placed
from onward.broad.cluster.heads import Heads
from onward.broad.cluster.kmeans import nearest_centre
from onward.broad.cluster.mixture import Mixture
from onward.broad.cluster.neighbours import nearest
from onward.broad.cluster.spaces import Space
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.parts.box import Box

__all__ = ["Groups", "head_input", "load"]

_MOST_CLUSTERS, _MOST_COLUMNS = 1000, 1_000_000


@dataclass(frozen=True)
class Groups:
    """Groups of items.

    Attributes:
        facts: kind of items, encoder and side, method, the names of columns; plain values.
        recipe: arrays that new items are prepared with.
        space: the straight-line reduction.
        known: N d, the items grouped, reduced.
        points: N D, where they lie in the map.
        labels: N, the group of each; -1 in none.
        centres: K D, the middle of each group in the map.
        parts: arrays of the method.
        run: where it was made.
    """

    facts: dict[str, Any]
    recipe: dict[str, NDArray[Any]]
    space: Space
    known: NDArray[np.float32]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    centres: NDArray[np.float32]
    parts: dict[str, NDArray[Any]]
    run: Run

    def tell(self, features: Any) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Tell new items' groups.

        Args:
            features: N F, prepared by the recipe.
        Returns: N groups, N distances to their groups' middles in the map, and N D places in the map.
        Raises:
            RunFault: the run's own reduction takes other features.
        """
        if features.shape[1] != len(self.space.axes):
            raise RunFault(f"The run {self.run.name} is damaged: its groups do not fit each other. Train it anew.")
        x = self.space.project(features)
        points = placed(self.known, self.points, x)
        labels = self._labelled(x, points)
        return labels, self.distances(points, labels), points

    def distances(self, points: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the distance of each place to the middle of its group; to the nearest middle for those in none."""
        middles = np.where(labels < 0, nearest_centre(points, self.centres)[0], labels)
        return np.sqrt(((points - self.centres[middles]) ** 2).sum(axis=1))

    def _labelled(self, x: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.int64]:
        method = self.facts["method"]
        if method == "mixture":
            return Mixture(self.parts["shares"], self.parts["means"], self.parts["covariances"]).labels(points)
        if method == "heads":
            return (head_input(x, self.parts["scale"]) @ self.parts["head"]).argmax(axis=1)
        if method == "hdbscan":
            return self.labels[nearest(self.known, 1, x)[0][:, 0]]
        return nearest_centre(points, self.centres)[0]

    def state(self) -> dict[str, Any]:
        """Give what a checkpoint holds of it."""
        names = ("facts", "recipe", "known", "points", "labels", "centres", "parts")
        kept = {name: getattr(self, name) for name in names}
        return {**kept, "axes": self.space.axes, "shift": self.space.shift}


def head_input(x: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring reduced items to like spreads and length 1, as heads take them."""
    scaled = x / scale
    return (scaled / np.maximum(np.sqrt((scaled**2).sum(axis=1, keepdims=True)), 1e-6)).astype(np.float32)


def load(run: Run) -> Groups:
    """Load a run's groups.

    Raises:
        RunFault: there are none yet, or they do not fit each other.
    """
    box = Box(None)
    run.load_kept(groups=box)
    kept = box.value
    if not isinstance(kept, dict):
        raise RunFault(f"{run.name} has no groups yet. Go on with: onward resume {run.folder.word}")
    try:
        groups = _from_state(kept, run)
        _check(groups)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise RunFault(f"The run {run.name} is damaged: its groups do not fit each other. Train it anew.") from None
    return groups


def _from_state(kept: dict[str, Any], run: Run) -> Groups:
    space = Space(np.asarray(kept["axes"], np.float32), np.asarray(kept["shift"], np.float32))
    known, points, centres = (np.asarray(kept[name], np.float32) for name in ("known", "points", "centres"))
    labels = np.asarray(kept["labels"], np.int64)
    return Groups(
        dict(kept["facts"]), dict(kept["recipe"]), space, known, points, labels, centres, dict(kept["parts"]), run
    )


def _check(groups: Groups) -> None:
    """Refuse a stranger's arrays that do not belong together."""
    count, clusters = len(groups.known), len(groups.centres)
    fits = (
        groups.known.ndim == groups.points.ndim == groups.centres.ndim == groups.space.axes.ndim == 2
        and groups.points.shape == (count, groups.centres.shape[1])
        and groups.labels.shape == (count,)
        and groups.known.shape[1] == groups.space.axes.shape[1] == len(groups.space.shift)
        and 0 < clusters <= _MOST_CLUSTERS
        and groups.labels.min(initial=0) >= -1
        and groups.labels.max(initial=0) < clusters
        and _fits_recipe(groups.facts, groups.recipe, len(groups.space.axes))
        and _fits_method(groups.facts, groups.parts, groups.known.shape[1], *groups.centres.shape)
        and all(np.isfinite(each).all() for each in (groups.known, groups.points, groups.centres, groups.space.axes))
    )
    if not fits:
        raise ValueError("shapes")


def _fits_recipe(facts: dict[str, Any], recipe: dict[str, NDArray[Any]], width: int) -> bool:
    """Say whether what texts and rows are prepared with is as wide as the reduction."""
    if facts["kind"] == "texts":
        words = recipe["words"].tobytes().decode().split("\n")
        return len(words) == len(set(words)) == width and recipe["weights"].shape == (width,)
    if facts["kind"] == "rows":
        kinds = [len(each["categories"]) for each in facts["columns"]]
        shapes = {np.shape(recipe[name]) for name in ("middles", "spreads", "kinds")}
        is_same = shapes == {(len(kinds),)} and recipe["kinds"].tolist() == kinds
        return is_same and recipe["shares"].shape == (sum(kinds),) and sum(max(1, each) for each in kinds) == width
    return True


def _fits_method(facts: dict[str, Any], parts: dict[str, NDArray[Any]], width: int, clusters: int, axes: int) -> bool:
    """Say whether what a method needs is there, in the right shapes."""
    needed = {
        "k-means": {},
        "hdbscan": {},
        "mixture": {"shares": (clusters,), "means": (clusters, axes), "covariances": (clusters, axes, axes)},
        "heads": {"scale": (width,), "head": (width, clusters)},
    }[facts["method"]]
    columns = [(str(each["name"]), list(each["categories"])) for each in facts["columns"]]
    is_known = facts["kind"] in ("pictures", "texts", "rows") and len(columns) < _MOST_COLUMNS
    return is_known and all(np.shape(parts[name]) == shape for name, shape in needed.items())


def head_parts(heads: Heads, scale: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Take the best head for use."""
    return {"head": heads.teacher[int(heads.gain.argmax())], "scale": scale}
