"""Settings as forms; and, for what is chosen in one, the command and the line of Python that do the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from onward.core.budget import parse_duration
from onward.core.faults import UsageFault
from onward.core.settings import Field, parse_settings, settings_fields
from onward.core.task import Task

__all__ = ["Applying", "Training", "form_of", "option_words"]

AnyTask = Task[Any, Any, Any]


def form_of(task: AnyTask) -> dict[str, Any]:
    """Give all that a page needs to know of a task."""
    return {
        "name": task.name,
        "summary": task.summary,
        "takes": task.takes,
        "example": task.example,
        "applies": task.apply is not None,
        "untrained": task.untrained is not None,
        "tried_with": list(task.tried_with),
        "settings": [_entry(entry) for entry in settings_fields(task.settings)],
        "options": [_entry(entry) for entry in settings_fields(task.options)],
    }


def _entry(entry: Field) -> dict[str, Any]:
    return {
        "name": entry.name,
        "flag": entry.flag,
        "kind": entry.kind.__name__,
        "default": entry.default,
        "help": entry.help,
        "low": entry.low if isfinite(entry.low) else None,
        "high": entry.high if isfinite(entry.high) else None,
        "choices": list(entry.choices),
        "rare": entry.rare,
    }


def _chosen(kind: type, words: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Give the values that differ from what they would be by themselves, in their own types.

    Raises:
        UsageFault: an unknown name, a value of the wrong kind or out of range.
    """
    given = {name: value for name, value in words.items() if value not in (None, "")}
    record, _ = parse_settings(kind, given, owner)
    named = {name.replace("-", "_").rstrip("_") for name in given}
    return {
        entry.name: value
        for entry in settings_fields(kind)
        if entry.name.rstrip("_") in named and (value := getattr(record, entry.name)) != entry.default
    }


def option_words(kind: type, values: Mapping[str, Any]) -> list[str]:
    """Write values as flags; a value may begin with a dash."""
    flags = {entry.name: entry.flag for entry in settings_fields(kind)}
    return [f"{flags[name]}={_word(value)}" for name, value in values.items()]


def _word(value: Any) -> str:
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _python(values: Mapping[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in values.items()]


@dataclass(frozen=True)
class Training:
    """What the form for a new run says.

    Attributes:
        duration: as in `20m`; or None with `steps`.
        settings: by name, as typed; what is empty or as it would be by itself is left out.
    Raises:
        UsageFault: what `onward train` would refuse before it looks at the data.
    """

    task: AnyTask
    data: str
    duration: str | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not self.data.strip() or "\0" in self.data:
            raise UsageFault(f"Data are missing. {self.task.name} takes {self.task.takes}.")
        if self.duration is not None and (parse_duration(self.duration)[0] <= 0 or self.duration.strip()[0] == "+"):
            raise UsageFault(f"{self.duration!r} is no time to train in. Write 90s, 20m or 1h30m.")
        if self.steps is not None and self.steps < 1:
            raise UsageFault(f"{self.steps} steps train nothing. Give at least 1.")
        if not 0 <= self.seed < 2**31:
            raise UsageFault(f"The seed is {self.seed}, outside 0 to {2**31 - 1}.")
        if not self.device.replace(":", "").isalnum():
            raise UsageFault(f"{self.device!r} is no device. Write auto, cpu, cuda or mps.")
        self.values()

    def values(self) -> dict[str, Any]:
        """Give the settings that were changed."""
        return _chosen(self.task.settings, self.settings, self.task.name)

    def words(self) -> list[str]:
        """Give the command's words after `onward`; the address last, and never taken for a flag."""
        words = ["train", self.task.name]
        words += [f"--time={self.duration.strip()}"] if self.duration else []
        words += [f"--steps={self.steps}"] if self.steps else []
        words += [f"--seed={self.seed}"] if self.seed else []
        words += [f"--device={self.device}"] if self.device != "auto" else []
        words += [f"--set={name}={_word(value)}" for name, value in self.values().items()]
        return [*words, *(["--"] if self.data.startswith("-") else []), self.data]

    def command(self) -> str:
        """Give the command as a person types it."""
        words = [word.replace("=", " ", 1) if word.startswith("--") else word for word in self.words()]
        head, last = words[:2], words[-1]
        spaced = [" ".join(map(shlex.quote, word.split(" ", 1))) for word in words[2:-1]]
        return " ".join(["onward", *map(shlex.quote, head), *spaced, shlex.quote(last)])

    def python(self) -> str:
        """Give the Python that does the same."""
        parts = [repr(self.task.name), repr(self.data)]
        given = {"time": self.duration, "steps": self.steps, "seed": self.seed or None}
        given["device"] = None if self.device == "auto" else self.device
        parts += _python({name: value for name, value in given.items() if value is not None} | self.values())
        return f"import onward\nrun = onward.train({', '.join(parts)})"


@dataclass(frozen=True)
class Applying:
    """What the form of `onward apply` says.

    Attributes:
        subject: a run's name, or the task's own.
        inputs: paths of what it is applied to.
        options: by name, as typed.
    Raises:
        UsageFault: what `onward apply` would refuse.
    """

    task: AnyTask
    subject: str
    inputs: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        self.values()

    def values(self) -> dict[str, Any]:
        """Give the options that were chosen."""
        return _chosen(self.task.options, self.options, f"onward apply for {self.task.name}")

    def words(self, out: str | None = None) -> list[str]:
        """Give the command's words after `onward`."""
        given = [f"--out={out}"] if out else []
        return ["apply", self.subject, *self.inputs, *given, *option_words(self.task.options, self.values())]

    def command(self) -> str:
        """Give the command as a person types it."""
        spaced = [
            " ".join(map(shlex.quote, word.split("=", 1))) if word.startswith("--") else shlex.quote(word)
            for word in self.words()
        ]
        return " ".join(["onward", *spaced])

    def python(self) -> str:
        """Give the Python that does the same."""
        given = [*map(repr, self.inputs), *_python(self.values())]
        if self.subject == self.task.name:
            return f"import onward\nonward.apply({', '.join([repr(self.subject), *given])})"
        return f"import onward\nonward.Run({self.subject!r}).apply({', '.join(given)})"
