"""Every error a user can meet, drawn as a tree.

    Fault                 carries the exit code and one sentence
    ├── UsageFault   2    the words of the command do not fit
    ├── DataFault    3    the user's files cannot serve
    ├── RunFault     4    a run is missing, locked, damaged or finished
    ├── MachineFault 5    this computer lacks something
    └── Stopped    130    Ctrl-C or `onward stop`: everything is saved

A message says what was found, where (file, line), and what to do, in one sentence of plain words.
No fault is shown with a traceback unless ``ONWARD_TRACEBACK`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["DataFault", "Fault", "MachineFault", "RunFault", "Stopped", "UsageFault", "did_you_mean", "printable"]


def printable(words: str) -> str:
    """Keep names and cells, which may hold anything, from breaking a sentence or a terminal."""
    return words if words.isprintable() else "".join(each if each.isprintable() else "?" for each in words)


class Fault(Exception):
    """Something the user can mend; its text is the sentence they read.

    Example:
        >>> DataFault("horses/ holds no pictures. Add some.").exit_code
        3
    """

    exit_code = 1

    def __init__(self, words: str = "") -> None:
        said = printable(words)  # it may quote what a file holds, however long
        super().__init__(said if len(said) < 1400 else f"{said[:1000]} … {said[-300:]}")


class UsageFault(Fault):
    """The words of the command do not fit."""

    exit_code = 2


class DataFault(Fault):
    """The user's files cannot serve for this task."""

    exit_code = 3


class RunFault(Fault):
    """A run is missing, locked, damaged, or cannot do what was asked."""

    exit_code = 4


class MachineFault(Fault):
    """This computer lacks something: memory, disk, a device, an optional package."""

    exit_code = 5


class Stopped(Fault):
    """The run was asked to stop and has saved everything."""

    exit_code = 130


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word `word` may have been meant, or list them all, after a space; nothing when none is known.

    Example:
        >>> did_you_mean("gann", ["gan", "forest"])
        ' Did you mean gan?'
    """
    names = sorted(known)
    begun = [name for name in names if word[2:] and name.startswith(word)]
    if close := begun or get_close_matches(word, names, n=3, cutoff=0.6):
        return f" Did you mean {' or '.join(close)}?"
    return f" Known: {', '.join(names)}." if names else ""
