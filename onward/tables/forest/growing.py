"""Growing: each step a few more trees, each on its own sample of the rows, until the clock or the count ends it.

Breiman, "Random forests", Machine Learning 45 (2001). A tree is scikit-learn's; the bagging, the random columns, the
votes and the out-of-bag score are here. Tree number i depends on (seed, i) alone, so a resumed forest is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from skops import io as skops_io

from onward.core.exhibits import Curve
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.tables.forest.reading import Problem
from onward.tables.forest.settings import Settings

__all__ = ["Forest", "load", "train"]

_TRUSTED = ("sklearn.tree._tree.Tree",)


class Forest:
    """Trees that vote.

    Attributes:
        trees: the grown trees.
        classes: how many classes; 0 when a number is predicted.
    """

    def __init__(self, classes: int, seed: int, rows_in_a_leaf: int, columns_tried: float | str) -> None:
        self.classes, self._seed = classes, seed
        self._rows_in_a_leaf, self._columns_tried = rows_in_a_leaf, columns_tried
        self.trees: list[Any] = []
        self._packed: list[NDArray[np.uint8]] = []

    def grow(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Add a tree grown on rows drawn with replacement; give the rows it has not seen ("out of bag")."""
        chance = np.random.default_rng([self._seed, len(self.trees)])
        rows = chance.integers(0, len(y), len(y))
        kind = DecisionTreeClassifier if self.classes else DecisionTreeRegressor
        tree = kind(
            max_features=self._columns_tried,
            min_samples_leaf=self._rows_in_a_leaf,
            random_state=int(chance.integers(2**31)),
        )
        tree.fit(x[rows], y[rows])
        self.trees.append(tree)
        unseen = np.ones(len(y), bool)
        unseen[rows] = False
        return unseen

    def votes(self, x: NDArray[np.float64], trees: list[Any] | None = None) -> NDArray[np.float64]:
        """Add up the trees' opinions: N rows to N C class shares, or N 1 numbers."""
        total = np.zeros((len(x), max(1, self.classes)))
        for tree in self.trees if trees is None else trees:
            if self.classes:
                total[:, tree.classes_.astype(int)] += tree.predict_proba(x)
            else:
                total[:, 0] += tree.predict(x)
        return total

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the mean opinion: N C probabilities, or N 1 numbers."""
        return self.votes(x) / max(1, len(self.trees))

    def importance(self) -> NDArray[np.float64]:
        """Give each column's mean decrease of impurity; they add up to 1."""
        return np.mean([tree.feature_importances_ for tree in self.trees], axis=0)

    def state_dict(self) -> dict[str, Any]:
        """Pack the trees as skops archives, each only once."""
        for tree in self.trees[len(self._packed) :]:
            self._packed.append(np.frombuffer(skops_io.dumps(tree), np.uint8))
        return {"trees": list(self._packed)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Unpack the trees; an archive that holds anything but a tree is refused.

        Raises:
            RunFault: it does.
        """
        self._packed = list(state["trees"])
        self.trees = []
        for packed in self._packed:
            content = packed.tobytes()
            strange = set(skops_io.get_untrusted_types(data=content)) - set(_TRUSTED)
            if strange:
                raise RunFault(f"The forest's checkpoint holds {', '.join(sorted(strange))}, which is no tree. Do not trust it.")
            self.trees.append(skops_io.loads(content, trusted=list(_TRUSTED)))


class _OutOfBag:
    """Votes of trees on rows they have not seen; their error needs no test set (section 3.1 of the paper)."""

    def __init__(self, rows: int, classes: int) -> None:
        self.votes = np.zeros((rows, max(1, classes)))
        self.counts = np.zeros(rows)
        self.history: list[float] = []

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
        return {"votes": self.votes, "counts": self.counts, "history": list(self.history)}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        self.votes, self.counts, self.history = state["votes"].copy(), state["counts"].copy(), list(state["history"])


def train(run: Run, problem: Problem, settings: Settings) -> Forest:
    """Grow a forest on the rows that are not kept for the final score."""
    x, y = problem.x[~problem.is_test], problem.y[~problem.is_test]
    forest = _planted(run, problem, settings)
    out_of_bag = _OutOfBag(len(y), forest.classes)
    run.folder.update(forest=_description(problem))
    run.keep(forest=forest, out_of_bag=out_of_bag)
    for step in run.steps():
        for _ in range(settings.trees_per_step):
            if len(forest.trees) >= settings.most_trees:
                break
            unseen = forest.grow(x, y)
            out_of_bag.votes[unseen] += forest.votes(x[unseen], forest.trees[-1:])
            out_of_bag.counts[unseen] += 1
        score = out_of_bag.score(y, forest.classes)
        out_of_bag.history.append(score)
        step.log(out_of_bag=score, trees=len(forest.trees))
        if len(forest.trees) >= settings.most_trees:
            run.finish_early(f"All {settings.most_trees} trees are grown.")
        if step.is_last or step.index in (0, 3, 15, 63, 255):
            trees = [float((number + 1) * settings.trees_per_step) for number in range(len(out_of_bag.history))]
            step.show(out_of_bag=Curve(trees, {"out-of-bag score": out_of_bag.history}, "trees", "out-of-bag score"))
    return forest


def load(run: Run) -> Forest:
    """Load a run's forest."""
    facts = run.folder.record["forest"]
    forest = Forest(len(facts["classes"]), run.seed, 1, "sqrt")
    run.load_kept(forest=forest)
    forest.description = facts  # pyright: ignore[reportAttributeAccessIssue]
    return forest


def _planted(run: Run, problem: Problem, settings: Settings) -> Forest:
    # the usual shares: the square root of the columns for classes, a third of them for numbers
    usual = "sqrt" if problem.classes else 1 / 3
    forest = Forest(len(problem.classes), run.seed, settings.rows_in_a_leaf, settings.columns_tried or usual)
    forest.description = _description(problem)  # pyright: ignore[reportAttributeAccessIssue]
    return forest


def _description(problem: Problem) -> dict[str, Any]:
    return {
        "target": problem.target.name,
        "classes": list(problem.classes),
        "features": [{"name": column.name, "categories": list(column.categories)} for column in problem.features],
    }
