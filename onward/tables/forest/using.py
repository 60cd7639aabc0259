"""A grown forest at work: scores beside trivial baselines, what it looked at, and predictions for new samples."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit
from onward.core.metrics import Score
from onward.core.task import NoOptions, Source
from onward.data.tables import columns_from_json
from onward.tables.forest.dependence import dependence_pictures, permutation_importance, permutation_picture
from onward.tables.forest.growing import Forest
from onward.tables.forest.importance import importance_picture
from onward.tables.forest.trees import tree_picture
from onward.tables.gathering import rows_to_test
from onward.tables.looks import TableLook
from onward.tables.predictions import predictions_table, rows_to_tell
from onward.tables.samples import Samples, read_again
from onward.tables.scores import scores_of

__all__ = ["apply", "evaluate"]

_SHARE = 0.7  # of the time: what a picture takes is only known when one was drawn
_PATIENCE_SECONDS = 60.0  # for pictures, where nobody sets a limit


def evaluate(forest: Forest, samples: Samples, seconds: float) -> Iterator[Score | Exhibit]:
    """Score what was kept aside; show what the forest looked at, as long as there is time."""
    ends = time.monotonic() + min(_SHARE * seconds, _PATIENCE_SECONDS)
    known, facts = samples.y[samples.training], forest.facts
    if samples.fingerprint != facts["digest"]:  # others than those it learned from
        target = columns_from_json([facts["target"]])[0] if facts["target"] else None
        columns = forest.look.design.columns if isinstance(forest.look, TableLook) else ()
        samples = read_again(samples, facts["classes"], columns, target)
        known = samples.y
    x, y = rows_to_test(forest.look, samples, seconds)
    yield from scores_of(forest.predict(x), y, known)
    if samples.kind != "pictures":  # what eyes tell by numbers has no name
        yield importance_picture(forest.columns, forest.importance())
    yield tree_picture(forest.trees[0].arrays, forest.look, facts)
    if not math.isinf(seconds) and isinstance(forest.look, TableLook):
        yield from _looked_into(forest, x, y, ends)


def _looked_into(forest: Forest, x: NDArray[Any], y: NDArray[np.float64], ends: float) -> Iterator[Exhibit]:
    """Shuffle columns, and give all rows the same value of one."""
    if not isinstance(forest.look, TableLook):
        return
    design = forest.look.design
    lost = permutation_importance(forest, design, x, y, 0.6 * (ends - time.monotonic()))
    order = np.argsort(forest.importance() if lost is None else lost)[::-1]
    if lost is not None:
        yield permutation_picture(forest.columns, lost, is_number=not forest.classes)
    yield from dependence_pictures(forest, design, x, order, 0.8 * (ends - time.monotonic()))


def apply(forest: Forest, source: Source, options: NoOptions) -> Iterator[Exhibit]:
    """Predict a target for each row: `predictions.csv` with row, prediction, and a probability a class.

    Raises:
        DataFault: nothing was named, or a column is missing.
    """
    names, x = rows_to_tell(forest.look, source, "onward apply RUN rows.csv")
    kind = str((forest.facts.get("target") or {}).get("kind"))
    yield predictions_table(forest.predict(x), forest.facts["classes"], names, kind)
