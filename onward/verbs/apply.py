"""`onward apply RUN [INPUT ...] [--out DIR]`: use what was learned; files out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.settings import parse_settings
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.loading import load_model

__all__ = ["apply"]


def apply(folder: Folder, inputs: tuple[str, ...], words: Mapping[str, Any], out: Path | None = None) -> list[Path]:
    """Apply a run's model to inputs and write what comes out.

    Args:
        words: the task's own options of this verb, by name.
        out: where to; by default `applied` in the run's folder, or here for a zoo model.
    Returns: the files written. An exhibit's caption names its file.
    Raises:
        RunFault: the task has nothing to apply.
    """
    task = find_task(folder.record["task"])
    if task.apply is None:
        raise RunFault(f"{task.name} has nothing to apply.")
    options, _ = parse_settings(task.options, words, f"onward apply for {task.name}")
    model = load_model(folder)
    in_zoo = "zoo" in folder.path.parts
    out = out or (Path(f"{folder.path.name}-applied") if in_zoo else folder.path / "applied")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise UsageFault(f"{out} cannot be written ({reason.strerror}). Choose another --out.") from None
    written = []
    for number, exhibit in enumerate(task.apply(model, Source(inputs), options)):
        written.append(exhibit.write(out, exhibit.caption or f"{number:06d}"))
    return written


def spoken(written: list[Path]) -> str:
    """Say where the files are."""
    if not written:
        return "Nothing came out."
    last = written[-1]
    return f"{len(written)} files in {last.parent}/, the last {last.name}."
