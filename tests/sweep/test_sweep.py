"""A sweep keeps its time, survives kills, and says whether looking was worth it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from onward.cli import program
from onward.core.faults import Fault, RunFault, UsageFault
from onward.core.files import write_json
from onward.core.folder import Lock
from onward.core.metrics import Metrics
from onward.sweep.cluster import _packed, unpacked
from onward.sweep.command import begin, table
from onward.sweep.halving import rounds, seconds_each
from onward.sweep.record import Plan, Record, Trial
from onward.sweep.space import drawn, parse_space
from onward.sweep.sweeping import Sweep, has_ended
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
        metrics.append("log", step=0, seconds=0.1, progress=0.0, out_of_bag=float(own.get("most_trees", 100)) / 1000)
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
        ("width=auto..64", "no range"),
        ("learning_rate=1e-4..inf", "(no range|outside)"),
    ],
)
def test_bad_words_get_a_sentence(word: str, sentence: str) -> None:
    with pytest.raises(UsageFault, match=sentence):
        parse_space(FOREST if "most" in word or "rows" in word else find_task("classify").settings, [word], "forest")


def test_two_dots_in_a_word_are_no_range() -> None:
    (choice,) = parse_space(find_task("style").settings, ["style=../one.jpg,two.jpg"], "style")
    assert choice.values == ("../one.jpg", "two.jpg")


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
    assert record.by == "out_of_bag"
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
    record.by = "out_of_bag"
    swept(record, workers := Pretending(tmp_path))
    assert not workers.begun
    assert table(record)[1].startswith("s-00.0")


def test_what_ended_by_itself_counts_when_no_time_is_left(tmp_path: Path) -> None:
    record = begin(replace(PLAN, trials=2), tmp_path, "s")
    Pretending(tmp_path).begin(["most_trees=5"], "s-01.0")
    record.trials = [Trial(n, 0, f"s-{n:02d}.0", {}, 20.0, begun=1) for n in range(2)]
    record.spent_seconds = 599.0
    swept(record, workers := Pretending(tmp_path))
    assert not workers.begun
    assert [trial.state for trial in record.trials] == ["failed", "finished"]


def test_all_failing_says_why(tmp_path: Path) -> None:
    class Failing(Pretending):
        def begin(self, words: Sequence[str], name: str) -> None:
            self._done.append((name, 3, "table.csv has no rows."))

    with pytest.raises(RunFault, match=r"came to anything: table\.csv has no rows"):
        swept(begin(PLAN, tmp_path, "s"), Failing(tmp_path))


def test_a_damaged_record_gets_a_sentence(tmp_path: Path) -> None:
    record = begin(PLAN, tmp_path, "s")
    facts = json.loads((record.path / "sweep.json").read_text(encoding="utf-8"))
    good = asdict(Trial(1, 0, "s-01.0", {"most_trees": "5"}, 20.0))
    assert Record.read(record.path).plan == record.plan
    for damage in (
        {"plan": 3}, {"trials": [{"x": 1}]}, {"surplus": 1}, {"spent_seconds": "x"}, {"by": 3},
        {"spent_seconds": 1e300}, {"plan": facts["plan"] | {"workers": "many"}},
        {"plan": facts["plan"] | {"space": [3]}}, {"plan": facts["plan"] | {"trials": 10**9}},
        *({"trials": [good | bad]} for bad in (
            {"name": "../../precious"}, {"name": "/precious-01.0"}, {"name": "precious"}, {"name": "s/../x-01.0"},
            {"round": 1}, {"words": {"most_trees": 5}}, {"words": 3}, {"seconds": None}, {"state": "done"},
            {"number": True}, {"figure": "best"},
        )),
    ):  # fmt: skip
        write_json(record.path / "sweep.json", facts | damage)
        with pytest.raises(RunFault, match="no record of a sweep"):
            Record.read(record.path)
    write_json(record.path / "sweep.json", facts | {"trials": [good | {"seconds": 20, "figure": -1}]})
    assert Record.read(record.path).trials[0].figure == -1


def test_a_run_that_is_not_the_sweep_s_stays(tmp_path: Path) -> None:
    record = begin(PLAN, tmp_path, "s")
    (tmp_path / "s-02.0").mkdir()
    (tmp_path / "s-02.0" / "run.json").write_text("{}")
    swept(record, workers := Pretending(tmp_path))
    assert (tmp_path / "s-02.0" / "run.json").read_text() == "{}"
    assert "s-02.0" not in [name for name, _ in workers.begun]
    assert next(trial for trial in record.trials if trial.name == "s-02.0").why.startswith("a run of that name")
    shutil.rmtree(tmp_path / "s")  # the sweep is thrown away and its runs are kept
    with pytest.raises(RunFault, match=r"s-00\.0 is there"):
        begin(PLAN, tmp_path, "s")
    assert not (tmp_path / "s").exists()


def test_what_a_name_may_not_be(tmp_path: Path) -> None:
    begin(PLAN, tmp_path, "s")
    with pytest.raises(RunFault, match="onward sweep s"):
        begin(PLAN, tmp_path, "s")
    with pytest.raises(UsageFault, match="is a task"):
        begin(PLAN, tmp_path, "forest")


def said_by(*words: str) -> str:
    """Give what `onward sweep` says where it cannot."""
    with pytest.raises(Fault) as fault:
        CliRunner().invoke(program, ["sweep", *words], catch_exceptions=False)
    return str(fault.value)


def test_going_on_asks_for_no_less_and_no_more(tmp_path: Path) -> None:
    where = ["s", "--out", str(tmp_path)]
    record = begin(replace(PLAN, cluster="10.0.0.1:6379"), tmp_path, "s")
    assert "goes on as it was begun" in said_by(*where, "--time", "20m")
    told = said_by(*where)  # a cluster sends back what runs here, so a record that came from somewhere is not believed
    assert told.endswith(f"onward sweep s --out {tmp_path} --cluster 10.0.0.1:6379")
    with Lock(record.path):
        assert "Another process goes on with s" in said_by(*where)


def test_what_only_a_sweep_s_record_names_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "pole.py").write_text("raise SystemExit('it was run')\n")
    plan = replace(PLAN, task="control", data=f"{tmp_path / 'pole.py'}:Pole", space=("width=8,16",))
    record = begin(plan, tmp_path, "s")
    assert "was never named here" in said_by("s", "--out", str(tmp_path))
    inside = record.path / "pole.py"
    inside.write_text("raise SystemExit('it was run')\n")
    write_json(record.path / "sweep.json", json.loads((record.path / "sweep.json").read_text()) | {
        "plan": asdict(replace(record.plan, data=f"{inside}:Pole"))
    })  # fmt: skip
    assert "lies in a run's or a sweep's folder" in said_by("s", "--out", str(tmp_path))


def test_a_copy_of_a_sweep_touches_no_run(tmp_path: Path, small_table: Path) -> None:
    record = begin(replace(PLAN, data=str(small_table)), tmp_path, "s")
    record.trials.append(Trial(1, 0, "s-01.0", {"most_trees": "5"}, 20.0, begun=1))
    record.save()
    (tmp_path / "s-01.0").mkdir()
    shutil.copytree(record.path, tmp_path / "s2")
    assert "names s-01.0, a run of another sweep" in said_by("s2", "--out", str(tmp_path))
    assert (tmp_path / "s-01.0").is_dir()


def test_lost_data_end_no_trial(tmp_path: Path) -> None:
    record = begin(replace(PLAN, data=str(tmp_path / "unplugged.csv")), tmp_path, "s")
    before = (record.path / "sweep.json").read_bytes()
    assert "unplugged.csv" in said_by("s", "--out", str(tmp_path))
    assert (record.path / "sweep.json").read_bytes() == before


def test_an_ended_sweep_shows_its_table_without_the_data(tmp_path: Path) -> None:
    plan = replace(PLAN, data=str(tmp_path / "gone.csv"), cluster="10.0.0.1:6379")  # and without its machines
    record = swept(begin(plan, tmp_path, "s"), Pretending(tmp_path))
    before, lines = (record.path / "sweep.json").read_bytes(), table(record)
    answer = CliRunner().invoke(program, ["sweep", "s", "--out", str(tmp_path)], catch_exceptions=False)
    assert answer.output.splitlines() == lines
    assert (record.path / "sweep.json").read_bytes() == before


def test_a_sweep_has_ended_when_no_trial_waits_and_no_round_comes(tmp_path: Path) -> None:
    record = Record(tmp_path / "s", replace(PLAN, trials=3))
    assert not has_ended(record)
    record.trials = [Trial(n, 0, f"s-{n:02d}.0", {}, 20.0, "finished", 0.5) for n in range(3)]
    assert not has_ended(record)  # the last round is to come
    assert has_ended(replace(record, spent_seconds=599.0))  # or would be, had it time
    failed = [replace(trial, state="failed", figure=None, why="no rows") for trial in record.trials]
    assert has_ended(replace(record, trials=failed))
    record.trials += [Trial(n, 1, f"s-{n:02d}.1", {}, 20.0, "finished", 0.5) for n in range(2)]
    assert has_ended(record)
    record.trials[-1].state = "waiting"
    assert not has_ended(replace(record, spent_seconds=599.0))  # it may have gone on by itself


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own there")
def test_a_link_in_a_sweep_s_folder_is_not_called_another_process(tmp_path: Path) -> None:
    record = begin(PLAN, tmp_path, "s")
    (record.path / "x").symlink_to(tmp_path)
    assert "x is a link" in said_by("s", "--out", str(tmp_path))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_does_not_end_ends_the_sweep(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("onward.sweep.sweeping.time.monotonic", lambda: now[0])

    class Hanging(Pretending):
        hung = False

        def has_room(self) -> bool:
            return super().has_room() and not (self.hung and workers == 1)

        def begin(self, words: Sequence[str], name: str) -> None:
            self.hung = self.hung or name == "s-08.0"
            if name != "s-08.0":
                super().begin(words, name)

        def ended(self) -> list[tuple[str, int, str]]:
            now[0] += 10.0
            return super().ended()

    record = begin(PLAN, tmp_path, "s")
    Sweep(record, parse_space(FOREST, PLAN.space, "forest"), Hanging(tmp_path), [].append, 0.0).go()
    (stuck,) = (trial for trial in record.trials if trial.name == "s-08.0")
    assert (stuck.state, stuck.why) == ("failed", "it took more than its time")
    assert {trial.round for trial in record.trials} == {0}
    assert table(record)[1].startswith("s-00.0")


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
