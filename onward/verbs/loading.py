"""Loading what a run learned, for the verbs that use it."""

from __future__ import annotations

from typing import Any

from onward.core.faults import Fault, RunFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.tasks import find_task


def load_model(folder: Folder) -> Any:
    """Load a run's model; a damaged file, which can be wrong in any way, or another version's gets a sentence."""
    try:
        return find_task(folder.record["task"]).load(Run(folder))
    except Fault:
        raise
    except Exception as reason:
        words = f"{folder.path.name} is damaged, or another version made it ({type(reason).__name__}). Train it anew."
        raise RunFault(words) from None
