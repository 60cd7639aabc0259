"""The runs of one folder: listed fast, found by name, and their files served only from inside them.

A row is remembered until a file of its run changes, so that looking again at a thousand runs costs two looks at the
disk each. What a row needs of `metrics.jsonl` stands near its end; only that is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from onward.core.faults import Fault, RunFault
from onward.core.folder import Folder
from onward.core.metrics import Score

__all__ = ["NAME", "Shelf", "facts_near_end", "shown_as"]

NAME = re.compile(r"\w[\w.-]{0,200}")
_TAIL_BYTES = 24_000
_PLAIN = json.JSONDecoder(parse_constant=lambda word: None)
_FIGURES = b'{"kind": "log"'
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


class Shelf:
    """The runs in a folder.

    Args:
        root: `runs`, as every verb finds it.
        address: a file's path as the studio serves it, with its permission.
    """

    def __init__(self, root: Path, address: Callable[[str], str]) -> None:
        self.root, self.address = root, address
        self._rows: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {}

    def find(self, name: str) -> Folder:
        """Find a run by its whole name, or `zoo:NAME`.

        Raises:
            RunFault: it is not there; a path is no name.
        """
        place = _ZOO if name.startswith("zoo:") else self.root
        word = name.removeprefix("zoo:")
        if not NAME.fullmatch(word) or not (place / word / "run.json").is_file():
            raise RunFault(f"No run is called {name[:100]!r}.")
        return Folder(place / word)

    def zoo(self) -> list[dict[str, str]]:
        """List the models that come with the program and can be tried."""
        found = [Folder(path.parent) for path in sorted(_ZOO.glob("*/run.json"))]
        return [{"name": f"zoo:{folder.path.name}", "task": folder.record["task"]} for folder in found]

    def rows(self) -> list[dict[str, Any]]:
        """Give a row a run, newest first; what is damaged is passed over."""
        found = []
        for path in self.root.glob("*/run.json"):
            try:
                found.append(self._row(path.parent))
            except (Fault, OSError, KeyError, TypeError, ValueError):
                continue
        return sorted(found, key=lambda row: -row["created"])

    def _row(self, path: Path) -> dict[str, Any]:
        stamp = (*_stamp(path / "run.json"), *_stamp(path / "metrics.jsonl"))
        known = self._rows.get(path.name)
        if known is None or known[0] != stamp or known[1]["status"] == "running":
            # a stranger's record may hold what is no number in a browser
            known = stamp, _PLAIN.decode(json.dumps(self.row(Folder(path))))
            self._rows[path.name] = known
        return known[1]

    def row(self, folder: Folder) -> dict[str, Any]:
        """Give what a list shows of a run."""
        record, facts = folder.record, list(facts_near_end(folder.path / "metrics.jsonl"))
        scores = {str(fact.get("name")): fact for fact in facts if fact.get("kind") == "score"}
        shown = [fact for fact in facts if fact.get("kind") == "show" and str(fact.get("file", "")).endswith(".png")]
        status = folder.status()
        return {
            "name": folder.path.name,
            "task": record["task"],
            "data": str(record["data"].get("address", "")),
            "status": status,
            "steps": int(record.get("steps_done", 0)),
            "seconds": float(record.get("elapsed_seconds", 0.0)),
            "budget": record["budget"],
            "progress": 1.0 if status == "finished" else float(facts[-1].get("progress") or 0.0) if facts else 0.0,
            "created": float(record.get("created", 0.0)),
            "score": _score_of(next(iter(scores.values()), None)),
            "picture": self.link(folder.path.name, shown[-1]["file"]) if shown else None,
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


def facts_near_end(path: Path, most_bytes: int = _TAIL_BYTES) -> Iterator[dict[str, Any]]:
    """Read the newest facts of a run, oldest first; of the many figures of its loop the last alone."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most_bytes))
            lines = file.read(most_bytes).split(b"\n")
    except OSError:
        return
    whole = [line for line in lines[1 if size > most_bytes else 0 :] if line]
    for number, line in enumerate(whole, 1):
        if number < len(whole) and line.startswith(_FIGURES):  # not even looked into: of these there are hundreds
            continue
        try:
            fact = _PLAIN.decode(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError):  # torn, or not yet whole
            continue
        if isinstance(fact, dict):
            yield fact


def _stamp(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_size


def _score_of(fact: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give a score with its verdict; None where a stranger's file has none that holds together."""
    if fact is None:
        return None
    try:
        score = Score.from_json(fact)
        return {**score.as_json(), "verdict": score.verdict()}
    except (KeyError, TypeError, ValueError):
        return None
