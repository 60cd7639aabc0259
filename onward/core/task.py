"""Task: the record of plain functions by which the program knows something it can train.

Nothing inherits from it. A task says what its settings are, how the user's files become data, how the data become a
model, and how the model is loaded, applied, evaluated and exported. Read `onward/tables/forest/` for a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from onward.core.exhibits import Exhibit
    from onward.core.metrics import Score
    from onward.core.run import Run

__all__ = ["Data", "NoOptions", "Source", "Task", "late"]


@dataclass(frozen=True)
class Source:
    """Where data come from, in the user's words.

    Attributes:
        addresses: paths or `name:part` addresses, as typed; empty when the task needs none.
        kind: what the user says the data are (`--as`), or None to find out.
        is_recorded: a run's record names it, perhaps a stranger's, and not the user.
    """

    addresses: tuple[str, ...] = ()
    kind: str | None = None
    is_recorded: bool = False

    @property
    def address(self) -> str:
        """Give the first address, or ``""``."""
        return self.addresses[0] if self.addresses else ""


class Data(Protocol):
    """What `read` gives back: anything that can say what it is."""

    @property
    def fingerprint(self) -> str:
        """Give a digest that changes when the data do."""
        ...

    def findings(self) -> list[str]:
        """Say what was understood and what is wrong, a sentence each, the summary first."""
        ...


@dataclass(frozen=True)
class NoOptions:
    """The options of a verb that takes none."""


S = TypeVar("S")
D = TypeVar("D", bound=Data)
M = TypeVar("M")


@dataclass(frozen=True)
class Task(Generic[S, D, M]):
    """Something you can train, as a record of functions; a missing verb is None.

    Attributes:
        name: the word after `onward train`.
        summary: one line for `onward tasks`.
        takes: the data it takes, in a few words.
        example: a DATA address that works with nothing at hand.
        settings: a frozen dataclass; every field has a default and `metadata={"help": ...}`.
        read: the user's files to data; all data faults are raised here.
        train: data to model; its loop runs over `run.steps()`.
        load: a run's folder to the model that was trained there.
        apply: model and inputs to things to show; the third argument is an `options` record.
        evaluate: model and data to scores, each with baseline and interval; the float is the seconds it may take.
        export: model to files in a folder, each checked against the model.
        eject: a run and its data to a script that repeats it: the files, and sentences on what it does not repeat.
        options: a frozen dataclass of the flags of `apply`.
        accepts: whether an address looks like data for this task; reads nothing.
        untrained: the model of a task that needs no training; `apply` takes the task's name for a run then.
        commands: makes a click group that stands under the task's own name, beside the verbs.
        tried_with: what a page asks for to try `apply`: `picture`, `film`, `text`, `table`, `file`, each an input, or
            `option:NAME=picture` for a file's option, `between:ONE=OTHER` for two ends; `board` if `--page` answers.
        shares_batches: whether several processes can learn together (`onward/group`).
    """

    name: str
    summary: str
    takes: str
    example: str
    settings: type[S]
    read: Callable[[Source, S], D]
    train: Callable[[Run, D, S], M]
    load: Callable[[Run], M]
    apply: Callable[[M, Source, Any], Iterator[Exhibit]] | None = None
    evaluate: Callable[[M, D, float], Iterator[Score | Exhibit]] | None = None
    export: Callable[[M, Path], Iterator[Path]] | None = None
    eject: Callable[[Run, D, Path], Iterator[Path | str]] | None = None
    options: type = field(default=NoOptions)
    accepts: Callable[[str], bool] = field(default=lambda address: True)
    untrained: Callable[[], M] | None = None
    commands: Callable[[], Any] | None = None
    tried_with: tuple[str, ...] = ()
    shares_batches: bool = False


class late:  # noqa: N801 - reads as a word where a task is written down
    """A function named by its address and imported when it is first needed, so that listing tasks imports no library.

    Args:
        address: `package.module:function`.
    Example:
        >>> late("math:sqrt")(9.0)
        3.0
    """

    def __init__(self, address: str) -> None:
        self._module, _, self._name = address.partition(":")

    def load(self) -> Callable[..., Any]:
        """Import it."""
        return getattr(import_module(self._module), self._name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Import it and call it."""
        return self.load()(*arguments, **keywords)
