"""A grown forest at work: scores beside the majority class, importance as a picture, predictions for new rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from onward.core.exhibits import Exhibit, Table
from onward.core.faults import DataFault
from onward.core.metrics import Baseline, Score
from onward.core.task import NoOptions, Source
from onward.data.tables import Column, read_table
from onward.tables.forest.growing import Forest
from onward.tables.forest.importance import importance_picture
from onward.tables.forest.reading import Problem, read
from onward.tables.forest.settings import Settings

__all__ = ["apply", "evaluate"]

_ROUNDS = 200


def evaluate(forest: Forest, problem: Problem, seconds: float) -> Iterator[Score | Exhibit]:
    """Score the rows kept aside: accuracy beside the majority class, or error beside the mean."""
    x, y = problem.x[problem.is_test], problem.y[problem.is_test]
    known = problem.y[~problem.is_test]
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
    yield importance_picture([column.name for column in problem.features], forest.importance())


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
    facts = forest.description
    classes: list[str] = facts["classes"]
    if source.address == "meadow:table":
        features = read(source, Settings()).features
    else:
        known = [Column(each["name"], np.empty(0), tuple(each["categories"])) for each in facts["features"]]
        table = read_table(source.address, known)
        missing = [each.name for each in known if each.name not in {column.name for column in table.columns}]
        if missing:
            raise DataFault(f"{source.address} lacks {', '.join(missing[:5])}, which the forest was grown on. Add it.")
        features = tuple(table.column(each.name) for each in known)
    predicted = forest.predict(np.stack([column.values for column in features], axis=1))
    rows = []
    for number, row in enumerate(predicted):
        guess = classes[int(row.argmax())] if classes else f"{row[0]:.10g}"
        rows.append([number, guess, *(f"{share:.6f}" for share in (row if classes else ()))])
    yield Table(["row", "prediction", *(f"probability_{name}" for name in classes)], rows, "predictions")
