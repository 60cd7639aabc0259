"""Folds: every row is answered by a member that has seen neither it nor its twin, its group, or what came after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.challenge import Challenge

__all__ = ["Folds", "make_folds"]

_BINS = 10  # of a number, so that every fold has small and large ones


@dataclass(frozen=True)
class Folds:
    """Which rows are held out when.

    Attributes:
        number_of: N, the fold in which a row is held out; −1 when it never is.
        count: how many folds there are.
        is_forward: rows are told from earlier ones; a last fit on all rows answers new ones then.
        said: how they were made, a sentence.
    """

    number_of: NDArray[np.int64]
    count: int
    is_forward: bool
    said: str

    @property
    def fits(self) -> int:
        """Give how often a member is fitted."""
        return self.count + self.is_forward

    @property
    def tellers(self) -> range:
        """Give the fits that answer new rows."""
        return range(self.count, self.count + 1) if self.is_forward else range(self.count)

    def rows(self, fit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows a fit learns from, and those it is asked."""
        places = np.arange(len(self.number_of))
        if self.is_forward:
            return places[self.number_of < fit], places[self.number_of == fit]
        return places[self.number_of != fit], places[self.number_of == fit]


def make_folds(challenge: Challenge, count: int, seed: int) -> Folds:
    """Part the rows.

    Args:
        count: folds wanted; fewer when there are fewer groups.
    """
    chance = np.random.default_rng([seed, 5])
    if challenge.times is not None:
        return _forward(challenge.times, count)
    twins = _twins(challenge.x)
    groups = challenge.groups if challenge.groups is not None else twins
    kinds = _kinds(challenge)
    sizes = np.bincount(groups)
    count = min(count, int((sizes > 0).sum()))
    stands_alone = sizes.max() == 1
    number_of = _dealt(kinds, count, chance) if stands_alone else _dealt_groups(kinds, groups, count, chance)
    what = "classes" if challenge.heads[0].classes else "small and large targets"
    sentence = f"{count} folds with like shares of {what}"
    if challenge.groups is not None:
        sentence += f"; the {int((sizes > 0).sum()):,} groups stay whole"
    elif sizes.max() > 1:
        sentence += f"; the {int((sizes[sizes > 1]).sum()):,} rows that have twins stay beside them"
    return Folds(number_of, count, False, f"{sentence}.")


def _forward(times: NDArray[np.float64], count: int) -> Folds:
    """Cut time into one more stretch than folds: the first is only learned from.

    A moment lies in one stretch, so there are fewer where many rows share one.
    """
    order = np.argsort(np.nan_to_num(times, nan=-np.inf), kind="stable")
    number_of = np.empty(len(times), np.int64)
    stretches = np.arange(len(times)) * (count + 1) // len(times) - 1
    number_of[order] = stretches
    for number in np.unique(stretches[stretches >= 0]).tolist():
        cut = times[order][np.searchsorted(stretches, number)]
        number_of[(times >= cut) & (number_of < number)] = number
    number_of = np.unique(number_of, return_inverse=True)[1].ravel().astype(np.int64) - 1
    count = int(number_of.max()) + 1
    return Folds(number_of, count, True, f"{count} folds forward in time: every row is told from earlier ones only.")


def _twins(x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Number rows so that those that look alike share a number."""
    plain = np.ascontiguousarray(np.nan_to_num(x, nan=-1.25e300))
    keys = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
    _, numbers = np.unique(keys, return_inverse=True)
    return numbers.astype(np.int64)


def _kinds(challenge: Challenge) -> NDArray[np.int64]:
    """Number rows by class, or by how large their target is."""
    target = challenge.learned[:, 0]
    if challenge.heads[0].classes:
        return target.astype(np.int64)
    cuts = np.unique(np.quantile(target, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.searchsorted(cuts, target).astype(np.int64)


def _dealt(kinds: NDArray[np.int64], count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Deal rows like cards, one kind after the other."""
    order = chance.permutation(len(kinds))
    order = order[np.argsort(kinds[order], kind="stable")]
    number_of = np.empty(len(kinds), np.int64)
    number_of[order] = np.arange(len(kinds)) % count
    return number_of


def _dealt_groups(
    kinds: NDArray[np.int64], groups: NDArray[np.int64], count: int, chance: np.random.Generator
) -> NDArray[np.int64]:
    """Give each group, the largest first, to the fold that lacks its kinds most."""
    names, own = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), int(kinds.max()) + 1))
    np.add.at(table, (own, kinds), 1)
    order = chance.permutation(len(names))
    order = order[np.argsort(-table.sum(axis=1)[order], kind="stable")]
    held, fold_of = np.zeros((count, table.shape[1])), np.empty(len(names), np.int64)
    shares = np.maximum(table.sum(axis=0), 1)
    for group in order:
        crowded = (held * (table[group] > 0) / shares).sum(axis=1) + 1e-3 * held.sum(axis=1) / len(kinds)
        fold_of[group] = int(np.argmin(crowded))
        held[fold_of[group]] += table[group]
    return fold_of[own]
