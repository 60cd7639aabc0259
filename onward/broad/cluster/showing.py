"""What the report shows of groups: the map, typical items, what makes a group, doubles, and how all was chosen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.looking import Looks
from onward.broad.cluster.model import Groups
from onward.broad.cluster.pictures import map_picture, pairs_picture, sheet_picture, thumbnails_picture
from onward.broad.cluster.reading import Items
from onward.broad.cluster.traits import exemplars, traits
from onward.broad.cluster.twins import Twins, exact_twins
from onward.core.exhibits import Exhibit, Picture, Table

__all__ = ["Seen", "shown"]

_TYPICAL, _MOST_ROWS = 10, 40
_NEAR, _DOUBLES = 16, 20
_SIDE = 72


@dataclass(frozen=True)
class Seen:
    """Groups and the items they were told of.

    Attributes:
        features: M F, as the groups' recipe prepared them.
        labels: M; points: M D; rows: M, each item's place in `items`.
    """

    groups: Groups
    items: Items
    looks: Looks | None
    features: Any
    labels: NDArray[np.int64]
    points: NDArray[np.float32]
    rows: NDArray[np.int64]

    @property
    def is_own(self) -> bool:
        """Say whether these are the items that were grouped."""
        return self.labels is self.groups.labels

    def thumbnail(self, row: int) -> NDArray[np.uint8]:
        """Give a small square picture of an item."""
        if self.items.book is None:
            return np.full((_SIDE, _SIDE, 3), 255, np.uint8)
        return self.items.book.thumbnail(int(self.rows[row]), _SIDE)


def shown(seen: Seen, deadline: float) -> Iterator[Exhibit]:
    """Show groups.

    Args:
        deadline: of the monotonic clock, after which pictures that take time are left out.
    """
    groups, items = seen.groups, seen.items
    yield Picture(map_picture(seen.points, seen.labels), "the map: each dot an item, each colour a group")
    if seen.is_own:
        raw = seen.looks.gathered("features") if seen.looks is not None else None
        words, typical = traits(groups, items, seen.features, raw), exemplars(groups, _TYPICAL)
        counts = np.bincount(seen.labels[seen.labels >= 0], minlength=len(groups.centres))
        if seen.looks is not None and time.monotonic() < deadline:
            numbered = enumerate(zip(words, typical, strict=True))
            lines = [(f"group {group}: {counts[group]:,}", told, rows) for group, (told, rows) in numbered]
            yield Picture(sheet_picture(lines[:_MOST_ROWS], seen.thumbnail), "each group's most typical pictures")
        if seen.looks is not None and time.monotonic() < deadline:
            yield Picture(thumbnails_picture(seen.points, seen.thumbnail), "the map in pictures")
        if seen.looks is not None and time.monotonic() < deadline:
            yield from _doubles(seen, seen.looks)
        table = [
            [group, int(counts[group]), told, _named(seen, rows)]
            for group, (told, rows) in enumerate(zip(words, typical, strict=True))
        ]
        yield Table(["group", "items", "what makes it", "typical"], table, "groups")
    tried, trials = groups.facts.get("tried", []), groups.facts.get("trials", [])
    if tried:
        yield Table(["method", "silhouette in the map"], tried, "how groups can be made; the clearest is kept")
    if trials:
        yield Table(["told by", "groups", "silhouette", "stability"], trials, "how many groups: asked without labels")


def _named(seen: Seen, rows: list[int]) -> str:
    """Name a group's most typical items."""
    if seen.items.kind == "texts":
        return " · ".join(" ".join(seen.items.texts[seen.rows[row]].split())[:80] for row in rows[:2])
    return "; ".join(seen.items.names[seen.rows[row]] for row in rows[:3])


def _doubles(seen: Seen, looks: Looks) -> Iterator[Exhibit]:
    """Show what is there more than once, as far as the run searched."""
    parts = seen.groups.parts
    if "twin_pairs" not in parts:
        return
    exact = exact_twins(looks.gathered("digests"))
    search = Twins(looks.gathered("prints"))
    search.load_state_dict({"done": 0, "pairs": parts["twin_pairs"], "likeness": parts["twin_likeness"]})
    same = {(each.first, each.second) for each in exact}
    near = [each for each in search.twins() if (each.first, each.second) not in same]
    found = [*near[:_NEAR], *exact[: max(0, _DOUBLES - len(near[:_NEAR]))]]
    if found:
        pairs = [(each.first, each.second, each.why) for each in found]
        words = f"there more than once: {len(exact):,} pairs of the same bytes, {len(near):,} nearly the same"
        yield Picture(pairs_picture(pairs, seen.thumbnail), words)
