"""`onward runs`, `status`, `stop`: read run folders, import nothing that learns."""

from __future__ import annotations

import os
from typing import Any

from onward.core.budget import spoken_duration
from onward.core.faults import RunFault
from onward.core.files import plain_only
from onward.core.folder import Folder, Lock
from onward.core.metrics import Score, read_metrics

__all__ = ["scores_of", "status_json", "status_lines", "stop"]


def scores_of(folder: Folder) -> list[Score]:
    """Give the newest score of each name that the run recorded."""
    found = {fact["name"]: Score.from_json(fact) for fact in read_metrics(folder.path / "metrics.jsonl", "score")}
    return list(found.values())


def status_json(folder: Folder) -> dict[str, Any]:
    """Give what is known of a run."""
    record = folder.record
    *_, last = [{}, *read_metrics(folder.path / "metrics.jsonl")]
    return {
        "run": folder.path.name,
        "folder": str(folder.path),
        "task": record["task"],
        "data": record["data"]["address"],
        "status": folder.status(),
        "steps": record.get("steps_done", 0),
        "seconds": record.get("elapsed_seconds", 0.0),
        "budget": record["budget"],
        "progress": last.get("progress", 0.0),
        "scores": [score.as_json() for score in scores_of(folder)],
    }


def status_lines(folder: Folder) -> list[str]:
    """Say what is known of a run."""
    facts = status_json(folder)
    lines = [
        f"{facts['run']}: {facts['status']}, {100 * facts['progress']:.0f} %, step {facts['steps']}, "
        f"{spoken_duration(facts['seconds'])} spent.",
        f"{facts['task']} on {facts['data']}, in {facts['folder']}",
    ]
    lines += [score.verdict() for score in scores_of(folder)]
    if facts["status"] in ("stopped", "interrupted", "failed"):
        lines.append(f"Go on with: onward resume {folder.word}")
    return lines


def stop(folder: Folder) -> None:
    """Ask a run's process to save and end.

    Raises:
        RunFault: no process works in it.
    """
    if not Lock.is_held(folder.path):
        raise RunFault(f"{folder.path.name} is not running; it is {folder.status()}.")
    os.close(plain_only(str(folder.path / "stop"), os.O_CREAT | os.O_WRONLY))
