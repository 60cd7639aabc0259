"""A run's facts as they come, for a page that is open: server-sent events, made of `metrics.jsonl` and nothing else.

A stream is a reader of files: closing it changes nothing, and a page that comes back says with `Last-Event-ID` up to
which byte it has read. Facts of steps that will be done again are dropped from the file by `resume`; then the file is
another one, and the page is told to begin anew.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

__all__ = ["Follower", "follow", "thinned"]

_SECONDS_BETWEEN_LOOKS = 1.0
_LOOKS_BETWEEN_SIGNS = 15  # of life, so that a page that is gone is noticed
_MOST_AT_ONCE = 16 * 1024 * 1024
_MOST_FACTS = 3000


class Follower:
    """Reads what was appended to a file of facts since the last time.

    Args:
        offset: the byte to begin at, as an earlier follower left it.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path, self.offset = path, offset
        self._file_number: int | None = None

    def read(self) -> tuple[bool, list[dict[str, Any]]]:
        """Read on.

        Returns: whether the file is another one than before, so that all is read anew; and the facts.
        """
        try:
            with self._path.open("rb") as file:
                facts = self._path.stat()
                is_other = facts.st_size < self.offset or self._file_number not in (None, facts.st_ino)
                self._file_number = facts.st_ino
                if is_other:
                    self.offset = 0
                file.seek(self.offset)
                content = file.read(_MOST_AT_ONCE)
        except OSError:
            return False, []
        whole = content[: content.rfind(b"\n") + 1]
        if not whole and len(content) == _MOST_AT_ONCE:  # a line without end is no fact
            whole = content
        self.offset += len(whole)
        return is_other, [fact for line in whole.splitlines() if (fact := _fact(line)) is not None]


def _fact(line: bytes) -> dict[str, Any] | None:
    try:
        fact = json.loads(line, parse_constant=lambda word: None)  # what is no number in JSON is none in a browser
    except (ValueError, RecursionError):
        return None
    return fact if isinstance(fact, dict) else None


def thinned(facts: list[dict[str, Any]], most: int = _MOST_FACTS) -> list[dict[str, Any]]:
    """Leave out figures and snapshots where there are more than a page can show; other facts all stay, and the last.

    Example:
        >>> len(thinned([{"kind": "log", "step": step} for step in range(100)], 10))
        11
    """
    strides = {kind: math.ceil(sum(fact.get("kind") == kind for fact in facts) / most) or 1 for kind in ("log", "show")}
    seen, kept = dict.fromkeys(strides, 0), []
    last = {fact.get("kind"): number for number, fact in enumerate(facts)}
    for number, fact in enumerate(facts):
        kind = fact.get("kind")
        if kind in strides:
            seen[kind] += 1
            if (seen[kind] - 1) % strides[kind] and last[kind] != number:
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
            yield _event("facts", [shown(fact) for fact in thinned(facts)], follower.offset)
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
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def _event(name: str, document: Any, number: int | None = None) -> bytes:
    marked = f"id: {number}\n" if number is not None else ""
    return f"event: {name}\n{marked}data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()
