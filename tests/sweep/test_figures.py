"""Each task's trials are chosen by its own figure, in the right direction; nothing is guessed, no test score unsaid."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from onward.core.faults import UsageFault
from onward.core.files import write_json
from onward.core.folder import Folder
from onward.core.metrics import Metrics
from onward.sweep.command import begin, table
from onward.sweep.figures import CHOSEN_BY, DECLARED, Figure, figure_of
from onward.sweep.record import Plan, Record
from onward.sweep.space import parse_space
from onward.sweep.sweeping import Sweep
from onward.tasks import find_task, list_tasks
from onward.verbs.train import train

PLAN = Plan("forest", "table.csv", None, ("most_trees=5..500",), 600.0, 2, 1, 0, None, None)
# a plainly good and a plainly bad value of what each task is chosen by, as the task measures it
GOOD_AND_BAD = {
    "classify": (0.9, 0.5), "pose": (2.0, 30.0), "detect": (0.8, 0.1), "gan": (0.01, 0.9), "forest": (0.9, 0.5),
    "svm": (0.9, 0.5), "text-classify": (0.9, 0.5), "translate": (1.0, 6.0), "language-model": (1.5, 6.0),
    "control": (475.0, 20.0),
}  # fmt: skip
BY_THE_DATA = {"table", "kaggle"}  # their measure is the user's
BY_A_SCORE = {"style", "dream", "semi", "selfplay", "motion", "cluster", "compress"}


def run_of(path: Path, task: str, logged: dict[str, float], scores: dict[str, float], **facts: Any) -> Folder:
    """Make a finished run's record."""
    path.mkdir(parents=True)
    record = {"schema": 1, "task": task, "status": "finished", "seed": 0, "device": "cpu", "budget": {}}
    write_json(path / "run.json", record | {"data": {"address": "x", "fingerprint": "0"}} | facts)
    metrics = Metrics(path / "metrics.jsonl")
    if logged:
        metrics.append("log", step=0, seconds=0.1, progress=0.0, **logged)
    for name, value in scores.items():
        metrics.append(
            "score", name=name, value=value, unit="", higher_is_better="error" not in name, interval=[0, 1], count=3,
            baseline={"name": "b", "value": 1.0},
        )  # fmt: skip
    return Folder(path)


@pytest.mark.parametrize("task", list_tasks())
def test_of_two_trials_of_any_task_the_better_one_is_chosen(task: str, tmp_path: Path) -> None:
    if task in BY_A_SCORE:
        assert task not in CHOSEN_BY
        found = figure_of(run_of(tmp_path / "run", task, {"validation_x": 1.0}, {"error": 0.2, "other": 1.0}), None)
        assert found == Figure("error", 0.2, more_is_better=False, is_score=True)
        return
    name = CHOSEN_BY[task]
    package = import_module(find_task(task).train._module.rpartition(".")[0])  # type: ignore[attr-defined]
    room = Path(str(package.__file__)).parents[1]
    assert any(re.search(rf"\b{name}\b", path.read_text(encoding="utf-8")) for path in room.rglob("*.py")), "logged"
    for direction, (good, bad) in enumerate([(0.2, 0.9), (0.9, 0.2)] if task in BY_THE_DATA else [GOOD_AND_BAD[task]]):
        facts = {"higher_is_better": {name: bool(direction)}} if task in BY_THE_DATA else {}
        both = [
            run_of(tmp_path / f"{direction}-{value}", task, {name: value, "aaa": 0.0, "validation_aaa": 0.0},
                   {"test error": 1.0}, **facts)
            for value in (good, bad)
        ]  # fmt: skip
        first, second = (figure_of(each, None) for each in both)
        assert first is not None
        assert second is not None
        assert (first.name, first.is_score) == (name, False)
        assert first.more_is_better == second.more_is_better == (good > bad)


def test_whatever_a_task_is_chosen_by_has_a_direction() -> None:
    assert all(name in DECLARED[task] for task, name in CHOSEN_BY.items() if task not in BY_THE_DATA)
    assert DECLARED["motion"]["pixels_off"] is False
    assert DECLARED["compress"]["error_decibels"] is True


def test_what_nobody_declares_is_refused(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "a", "gan", {"pair_accuracy": 0.7, "quality": 0.1}, {"distance error": 0.3})
    with pytest.raises(
        UsageFault, match=r"more or less pair_accuracy is better.*Take one of: distance error, quality\."
    ):
        figure_of(folder, "pair_accuracy")
    assert figure_of(folder, "else") is None
    own = run_of(tmp_path / "b", "strange", {"off": 0.7}, {}, higher_is_better={"off": False})
    assert figure_of(own, None) == figure_of(own, "off") == Figure("off", 0.7, more_is_better=False, is_score=False)
    for damage in (3, [], {"off": "no"}):
        assert figure_of(run_of(tmp_path / f"c{damage}", "strange", {}, {}, higher_is_better=damage), None) is None


class Scoring:
    """Workers whose first trial logs no figure of its validation part, but has a score."""

    def __init__(self, runs: Path, task: str) -> None:
        self._runs, self._task = runs, task
        self._done: list[tuple[str, int, str]] = []

    def has_room(self) -> bool:
        return not self._done

    def begin(self, words: Sequence[str], name: str) -> None:
        logged = {} if name.startswith("s-00") else {"out_of_bag": 0.5}
        run_of(self._runs / name, self._task, logged, {"accuracy": 0.9})
        self._done.append((name, 0, ""))

    def ended(self) -> list[tuple[str, int, str]]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        pass


def swept(record: Record, task: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("onward.sweep.sweeping._LOOKED_EVERY_SECONDS", 0.0)
    said: list[str] = []
    space = parse_space(find_task(record.plan.task).settings, record.plan.space, record.plan.task)
    Sweep(record, space, Scoring(record.path.parent, task), said.append, time.monotonic()).go()
    return said


def test_a_first_trial_without_the_figure_leaves_the_choice_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begin(PLAN, tmp_path, "s")
    swept(record, "forest", monkeypatch)
    assert (record.by, record.is_by_score) == ("out_of_bag", False)
    assert [trial.state for trial in record.trials] == ["failed", "finished"]
    assert "it logged no out_of_bag" in record.trials[0].why
    assert "chosen by" not in table(record)[-1]


def test_a_score_that_chooses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = begin(replace(PLAN, by="accuracy"), tmp_path, "s")
    said = swept(record, "forest", monkeypatch)
    assert record.is_by_score
    assert sum("accuracy, a score of the test" in line for line in said) == 1
    assert "chosen by accuracy, a score of the test" in table(record)[-1]
    assert Record.read(record.path).is_by_score


def test_a_table_s_run_says_which_way_its_measure_goes(small_table: Path, tmp_path: Path) -> None:
    for metric, is_more in (("logloss", False), ("auc", True)):
        words = {"members": "linear", "folds": "2", "metric": metric}
        run, _ = train(find_task("table"), str(small_table), words, steps=2, out=tmp_path, quiet=True)
        found = figure_of(Folder(run.path), None)
        assert found is not None
        assert (found.name, found.more_is_better, found.is_score) == ("blend_score", is_more, False)


def test_texts_are_chosen_by_what_is_kept_of_them(small_data: Callable[[str], Path], tmp_path: Path) -> None:
    for networks in (0, 1):
        words = {"width": "8", "batch_size": "16", "networks": str(networks)}
        address = str(small_data("reviews.csv"))
        run, _ = train(find_task("text-classify"), address, words, steps=3, out=tmp_path, quiet=True)
        found = figure_of(Folder(run.path), None)
        assert found is not None
        assert found.name == "validation_accuracy"
        assert 0 <= found.value <= 1
