"""Which of several doubles to keep, and why. A plan is a table and nothing more: no file is touched.

Kept is the picture with the most pixels, then the most bytes, then metadata, then the shorter path, then the first
name: what was made smaller, pressed harder or stripped is a copy of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.twins import Twin

__all__ = ["Double", "doubles_of"]


@dataclass(frozen=True)
class Double:
    """A picture, the one to keep instead of it, and why.

    Attributes:
        kind: `exact`, `near` or `scene`.
    """

    place: int
    kept: int
    kind: str
    likeness: float
    why: str


def doubles_of(twins: Sequence[Twin], names: Sequence[str], facts: NDArray[np.int64] | None) -> list[Double]:
    """Choose from each chain of exact and near twins one to keep.

    A picture is a double only of one it was itself found to be a twin of: chains do not join what is not alike.

    Args:
        twins: surest first.
        names: N.
        facts: N 5, as in `looking.FACTS`; None for what are no pictures.
    """
    beside: dict[int, list[tuple[int, Twin]]] = {}
    for twin in _beside_the_best(twins, names, facts):
        beside.setdefault(twin.first, []).append((twin.second, twin))
        beside.setdefault(twin.second, []).append((twin.first, twin))
    order = sorted(beside, key=lambda place: _rank(place, names, facts))
    found: dict[int, Double] = {}
    kept: set[int] = set()
    for place in order:  # the best first: each takes its own twins that nothing better has taken
        if place in found:
            continue
        kept.add(place)
        for other, twin in beside[place]:
            if other not in found and other not in kept:
                words = f"{twin.why} as {names[place]}" if twin.kind == "exact" else twin.why
                found[other] = Double(
                    other, place, twin.kind, twin.likeness, f"{words}; {_better(place, other, facts)}"
                )
    return [found[place] for place in sorted(found)]


def _beside_the_best(twins: Sequence[Twin], names: Sequence[str], facts: NDArray[np.int64] | None) -> list[Twin]:
    """Pair exact copies with the best of all of the same bytes, whichever of them comes first in the folder."""
    copies: dict[int, list[Twin]] = {}
    for twin in twins:
        if twin.kind == "exact":
            copies.setdefault(twin.first, []).append(twin)
    found = []
    for first, same in copies.items():
        places = [first, *(twin.second for twin in same)]
        best = min(places, key=lambda place: _rank(place, names, facts))
        found += [Twin(best, place, "exact", 1.0, same[0].why) for place in places if place != best]
    return [*found, *(twin for twin in twins if twin.kind != "exact")]


def _rank(place: int, names: Sequence[str], facts: NDArray[np.int64] | None) -> tuple[float, ...] | tuple[object, ...]:
    name = names[place]
    if facts is None:
        return (0, 0, 0, 0, place)
    width, height, size, metadata, _ = (int(each) for each in facts[place])
    return (-width * height, -size, -metadata, len(name), name)


def _better(kept: int, other: int, facts: NDArray[np.int64] | None) -> str:
    """Say why one is kept and not the other."""
    if facts is None:
        return "the first is kept"
    one, two = facts[kept], facts[other]
    if one[0] * one[1] != two[0] * two[1]:
        return f"that one has more pixels ({one[0]} x {one[1]}, not {two[0]} x {two[1]})"
    if one[2] != two[2]:
        return f"that one has more bytes ({one[2]:,}, not {two[2]:,})"
    if one[3] != two[3]:
        return "that one has its metadata"
    return "that one has the shorter or earlier name"
