"""A trained blend at work: scores of rows nobody saw, what matters, what to try next, predictions for new rows."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from onward.core.exhibits import Exhibit, Table
from onward.core.faults import DataFault
from onward.core.metrics import Score
from onward.core.task import NoOptions, Source
from onward.data.tables import columns_from_json
from onward.tables.ensemble.exam import Answered, scores
from onward.tables.ensemble.jury import Jury
from onward.tables.ensemble.measures import find_measure
from onward.tables.ensemble.page import exhibits, gain
from onward.tables.ensemble.posing import pose_table
from onward.tables.made import CUSTOMERS
from onward.tables.predictions import numbers_told, say_gaps
from onward.tables.problem import read_as_known
from onward.tables.table.reading import Question, read_rows
from onward.tables.table.settings import Settings

__all__ = ["apply", "evaluate"]

_MOST_SECONDS = 20.0


def evaluate(jury: Jury, question: Question, seconds: float) -> Iterator[Score | Exhibit]:
    """Score answers to rows that no answering member had seen: the run's own by cross-validation, or others."""
    seconds = min(seconds, _MOST_SECONDS)
    ends = time.monotonic() + seconds
    measure = find_measure(str(jury.facts["measure"]))
    if question.fingerprint != jury.facts["digest"]:
        answered = _other(jury, question)
        yield from scores(measure, answered, answered.truth, seconds / 2)
        return
    answered = jury.own_answers(question.challenge)
    yield from scores(measure, answered, question.challenge.y, seconds / 4)
    yield from gain(jury, question.challenge, answered, seconds / 8)
    leaks = [leak.said for leak in question.leaks]
    yield from exhibits(jury, question.challenge, answered, leaks, ends - time.monotonic())


def _other(jury: Jury, question: Question) -> Answered:
    """Answer another table, read as the run's own was."""
    table = question.problem.table
    (target,) = columns_from_json([jury.facts["column"]])
    classes = jury.heads[0].classes
    if table.address == CUSTOMERS:
        features, y = question.problem.features, question.problem.y
    else:
        problem = read_as_known(table.address, jury.recipe.known(), target, classes)
        features, y = problem.features, problem.y
    answers = jury.tell(jury.recipe.matrix(pose_table(table, features, len(y))))
    labels = jury.labels(answers, 0) if classes else np.zeros(len(y))
    return Answered(jury.heads, y[:, None], answers, labels[:, None].astype(np.float64))


def apply(jury: Jury, source: Source, options: NoOptions) -> Iterator[Exhibit]:
    """Predict the target of each row: `predictions.csv` with row, prediction, and a probability a class.

    Raises:
        DataFault: no table was named, or it lacks a column.
    """
    if not source.address:
        raise DataFault("Name a table to predict: onward apply RUN rows.csv")
    table = read_rows(source.address, Settings(), jury.recipe.known())
    answers = jury.tell(jury.recipe.matrix(table))
    (head,) = jury.heads
    say_gaps(table)
    if not head.classes:
        words = numbers_told(answers[:, 0], str(jury.facts.get("column", {}).get("kind")))
        yield Table(["row", "prediction"], list(zip(table.numbers, words, strict=True)), "predictions")
        return
    labels = jury.labels(answers, 0)
    rows = [
        [number, head.classes[int(label)], *(f"{share:.9f}" for share in row)]
        for number, label, row in zip(table.numbers, labels, answers, strict=True)
    ]
    yield Table(["row", "prediction", *(f"probability_{name}" for name in head.classes)], rows, "predictions")
