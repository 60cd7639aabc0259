"""Growing: each step a few more trees, each on its own sample of the rows, until the clock or the count ends it.

Breiman, "Random forests", Machine Learning 45 (2001). A tree is grown by scikit-learn's CART;
the bagging, the random columns, the
votes and the out-of-bag score are here. Tree number i depends on (seed, i) alone, so a resumed forest is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from onward.core.files import write_json
from onward.core.run import Run
from onward.data.tables import columns_to_json
from onward.tables.columns import Design
from onward.tables.forest.importance import importance_picture
from onward.tables.forest.settings import Settings
from onward.tables.problem import Problem

__all__ = ["Forest", "Tree", "load", "train"]


class Tree:
    """A grown tree as plain arrays, one entry a node: nothing in a checkpoint can run code.

    Attributes:
        arrays: `left` and `right` child (−1 at a leaf), `column`, `threshold`, `missing_left`, and `values`, N C.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays

    @staticmethod
    def grown(x: NDArray[np.float64], y: NDArray[np.float64], classes: int, **rules: Any) -> Tree:
        """Grow a tree by CART; `rules` are scikit-learn's."""
        grown = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(**rules).fit(x, y)
        nodes: Any = grown.tree_
        kinds: Any = getattr(grown, "classes_", None)
        values = nodes.value[:, 0, :]
        if classes:
            full = np.zeros((len(values), classes))
            full[:, kinds.astype(int)] = values / values.sum(axis=1, keepdims=True)
            values = full
        return Tree(
            {
                "left": nodes.children_left.astype(np.int32),
                "right": nodes.children_right.astype(np.int32),
                "column": nodes.feature.astype(np.int32),
                "threshold": nodes.threshold.astype(np.float64),
                "missing_left": np.asarray(nodes.missing_go_to_left, np.uint8),
                "values": values,
                "importance": grown.feature_importances_,
            }
        )

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Walk every row down to its leaf: N F to N C."""
        parts, rows = self.arrays, np.arange(len(x))
        cells = x.astype(np.float32)  # as it was grown
        place = np.zeros(len(x), np.int32)
        while len(rows):
            node = place[rows]
            rows = rows[parts["left"][node] >= 0]
            node = place[rows]
            cell = cells[rows, parts["column"][node]]
            goes_left = np.where(np.isnan(cell), parts["missing_left"][node] > 0, cell <= parts["threshold"][node])
            place[rows] = np.where(goes_left, parts["left"][node], parts["right"][node])
        return parts["values"][place]


class Forest:
    """Trees that vote.

    Attributes:
        trees: the grown trees.
        classes: how many classes; 0 when a number is predicted.
        description: names of target, classes and columns.
    """

    def __init__(
        self, description: dict[str, Any], seed: int, rows_in_a_leaf: int = 1, columns_tried: Any = None
    ) -> None:
        self.description, self.classes = description, len(description["classes"])
        self.design = Design.from_json(description["design"])
        self._seed, self._rows_in_a_leaf, self._columns_tried = seed, rows_in_a_leaf, columns_tried
        self.trees: list[Tree] = []

    def grow(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Add a tree grown on rows drawn with replacement; give the rows it has not seen ("out of bag")."""
        chance = np.random.default_rng([self._seed, len(self.trees)])
        rows = chance.integers(0, len(y), len(y))
        rules = {"max_features": self._columns_tried, "min_samples_leaf": self._rows_in_a_leaf}
        self.trees.append(Tree.grown(x[rows], y[rows], self.classes, random_state=int(chance.integers(2**31)), **rules))
        unseen = np.ones(len(y), bool)
        unseen[rows] = False
        return unseen

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the mean opinion: N F to N C probabilities, or N 1 numbers."""
        total = np.zeros((len(x), max(1, self.classes)))
        for tree in self.trees:
            total += tree.predict(x)
        return total / max(1, len(self.trees))

    @property
    def columns(self) -> list[str]:
        """Give the names of the columns it looks at."""
        return [column.name for column in self.design.columns]

    def importance(self) -> NDArray[np.float64]:
        """Give each column's mean decrease of impurity; they add up to 1."""
        found = np.mean([tree.arrays["importance"] for tree in self.trees], axis=0)
        return np.bincount(self.design.sources, found, len(self.design.columns)).astype(np.float64)

    def state_dict(self) -> dict[str, Any]:
        """Take the trees' arrays."""
        return {"trees": [tree.arrays for tree in self.trees]}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.trees = [Tree(arrays) for arrays in state["trees"]]


class _OutOfBag:
    """Votes of trees on rows they have not seen; their error needs no test set (section 3.1 of the paper)."""

    def __init__(self, rows: int, classes: int) -> None:
        self.votes = np.zeros((rows, max(1, classes)))
        self.counts = np.zeros(rows)

    def score(self, y: NDArray[np.float64], classes: int) -> float:
        """Give accuracy, or the explained share of variance, over rows with at least one vote."""
        seen = self.counts > 0
        if not seen.any():
            return 0.0
        if classes:
            return float((self.votes[seen].argmax(axis=1) == y[seen]).mean())
        guess = self.votes[seen, 0] / self.counts[seen]
        return 1 - float(((guess - y[seen]) ** 2).mean() / max(y[seen].var(), 1e-12))

    def state_dict(self) -> dict[str, Any]:
        return {"votes": self.votes, "counts": self.counts}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        self.votes, self.counts = state["votes"].copy(), state["counts"].copy()


def train(run: Run, problem: Problem, settings: Settings) -> Forest:
    """Grow a forest on the rows that are not kept for the final score."""
    design = Design.fitted(problem.features, "codes")
    x, y = design.matrix(problem.features)[~problem.is_test], problem.y[~problem.is_test]
    description = _description(problem, design)
    forest = _planted(run, description, settings)
    out_of_bag = _OutOfBag(len(y), forest.classes)
    run.folder.update(forest=description)
    write_json(run.path / "columns.json", columns_to_json(problem.table.columns))
    run.keep(forest=forest, out_of_bag=out_of_bag)
    for step in run.steps():
        for _ in range(settings.trees_per_step):
            if len(forest.trees) >= settings.most_trees:
                break
            unseen = forest.grow(x, y)
            out_of_bag.votes[unseen] += forest.trees[-1].predict(x[unseen])
            out_of_bag.counts[unseen] += 1
        score = out_of_bag.score(y, forest.classes)
        step.log(out_of_bag=score, trees=len(forest.trees))
        if len(forest.trees) >= settings.most_trees:
            run.finish_early(f"All {settings.most_trees} trees are grown.")
        if step.is_last or step.index in (0, 3, 15, 63, 255):
            step.show(importance=importance_picture(forest.columns, forest.importance()))
    return forest


def load(run: Run) -> Forest:
    """Load a run's forest."""
    forest = Forest(run.folder.record["forest"], run.seed)
    run.load_kept(forest=forest)
    return forest


def _planted(run: Run, description: dict[str, Any], settings: Settings) -> Forest:
    # the usual shares: the square root of the columns for classes, a third of them for numbers
    usual = "sqrt" if description["classes"] else 1 / 3
    return Forest(description, run.seed, settings.rows_in_a_leaf, settings.columns_tried or usual)


def _description(problem: Problem, design: Design) -> dict[str, Any]:
    return {
        "target": problem.target.as_json(),
        "classes": list(problem.classes),
        "digest": problem.fingerprint,
        "design": design.as_json(),
    }
