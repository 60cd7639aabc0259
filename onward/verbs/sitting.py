"""One sitting at a run, shared by `train` and `resume`: lock, train, evaluate, report, within the budget."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import click

from onward.core import randomness
from onward.core.faults import DataFault, Stopped
from onward.core.folder import Lock
from onward.core.metrics import Score
from onward.core.run import Run
from onward.core.task import Data, Task, late
from onward.progress import ProgressLine

__all__ = ["check_same_data", "sit"]

_LEFT: dict[type, str] = {Stopped: "stopped", KeyboardInterrupt: "interrupted"}
_write_report = late("onward.report:write_report")


def sit(task: Task[Any, Any, Any], run: Run, data: Data, *, quiet: bool = False) -> list[Score]:
    """Train until the budget is spent, then evaluate and report.

    Returns: the scores.
    Raises:
        DataFault: the data are not those the run began with.
        Stopped: it was asked to stop; everything is saved.
    """
    with Lock(run.path):
        check_same_data(run, data)
        (run.path / "stop").unlink(missing_ok=True)
        run.folder.update(status="running")
        line = ProgressLine() if run.group.is_first and not quiet else None
        run.on_progress = line
        try:
            with _listening(run):
                if isinstance(task.train, late):
                    task.train.load()  # its libraries have random states too, to be seeded next
                run.tail_seconds *= run.crowding
                randomness.seed_everything(run.seed)
                model = task.train(run, data, run.settings(task.settings))
                scores = _finish(task, run, data, model)
        except (Exception, KeyboardInterrupt) as reason:
            _leave(run, _LEFT.get(type(reason), "failed"))
            raise
        finally:
            if line is not None:
                line.close()
        return scores


def check_same_data(run: Run, data: Data) -> None:
    """Refuse data that are not those the run was trained on."""
    own = run.folder.record["data"]
    if own["fingerprint"] != data.fingerprint:
        words = f"{own['address']} is not what {run.name} was trained on (its content changed, or how it is read)."
        raise DataFault(f"{words} Restore it, or start a new run on what is there now.")


def _finish(task: Task[Any, Any, Any], run: Run, data: Data, model: Any) -> list[Score]:
    scores: list[Score] = []
    budget = run.budget.seconds
    left = math.inf if budget is None else max(0.0, budget - run.seconds)
    if task.evaluate is not None:
        # the report needs a little of what is left
        for number, result in enumerate(task.evaluate(model, data, max(0.5, left - 1.5))):
            if isinstance(result, Score):
                scores.append(result)
                run.record("score", **result.as_json())
            else:
                run.show(f"final-{number:02d}", result, "exhibit")
    run.folder.record.update(status="finished", resume_from=None, elapsed_seconds=round(run.seconds, 3))
    _write_report(run.folder)
    run.folder.update()  # last, so that a run without a report is never called finished
    return scores


def _leave(run: Run, status: str) -> None:
    with suppress(OSError, MemoryError):  # on a full disk, which is what is said then
        run.folder.update(status=status, elapsed_seconds=round(run.seconds, 3))
        _write_report(run.folder)


@contextmanager
def _listening(run: Run) -> Iterator[None]:
    """Turn the first Ctrl-C into a wish that `steps()` obeys between two steps; the second ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:  # not SIGTERM, which comes twice where torchrun, Slurm or a sweep pass it on
            signal.signal(number, signal.default_int_handler)
        is_known, run.stop_requested = run.stop_requested, True
        if run.group.is_first and not is_known:  # a signal while these words are written must not write them again
            with suppress(OSError):  # who would read it may be gone by the same Ctrl-C
                click.echo(f"Stopping {run.name} after this step and saving; Ctrl-C again stops at once.", err=True)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
