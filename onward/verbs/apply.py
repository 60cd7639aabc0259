"""`onward apply RUN [INPUT ...] [--out DIR]`: use what was learned; files out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault
from onward.core.folder import Folder, find_run
from onward.core.settings import parse_settings
from onward.core.task import Source, Task
from onward.outputs import free_name, output_folder
from onward.tasks import find_task, list_tasks
from onward.verbs.loading import load_model

__all__ = ["apply", "named", "task_of"]


def named(word: str) -> Folder | Task[Any, Any, Any]:
    """Find the run a word names, or the task itself where it needs no training."""
    if word in list_tasks() and not (Path(word) / "run.json").exists() and find_task(word).untrained is not None:
        return find_task(word)
    return find_run(word)


def task_of(subject: Folder | Task[Any, Any, Any]) -> Task[Any, Any, Any]:
    """Give the task of a run, or the task itself."""
    return subject if isinstance(subject, Task) else find_task(subject.record["task"])


def apply(
    subject: Folder | Task[Any, Any, Any], inputs: tuple[str, ...], words: Mapping[str, Any], out: Path | None = None
) -> list[Path]:
    """Apply a run's model, or a task's that needs no training, to inputs and write what comes out.

    Args:
        words: the task's own options of this verb, by name.
        out: where to; by default `applied` in the run's folder, or here for a zoo model or a task.
    Returns: the files written. An exhibit's caption names its file.
    Raises:
        RunFault: the task has nothing to apply, or the run's folder holds links.
    """
    task = task_of(subject)
    if task.apply is None:
        raise RunFault(f"{task.name} has nothing to apply.")
    options, _ = parse_settings(task.options, words, f"onward apply for {task.name}")
    model = load_model(subject) if isinstance(subject, Folder) else task.untrained and task.untrained()
    out, written = output_folder(out, subject if isinstance(subject, Folder) else task.name, "applied"), list[Path]()
    for number, exhibit in enumerate(task.apply(model, Source(inputs), options)):
        name = exhibit.caption or f"{number:06d}"
        written.append(exhibit.write(out, free_name(out, name, getattr(exhibit, "ending", None), inputs, written)))
    return written
