"""Loading data and what a run learned, for the verbs that use them."""

from __future__ import annotations

from typing import Any

from onward.core.faults import DataFault, Fault, MachineFault, RunFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Data, Source, Task
from onward.tasks import find_task


def read_data(task: Task[Any, Any, Any], source: Source, settings: Any) -> Data:
    """Read data for a task; what the disk or the memory refuses gets a sentence too.

    Raises:
        DataFault: the files cannot serve, or not be read.
        MachineFault: they do not fit into memory.
    """
    words = f"{source.address} does not fit into this computer's memory. Use fewer or smaller files."
    try:
        return task.read(source, settings)
    except MemoryError:
        raise MachineFault(words) from None
    except OSError as reason:
        raise DataFault(f"{source.address} cannot be read ({reason.strerror or reason}). Check its rights.") from None


def load_model(folder: Folder) -> Any:
    """Load a run's model; a damaged file, which can be wrong in any way, or another version's gets a sentence."""
    try:
        return find_task(folder.record["task"]).load(Run(folder))
    except Fault:
        raise
    except Exception as reason:
        words = f"{folder.path.name} is damaged, or another version made it ({type(reason).__name__}). Train it anew."
        raise RunFault(words) from None
