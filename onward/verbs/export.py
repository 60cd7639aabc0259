"""`onward export RUN [--to onnx]`: files other programs can use, each checked against the model."""

from __future__ import annotations

from pathlib import Path

from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder
from onward.outputs import output_folder
from onward.tasks import find_task
from onward.verbs.loading import load_model

__all__ = ["export"]


def export(folder: Folder, to: str = "onnx", out: Path | None = None) -> list[Path]:
    """Write a run's model in another format.

    Raises:
        RunFault: the task cannot be exported.
        UsageFault: the format is unknown.
    """
    if to != "onnx":
        raise UsageFault(f"{to!r} is no format Onward writes. Known: onnx.")
    task = find_task(folder.record["task"])
    if task.export is None:
        raise RunFault(f"{task.name} cannot be exported yet; its model is in {folder.path / 'checkpoints'}.")
    return list(task.export(load_model(folder), output_folder(out, folder, "export")))
