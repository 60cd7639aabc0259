"""A sweep keeps its time, survives kills, and says whether looking was worth it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from onward.cli import program
from onward.core.faults import RunFault, UsageFault
from onward.core.files import write_json
from onward.core.folder import Folder
from onward.core.metrics import Metrics
from onward.sweep.cluster import _packed, unpacked
from onward.sweep.command import begin, table
from onward.sweep.halving import rounds, seconds_each
from onward.sweep.record import Plan, Record, Trial, figure_of
from onward.sweep.space import drawn, parse_space
from onward.sweep.sweeping import Sweep
from onward.tasks import find_task

FOREST = find_task("forest").settings
PLAN = Plan("forest", "table.csv", None, ("most_trees=5..500", "rows_in_a_leaf=1,4"), 600.0, 9, 1, 0, None, None)


class Pretending:
    """Workers that finish a run at once: its figure is better the more trees it has; some are killed the first time."""

    def __init__(self, runs: Path, killed: Sequence[str] = ()) -> None:
        self._runs, self._killed = runs, list(killed)
        self.begun: list[tuple[str, dict[str, str]]] = []
        self._done: list[tuple[str, int, str]] = []

    def has_room(self) -> bool:
        return not self._done

    def begin(self, words: Sequence[str], name: str) -> None:
        own = dict(word.partition("=")[::2] for word in words if "=" in word)
        self.begun.append((name, own))
        if name in self._killed:
            self._killed.remove(name)
            self._done.append((name, -9, ""))
            return
        path = self._runs / name
        path.mkdir()
        record = {
            "schema": 1,
            "task": "forest",
            "status": "finished",
            "seed": 0,
            "device": "cpu",
            "data": {"address": "x", "fingerprint": "0"},
        }
        write_json(path / "run.json", {**record, "budget": {"seconds": 1.0, "steps": None}})
        metrics = Metrics(path / "metrics.jsonl")
        metrics.append(
            "log", step=0, seconds=0.1, progress=0.0, validation_accuracy=float(own.get("most_trees", 100)) / 1000
        )
        self._done.append((name, 0, ""))

    def ended(self) -> list[tuple[str, int, str]]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.sweep.sweeping._LOOKED_EVERY_SECONDS", 0.0)


def swept(record: Record, workers: Pretending, said: list[str] | None = None) -> Record:
    space = parse_space(FOREST, record.plan.space, "forest")
    Sweep(record, space, workers, [].append if said is None else said.append, time.monotonic()).go()
    return record


def test_words_become_ranges_and_choices() -> None:
    space = parse_space(FOREST, ["most_trees=5..500", "rows_in_a_leaf=1,4", "columns_tried=0.5"], "forest")
    seen = [drawn(space, number, seed=0) for number in range(1, 60)]
    assert {words["rows_in_a_leaf"] for words in seen} == {"1", "4"}
    trees = sorted(int(words["most_trees"]) for words in seen)
    assert 5 <= trees[0] < 20
    assert 200 < trees[-1] <= 500
    assert trees[len(trees) // 2] < 150  # by its logarithm
    assert drawn(space, 0, seed=0) == {"columns_tried": "0.5"}
    assert drawn(space, 3, seed=0) == seen[2] != drawn(space, 3, seed=1)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("most_trees", "lacks a value"),
        ("most_tree=1..5", "no setting 'most_tree'"),
        ("most_trees=5..x", "no whole number"),
        ("most_trees=500..5", "no range"),
        ("rows_in_a_leaf=1,no", "no whole number"),
    ],
)
def test_bad_words_get_a_sentence(word: str, sentence: str) -> None:
    with pytest.raises(UsageFault, match=sentence):
        parse_space(FOREST, [word], "forest")


def test_a_plan_fits_into_its_time() -> None:
    for trials in range(1, 60):
        for workers in (1, 2, 7):
            left, sizes = 1000.0, rounds(trials)
            assert sizes[-1] <= 2
            while sizes:
                each = seconds_each(left, sizes, workers)
                left -= each * -(-sizes[0] // workers)
                sizes = sizes[1:]
            assert left >= -1e-6


def test_nothing_to_try_and_no_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="something to try"):
        begin(replace(PLAN, space=("most_trees=5",)), tmp_path)
    with pytest.raises(UsageFault, match="more --time or fewer --trials"):
        begin(replace(PLAN, seconds=20.0), tmp_path)


def test_the_best_goes_on_and_the_task_s_own_settings_too(tmp_path: Path) -> None:
    record = swept(begin(PLAN, tmp_path, "s"), workers := Pretending(tmp_path, killed=["s-04.0"]))
    assert len(workers.begun) == 9 + 1 + 3 + 2  # one was killed and begun again
    best = max((int(drawn(parse_space(FOREST, PLAN.space, "forest"), n, 0)["most_trees"]), n) for n in range(1, 9))
    last = [trial for trial in record.trials if trial.round == 2]
    assert {trial.number for trial in last} == {best[1], 0}
    assert record.by == "validation_accuracy"
    lines = table(record)
    assert lines[1].startswith("s-00.2  the task's own settings")
    assert lines[2].startswith(f"s-{best[1]:02d}.2")
    rows = (tmp_path / "s" / "trials.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 14
    assert not (tmp_path / "s" / "run.json").exists()  # so it is no run among runs


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = swept(begin(PLAN, tmp_path / "a", "s"), Pretending(tmp_path / "a"))

    class Dying(Pretending):
        def begin(self, words: Sequence[str], name: str) -> None:
            if len(self.begun) == 5:
                raise KeyboardInterrupt
            super().begin(words, name)

    record = begin(PLAN, tmp_path / "b", "s")
    with pytest.raises(KeyboardInterrupt):
        swept(record, Dying(tmp_path / "b"))
    again = Record.read(tmp_path / "b" / "s")
    (tmp_path / "b" / "s-05.0").mkdir()  # what a kill left
    swept(again, workers := Pretending(tmp_path / "b"))
    assert len(workers.begun) == 14 - 5
    assert [(t.name, t.words, t.figure) for t in again.trials] == [(t.name, t.words, t.figure) for t in whole.trials]


def test_no_time_for_a_later_round_still_gives_a_table(tmp_path: Path) -> None:
    record = begin(PLAN, tmp_path, "s")
    record.spent_seconds = 600.0 - 25.0  # of a sitting that was killed
    record.trials = [Trial(n, 0, f"s-{n:02d}.0", {}, 20.0, "finished", n / 10) for n in range(9)]
    record.by = "validation_accuracy"
    swept(record, workers := Pretending(tmp_path))
    assert not workers.begun
    assert table(record)[1].startswith("s-00.0")


def test_all_failing_says_why(tmp_path: Path) -> None:
    class Failing(Pretending):
        def begin(self, words: Sequence[str], name: str) -> None:
            self._done.append((name, 3, "table.csv has no rows."))

    with pytest.raises(RunFault, match=r"came to anything: table\.csv has no rows"):
        swept(begin(PLAN, tmp_path, "s"), Failing(tmp_path))


def test_a_damaged_record_gets_a_sentence(tmp_path: Path) -> None:
    record = begin(PLAN, tmp_path, "s")
    facts = json.loads((record.path / "sweep.json").read_text(encoding="utf-8"))
    for damage in ({"plan": 3}, {"trials": [{"x": 1}]}, {"surplus": 1}):
        write_json(record.path / "sweep.json", facts | damage)
        with pytest.raises(RunFault, match="no record of a sweep"):
            Record.read(record.path)


def test_a_score_is_taken_where_no_figure_is_logged(tmp_path: Path) -> None:
    data = {"address": "x", "fingerprint": "0"}
    write_json(tmp_path / "run.json", {"schema": 1, "task": "x", "budget": {}, "seed": 0, "device": "", "data": data})
    Metrics(tmp_path / "metrics.jsonl").append(
        "score", name="error", value=0.2, unit="", higher_is_better=False, interval=[0, 1], count=3,
        baseline={"name": "b", "value": 1.0},
    )  # fmt: skip
    assert figure_of(Folder(tmp_path), None) == ("error", 0.2, False)
    assert figure_of(Folder(tmp_path), "else") is None


def test_a_run_comes_home_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "there" / "checkpoints").mkdir(parents=True)
    (tmp_path / "there" / "checkpoints" / "state.json").write_text("{}")
    unpacked(_packed(tmp_path / "there"), tmp_path / "here")
    assert (tmp_path / "here" / "checkpoints" / "state.json").read_text() == "{}"
    import io
    import zipfile

    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("../out.txt", "x")
        archive.writestr("/tmp/onward-out.txt", "x")
    unpacked(content.getvalue(), tmp_path / "other")
    assert not (tmp_path / "out.txt").exists()
    assert not (tmp_path / "other").exists()


def test_a_real_sweep_within_its_time_and_after_a_kill(
    tmp_path: Path, small_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two forests on a real machine: the sweep is killed, and then its words are said again."""
    runs = tmp_path / "runs"
    words = ["sweep", "forest", str(small_table), "--set", "most_trees=5..50", "--trials", "2", "--workers", "1"]
    words += ["--time", "30s", "--name", "s", "--out", str(runs)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-m", "onward", *words], env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (runs / "s-00.0" / "run.json").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    monkeypatch.setattr("onward.started_at", began)  # not when the tests began, minutes ago
    answer = CliRunner().invoke(program, ["sweep", "s", "--out", str(runs)], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    assert "s-00.0" in answer.output
    assert time.monotonic() - began < 60
    record = Record.read(runs / "s")
    assert all(trial.state == "finished" or trial.why for trial in record.trials)
    assert sum(trial.state == "finished" for trial in record.trials) >= 1
    assert isinstance(record.trials[0], Trial)
