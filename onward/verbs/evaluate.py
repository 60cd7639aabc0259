"""`onward evaluate RUN [DATA]`: scores, each with its baseline and interval."""

from __future__ import annotations

import math
from typing import Any

from onward.core.faults import RunFault
from onward.core.folder import Folder
from onward.core.metrics import Score
from onward.core.run import Run
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.loading import load_model, read_data
from onward.verbs.sitting import check_same_data

__all__ = ["evaluate", "evaluation_json"]


def evaluate(folder: Folder, address: str | None = None) -> list[Score]:
    """Measure a run on its own data, or on others.

    Raises:
        RunFault: the task has no scores, or the run no model yet.
    """
    task = find_task(folder.record["task"])
    if task.evaluate is None:
        raise RunFault(f"{task.name} has no scores: look at its pictures with: onward report {folder.word}")
    run = Run(folder)
    model = load_model(folder)
    own = folder.record["data"]
    source = Source((address,)) if address else Source((own["address"],), own.get("kind"), is_recorded=True)
    data = read_data(task, source, run.settings(task.settings))
    if address in (None, own["address"]) and not folder.is_of_the_zoo:  # or what was learned from would be tested
        check_same_data(run, data)
    return [result for result in task.evaluate(model, data, math.inf) if isinstance(result, Score)]


def evaluation_json(folder: Folder, address: str | None, scores: list[Score]) -> dict[str, Any]:
    """Give the document that `--json` prints."""
    task, data = folder.record["task"], address or folder.record["data"]["address"]
    return {"run": folder.path.name, "task": task, "data": data, "scores": [score.as_json() for score in scores]}
