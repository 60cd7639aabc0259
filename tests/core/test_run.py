"""A run keeps its budget by an injected clock, goes on where it was, and survives bad figures."""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onward.core.faults import RunFault, Stopped
from onward.core.files import write_json
from onward.core.folder import Folder, Lock, find_run, list_runs, new_folder
from onward.core.metrics import read_metrics
from onward.core.run import Run, Step
from onward.group import Group
from onward.parts.box import Box
from onward.verbs.resume import _give_time


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_run(place: Path, clock: Clock | None = None, **budget: Any) -> Run:
    path = place / "demo-001"
    if not path.exists():
        path.mkdir(parents=True)
        limits = {"seconds": None, "steps": None, **budget}
        record = {"schema": 1, "task": "demo", "budget": limits, "seed": 3, "device": "cpu", "status": "new"}
        write_json(path / "run.json", record | {"data": {"address": "x", "fingerprint": "f", "findings": []}})
        write_json(path / "settings.json", {})
    return Run(Folder(path), clock or Clock())


def walk(run: Run, box: Box, until: int | None = None) -> None:
    run.keep(box=box)
    for step in run.steps():
        box.value = float(np.random.normal()) + 0.5 * box.value
        step.log(value=box.value)
        if until is not None and step.index + 1 == until:
            run.stop_requested = True


def test_steps_end_the_run_and_are_logged(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=7)
    walk(run, Box(0.0))
    assert run.steps_done == 7
    assert [fact["step"] for fact in read_metrics(run.path / "metrics.jsonl", "log")] == list(range(7))


def test_a_wish_that_comes_up_while_the_others_are_asked_is_kept(tmp_path: Path) -> None:
    """As when a signal comes while a process waits for the others' answer, which is where it mostly is."""
    run = make_run(tmp_path, steps=9)

    class Asking(Group):
        def any(self, wish: bool) -> bool:
            run.stop_requested = run.stop_requested or run.steps_done == 3
            return wish

    run.group = Asking()
    with pytest.raises(Stopped):
        walk(run, Box(0.0))
    assert run.steps_done == 5


def test_seconds_end_the_run_less_the_tail(tmp_path: Path) -> None:
    clock = Clock()
    run = make_run(tmp_path, clock, seconds=100.0)
    run.tail_seconds = 20.0
    seen = []
    for step in run.steps():
        seen.append(step.progress)
        clock.now += 10.0
    assert len(seen) == 8
    assert seen[4] == pytest.approx(0.5)


def test_stopping_and_going_on_equals_going_through(tmp_path: Path) -> None:
    np.random.seed(5)
    through = Box(0.0)
    walk(make_run(tmp_path / "a", steps=60), through)
    np.random.seed(5)
    first = Box(0.0)
    with pytest.raises(Stopped, match="onward resume"):
        walk(make_run(tmp_path / "b", steps=60), first, until=25)
    np.random.seed(99)  # another process would have other random states
    second = Box(0.0)
    run = make_run(tmp_path / "b")
    walk(run, second)
    assert second.value == through.value
    logs = [
        [(f["step"], f["value"]) for f in read_metrics(tmp_path / each / "demo-001/metrics.jsonl", "log")]
        for each in "ab"
    ]
    assert logs[0] == logs[1]


def test_a_figure_that_is_not_finite_sends_the_run_back(tmp_path: Path) -> None:
    run, box, spoiled = make_run(tmp_path, steps=30), Box(0), []
    run.keep(box=box)
    for step in run.steps():
        if step.index == 10 and not spoiled:
            run.save()
        box.value += 1
        bad = step.index == 12 and not spoiled
        if bad:
            spoiled.append(step.index)
        step.log(loss=math.nan if bad else 1.0)
    assert run.setbacks == 1
    assert box.value == 30
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert notes == ["loss was not finite at step 12: went back to step 10."]


def test_figures_are_looked_at_before_whatever_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late in a run only each fiftieth step is written; what is saved between them must not be spoiled either."""

    def looks(run: Run, index: int) -> bool:
        step = Step(index, run.progress, run, False)
        step.log(loss=math.nan)
        return not run._is_finite(step)

    clock = Clock()
    run = make_run(tmp_path, clock, seconds=100.0)
    run.tail_seconds = 0.0
    assert not looks(run, 2_001)
    clock.now += 60.0
    run.save()
    assert not looks(run, 2_001)
    clock.now += 35.0
    run._saved_at = clock.now
    run.cooldown = 0.1
    assert looks(run, 2_001)  # the plateau is about to be saved
    run._plateau_saved = True
    assert not looks(run, 2_001)
    monkeypatch.setattr(run.group, "parts", 2, raising=False)
    assert looks(run, 2_001)  # a group's clock stands still, and does not tell that it is time to save
    monkeypatch.setattr(run.group, "parts", 1, raising=False)
    clock.now += 10.0
    run._saved_at = clock.now
    assert looks(run, 2_001)  # the end


def test_without_an_end_of_bad_figures_the_run_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=30)
    run.keep(box=Box(0))
    with pytest.raises(RunFault, match="learning_rate"):  # noqa: PT012 - the loop raises
        for step in run.steps():
            if step.index == 3:
                run.save()
            step.log(loss=math.inf if step.index >= 3 else 0.0)


def test_the_checkpoint_before_the_cooldown_is_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=100)
    walk(run, Box(0.0))
    assert run.folder.newest_checkpoint("plateau") is not None
    assert len(list((run.path / "checkpoints").glob("step-*"))) <= 2


def test_two_processes_cannot_hold_one_run(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=1)
    with Lock(run.path), pytest.raises(RunFault, match="in use"), Lock(run.path):
        pass
    with Lock(run.path):
        assert Lock.is_held(run.path)
    assert not Lock.is_held(run.path)


def test_a_torn_last_line_of_metrics_is_passed_over(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=3)
    walk(run, Box(0.0))
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "log", "st')
    assert len(list(read_metrics(run.path / "metrics.jsonl", "log"))) == 3
    again = make_run(tmp_path)
    again.note("after")
    assert [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")] == ["after"]


def test_runs_are_found_by_name_prefix_and_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path))
    make_run(tmp_path, steps=1)
    assert find_run("demo").path.name == "demo-001"
    assert find_run("last").path.name == "demo-001"
    assert len(list_runs()) == 1
    with pytest.raises(RunFault, match="Did you mean demo-001"):
        find_run("dmo-001")


def test_names_with_a_path_in_them_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFault, match="cannot be called"):
        new_folder("gan", "x", tmp_path, "../escape")


def test_numbers_rise_and_a_taken_name_is_said(tmp_path: Path) -> None:
    assert new_folder("gan", "my horses", tmp_path, None).name == "gan-my-horses-001"
    assert new_folder("gan", "my horses", tmp_path, None).name == "gan-my-horses-002"
    new_folder("gan", "", tmp_path, "mine")
    with pytest.raises(RunFault, match="exists"):
        new_folder("gan", "", tmp_path, "mine")


def more_time(run: Run, steps: int) -> Run:
    """Do what `onward resume --time +…` does to the record of a finished run."""
    run.folder.update(status="finished", budget={"seconds": None, "steps": steps}, resume_from="plateau")
    return Run(Folder(run.path), Clock())


def test_a_kill_during_the_extra_time_goes_on_from_where_it_was(tmp_path: Path) -> None:
    run, box = make_run(tmp_path, steps=100), Box(0.0)
    walk(run, box)
    longer = more_time(run, 200)
    with pytest.raises(Stopped):
        walk(longer, Box(0.0), until=150)
    again = Run(Folder(run.path), Clock())
    again.keep(box=Box(0.0))
    assert next(iter(again.steps())).index == longer.steps_done >= 150


def test_extra_time_a_second_time_begins_at_the_newer_plateau(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=100)
    walk(run, Box(0.0))
    walk(more_time(run, 200), Box(0.0))
    third = more_time(run, 300)
    third.keep(box=Box(0.0))
    assert next(iter(third.steps())).index == 160


def test_a_plateau_of_an_end_that_moved_on_is_not_gone_back_to(tmp_path: Path) -> None:
    """Stopped near its end, given more time, finished, and given time again."""
    with pytest.raises(Stopped):
        walk(make_run(tmp_path, steps=100), Box(0.0), until=90)
    folder = Folder(tmp_path / "demo-001")
    assert folder.newest_checkpoint("plateau") is not None
    folder.update(budget={"seconds": None, "steps": 300})
    walk(Run(folder, Clock()), Box(0.0))
    third = more_time(Run(folder, Clock()), 400)
    third.keep(box=Box(0.0))
    assert next(iter(third.steps())).index >= 240


def test_figures_are_looked_at_before_a_wish_to_stop_saves(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=10_000)
    run.keep(box=Box(0))
    run._saved_at = 1e9
    with pytest.raises((RunFault, Stopped)) as fault:  # noqa: PT012 - the loop raises
        for step in run.steps():
            if step.index == 400:
                run.save()
            step.log(loss=math.nan if 412 <= step.index <= 413 and run.setbacks == 0 else 0.0)
            if step.index == 413:  # neither logged nor saved at
                run.folder._stop_looked_at = -1e9
                (run.path / "stop").touch()
    assert fault.type is Stopped
    assert run.setbacks == 1  # it went back instead of saving what is no number


def test_what_ended_early_stays_ended_after_a_kill_but_not_with_extra_time(tmp_path: Path) -> None:
    run = make_run(tmp_path, steps=50)
    run.keep(box=Box(0))
    for step in run.steps():
        if step.index == 7:
            run.finish_early("Enough.")
    killed = Run(Folder(run.path), Clock())  # its process died before the evaluation was done
    killed.keep(box=Box(0))
    assert [step.index for step in killed.steps()] == []
    longer = more_time(run, 60)
    longer.keep(box=Box(0))
    assert next(iter(longer.steps())).index == 8


def test_too_little_more_time_is_said(tmp_path: Path) -> None:
    """It was at 75 s when its learning rate fell, at 95 s in the end, and keeps 8 s for what comes after."""
    run = make_run(tmp_path, seconds=103.0)
    run.keep(box=Box(0.0))
    for seconds, label in ((75.0, "plateau"), (95.0, None)):
        run._spent_before, run._started = seconds, run.clock()
        run.save(label)
        run.steps_done += 1
    run.folder.update(status="finished")
    assert "with less than 1 min" in _give_time(Folder(run.path), 27.0, True)
    assert _give_time(Folder(run.path), 30.0, True) == ""
    again = Run(Folder(run.path), Clock())
    again.keep(box=Box(0.0))
    again._restore()
    assert (again.seconds, again.budget.seconds) == (pytest.approx(75.0), pytest.approx(105.0))


def test_a_run_elsewhere_is_named_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_run(tmp_path / "my runs", steps=1).path
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path / "my runs"))
    assert Folder(path).word == path.name
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path))
    assert shlex.split(Folder(path).word) == [str(path)]
    assert find_run(shlex.split(Folder(path).word)[0]).path == path
