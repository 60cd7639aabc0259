"""The runs of one folder: listed fast, found by name, and their files served only from inside them.

A row is remembered until a file of its run changes, so that looking again at a thousand runs costs two looks at the
disk each; a page that knows the list is sent what changed since. What a row needs of `metrics.jsonl` stands near its
end; only that is read.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onward.core.faults import Fault, RunFault
from onward.core.folder import Folder, Lock
from onward.core.metrics import Score
from onward.studio.plain_files import end_of, is_plain, stamp_of

__all__ = ["NAME", "Shelf", "facts_near_end", "score_of", "shown_as"]

# what a person may call a folder; no dot before it, no dash that looks like a flag, no letter that cannot be seen
NAME = re.compile(r"(?![.\-\s])[^/\\\x00-\x1f\x7f\ud800-\udfff]{1,200}(?<!\s)")
_MOST_RECORD_BYTES, _TAIL_BYTES = 1_000_000, 24_000
_PLAIN = json.JSONDecoder(parse_constant=lambda word: None)
_ZOO = Path(__file__).resolve().parents[1] / "zoo"
# how a file is shown, and as what it is sent; any other is offered as bytes to keep
_SHOWN = {
    ".png": ("picture", "image/png"),
    ".jpg": ("picture", "image/jpeg"),
    ".jpeg": ("picture", "image/jpeg"),
    ".mp4": ("film", "video/mp4"),
    ".csv": ("table", "text/plain; charset=utf-8"),
    ".txt": ("text", "text/plain; charset=utf-8"),
    ".json": ("text", "text/plain; charset=utf-8"),
    ".sgf": ("text", "text/plain; charset=utf-8"),
    ".html": ("page", "text/html; charset=utf-8"),
}


def shown_as(path: Path) -> tuple[str, str]:
    """Give how a file is shown (picture, film, table, text, page, file) and its type on the wire.

    Example:
        >>> shown_as(Path("walk.mp4")), shown_as(Path("evil.svg"))[0]
        (('film', 'video/mp4'), 'file')
    """
    return _SHOWN.get(path.suffix.lower(), ("file", "application/octet-stream"))


@dataclass
class _Kept:
    """A row, what its files were like when it was made, and the version of the list it came with."""

    stamp: tuple[int, ...]
    row: dict[str, Any]
    version: int


class Shelf:
    """The runs in a folder.

    Args:
        root: `runs`, as every verb finds it.
        address: a file's path as the studio serves it, with its permission.
    """

    def __init__(self, root: Path, address: Callable[[str], str]) -> None:
        self.root, self.address = root, address
        self._kept: dict[str, _Kept] = {}
        self._order: list[str] = []
        self._version = self._order_version = 0
        self._one_at_a_time = threading.Lock()

    def find(self, name: str) -> Folder:
        """Find a run by its whole name, or `zoo:NAME`.

        Raises:
            RunFault: it is not there; a path is no name.
        """
        place = _ZOO if name.startswith("zoo:") else self.root
        word = name.removeprefix("zoo:")
        if not NAME.fullmatch(word) or not is_plain(place / word / "run.json", _MOST_RECORD_BYTES):
            raise RunFault(f"No run is called {name[:100]!r}.")
        return Folder(place / word)

    def zoo(self) -> list[dict[str, str]]:
        """List the models that come with the program and can be tried."""
        found = [Folder(path.parent) for path in sorted(_ZOO.glob("*/run.json"))]
        return [{"name": f"zoo:{folder.path.name}", "task": folder.record["task"]} for folder in found]

    def rows(self, known: int | None = None, most: int | None = None) -> dict[str, Any]:
        """List the runs, newest first; what is damaged is passed over.

        Args:
            known: the version of the list that a page has; it is sent what changed since.
            most: rows to give, for a page's first look.
        Returns: `version`, `count`, and `runs`; or, where the page knows a list, `same`, or the `runs` that changed and
            the names of all in their `order` where that is another.
        """
        with self._one_at_a_time:
            self._look()
            version, order, kept = self._version, self._order, self._kept
            if known is None or not 0 < known <= version:
                part = order if most is None else order[: max(0, most)]
                whole = version if len(part) == len(order) else 0
                return {"version": whole, "count": len(order), "runs": [kept[name].row for name in part]}
            if known == version:
                return {"version": version, "same": True}
            changed = [each.row for each in kept.values() if each.version > known]
            return {"version": version, "runs": changed, "order": order if self._order_version > known else None}

    def _look(self) -> None:
        """Look at the disk, and give the list a new version where anything changed."""
        found: dict[str, _Kept] = {}
        version = self._version + 1
        try:
            names = os.listdir(self.root)
        except OSError:
            names = []
        for name in names:
            path = f"{self.root}/{name}"
            stamp = (*stamp_of(f"{path}/run.json"), *stamp_of(f"{path}/metrics.jsonl"))
            known = self._kept.get(name)
            if known is not None and known.stamp == stamp and known.row["status"] != "running":
                found[name] = known
            elif any(stamp) and (row := self._row(name)) is not None:
                is_same = known is not None and known.row == row
                found[name] = _Kept(stamp, row, known.version if known is not None and is_same else version)
        order = sorted(found, key=lambda name: (-found[name].row["created"], name))
        if order != self._order:
            self._order, self._order_version = order, version
        if self._order_version == version or any(each.version == version for each in found.values()):
            self._version = version
        self._kept = found

    def _row(self, name: str) -> dict[str, Any] | None:
        try:
            # a stranger's record may hold what is no number in a browser
            return _PLAIN.decode(json.dumps(self.row(self.find(name))))
        except (Fault, OSError, KeyError, TypeError, ValueError, RecursionError):
            return None

    def row(self, folder: Folder) -> dict[str, Any]:
        """Give what a list shows of a run."""
        record, near = folder.record, facts_near_end(folder.path / "metrics.jsonl")
        status = _status_of(folder)
        return {
            "name": folder.path.name,
            "task": record["task"],
            "data": str(record["data"].get("address", ""))[:300],
            "status": status[:40],
            "steps": int(record.get("steps_done", 0)),
            "seconds": float(record.get("elapsed_seconds", 0.0)),
            "budget": {key: _figure(record["budget"].get(key)) for key in ("seconds", "steps")},
            "progress": 1.0 if status == "finished" else _figure(near.get("last", {}).get("progress")) or 0.0,
            "created": _figure(record.get("created", 0.0)) or 0.0,
            "score": score_of(near.get("score")),
            "picture": self.link(folder.path.name, near["show"]["file"]) if "show" in near else None,
        }

    def link(self, name: str, file: Any) -> str:
        """Give the address of a file in a run; whether it may be read is looked at when it is asked for."""
        return self.address(f"/files/run/{name}/{file}")

    def file(self, name: str, inside: str) -> Path:
        """Find a file of a run.

        Raises:
            RunFault: it is not there, or not inside, whatever links and dots say.
        """
        return inside_of(self.find(name).path, inside)


def inside_of(folder: Path, inside: str) -> Path:
    """Find a file inside a folder.

    Raises:
        RunFault: it is not there, or not inside, whatever links and dots say.
    """
    try:
        path = (folder / inside).resolve(strict=True)
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    except (OSError, ValueError):  # no such file, a name too long, a zero byte
        pass
    raise RunFault("There is no such file.")


def facts_near_end(path: Path, most_bytes: int = _TAIL_BYTES) -> dict[str, dict[str, Any]]:
    """Read what a list needs of a run's newest facts, and look into no other: of figures there are hundreds.

    Returns: what there is of `last` (the newest fact), `show` (the newest picture), and `score` (the first of them, as
        it was measured last).
    """
    content, is_cut = end_of(path, most_bytes)
    lines = content.split(b"\n")[1 if is_cut else 0 :]
    found: dict[str, dict[str, Any]] = {}
    scores: dict[str, dict[str, Any]] = {}
    for line in reversed(lines):
        if "last" in found and ("show" in found or b'"show"' not in line) and b'"score"' not in line:
            continue
        fact = _fact(line)
        if fact is None:  # torn, or not yet whole
            continue
        found.setdefault("last", fact)
        if fact.get("kind") == "show" and str(fact.get("file", "")).lower().endswith((".png", ".jpg")):
            found.setdefault("show", fact)
        elif fact.get("kind") == "score":
            name = str(fact.get("name"))
            newest = scores.pop(name, fact)
            scores[name] = newest  # the last put in stands first in the file
    if scores:
        found["score"] = scores[next(reversed(scores))]
    return found


def _fact(line: bytes) -> dict[str, Any] | None:
    try:
        fact = _PLAIN.decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return fact if isinstance(fact, dict) else None


def _figure(value: Any) -> float | None:
    """Give a number that is one; a stranger's record may hold anything."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return value if is_number else None


def _status_of(folder: Folder) -> str:
    """Give a run's status; its lock is tried only where that is a plain file."""
    said = str(folder.record.get("status", "unknown"))
    is_at_work = said == "running" and is_plain(folder.path / "lock") and Lock.is_held(folder.path)
    return "interrupted" if said == "running" and not is_at_work else said


def score_of(fact: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give a score with its verdict; None where a stranger's file has none that holds together."""
    if fact is None:
        return None
    try:
        score = Score.from_json(fact)
        figures = (score.value, score.baseline.value, *score.interval, score.count)
        if any(_figure(figure) is None for figure in figures):
            return None
        words = {"name": str(score.name)[:200], "unit": str(score.unit)[:40], "verdict": score.verdict()[:600]}
        given = {"value": score.value, "higher_is_better": bool(score.higher_is_better), "count": score.count}
        baseline = {"name": str(score.baseline.name)[:200], "value": score.baseline.value}
        return {**words, **given, "interval": list(score.interval), "baseline": baseline}
    except (KeyError, TypeError, ValueError):
        return None
