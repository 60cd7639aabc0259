"""Which pictures to label next: typical ones first, then those the classifier is unsure about.

With few labels the pictures a classifier is unsure about are odd ones, from which little is learned; typical ones of
groups without a label teach most (TypiClust, arXiv:2202.02794, section 3). Once groups are covered, doubt is the guide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.broad.semi.linear import Floats

__all__ = ["Proposal", "grouped", "propose", "typical"]

_MOST_GROUPS, _FEWEST_IN_GROUP, _NEAREST = 500, 5, 20
_ROUNDS, _CANDIDATES = 20, 4
_MOST_ROWS = 20_000


@dataclass(frozen=True)
class Proposal:
    """A picture worth a label.

    Attributes:
        row: its row among those given.
        why: in words, for a table.
        short: in a word or two, for a picture.
    """

    row: int
    why: str
    short: str


def propose(x: Floats, labelled: int, told: Floats | None, count: int) -> list[Proposal]:
    """Choose pictures to label: the first half typical, the others in doubt; all typical where nothing was learned yet.

    Args:
        x: R D, of length 1 each, those with a label first.
        labelled: how many have one.
        told: R K, what the classifier says; None where there is none.
        count: how many to choose.
    """
    count = min(count, len(x) - labelled)
    if count < 1:
        return []
    wanted = count if told is None else -(-count // 2)
    chosen = typical(x[:_MOST_ROWS], labelled, wanted) if len(x) > labelled else []
    taken = {each.row for each in chosen}
    if told is not None and len(chosen) < count:
        ranked = np.sort(told, axis=1)
        margins = ranked[:, -1] - ranked[:, -2]
        margins[:labelled] = np.inf
        for row in np.argsort(margins, kind="stable").tolist():
            if len(chosen) == count:
                break
            if row not in taken and row >= labelled:
                chosen.append(
                    Proposal(
                        row, f"in doubt: the two best guesses are {100 * margins[row]:.0f} points apart", "in doubt"
                    )
                )
    return chosen


def typical(x: Floats, labelled: int, count: int) -> list[Proposal]:
    """Choose the most typical picture of each of the largest groups without a label.

    Args:
        x: R D, those with a label first.
    Source: TypiClust, algorithm 1: as many groups as labels there are and are wanted; typicality is one over the mean
        distance to the twenty nearest of the group (equation 1).
    """
    groups = grouped(x, min(labelled + count, _MOST_GROUPS, len(x)))
    members = [np.flatnonzero(groups == number) for number in range(int(groups.max()) + 1)]
    own = [int((each < labelled).sum()) for each in members]
    sizes = [len(each) for each in members]
    chosen: list[Proposal] = []
    taken: set[int] = set()
    large = [number for number, size in enumerate(sizes) if size >= min(_FEWEST_IN_GROUP, max(sizes))]
    while len(chosen) < count:
        open_groups = [each for each in large if len(set(members[each].tolist()) - taken) > own[each]] or [
            each
            for each in range(len(members))
            if any(row >= labelled and row not in taken for row in members[each].tolist())
        ]
        if not open_groups:
            break
        number = min(open_groups, key=lambda each: (own[each], -sizes[each]))
        free = np.array([row for row in members[number].tolist() if row >= labelled and row not in taken])
        if not len(free):
            large = [each for each in large if each != number]
            continue
        row = int(free[int(np.argmax(_typicality(x, members[number])[np.isin(members[number], free)]))])
        labels_there = own[number]
        why = f"typical of {sizes[number]:,} alike, {labels_there or 'none'} of them with a label"
        chosen.append(Proposal(row, why, f"typical of {sizes[number]:,}"))
        taken.add(row)
        own[number] += 1
    return chosen


def _typicality(x: Floats, rows: NDArray[np.int64]) -> Floats:
    """Give one over the mean distance to the nearest of the same group, for each of `rows`."""
    own = x[rows]
    apart = np.sqrt(np.maximum(0.0, 2 - 2 * own @ own.T))
    nearest = min(_NEAREST, len(rows) - 1)
    if nearest < 1:
        return np.ones(len(rows), np.float32)
    return 1 / np.maximum(np.partition(apart, nearest, axis=1)[:, 1 : nearest + 1].mean(axis=1), 1e-6)


def grouped(x: Floats, count: int, seed: int = 0) -> NDArray[np.int64]:
    """Part rows into groups by k-means (Lloyd 1982), begun as k-means++ does, each time with the best of some.

    Returns: R group numbers.
    Example:
        >>> grouped(np.array([[0.0, 1], [0, 0.9], [1, 0]], np.float32), 2).tolist() in ([0, 0, 1], [1, 1, 0])
        True
    """
    chance = np.random.default_rng(seed)
    middles = x[[int(chance.integers(len(x)))]]
    apart = ((x - middles[0]) ** 2).sum(axis=1)
    while len(middles) < count:
        total = float(apart.sum())
        shares = apart / total if total > 1e-6 else np.full(len(x), 1 / len(x))
        rows = chance.choice(len(x), _CANDIDATES, p=shares.astype(np.float64) / shares.sum(dtype=np.float64))
        left = [np.minimum(apart, ((x - x[row]) ** 2).sum(axis=1)) for row in rows]
        best = min(range(_CANDIDATES), key=lambda each: float(left[each].sum()))
        middles, apart = np.concatenate([middles, x[[rows[best]]]]), left[best]
    groups = np.zeros(len(x), np.int64)
    for _ in range(_ROUNDS):
        before, groups = groups, np.argmin((middles**2).sum(axis=1) - 2 * x @ middles.T, axis=1)
        if np.array_equal(before, groups):
            break
        sums = np.zeros_like(middles)
        np.add.at(sums, groups, x)
        counts = np.bincount(groups, minlength=count)[:, None]
        middles = np.where(counts > 0, sums / np.maximum(counts, 1), middles).astype(np.float32)
    return groups
