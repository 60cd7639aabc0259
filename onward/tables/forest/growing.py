"""Growing: each step a few more trees, each on its own sample of the rows, until the clock or the count ends it.

Breiman, "Random forests", Machine Learning 45 (2001). A tree is grown by scikit-learn's CART;
the bagging, the random columns, the
votes and the out-of-bag score are here. Tree number i depends on (seed, i) alone, so a resumed forest is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import MachineFault
from onward.core.run import Run
from onward.tables.forest.importance import importance_picture
from onward.tables.forest.settings import Settings
from onward.tables.forest.trees import tree_picture
from onward.tables.gathering import Gathering
from onward.tables.lean import library
from onward.tables.looks import Look, TableLook, keep_look, kept_look, plan_look
from onward.tables.pace import Pace
from onward.tables.samples import Samples

__all__ = ["Forest", "Tree", "load", "train"]

_MOST_TAIL = 0.6  # of the budget
_SHOWN_AT = (5, 20, 80, 320, 1000)  # trees
_REPORT_SECONDS, _REPORT_SECONDS_A_ROW = 1.0, 1e-4  # of work; of rows kept aside


class Tree:
    """A grown tree as plain arrays, one entry a node: nothing in a checkpoint can run code.

    Attributes:
        arrays: `left` and `right` child (−1 at a leaf), `column`, `threshold`, `missing_left`, `values`, N C, and how
            many rows came by, `counts`.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays

    @staticmethod
    def grown(x: NDArray[np.float64], y: NDArray[np.float64], classes: int, **rules: Any) -> Tree:
        """Grow a tree by CART; `rules` are scikit-learn's."""
        kind = "DecisionTreeClassifier" if classes else "DecisionTreeRegressor"
        grown = getattr(library("sklearn.tree"), kind)(**rules).fit(x, y)
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
                "values": values.astype(np.float32),
                "counts": nodes.n_node_samples.astype(np.int32),
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
        return parts["values"][place].astype(np.float64)


class Forest:
    """Trees that vote.

    Attributes:
        trees: the grown trees.
        facts: what the run says of it: `classes`, `target`, `digest` of the data.
        classes: how many classes; 0 when a number is predicted.
        look: how it looks at samples.
    """

    def __init__(
        self, facts: dict[str, Any], look: Look, seed: int, rows_in_a_leaf: int = 1, columns_tried: Any = None
    ) -> None:
        self.facts, self.classes, self.look = facts, len(facts["classes"]), look
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

    def predict(self, x: NDArray[Any], most: int | None = None) -> NDArray[np.float64]:
        """Give the mean opinion of all trees or of the first: N F to N C probabilities, or N 1 numbers."""
        total, trees = np.zeros((len(x), max(1, self.classes))), self.trees[:most]
        for tree in trees:
            total += tree.predict(x)
        return total / max(1, len(trees))

    @property
    def columns(self) -> list[str]:
        """Give the names of the columns, words or features it looks at."""
        if isinstance(self.look, TableLook):
            return [column.name for column in self.look.design.columns]
        return list(self.look.names)

    def importance(self) -> NDArray[np.float64]:
        """Give each column's mean decrease of impurity; they add up to 1."""
        found = np.mean([tree.arrays["importance"] for tree in self.trees], axis=0)
        if isinstance(self.look, TableLook):
            return np.bincount(self.look.design.sources, found, len(self.columns)).astype(np.float64)
        return found

    def state_dict(self) -> dict[str, Any]:
        """Take the trees' arrays."""
        return {"trees": [tree.arrays for tree in self.trees]}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back.

        Raises:
            ValueError: a walk down a tree would not end, or leave it.
        """
        width = max(1, self.classes)
        self.trees = [Tree(_sound(arrays, len(self.look.names), width)) for arrays in state["trees"]]


def _sound(arrays: dict[str, NDArray[Any]], columns: int, width: int) -> dict[str, NDArray[Any]]:
    """Give a tree's arrays if every child stands behind its parent, as CART writes them; a stranger's may not."""
    nodes = np.arange(len(arrays["left"]))
    inner = arrays["left"] >= 0
    for side in ("left", "right"):
        child = arrays[side][inner]
        if len(child) and not ((child > nodes[inner]).all() and child.max() < len(nodes)):
            raise ValueError("a tree leads in a circle")
    asked = arrays["column"][inner]
    lengths = {
        len(arrays[name]) for name in ("left", "right", "column", "threshold", "missing_left", "values", "counts")
    }
    if len(lengths) != 1 or (len(asked) and not 0 <= int(asked.min()) <= int(asked.max()) < columns):
        raise ValueError("a tree asks for columns that are not there")
    if arrays["values"].shape[1:] != (width,) or arrays["importance"].shape != (columns,):
        raise ValueError("a tree answers another question")
    return arrays


class _OutOfBag:
    """Votes of trees on rows they have not seen; their error needs no test set (section 3.1 of the paper)."""

    def __init__(self, classes: int) -> None:
        self.votes = np.zeros((0, max(1, classes)))
        self.counts = np.zeros(0)

    def begin(self, rows: int) -> None:
        """Make room for so many rows, unless it was there."""
        if len(self.counts) != rows:
            self.votes, self.counts = np.zeros((rows, self.votes.shape[1])), np.zeros(rows)

    def add(self, rows: NDArray[np.bool_], votes: NDArray[np.float64]) -> None:
        """Count a tree's votes on rows it has not seen."""
        self.votes[rows] += votes
        self.counts[rows] += 1

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


def train(run: Run, samples: Samples, settings: Settings) -> Forest:
    """Grow a forest on what is not kept for the final score."""
    facts = samples.facts()
    run.folder.update(forest=facts)
    look = plan_look(samples, "codes")
    keep_look(run, look, samples)
    # the usual shares: the square root of the columns for classes, a third of them for numbers
    usual = "sqrt" if samples.classes else 1 / 3
    forest = Forest(facts, look, run.seed, settings.rows_in_a_leaf, settings.columns_tried or usual)
    out_of_bag, gathering = _OutOfBag(forest.classes), Gathering(samples, look, run.seed, few_directions=False)
    run.keep(forest=forest, out_of_bag=out_of_bag, gathering=gathering)
    pace = _Pace(_REPORT_SECONDS + _REPORT_SECONDS_A_ROW * len(samples.testing))
    library("sklearn.tree")  # which can take longer than many trees, and says nothing of the next
    _leave_time(run, samples, pace)
    for step in run.steps():
        if gathering.x is None:
            if said := gathering.next(run, step.progress):
                run.note(said)
            if gathering.x is None:
                step.log(looked_at=gathering.share)
                continue
            out_of_bag.begin(len(gathering.y))
        for _ in range(settings.trees_per_step):
            if len(forest.trees) >= settings.most_trees or (forest.trees and run.seconds_left < 1.5 * pace.slowest):
                break
            _grow(run, forest, out_of_bag, gathering, pace)
        score = out_of_bag.score(gathering.y, forest.classes)
        step.log(out_of_bag=score, trees=len(forest.trees))
        if len(forest.trees) >= settings.most_trees:
            run.finish_early(f"All {settings.most_trees} trees are grown.")
        elif run.seconds_left < 1.5 * pace.slowest:
            run.finish_early(f"{len(forest.trees)} trees are grown; another one would not be ready in time.")
        if step.is_last or len(forest.trees) in _SHOWN_AT:
            _show(step, forest, samples)
    return _with_trees(run, forest)


def _with_trees(run: Run, forest: Forest) -> Forest:
    if not forest.trees:
        raise MachineFault(
            f"The time was over before a tree was grown. Go on: onward resume {run.folder.word} --time +1m"
        )
    return forest


@dataclass
class _Pace:
    """Seconds that the slowest tree took, and that all together will take to tell the rows kept aside.

    Attributes:
        report: seconds of work that scores and pictures take.
    """

    report: float
    slowest: float = 0.0
    telling: float = 0.0
    here: Pace = field(default_factory=Pace)

    @property
    def tail(self) -> float:
        """Give the seconds to leave for the end."""
        return self.here.crowding * self.report + 1.5 * self.telling


def _grow(run: Run, forest: Forest, out_of_bag: _OutOfBag, gathering: Gathering, pace: _Pace) -> None:
    """Grow a tree, let it vote on what it has not seen, and keep time for what comes at the end."""
    began = run.clock()
    unseen = forest.grow(gathering.x, gathering.y)
    grown = run.clock()
    out_of_bag.add(unseen, forest.trees[-1].predict(gathering.x[unseen]))
    pace.slowest = max(pace.slowest, run.clock() - began)
    pace.telling += (run.clock() - grown) * len(gathering.samples.testing) / max(1, int(unseen.sum()))
    _leave_time(run, gathering.samples, pace)


def _leave_time(run: Run, samples: Samples, pace: _Pace) -> None:
    """Leave time for scores and pictures, and for telling the rows kept aside."""
    if run.budget.seconds is not None:
        usual = run.tail_seconds if samples.kind != "table" else 0.0  # pictures and texts are looked at once more
        run.tail_seconds = min(max(usual, pace.tail), _MOST_TAIL * run.budget.seconds)


def _show(step: Any, forest: Forest, samples: Samples) -> None:
    if samples.kind != "pictures":  # what eyes tell by numbers has no name
        step.show(importance=importance_picture(forest.columns, forest.importance()))
    if len(forest.trees) <= _SHOWN_AT[0]:
        step.show(tree=tree_picture(forest.trees[0].arrays, forest.look, forest.facts))


def load(run: Run) -> Forest:
    """Load a run's forest."""
    forest = Forest(run.folder.record["forest"], kept_look(run), run.seed)
    run.load_kept(forest=forest)
    return forest
