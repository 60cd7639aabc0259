"""`onward selftest`: does this machine run every task? Each trains for a moment on its example."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from onward.core.faults import Fault
from onward.tasks import find_task, list_tasks
from onward.verbs.apply import apply
from onward.verbs.train import train

__all__ = ["selftest"]


def selftest(steps: int = 3) -> Iterator[tuple[str, bool, str]]:
    """Train, evaluate, report and apply every task on its embedded example.

    Returns: for each task its name, whether all went well, and a sentence.
    """
    with tempfile.TemporaryDirectory() as place:
        for name in list_tasks():
            task, began = find_task(name), time.monotonic()
            try:
                run, scores = train(task, task.example, {}, steps=steps, out=Path(place), quiet=True)
                done = "trained, evaluated, reported" + (", applied" if task.apply else "")
                if task.apply is not None:
                    apply(run.folder, (task.example,), {}, Path(place) / "applied")
                yield name, bool(scores) or task.evaluate is None, f"{done} in {time.monotonic() - began:.1f} s"
            except (
                Exception
            ) as reason:  # a package that is missing or broken can fail in any way, and is what is asked for
                yield name, False, str(reason) if isinstance(reason, Fault) else f"{type(reason).__name__}: {reason}"
