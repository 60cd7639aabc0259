"""Forests that vote: extremely randomised trees (Geurts 2006), or trees on drawn rows (Breiman 2001)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson
from onward.tables.ensemble.grove import Grove, from_scikit_learn
from onward.tables.lean import library

__all__ = ["fit", "tell"]

_MOST_NODES = 600_000  # of all trees of a fit, that a run stays small


def fit(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Grow one tree after the other until there are enough, or time or room is up."""
    tree = library("sklearn.tree")
    rules = dict(lesson.rules)
    trees, is_extra = int(rules.pop("trees", 200)), bool(rules.pop("extra", True))
    name = ("ExtraTree" if is_extra else "DecisionTree") + ("Classifier" if lesson.kinds else "Regressor")
    usual = "sqrt" if lesson.kinds else 0.5
    settings = {"min_samples_leaf": max(1, len(lesson.y) // 6000), "max_features": usual, **rules}
    x = np.asarray(lesson.x, np.float32)
    grown, nodes = [], 0
    for number in range(trees):
        if grown and (lesson.seconds_left() <= 0 or nodes > _MOST_NODES):
            break
        chance = np.random.default_rng([lesson.seed, number])
        rows = slice(None) if is_extra else chance.integers(0, len(x), len(x))
        made = getattr(tree, name)(random_state=int(chance.integers(2**31)), **settings)
        grown.append(made.fit(x[rows], lesson.y[rows]))
        nodes += grown[-1].tree_.node_count
    return from_scikit_learn(grown, max(1, lesson.kinds)).arrays


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N F: N K probabilities or N 1 numbers."""
    return Grove(arrays).tell(x, is_single=True)
