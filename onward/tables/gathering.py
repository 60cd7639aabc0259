"""Rows to learn from and to test, gathered within the clock: at once of tables and texts, chunk by chunk of pictures.

Frozen eyes take a second for some dozen pictures, so of many only as many are looked at as half the budget allows; in
an order that every beginning of is fair. What was looked at is kept in the cache, so a resumed run looks once.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.run import Run
from onward.data.pictures import Pictures
from onward.tables.looks import Look, PictureLook
from onward.tables.samples import Samples

__all__ = ["Gathering", "fair_order", "rows_to_test"]

_SHARE = 0.5  # of the budget, for looking at pictures
_TESTED_EVERY = 4  # chunks
_ENOUGH_TESTED = 2_000
_DIRECTIONS, _MOST_TURNED = 128, 5_000


class _Chosen:
    """Pictures in another order, without a copy of all."""

    def __init__(self, images: NDArray[np.uint8], places: NDArray[np.int64]) -> None:
        self._images, self._places = images, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        return self._images[self._places[rows]]


class Gathering:
    """Makes rows of the samples to learn from, step by step; a part of a checkpoint.

    Args:
        few_directions: bring pictures' features to their main directions, for kernels.

    Attributes:
        x, y: rows and targets to learn from, once it is over.
    """

    def __init__(self, samples: Samples, look: Look, seed: int, *, few_directions: bool) -> None:
        self.samples, self.look = samples, look
        self.x: Any = None
        self.y: NDArray[np.float64] = np.zeros(0)
        self._few_directions = few_directions
        self._steps, self._recalled, self._is_over = 0, 0, False
        self._features: Any = None
        if isinstance(samples.held, Pictures) and isinstance(look, PictureLook):
            order = fair_order(samples.y[samples.training], len(samples.classes), seed)
            self._places = samples.training[order]
            self._features = look.features(_Chosen(samples.held.images, self._places))
            self._tested = look.features(_Chosen(samples.held.images, tested_order(samples)))

    def next(self, run: Run, progress: float) -> str:
        """Look at some more; give what is to be said once it is over, else ""."""
        if self._features is None:
            self.x, self.y = (
                rows_at(self.look, self.samples, self.samples.training),
                self.samples.y[self.samples.training],
            )
            return ""
        while self._recalled < self._steps:
            self._look(self._recalled)
        if not self._is_over:
            self._look(self._steps)
            self._steps += 1
            self._is_over = self._steps >= 2 and (progress > _SHARE or self._is_complete)
        return self._finish() if self._is_over else ""

    @property
    def share(self) -> float:
        """Give the share of the pictures to learn from that was looked at."""
        return 1.0 if self._features is None else float(self._features.done.mean())

    @property
    def _is_complete(self) -> bool:
        return bool(self._features.done.all()) and self._enough_tested

    @property
    def _enough_tested(self) -> bool:
        done = self._tested.done
        return bool(done.all()) or int(done.sum()) >= _ENOUGH_TESTED

    def _look(self, step: int) -> None:
        own, tested = self._features, self._tested
        is_test = (step % _TESTED_EVERY == 1 or own.done.all()) and not self._enough_tested
        chosen = tested if is_test else own
        left = np.flatnonzero(~chosen.done)
        if len(left):
            chosen.look(int(left[0]) // int(chosen.chunk))
        self._recalled = step + 1

    def _finish(self) -> str:
        here = self._features.done
        rows = self._features.values[0][here]
        self.y = self.samples.y[self._places[here]]
        look = self.look
        if self._few_directions and isinstance(look, PictureLook):
            look.middle, look.directions = main_directions(rows[:_MOST_TURNED].astype(np.float64), _DIRECTIONS)
            self.x = look.turned(rows)
        else:
            self.x = rows.astype(np.float32)
        return f"{len(self.y):,} of {len(here):,} pictures were looked at in the time for it."

    def state_dict(self) -> dict[str, Any]:
        """Take how far it is."""
        return {"steps": self._steps, "is_over": self._is_over}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Go to where it was; the pictures are looked at again, or recalled from the cache."""
        self._steps, self._is_over = int(state["steps"]), bool(state["is_over"])


def fair_order(y: NDArray[np.float64], classes: int, seed: int) -> NDArray[np.int64]:
    """Order rows by lot so that every beginning of the order has each class in its share.

    Example:
        >>> y = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0]); sorted(y[fair_order(y, 2, seed=0)[:3]].tolist())
        [0.0, 0.0, 1.0]
    """
    chance = np.random.default_rng([seed, len(y)])
    if not classes:
        return chance.permutation(len(y))
    places = np.empty(len(y))
    for kind in range(classes):
        own = np.flatnonzero(y == kind)
        places[chance.permutation(own)] = (np.arange(len(own)) + 0.5) / max(1, len(own))
    return np.lexsort((chance.random(len(y)), places))


def tested_order(samples: Samples) -> NDArray[np.int64]:
    """Give the places to test in an order that every beginning of is fair."""
    return samples.testing[fair_order(samples.y[samples.testing], len(samples.classes), 0)]


def rows_at(look: Look, samples: Samples, places: NDArray[np.int64]) -> Any:
    """Give the rows of a table or of texts at places."""
    return look.rows(samples.held)[places]


def rows_to_test(look: Look, samples: Samples, seconds: float) -> tuple[Any, NDArray[np.float64]]:
    """Give rows and targets to test; of pictures as many as can be looked at in the seconds, at least a chunk."""
    if not isinstance(samples.held, Pictures) or not isinstance(look, PictureLook):
        return rows_at(look, samples, samples.testing), samples.y[samples.testing]
    began, order = time.monotonic(), tested_order(samples)
    features = look.features(_Chosen(samples.held.images, order))
    slowest = 0.0
    for number in range(len(features)):
        start = time.monotonic()
        features.look(number)
        slowest = max(slowest, time.monotonic() - start)
        if time.monotonic() - began + 2 * slowest > 0.6 * seconds:
            break
    here = features.done
    return look.turned(features.values[0][here]), samples.y[order[here]]


def main_directions(rows: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the mean, F, and the main directions, F D, scaled so that the rows vary by about 1 along the first."""
    middle = rows.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(rows - middle, rowvar=False))
    kept = np.argsort(values)[::-1][: min(count, len(rows) - 1)]
    return middle, vectors[:, kept] / np.sqrt(max(float(values[kept[0]]), 1e-12))
