"""What a sweep remembers: `sweep.json` in a folder of its own beside the runs, written anew after every change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from onward.core.faults import RunFault
from onward.core.files import read_json, write_json

__all__ = ["Plan", "Record", "Trial"]

_STATES = ("waiting", "finished", "failed")


@dataclass
class Trial:
    """A run of a sweep.

    Attributes:
        number: which settings; 0 are the task's own.
        round: from 0.
        seconds: its budget.
        state: `waiting`, `finished` or `failed`.
        figure: what it is chosen by; its name and whether more is better stand in the sweep's record.
        why: what was said where it failed.
        begun: how often.
    """

    number: int
    round: int
    name: str
    words: dict[str, str]
    seconds: float
    state: str = "waiting"
    figure: float | None = None
    why: str = ""
    begun: int = 0


@dataclass(frozen=True)
class Plan:
    """What the user asked for; the same words go on with the same sweep."""

    task: str
    data: str
    kind: str | None
    space: tuple[str, ...]
    seconds: float
    trials: int
    workers: int
    seed: int
    by: str | None
    cluster: str | None


@dataclass
class Record:
    """A sweep: its plan, the seconds it has taken, its trials.

    Attributes:
        by: the figure that trials are chosen by.
        is_by_score: whether that is a score of the runs' ends, which are then no honest test any more.
    """

    path: Path
    plan: Plan
    spent_seconds: float = 0.0
    trials: list[Trial] = field(default_factory=list)
    by: str | None = None
    more_is_better: bool = True
    is_by_score: bool = False

    def save(self) -> None:
        """Write it down, whole or not at all."""
        facts = {name: value for name, value in asdict(self).items() if name != "path"}
        write_json(self.path / "sweep.json", facts)

    @staticmethod
    def read(path: Path) -> Record:
        """Read it.

        Raises:
            RunFault: it is missing or damaged.
        """
        facts = read_json(path / "sweep.json")
        try:
            asked = facts.pop("plan")
            plan = Plan(**(asked | {"space": tuple(asked["space"])}))
            trials = [Trial(**each) for each in facts.pop("trials")]
            record = Record(path, plan, trials=trials, **facts)
            is_one = all(map(_is_of_its_kinds, (record, plan, *trials))) and all(map(_is_a_trial, trials))
            is_one &= all(isinstance(each, str) for each in plan.space) and 1 <= plan.trials <= 1000
        except (AttributeError, KeyError, TypeError, ValueError):
            is_one = False
        if not is_one:
            raise RunFault(f"{path / 'sweep.json'} is no record of a sweep. Start a new one.")
        return record

    def of_round(self, number: int) -> Iterator[Trial]:
        """Give the trials of a round."""
        return (trial for trial in self.trials if trial.round == number)

    def by_merit(self, trials: Iterator[Trial]) -> list[Trial]:
        """Give finished trials, the best first."""
        found = [trial for trial in trials if trial.state == "finished" and trial.figure is not None]
        return sorted(found, key=lambda trial: (trial.figure or 0.0) * (-1 if self.more_is_better else 1))


def _is_of_its_kinds(thing: Any) -> bool:
    """Say whether a record, perhaps a stranger's, holds what its fields are said to, and no absurd numbers."""
    hints = get_type_hints(type(thing))
    for name in (each.name for each in fields(thing)):
        value, hint = getattr(thing, name), hints[name]
        options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
        kinds = tuple(get_origin(each) or each for each in options)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_kind = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not is_kind and not (float in kinds and is_number):
            return False
        if is_number and name != "figure" and not 0 <= value < 1e15:
            return False
    return True


def _is_a_trial(trial: Trial) -> bool:
    """Say whether a trial has the name that a sweep gives it, which leads out of no folder, and words for settings."""
    is_named = re.fullmatch(r"\w[\w.-]*", trial.name) and trial.name.endswith(f"-{trial.number:02d}.{trial.round}")
    return bool(is_named) and trial.state in _STATES and all(isinstance(each, str) for each in trial.words.values())
