"""`onward train TASK DATA`: read the data, make the run's folder, sit down to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onward
from onward.core.budget import Budget, parse_duration
from onward.core.files import write_json
from onward.core.folder import SCHEMA_VERSION, Folder, new_folder
from onward.core.metrics import Score
from onward.core.run import Run
from onward.core.settings import parse_settings, settings_to_json
from onward.core.task import Source, Task
from onward.group import join
from onward.tasks import device_for
from onward.verbs.loading import read_data
from onward.verbs.sitting import sit

__all__ = ["DEFAULT_TIME", "train"]

DEFAULT_TIME = "20m"


def train(  # noqa: PLR0913 - the flags of the command
    task: Task[Any, Any, Any],
    address: str,
    words: Mapping[str, Any],
    *,
    duration: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    out: Path | None = None,
    name: str | None = None,
    kind: str | None = None,
    started_at: float | None = None,
    quiet: bool = False,
) -> tuple[Run, list[Score]]:
    """Train a task on data.

    Args:
        words: settings by name.
        duration: as in `20m`; without it and without `steps`, 20 minutes.
        out: the folder to make the run in; by default `runs`.
        started_at: when the budget's clock began; by default now.
    """
    started_at = time.monotonic() if started_at is None else started_at
    group = join(task.shares_batches, task.name)
    settings, origins = parse_settings(task.settings, words, task.name)
    limit, device = duration or (None if steps is not None else DEFAULT_TIME), device_for(task.name, device)
    budget = Budget(parse_duration(limit)[0] if limit else None, steps)
    data = read_data(task, Source((address,), kind), settings)

    def begin() -> Path:
        path = new_folder(task.name, address.rpartition("/")[2], out, name)
        write_json(path / "settings.json", settings_to_json(settings, origins))
        record = {
            "schema": SCHEMA_VERSION,
            "version": onward.__version__,
            "name": path.name,
            "task": task.name,
            "status": "new",
            "created": time.time(),
            "seed": seed,
            "processes": group.size,
            "device": device,
            "budget": {"seconds": budget.seconds, "steps": budget.steps},
            "data": {"address": address, "kind": kind, "fingerprint": data.fingerprint, "findings": data.findings()},
            "elapsed_seconds": 0.0,
            "steps_done": 0,
        }
        write_json(path / "run.json", record)
        return path

    run = Run(Folder(group.everywhere(begin)), group=group)
    run.started_at(group.agree(started_at))
    return run, sit(task, run, data, quiet=quiet)
