"""The map: every task's name and the room it lives in.

Rooms are imported when they are asked for; a room's first file imports no learning library. Other packages add tasks
under the entry-point group `onward.tasks`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onward.core.faults import UsageFault, did_you_mean
from onward.core.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

__all__ = ["device_for", "find_task", "list_tasks"]

_ROOMS = {
    "classify": "onward.vision.classify",
    "pose": "onward.vision.pose",
    "detect": "onward.vision.detect",
    "gan": "onward.generation.gan",
    "style": "onward.generation.style",
    "dream": "onward.generation.dream",
    "semi": "onward.broad.semi",
    "selfplay": "onward.broad.selfplay",
    "forest": "onward.tables.forest",
    "svm": "onward.tables.svm",
    "table": "onward.tables.table",
    "kaggle": "onward.tables.kaggle",
    "text-classify": "onward.language.text_classify",
    "translate": "onward.language.translate",
    "language-model": "onward.language.language_model",
    "motion": "onward.vision.motion",
    "control": "onward.broad.control",
    "cluster": "onward.broad.cluster",
    "compress": "onward.broad.compress",
}


_ON_ANY_DEVICE = {"detect", "motion"}


def device_for(name: str, wanted: str) -> str:
    """Give the device that a task is to learn on: most of ours have only been taught to use the processor.

    Raises:
        UsageFault: it cannot learn on the one that is wanted.
    Example:
        >>> device_for("gan", "auto"), device_for("motion", "auto")
        ('cpu', 'auto')
    """
    if name not in _ROOMS or name in _ON_ANY_DEVICE:
        return wanted
    if wanted not in ("auto", "cpu"):
        others = " and ".join(sorted(_ON_ANY_DEVICE))
        raise UsageFault(f"{name} learns on the processor alone so far, {others} on other devices too. Omit --device.")
    return "cpu"


def find_task(name: str) -> Task[Any, Any, Any]:
    """Find a task by name.

    Raises:
        UsageFault: there is none.
    Example:
        >>> find_task("forest").name
        'forest'
    """
    if name in _ROOMS:
        return import_module(_ROOMS[name]).TASK
    for entry in _foreign():
        if entry.name == name:
            return entry.load()
    raise UsageFault(f"There is no task {name!r}.{did_you_mean(name, list_tasks())}")


def list_tasks() -> list[str]:
    """List the names of all tasks, ours first."""
    return [*_ROOMS, *sorted(entry.name for entry in _foreign() if entry.name not in _ROOMS)]


def _foreign() -> Iterable[EntryPoint]:
    """Find other packages' tasks; the import is here because it costs as much as the rest of the start-up."""
    from importlib.metadata import entry_points

    return entry_points(group="onward.tasks")
