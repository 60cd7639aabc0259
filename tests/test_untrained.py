"""A task that needs no training is applied under its own name; a run of that name goes before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import onward
from onward.cli import program
from onward.core.exhibits import Table
from onward.core.faults import RunFault
from onward.core.task import NoOptions, Source, Task
from onward.verbs import apply as verb


@dataclass(frozen=True)
class _Settings:
    pass


def _count(model: int, source: Source, options: Any) -> Iterator[Table]:
    yield Table(["path"], [[address] for address in source.addresses] * model, "counted")


def _never(*_: Any) -> Any:
    raise AssertionError("nothing is trained")


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> Task[Any, Any, Any]:
    made = Task("tally", "count", "paths", "x", _Settings, _never, _never, _never, _count, untrained=lambda: 2)
    whole = verb.find_task
    monkeypatch.setattr(verb, "list_tasks", lambda: ["tally"])
    monkeypatch.setattr(verb, "find_task", lambda name: made if name == "tally" else whole(name))
    assert made.options is NoOptions
    return made


@pytest.mark.usefixtures("task")
def test_from_the_command_line_and_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    program.main(["apply", "tally", "one.png"], standalone_mode=False)
    assert "tally-applied" in capsys.readouterr().err
    assert (tmp_path / "tally-applied" / "counted.csv").read_text() == "path\none.png\none.png\n"
    (written,) = onward.apply("tally", "two.png", out=tmp_path / "out")
    assert written.read_text() == "path\ntwo.png\ntwo.png\n"


def test_a_task_that_needs_training_is_no_run() -> None:
    with pytest.raises(RunFault):
        verb.named("forest")
