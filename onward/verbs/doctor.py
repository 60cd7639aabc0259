"""`onward doctor DATA`: what was understood, what is wrong, what to do; writes nothing."""

from __future__ import annotations

from typing import Any

from onward.core.faults import DataFault, Fault
from onward.core.task import Data, Source
from onward.tasks import find_task, list_tasks
from onward.verbs.loading import read_data

__all__ = ["doctor", "doctor_json"]


def doctor(address: str, kind: str | None = None) -> tuple[str, Data]:
    """Read data as the first task that can make sense of them.

    Args:
        kind: the name of a task to read them for; None tries each.
    Returns: the task's name and the data.
    Raises:
        DataFault: no task can use them; the sentence is that of the task that came closest.
    """
    names = [kind] if kind else [name for name in list_tasks() if find_task(name).accepts(address)]
    fault: Fault = DataFault(f"{address} fits no task. `onward tasks` says what each takes.")
    for name in names:
        task = find_task(name)
        try:
            return name, read_data(task, Source((address,)), task.settings())
        except DataFault as reason:
            fault = reason
    raise fault


def doctor_json(address: str, task: str, data: Data) -> dict[str, Any]:
    """Give the document that `--json` prints."""
    details = getattr(data, "as_json", dict)()
    return {"data": address, "task": task, "fingerprint": data.fingerprint, "findings": data.findings(), **details}
