"""Two runs side by side, from what `onward status --json` says of each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["compare_json", "compare_lines"]

_Document = Mapping[str, Any]


def compare_json(one: _Document, other: _Document) -> dict[str, Any]:
    """Set two runs' scores side by side.

    Args:
        one, other: with `run`, the name, `task`, `data` and `scores`, each as `Score.as_json` gives it.
    Returns: also under `differ` which of task and data are not the same; of other tasks neither is better.
    """
    differ = [name for name in ("task", "data") if _plain(one.get(name)) != _plain(other.get(name))]
    first, second = ({score["name"]: score for score in document["scores"]} for document in (one, other))
    rows = [
        {
            "name": name,
            "values": [first[name]["value"], second[name]["value"]],
            "intervals": [list(first[name]["interval"]), list(second[name]["interval"])],
            "higher_is_better": first[name]["higher_is_better"],
            "better": None if "task" in differ else _better(first[name], second[name], one["run"], other["run"]),
        }
        for name in first
        if name in second
    ]
    return {"runs": [one, other], "scores": rows, "differ": differ}


def compare_lines(one: _Document, other: _Document) -> list[str]:
    """Say which run is better at what."""
    document = compare_json(one, other)
    if not document["scores"]:
        return [f"{one['run']} and {other['run']} share no score. Measure them with: onward evaluate RUN"]
    words = " and ".join(f"other {name} ({one[name]}, {other[name]})" for name in document["differ"])
    lines = [f"They have {words}, so figures of one say little of the other."] if words else []
    for row in document["scores"]:
        values = " against ".join(
            f"{value:.3g} ({low:.3g} to {high:.3g})"
            for value, (low, high) in zip(row["values"], row["intervals"], strict=True)
        )
        lines.append(f"{row['name']}: {values}: {row['better'] or 'cannot be told apart'}")
    return lines


def _plain(name: Any) -> str:
    """Give an address in one way of writing it."""
    return os.path.abspath(str(name)) if isinstance(name, str) and ":" not in name else str(name)


def _better(first: _Document, second: _Document, one: str, other: str) -> str | None:
    """Name the better run when the intervals do not overlap."""
    if first["interval"][0] <= second["interval"][1] and second["interval"][0] <= first["interval"][1]:
        return None
    return one if (first["value"] > second["value"]) == first["higher_is_better"] else other
