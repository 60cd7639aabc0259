"""Trees of any maker as plain arrays, walked by our own code: nothing in them can run, and their sizes are checked.

LightGBM's text, scikit-learn's histogram boosting and its single trees are turned into the same arrays, so that a
finished run needs none of those libraries to answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault

__all__ = ["Grove", "from_catboost", "from_histograms", "from_lightgbm", "from_scikit_learn", "from_xgboost"]

_IS_CATEGORY, _MISSING_LEFT, _MISSING_IS_ZERO = 1, 2, 4
_WORD = 32  # bits of a word in a set of categories
_DEEPEST = 4096


class Grove:
    """An ensemble of trees.

    Attributes:
        arrays: `first` (T + 1, a tree's first node), `output` (T, the column it speaks for; −1 for all), and one entry
            a node: `left` and `right` (−1 at a leaf), `column`, `threshold` (of categories: the place of their set in
            `sets`), `flags`, `values` (N C); `sets`: bits of categories that go left, 32 a word, the first word their
            number; `start`: P, what is added to the sum; `divisor`: what it is divided by.
    """

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays

    def check(self, columns: int, width: int) -> None:
        """Refuse what leads outside the arrays, or nowhere.

        Raises:
            RunFault: it does.
        """
        parts = self.arrays
        nodes, trees = len(parts["left"]), len(parts["output"])
        same = all(len(parts[name]) == nodes for name in ("right", "column", "threshold", "flags", "values"))
        is_inner = parts["left"] >= 0
        own = np.arange(nodes)[is_inner]
        children = np.concatenate([parts["left"][is_inner], parts["right"][is_inner]])
        sound = (
            same
            and parts["values"].ndim == 2
            and parts["start"].shape == (width,)
            and len(parts["first"]) == trees + 1
            and bool((parts["first"][:-1] >= 0).all() and (parts["first"][:-1] < max(nodes, 1)).all())
            and bool((children > np.concatenate([own, own])).all() and (children < nodes).all())  # so walks end
            and bool((parts["column"] >= 0).all() and (parts["column"] < columns).all())
            and bool((parts["output"] >= -1).all() and (parts["output"] < width).all())
            and (parts["values"].shape[1] in (1, width))
        )
        if sound:
            places = parts["threshold"][(parts["flags"] & _IS_CATEGORY) > 0]
            sets = parts["sets"]
            sound = bool((places >= 0).all() and (places < len(sets)).all()) and all(
                place + 1 + sets[place] <= len(sets) for place in np.unique(places).astype(int)
            )
        if not sound:
            raise RunFault("The run is damaged: a tree of it leads nowhere. Train it anew.")

    def tell(self, x: NDArray[np.floating], *, is_single: bool = False) -> NDArray[np.float64]:
        """Walk every row down every tree: N F to N P sums.

        Args:
            is_single: compare in single precision, as scikit-learn's trees do.
        """
        parts = self.arrays
        cells = np.asarray(x, np.float32 if is_single else np.float64)
        total = np.tile(parts["start"].astype(np.float64), (len(x), 1))
        for tree, output in enumerate(parts["output"]):
            values = parts["values"][self._leaves(cells, int(parts["first"][tree]))]
            if output < 0:
                total += values
            else:
                total[:, output] += values[:, 0]
        return total / float(parts["divisor"][0])

    def _leaves(self, cells: NDArray[np.floating], root: int) -> NDArray[np.int32]:
        parts = self.arrays
        place = np.full(len(cells), root, np.int32)
        rows = np.arange(len(cells)) if parts["left"][root] >= 0 else np.arange(0)
        while len(rows):
            node = place[rows]
            goes_left = self._goes_left(node, cells[rows, parts["column"][node]])
            node = np.where(goes_left, parts["left"][node], parts["right"][node])
            place[rows] = node
            rows = rows[parts["left"][node] >= 0]
        return place

    def _goes_left(self, node: NDArray[np.int32], cell: NDArray[np.floating]) -> NDArray[np.bool_]:
        parts = self.arrays
        flags = parts["flags"][node]
        empty = np.isnan(cell)
        threshold = parts["threshold"][node]
        if not empty.any():
            left = cell <= threshold
        else:
            zeroed = np.where(empty & ((flags & _MISSING_IS_ZERO) > 0), 0.0, cell)
            left = np.where(np.isnan(zeroed), (flags & _MISSING_LEFT) > 0, zeroed <= threshold)
        sorts = (flags & _IS_CATEGORY) > 0
        if sorts.any():
            left[sorts] = self._is_in_set(threshold[sorts].astype(np.int64), cell[sorts])
        return left

    def _is_in_set(self, place: NDArray[np.int64], cell: NDArray[np.floating]) -> NDArray[np.bool_]:
        sets = self.arrays["sets"]
        known = np.isfinite(cell) & (cell >= 0)
        kind = np.where(known, cell, 0).astype(np.int64)
        known &= kind < _WORD * sets[place].astype(np.int64)
        kind = np.where(known, kind, 0)
        word = sets[np.minimum(place + 1 + kind // _WORD, len(sets) - 1)].astype(np.uint64)
        return known & ((word >> (kind % _WORD).astype(np.uint64)) & np.uint64(1)).astype(bool)


def from_lightgbm(text: str, width: int) -> Grove:
    """Read LightGBM's own description of a model.

    Args:
        text: what `Booster.model_to_string()` gives.
        width: the columns of an answer: 1, or the classes when there are more than two.
    """
    trees = [_lightgbm_tree(block) for block in re.split(r"\n\n+", text) if block.startswith("Tree=")]
    outputs = np.arange(len(trees)) % width
    return _grove(trees, outputs, np.zeros(width))


def _lightgbm_tree(block: str) -> dict[str, Any]:
    facts = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    leaves = [float(word) for word in facts["leaf_value"].split()]
    inner = int(facts["num_leaves"]) - 1

    def numbers(name: str, kind: Any) -> NDArray[Any]:
        return np.array(facts.get(name, "").split() if inner else [], kind)

    kinds = numbers("decision_type", np.int64)
    sorts = (kinds & 1) > 0
    flags = np.where(sorts, _IS_CATEGORY, 0) | np.where(kinds & 2, _MISSING_LEFT, 0)
    flags |= np.where(((kinds >> 2) & 3 == 0) & ~sorts, _MISSING_IS_ZERO, 0)
    children = {}
    for side in ("left", "right"):
        child = numbers(f"{side}_child", np.int64)
        children[side] = np.where(child < 0, inner + ~child, child)
    bounds, words = numbers("cat_boundaries", np.int64), numbers("cat_threshold", np.uint32)
    sets = [words[begin:end] for begin, end in pairwise(bounds.tolist())]
    return {
        **children,
        "column": numbers("split_feature", np.int64),
        "threshold": numbers("threshold", np.float64),
        "flags": flags,
        "sets": sets,
        "values": np.concatenate([np.zeros(inner), leaves])[:, None],
        "inner": inner,
    }


def _grove(trees: Sequence[dict[str, Any]], outputs: NDArray[Any], start: NDArray[Any], divisor: float = 1) -> Grove:
    """Set trees behind each other; `inner` nodes of a tree come first, its leaves after them."""
    left, right, column, threshold, flags, values = [], [], [], [], [], []
    sets: list[NDArray[np.uint32]] = []
    firsts, first, place = [], 0, 0
    for tree in trees:
        inner, nodes = tree["inner"], len(tree["values"])
        pad = np.zeros(nodes - inner)
        own = tree["threshold"].astype(np.float64).copy()
        for number in np.flatnonzero(tree["flags"] & _IS_CATEGORY):
            words = tree["sets"][int(own[number])]
            sets.append(np.concatenate([[len(words)], words]).astype(np.uint32))
            own[number], place = place, place + len(words) + 1
        left.append(np.concatenate([tree["left"] + first, pad - 1]))
        right.append(np.concatenate([tree["right"] + first, pad - 1]))
        column.append(np.concatenate([tree["column"], pad]))
        threshold.append(np.concatenate([own, pad]))
        flags.append(np.concatenate([tree["flags"], pad]))
        values.append(tree["values"])
        firsts.append(first)
        first += nodes
    return Grove(
        {
            "first": np.array([*firsts, first], np.int32),
            "output": np.asarray(outputs, np.int32),
            "left": np.concatenate(left).astype(np.int32),
            "right": np.concatenate(right).astype(np.int32),
            "column": np.concatenate(column).astype(np.int32),
            "threshold": np.concatenate(threshold),
            "flags": np.concatenate(flags).astype(np.uint8),
            "values": np.concatenate(values).astype(np.float64),
            "sets": np.concatenate(sets) if sets else np.zeros(0, np.uint32),
            "start": np.asarray(start, np.float64),
            "divisor": np.array([divisor], np.float64),
        }
    )


def _inner_first(left: NDArray[Any], right: NDArray[Any], is_leaf: NDArray[np.bool_]) -> tuple[Any, Any, Any]:
    """Number a tree's nodes anew, inner ones first and every child behind its parent."""
    order = np.concatenate([np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    inner = order[: int((~is_leaf).sum())]
    return order, place[left[inner]], place[right[inner]]


def from_histograms(model: Any, width: int) -> Grove:
    """Read scikit-learn's histogram boosting, whose columns are all numbers."""
    trees, outputs = [], []
    for stage in model._predictors:
        for output, predictor in enumerate(stage):
            nodes = predictor.nodes
            is_leaf = nodes["is_leaf"].astype(bool)
            order, left, right = _inner_first(nodes["left"].astype(int), nodes["right"].astype(int), is_leaf)
            inner = order[: len(left)]
            flags = np.where(nodes["missing_go_to_left"][inner], _MISSING_LEFT, 0)
            tree = {"left": left, "right": right, "inner": len(left), "flags": flags, "sets": []}
            tree |= {"column": nodes["feature_idx"][inner], "threshold": nodes["num_threshold"][inner]}
            trees.append(tree | {"values": nodes["value"][order][:, None]})
            outputs.append(output)
    start = np.broadcast_to(np.asarray(model._baseline_prediction, float).ravel(), width)
    return _grove(trees, np.array(outputs), start)


def from_scikit_learn(grown: Sequence[Any], width: int) -> Grove:
    """Read single trees of scikit-learn that were grown on all classes, 0 to K − 1, or on a number; they vote."""
    trees = []
    for each in grown:
        nodes = each.tree_
        order, left, right = _inner_first(nodes.children_left, nodes.children_right, nodes.children_left < 0)
        inner = order[: len(left)]
        tree = {"left": left, "right": right, "inner": len(left), "flags": np.zeros(len(left), int), "sets": []}
        tree |= {"column": nodes.feature[inner], "threshold": nodes.threshold[inner]}
        values = nodes.value[order][:, 0, :]
        if width > 1:
            full = np.zeros((len(values), width))
            full[:, each.classes_.astype(int)] = values / np.maximum(values.sum(axis=1, keepdims=True), 1e-300)
            values = full
        trees.append(tree | {"values": values.astype(np.float32)})
    return _grove(trees, np.full(len(trees), -1), np.zeros(width), max(1, len(trees)))


def from_xgboost(page: dict[str, Any], start: NDArray[np.float64]) -> Grove:
    """Read XGBoost's JSON; it asks whether a cell is below a number, which is at most the next smaller one."""
    model = page["learner"]["gradient_booster"]["model"]
    trees = []
    for each in model["trees"]:
        left, right = (np.array(each[f"{side}_children"], np.int64) for side in ("left", "right"))
        order, lefts, rights = _inner_first(left, right, left < 0)
        inner = order[: len(lefts)]
        numbers = np.array(each["split_conditions"], np.float32)
        flags = np.where(np.array(each["default_left"])[inner] > 0, _MISSING_LEFT, 0)
        tree = {"left": lefts, "right": rights, "inner": len(lefts), "flags": flags, "sets": []}
        tree |= {"column": np.array(each["split_indices"])[inner]}
        tree |= {"threshold": np.nextafter(numbers[inner], np.float32(-np.inf)), "values": numbers[order][:, None]}
        trees.append(tree)
    return _grove(trees, np.array(model["tree_info"]), start)


def from_catboost(page: dict[str, Any], width: int) -> Grove:
    """Read CatBoost's JSON of trees whose every level asks one question; an empty cell is below all numbers."""
    places = {
        int(each["feature_index"]): int(each["flat_feature_index"]) for each in page["features_info"]["float_features"]
    }
    scale, bias = page["scale_and_bias"]
    trees = []
    for each in page["oblivious_trees"]:
        depth = len(each["splits"])
        inner, leaves = 2**depth - 1, 2**depth
        level = np.floor(np.log2(np.arange(inner) + 1)).astype(int)
        splits = [(places[int(s["float_feature_index"])], float(s["border"])) for s in each["splits"]]
        heap = np.arange(inner)
        # a path from the root: the first question is the lowest bit of the leaf's number
        paths = np.array([sum(((leaf >> (depth - 1 - at)) & 1) << at for at in range(depth)) for leaf in range(leaves)])
        values = np.array(each["leaf_values"], float).reshape(leaves, width)[paths] * scale
        tree = {"left": 2 * heap + 1, "right": 2 * heap + 2, "inner": inner, "sets": []}
        tree |= {"column": np.array([splits[at][0] for at in level], np.int64)}
        tree |= {"threshold": np.array([splits[at][1] for at in level], float)}
        tree |= {"flags": np.full(inner, _MISSING_LEFT), "values": np.concatenate([np.zeros((inner, width)), values])}
        trees.append(tree)
    outputs = np.full(len(trees), -1 if width > 1 else 0)
    return _grove(trees, outputs, np.broadcast_to(np.asarray(bias, float).ravel(), width))
