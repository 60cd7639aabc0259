"""Batches of pairs of like length, as many as fit a budget of pieces; their place is part of the checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.group import Group
from onward.language.translate.copying import Hidden
from onward.language.translate.vocabulary import BEGIN, END, PAD

__all__ = ["Batch", "Batches", "batch_of", "by_length"]

_NOISE = 2.0  # pieces: how far a sentence may stray from those of its length
_LONGEST = 250


class Batch(NamedTuple):
    """Pairs in numbers, padded.

    Attributes:
        source: S B; lengths: B.
        given: T B, what the decoder has before each piece it is to say; wanted: T B, those pieces.
        pairs: how many the whole batch has, of which this may be a process's share.
        weight: of the share's mean in the mean of all processes' means, so that each piece counts the same.
    """

    source: Tensor
    lengths: Tensor
    given: Tensor
    wanted: Tensor
    pairs: int = 0
    weight: float = 1.0


class Batches:
    """Endless batches, shuffled anew by (seed, epoch).

    Args:
        source, target: sentences in numbers; longer ones than 250 pieces are passed over.
        tokens: pieces of the longer side of a batch, padding included, in all processes.
        seed: of the run.
        hidden: what pairs are like in every second epoch, by row; shorter than they are.
        group: of processes that share a batch.
    """

    def __init__(
        self,
        source: Sequence[NDArray[np.int64]],
        target: Sequence[NDArray[np.int64]],
        tokens: int,
        seed: int,
        hidden: Hidden | None = None,
        group: Group | None = None,
    ) -> None:
        self._group = group or Group()
        self._pairs, self._hidden = list(zip(source, target, strict=True)), hidden or {}
        self._tokens, self._seed = tokens, seed
        self._lengths = np.array([(len(one), len(other) + 1) for one, other in self._pairs])
        self.usable = np.flatnonzero(self._lengths.max(axis=1) <= _LONGEST)
        self.epoch, self._place = 0, 0
        self._plan = self._planned()

    @property
    def pieces(self) -> int:
        """Count the target pieces of an epoch."""
        return int(self._lengths[self.usable, 1].sum())

    @property
    def epochs(self) -> float:
        """Count how often the training part was gone through."""
        return self.epoch + self._place / len(self._plan)

    def next(self) -> Batch:
        """Give this process's share of the next batch."""
        if self._place >= len(self._plan):
            self.epoch, self._place = self.epoch + 1, 0
            self._plan = self._planned()
        rows = self._plan[self._place]
        self._place += 1
        hidden = {} if self.epoch % 2 == 0 else self._hidden
        pairs = [hidden.get(int(row)) or self._pairs[row] for row in rows]
        own = self._group.share(pairs)
        pieces, mine = (sum(len(target) + 1 for _, target in each) for each in (pairs, own))
        own = own or pairs[:1]  # of fewer pairs than processes; it counts nothing then
        batch = batch_of([source for source, _ in own], [target for _, target in own])
        return batch._replace(pairs=len(pairs), weight=mine * self._group.size / pieces)

    def _planned(self) -> list[NDArray[np.int64]]:
        chance = np.random.default_rng((self._seed, self.epoch))
        rows = chance.permutation(self.usable)
        cut = by_length(self._lengths[rows], self._tokens, chance)
        return [rows[cut[place]] for place in chance.permutation(len(cut))]

    def state_dict(self) -> dict[str, Any]:
        """Take the place."""
        return {"epoch": self.epoch, "place": self._place}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.epoch, self._place = state["epoch"], state["place"]
        self._plan = self._planned()


def by_length(
    lengths: NDArray[np.int64], tokens: int, chance: np.random.Generator | None = None
) -> list[NDArray[np.int64]]:
    """Part sentences into groups of like length: N 2 lengths of both sides to rows of each group.

    Args:
        tokens: pieces of the longer side of a group, padding included; a longer sentence is alone.
        chance: strays them a little; without it the order is by length alone.
    Example:
        >>> [group.tolist() for group in by_length(np.array([[9, 9], [2, 3], [3, 3], [8, 9]]), 9)]
        [[1, 2], [3], [0]]
    """
    key = lengths[:, 1] + 0.5 * lengths[:, 0]
    order = np.argsort(key if chance is None else key + chance.uniform(0, _NOISE, len(key)), kind="stable")
    longest = lengths.max(axis=1)
    groups, begin, most = [], 0, 0
    for place, row in enumerate(order):
        most = max(most, int(longest[row]))
        if place > begin and most * (place - begin + 1) > tokens:
            groups.append(order[begin:place])
            begin, most = place, int(longest[row])
    return [*groups, order[begin:]]


def batch_of(source: Sequence[NDArray[np.int64]], target: Sequence[NDArray[np.int64]]) -> Batch:
    """Pad pairs to one length."""
    count = len(source)
    lengths = np.array([max(1, len(each)) for each in source])
    longest = max(len(each) for each in target) + 1
    read = np.full((lengths.max(), count), PAD, np.int64)
    given, wanted = np.full((2, longest, count), PAD, np.int64)
    given[0] = BEGIN
    for number, (one, other) in enumerate(zip(source, target, strict=True)):
        read[: len(one), number] = one
        given[1 : len(other) + 1, number] = other
        wanted[: len(other), number] = other
        wanted[len(other), number] = END
    read, lengths, given, wanted = (torch.from_numpy(each) for each in (read, lengths, given, wanted))
    return Batch(read, lengths, given, wanted)
