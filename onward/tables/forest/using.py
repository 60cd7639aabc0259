"""A grown forest at work: scores beside the majority class, importance as a picture, predictions for new rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from onward.core.exhibits import Exhibit, Table
from onward.core.faults import DataFault
from onward.core.metrics import Baseline, Score
from onward.core.task import NoOptions, Source
from onward.data.tables import columns_from_json, read_table
from onward.tables.columns import check_columns
from onward.tables.forest.growing import Forest
from onward.tables.forest.importance import importance_picture
from onward.tables.meadow import meadow_table
from onward.tables.problem import Problem, read_as_known

__all__ = ["apply", "evaluate"]

_ROUNDS = 200


def evaluate(forest: Forest, problem: Problem, seconds: float) -> Iterator[Score | Exhibit]:
    """Score the rows kept aside: accuracy beside the majority class, or error beside the mean."""
    if problem.fingerprint != forest.description["digest"]:  # other rows than those it learned from
        target = columns_from_json([forest.description["target"]])[0]
        known = forest.design.columns
        problem = read_as_known(problem.table.address, known, target, forest.description["classes"])
    x, y = forest.design.matrix(problem.features)[problem.is_test], problem.y[problem.is_test]
    known = problem.y[~problem.is_test] if not problem.is_test.all() else problem.y
    predicted = forest.predict(x)
    chance = np.random.default_rng(0)
    if problem.classes:
        right = (predicted.argmax(axis=1) == y).astype(float)
        majority = np.bincount(known.astype(int)).argmax()
        baseline = Baseline("majority class", float((y == majority).mean()))
        yield Score("accuracy", float(right.mean()), "", True, _interval(right, chance), len(y), baseline)
    else:
        errors = np.abs(predicted[:, 0] - y)
        baseline = Baseline("median of the target", float(np.abs(np.median(known) - y).mean()))
        yield Score("mean absolute error", float(errors.mean()), "", False, _interval(errors, chance), len(y), baseline)
    yield importance_picture(forest.columns, forest.importance())


def _interval(values: np.ndarray, chance: np.random.Generator) -> tuple[float, float]:
    means = [values[chance.integers(0, len(values), len(values))].mean() for _ in range(_ROUNDS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def apply(forest: Forest, source: Source, options: NoOptions) -> Iterator[Exhibit]:
    """Predict a target for each row of a csv: `predictions.csv` with row, prediction, and a probability a class.

    Raises:
        DataFault: no csv was named, or it lacks a column.
    """
    if not source.address:
        raise DataFault("Name a csv to predict: onward apply RUN rows.csv")
    classes: list[str] = forest.description["classes"]
    if source.address == "meadow:table":
        features = meadow_table().columns
    else:
        features = read_table(source.address, forest.design.columns).columns
        check_columns(features, forest.design.columns, source.address)
    predicted = forest.predict(forest.design.matrix(features))
    rows = []
    for number, row in enumerate(predicted):
        guess = classes[int(row.argmax())] if classes else f"{row[0]:.10g}"
        rows.append([number, guess, *(f"{share:.6f}" for share in (row if classes else ()))])
    yield Table(["row", "prediction", *(f"probability_{name}" for name in classes)], rows, "predictions")
