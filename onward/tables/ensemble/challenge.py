"""What is to be predicted from what, as arrays: the engine's only view of a table.

Answers are rows of numbers: for each target a probability a class, or one number. `Head` says where a target's stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.measures import Measure

__all__ = ["Challenge", "Feature", "Head", "heads_of"]

_LARGEST_LOGARITHM = 700.0


@dataclass(frozen=True)
class Feature:
    """A column to predict from: numbers, or categories as whole numbers from 0, most frequent first.

    Attributes:
        kinds: how many categories; 0 for numbers.
    """

    name: str
    kinds: int = 0


@dataclass(frozen=True)
class Head:
    """One target's place among the columns of an answer.

    Attributes:
        classes: the classes' names; empty for a number.
        first: the first column of the answer that is this target's.
    """

    name: str
    classes: tuple[str, ...]
    first: int

    @property
    def width(self) -> int:
        """Give how many columns of the answer are this target's."""
        return max(1, len(self.classes))

    def of(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Give this target's columns of answers, N P: N K, or N for a number."""
        own = answers[:, self.first : self.first + self.width]
        return own if self.classes else own[:, 0]


def heads_of(targets: list[tuple[str, tuple[str, ...]]]) -> tuple[Head, ...]:
    """Set targets side by side.

    Example:
        >>> [head.first for head in heads_of([("a", ("no", "yes")), ("b", ())])]
        [0, 2]
    """
    heads, first = [], 0
    for name, classes in targets:
        heads.append(Head(name, classes, first))
        first += heads[-1].width
    return tuple(heads)


@dataclass(frozen=True)
class Challenge:
    """Rows to learn from, and what is asked.

    Attributes:
        x: N F; NaN where a cell was empty or says something new.
        y: N T; class numbers or numbers.
        heads: the targets.
        measure: what answers are scored by.
        test: M F, rows whose target nobody has; None when there are none.
        groups: N, rows of one group stay in one fold; None when each row stands alone.
        times: N, rows are told from earlier ones only; None when time does not matter.
        digest: changes when the data do.
    """

    features: tuple[Feature, ...]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    heads: tuple[Head, ...]
    measure: Measure
    digest: str
    test: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None
    said: tuple[str, ...] = field(default=())

    @property
    def width(self) -> int:
        """Give how many columns an answer has."""
        return sum(head.width for head in self.heads)

    @property
    def is_logarithmic(self) -> bool:
        """Say whether numbers are learned as log(1 + y): under RMSLE, or for skewed positive ones under MAE."""
        if self.heads[0].classes or self.measure.is_logarithmic:
            return self.measure.is_logarithmic and not self.heads[0].classes
        if self.measure.loss != "absolute" or self.y.min() < 0:
            return False
        away = (self.y - self.y.mean(axis=0)) / np.maximum(self.y.std(axis=0), 1e-300)
        return bool((away**3).mean() > 1)

    @cached_property
    def learned(self) -> NDArray[np.float64]:
        """Give the targets in the scale that is learned, N T."""
        return np.log1p(self.y) if self.is_logarithmic else self.y

    @property
    def loss(self) -> str:
        """Say what members minimise in that scale."""
        return "squares" if self.measure.is_logarithmic else self.measure.loss

    def natural(self, answers: NDArray[Any]) -> NDArray[np.float64]:
        """Turn answers from the scale that is learned into the targets' own."""
        own = np.asarray(answers, np.float64)
        return np.expm1(np.clip(own, 0.0, _LARGEST_LOGARITHM)) if self.is_logarithmic else own  # none is below 0
