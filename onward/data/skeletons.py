"""What the points of a set are called, which are joined by a line, and which change places in a mirror."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.data.keypoint_files import Kind

__all__ = ["Skeleton", "joined_kinds", "mirror_pairs", "nearest_edges"]

_SIDES = (  # ways to write a side, each way with its opposite; a name is paired only if its opposite is there too
    (r"left", "right"), (r"right", "left"), (r"Left", "Right"), (r"Right", "Left"),
    (r"LEFT", "RIGHT"), (r"RIGHT", "LEFT"),
    (r"(?<![A-Za-z])L(?![a-z])", "R"), (r"(?<![A-Za-z])R(?![a-z])", "L"),
    (r"(?<![A-Za-z])l(?![A-Za-z])", "r"), (r"(?<![A-Za-z])r(?![A-Za-z])", "l"),
    (r"(?<=[a-z])L(?![a-z])", "R"), (r"(?<=[a-z])R(?![a-z])", "L"),
)  # fmt: skip


@dataclass(frozen=True)
class Skeleton:
    """The points of a set.

    Attributes:
        names: of the K points.
        edges: pairs of places that are joined by a line where points are drawn.
        pairs: places that change in a mirror.
        lonely: places whose name has a side but no opposite: nobody knows where they are in a mirror.
        kinds: kinds of subjects, each with the places of its own points.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    pairs: tuple[tuple[int, int], ...]
    lonely: tuple[int, ...]
    kinds: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def mirrored(self) -> NDArray[np.int64]:
        """Give for each place the one it is taken from in a mirror: K; twice is the identity."""
        order = np.arange(len(self.names))
        for one, other in self.pairs:
            order[one], order[other] = other, one
        return order

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "names": list(self.names),
            "edges": [list(each) for each in self.edges],
            "pairs": [list(each) for each in self.pairs],
            "lonely": list(self.lonely),
            "kinds": [[name, list(places)] for name, places in self.kinds],
        }

    @staticmethod
    def from_json(facts: dict[str, Any]) -> Skeleton:
        """Undo `as_json`."""
        edges, pairs = (tuple((int(one), int(other)) for one, other in facts[key]) for key in ("edges", "pairs"))
        kinds = tuple((str(name), tuple(int(place) for place in places)) for name, places in facts["kinds"])
        lonely = tuple(int(place) for place in facts["lonely"])
        return Skeleton(tuple(map(str, facts["names"])), edges, pairs, lonely, kinds)


def mirror_pairs(names: Sequence[str]) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """Find which points change places in a mirror, by their names.

    Returns: the pairs of places, and the places that have a side but no opposite.
    Example:
        >>> mirror_pairs(["nose", "L_Eye", "R_Eye", "pawL2", "pawR2", "left ear"])
        (((1, 2), (3, 4)), (5,))
    """
    places = {name: place for place, name in enumerate(names)}
    pairs: set[tuple[int, int]] = set()
    sided: list[int] = []
    for place, name in enumerate(names):
        opposites = [re.sub(pattern, other, name, count=1) for pattern, other in _SIDES if re.search(pattern, name)]
        found = next((places[each] for each in opposites if each in places and each != name), None)
        if found is not None:
            pairs.add((min(place, found), max(place, found)))
        elif re.search(r"left|right", name, re.IGNORECASE):
            sided.append(place)
    return tuple(sorted(pairs)), tuple(sided)


def joined_kinds(kinds: Sequence[Kind]) -> tuple[Skeleton, list[tuple[int, ...]]]:
    """Make one skeleton of several kinds: theirs if they have the same points, else all points of all.

    Returns: the skeleton, and for each of `kinds` the places of its points.
    """
    if len({kind.names for kind in kinds}) == 1:
        names = kinds[0].names
        places = [tuple(range(len(names))) for _ in kinds]
        edges, told = next((kind.edges for kind in kinds if kind.edges), ()), kinds[0].pairs
        title = kinds[0].name if len(kinds) == 1 else "subject"
        groups = ((title, places[0]),)
    else:
        starts = np.cumsum([0, *(len(kind.names) for kind in kinds)])
        names = tuple(f"{kind.name} {name}" for kind in kinds for name in kind.names)
        places = [tuple(range(int(starts[at]), int(starts[at + 1]))) for at in range(len(kinds))]
        shifted = [(kind, int(starts[at])) for at, kind in enumerate(kinds)]
        edges = tuple((one + first, other + first) for kind, first in shifted for one, other in kind.edges)
        told = tuple((one + first, other + first) for kind, first in shifted for one, other in kind.pairs)
        groups = tuple((kind.name, own) for kind, own in zip(kinds, places, strict=True))
    pairs, lonely = mirror_pairs(names)
    if told:
        taken = {place for pair in told for place in pair}
        pairs, lonely = told, tuple(place for place in lonely if place not in taken)
    return Skeleton(names, edges, pairs, lonely, groups), places


def nearest_edges(points: NDArray[np.floating], known: NDArray[np.bool_], own: Sequence[int]) -> list[tuple[int, int]]:
    """Join the points of a kind by the shortest tree (Prim 1957) over their usual distances.

    Args:
        points: N K 2.
        known: N K.
        own: places of the kind's points.
    """
    own = [place for place in own if known[:, place].any()]
    apart = np.full((len(own), len(own)), np.inf)
    for one in range(len(own)):
        for other in range(one):
            both = known[:, own[one]] & known[:, own[other]]
            if both.any():
                gap = points[both, own[one]] - points[both, own[other]]
                apart[one, other] = apart[other, one] = float(np.median(np.hypot(gap[:, 0], gap[:, 1])))
    inside, edges = [0] if own else [], []
    while len(inside) < len(own):
        outside = [place for place in range(len(own)) if place not in inside]
        block = apart[np.ix_(inside, outside)]
        if not np.isfinite(block).any():
            inside.append(outside[0])
            continue
        one, other = np.unravel_index(int(block.argmin()), block.shape)
        edges.append((own[inside[int(one)]], own[outside[int(other)]]))
        inside.append(outside[int(other)])
    return edges
