"""A run's facts as they come, for a page that is open: server-sent events, made of `metrics.jsonl` and nothing else.

A stream is a reader of files: closing it changes nothing, and a page that comes back says with `Last-Event-ID` up to
which byte it has read. Facts of steps that will be done again are dropped from the file by `resume`; then the file is
another one, and the page is told to begin anew.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from onward.studio.plain_files import as_json, opened
from onward.studio.shelf import score_of

__all__ = ["Follower", "all_facts", "follow", "sound", "thinned"]

_SECONDS_BETWEEN_LOOKS = 1.0
_LOOKS_BETWEEN_SIGNS = 15  # of life, so that a page that is gone is noticed
_MOST_AT_ONCE, _MOST_IN_ALL = 4 * 1024 * 1024, 64 * 1024 * 1024
_MOST_FACTS, _MOST_OTHERS, _MOST_FIGURES, _MOST_LETTERS = 3000, 300, 40, 2000


class Follower:
    """Reads what was appended to a file of facts since the last time.

    Args:
        place: where to begin, as an earlier follower said.
    """

    def __init__(self, path: Path, place: str = "") -> None:
        self._path, found = path, re.fullmatch(r"(\d{1,15})-(\d{1,20})", place, re.ASCII)
        self.offset, self._file_number = (int(found[1]), int(found[2])) if found else (0, None)
        self.has_more = False

    @property
    def place(self) -> str:
        """Say where it is, for a follower that goes on from here: the byte, and which file it was."""
        return f"{self.offset}-{self._file_number or 0}"

    def read(self) -> tuple[bool, list[dict[str, Any]]]:
        """Read on.

        Returns: whether the file is another one than before, so that all is read anew; and the facts.
        """
        self.has_more = False
        if (file := opened(self._path)) is None:
            return False, []
        with file:
            facts = os.fstat(file.fileno())
            is_other = facts.st_size < self.offset or self._file_number not in (None, facts.st_ino)
            self._file_number = facts.st_ino
            if is_other:
                self.offset = 0
            self.offset = max(self.offset, facts.st_size - _MOST_IN_ALL)  # no training of days fills so much
            file.seek(self.offset)
            content = file.read(_MOST_AT_ONCE)
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and len(content) == _MOST_AT_ONCE:  # a line without end is no fact
            whole = content
        self.offset += len(whole)
        self.has_more = len(content) == _MOST_AT_ONCE
        return is_other, [fact for line in whole.split(b"\n") if line and (fact := sound(line)) is not None]


def all_facts(path: Path) -> list[dict[str, Any]]:
    """Read a run's facts, thinned as they come."""
    follower, found = Follower(path), []
    while True:
        found = thinned(found + follower.read()[1])
        if not follower.has_more:
            return found


def sound(line: bytes) -> dict[str, Any] | None:
    """Read a fact; None where it is not what `onward/core/metrics.py` writes, for a stranger may have written it.

    Example:
        >>> sound(b'{"kind": "log", "step": 1, "seconds": 2, "progress": 0.5, "loss": NaN, "x": "y"}')
        {'kind': 'log', 'step': 1, 'seconds': 2, 'progress': 0.5}
    """
    try:
        fact = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fact, dict):
        return None
    kind, when = fact.get("kind"), {key: fact.get(key, 0) for key in ("step", "seconds", "progress")}
    if not all(map(_is_figure, when.values())):
        return None
    head = {"kind": kind, **when}
    if kind == "log":
        figures = [(key, value) for key, value in fact.items() if key not in head and _is_figure(value)]
        return head | dict(figures[:_MOST_FIGURES])
    if kind == "score":
        score = score_of(fact)
        return None if score is None else head | score
    wanted = {"show": ("name", "file"), "exhibit": ("file",), "note": ("sentence",)}.get(str(kind))
    if wanted is None or not all(isinstance(fact.get(key), str) for key in wanted):
        return None
    texts = {key: value[:_MOST_LETTERS] for key, value in fact.items() if isinstance(value, str) and key != "kind"}
    return head | {key: texts[key] for key in ("name", "file", "caption", "sentence") if key in texts}


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def thinned(facts: list[dict[str, Any]], most: int = _MOST_FACTS) -> list[dict[str, Any]]:
    """Leave out figures and snapshots where there are more than a page can show; the last stay, and all that is rare.

    Example:
        >>> len(thinned([{"kind": "log", "step": step} for step in range(100)], 10))
        11
    """
    strides = {kind: math.ceil(sum(fact.get("kind") == kind for fact in facts) / most) or 1 for kind in ("log", "show")}
    seen, kept = dict.fromkeys(strides, 0), []
    others = Counter(str(fact.get("kind")) for fact in facts)
    last = {fact.get("kind"): number for number, fact in enumerate(facts)}
    for number, fact in enumerate(facts):
        kind = fact.get("kind")
        if kind in strides:
            seen[kind] += 1
            if (seen[kind] - 1) % strides[kind] and last[kind] != number:
                continue
        else:
            others[str(kind)] -= 1
            if others[str(kind)] >= _MOST_OTHERS:
                continue
        kept.append(fact)
    return kept


async def follow(
    follower: Follower,
    shown: Callable[[dict[str, Any]], dict[str, Any]],
    state: Callable[[], dict[str, Any] | None],
) -> AsyncIterator[bytes]:
    """Give events until the page goes or the run is gone: `facts` (a list), `reset`, and `state` when it changed.

    Args:
        shown: a fact as the page needs it.
        state: where the run is; None when its folder is no more.
    """
    told: dict[str, Any] | None = None
    quiet = 0
    while True:
        is_other, facts = await asyncio.to_thread(follower.read)
        if is_other:
            yield b"event: reset\ndata: {}\n\n"
        if facts:
            yield _event("facts", [shown(fact) for fact in thinned(facts)], follower.place)
        now = await asyncio.to_thread(state)
        if now is None:
            yield _event("gone", {})
            return
        if now != told:
            told = now
            yield _event("state", now)
        quiet = 0 if facts else quiet + 1
        if quiet % _LOOKS_BETWEEN_SIGNS == _LOOKS_BETWEEN_SIGNS - 1:
            yield b": here\n\n"
        await asyncio.sleep(0.02 if follower.has_more else _SECONDS_BETWEEN_LOOKS)


def _event(name: str, document: Any, place: str | None = None) -> bytes:
    marked = f"id: {place}\n" if place is not None else ""
    return f"event: {name}\n{marked}data: ".encode() + as_json(document) + b"\n\n"
