"""`onward runs`, `status`, `stop`, `compare`: read run folders, import nothing that learns."""

from __future__ import annotations

from typing import Any

from onward.core.budget import spoken_duration
from onward.core.faults import RunFault
from onward.core.folder import Folder, Lock
from onward.core.metrics import Score, read_metrics

__all__ = ["compare_json", "compare_lines", "scores_of", "status_json", "status_lines", "stop"]


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
        lines.append(f"Go on with: onward resume {facts['run']}")
    return lines


def stop(folder: Folder) -> None:
    """Ask a run's process to save and end.

    Raises:
        RunFault: no process works in it.
    """
    if not Lock.is_held(folder.path):
        raise RunFault(f"{folder.path.name} is not running; it is {folder.status()}.")
    (folder.path / "stop").touch()


def compare_json(one: Folder, other: Folder) -> dict[str, Any]:
    """Set two runs' scores side by side."""
    first, second = ({score.name: score for score in scores_of(folder)} for folder in (one, other))
    rows = [
        {
            "name": name,
            "values": [first[name].value, second[name].value],
            "intervals": [list(first[name].interval), list(second[name].interval)],
            "higher_is_better": first[name].higher_is_better,
            "better": _better(first[name], second[name], one, other),
        }
        for name in first
        if name in second
    ]
    return {"runs": [status_json(one), status_json(other)], "scores": rows}


def compare_lines(one: Folder, other: Folder) -> list[str]:
    """Say which run is better at what."""
    document = compare_json(one, other)
    if not document["scores"]:
        return [f"{one.path.name} and {other.path.name} share no score. Measure them with: onward evaluate RUN"]
    lines = []
    for row in document["scores"]:
        values = " against ".join(
            f"{value:.3g} ({low:.3g} to {high:.3g})"
            for value, (low, high) in zip(row["values"], row["intervals"], strict=True)
        )
        lines.append(f"{row['name']}: {values}: {row['better'] or 'cannot be told apart'}")
    return lines


def _better(first: Score, second: Score, one: Folder, other: Folder) -> str | None:
    """Name the better run when the intervals do not overlap."""
    if first.interval[0] <= second.interval[1] and second.interval[0] <= first.interval[1]:
        return None
    first_wins = (first.value > second.value) == first.higher_is_better
    return one.path.name if first_wins else other.path.name
