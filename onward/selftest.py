"""`onward selftest`: does this machine run every task? Each trains for a moment on its example."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from onward.core.faults import Fault, Stopped
from onward.core.settings import settings_fields
from onward.tasks import find_task, list_tasks
from onward.verbs.apply import apply
from onward.verbs.train import train

__all__ = ["selftest"]

_MOST = "ONWARD_MEADOW_MOST"  # samples of a split


def selftest(duration: str = "3s", steps: int = 3) -> Iterator[tuple[str, bool, str]]:
    """Train, evaluate, report and, where its example is an input too, apply every task, on a meadow of few pictures.

    Returns: for each task its name, whether all went well, and a sentence.
    """
    with tempfile.TemporaryDirectory() as place:
        for name in list_tasks():
            before = os.environ.get(_MOST)
            os.environ[_MOST] = "64"  # as few as a GAN takes
            try:
                yield name, *_tried(name, Path(place), duration, steps)
            finally:
                os.environ.pop(_MOST)
                os.environ.update({} if before is None else {_MOST: before})


def _tried(name: str, place: Path, duration: str, steps: int) -> tuple[bool, str]:
    task, began, done = find_task(name), time.monotonic(), "trained, evaluated, reported"
    try:
        run, _ = train(task, task.example, {}, duration=duration, steps=steps, out=place, quiet=True)
        first = next((word for word in task.tried_with if ":" not in word), "")
        is_made = first == "table" and task.example.startswith("made:")
        if task.apply is not None and first not in ("board", "film", "text") and not is_made:
            brief = {entry.name: 1 for entry in settings_fields(task.options) if entry.name == "seconds"}
            pictures = (
                "meadow:classify" if task.example == "meadow:semi" else task.example
            )  # two rooms, no pictures alone
            given = {"picture": (pictures,), "table": (task.example,)}.get(first, ())
            with redirect_stdout(StringIO()):  # a language model says aloud what it writes
                apply(run.folder, given, brief, place / name)
            done += ", applied"
        return True, f"{done} in {time.monotonic() - began:.1f} s"
    except Stopped:  # Ctrl-C ends it all
        raise
    except Exception as reason:  # a missing or broken package fails in any way; which is what is asked
        return False, str(reason) if isinstance(reason, Fault) else f"{type(reason).__name__}: {reason}"
