"""A machine at work: scores beside trivial baselines, what was tried, its margins, and predictions for new samples."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sparse

from onward.core.exhibits import Exhibit, Table
from onward.core.metrics import Score
from onward.core.task import NoOptions, Source
from onward.data.tables import columns_from_json
from onward.tables.gathering import rows_to_test
from onward.tables.looks import TableLook
from onward.tables.predictions import predictions_table, rows_to_tell
from onward.tables.samples import Samples, read_again
from onward.tables.scores import scores_of
from onward.tables.svm.map import map_picture
from onward.tables.svm.pictures import ladder_picture, margins_picture
from onward.tables.svm.training import Trained

__all__ = ["apply", "evaluate"]

_DRAWN = 2_000  # rows kept aside whose margins are drawn


def evaluate(trained: Trained, samples: Samples, seconds: float) -> Iterator[Score | Exhibit]:
    """Score the rows kept aside, and show what was tried."""
    ends = time.monotonic() + seconds
    known = samples.y[samples.training]
    if samples.fingerprint != trained.facts["digest"]:  # others than those it learned from
        target = columns_from_json([trained.facts["target"]])[0] if trained.facts["target"] else None
        columns = trained.look.design.columns if isinstance(trained.look, TableLook) else ()
        samples = read_again(samples, trained.classes, columns, target)
        known = samples.y
    x, y = rows_to_test(trained.look, samples, seconds)
    predicted = trained.machine.predict(x)
    yield from scores_of(predicted, y, known)
    yield ladder_picture(trained.tried, is_number=not trained.classes)
    if time.monotonic() < ends:
        yield margins_picture(trained.machine, x[:_DRAWN], y[:_DRAWN], trained.classes)
    if trained.classes and not sparse.issparse(x) and time.monotonic() < ends:
        scales = np.stack([np.zeros(x.shape[1]), np.ones(x.shape[1])])
        if isinstance(trained.look, TableLook):
            scales = np.stack([trained.look.design.means, trained.look.design.spreads])
        drawn = map_picture(x, y, trained.classes, trained.kept.choice, trained.look.names, scales)
        if drawn is not None:
            yield drawn
    rows = [
        [each.choice.kernel, f"{each.choice.cost:g}", f"{each.choice.gamma:g}", each.choice.landmarks, each.rows,
         f"{each.score:.4f}", f"{each.seconds:.2f}", "yes" if each.is_whole else "no"]
        for each in trained.tried
    ]  # fmt: skip
    heads = ["kernel", "C", "gamma (times the natural one)", "landmarks", "rows", "score", "seconds", "came to its end"]
    yield Table(heads, rows, "every fit that was tried; the score is on rows it was not fitted on")


def apply(trained: Trained, source: Source, options: NoOptions) -> Iterator[Exhibit]:
    """Predict a target for each row: `predictions.csv` with row, prediction, and a probability a class.

    Raises:
        DataFault: nothing was named, or a column is missing.
    """
    names, x = rows_to_tell(trained.look, source, "onward apply RUN rows.csv")
    kind = str((trained.facts.get("target") or {}).get("kind"))
    yield predictions_table(trained.machine.predict(x), trained.classes, names, kind)
