"""Trials and their sweep: none outlives a kill that can be heard; one that did is not begun twice."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from onward.core.faults import RunFault
from onward.core.files import write_json
from onward.core.folder import Lock
from onward.sweep.command import begin
from onward.sweep.record import Plan, Record, Trial
from onward.sweep.space import parse_space
from onward.sweep.sweeping import Sweep, logs_of
from onward.sweep.workers import LocalWorkers, still_goes
from onward.tasks import find_task

PLAN = Plan("forest", "table.csv", None, ("most_trees=5..500",), 600.0, 2, 1, 0, None, None)
ROOT = str(Path(__file__).parents[2])


class Refusing:
    """Workers whose runs end at once and come to nothing."""

    def __init__(self, orphan: subprocess.Popen[bytes] | None = None) -> None:
        self.begun: list[tuple[str, bool]] = []
        self._orphan, self._done = orphan, list[tuple[str, int, str]]()

    def has_room(self) -> bool:
        return not self._done

    def begin(self, words: Sequence[str], name: str) -> None:
        self.begun.append((name, self._orphan is not None and self._orphan.poll() is None))
        self._done.append((name, 3, "no"))

    def ended(self) -> list[tuple[str, int, str]]:
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        pass


def go(record: Record, workers: Refusing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.sweep.sweeping._LOOKED_EVERY_SECONDS", 0.05)
    space = parse_space(find_task("forest").settings, record.plan.space, "forest")
    with pytest.raises(RunFault, match="came to anything"):
        Sweep(record, space, workers, [].append, time.monotonic()).go()


@contextmanager
def orphan_of(log: Path, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """Leave a process behind, as a sweep that is killed does, before it has made its run's folder."""
    with log.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = subprocess.Popen(["sleep", str(seconds)], stdout=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_trial_that_has_no_record_yet_is_waited_for_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begin(PLAN, tmp_path, "s")
    record.trials = [Trial(n, 0, f"s-{n:02d}.0", {}, 20.0, begun=n) for n in range(2)]
    with orphan_of(logs_of(record.path) / "s-01.0.log", 1.5) as orphan:
        go(record, workers := Refusing(orphan), monkeypatch)
    assert sorted(workers.begun) == [("s-00.0", False), ("s-01.0", False)]  # none beside it; it left nothing behind


def test_orphans_of_a_sweep_whose_time_is_over_are_asked_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = begin(PLAN, tmp_path, "s")
    record.trials = [Trial(n, 0, f"s-{n:02d}.0", {}, 20.0, begun=1 - n) for n in range(2)]
    record.spent_seconds = 640.0
    facts = {"schema": 1, "task": "forest", "status": "running", "seed": 0, "device": "cpu", "budget": {}}
    (tmp_path / "s-00.0").mkdir()
    write_json(tmp_path / "s-00.0" / "run.json", facts | {"data": {"address": "x", "fingerprint": "0"}})
    with Lock(tmp_path / "s-00.0"):
        go(record, Refusing(), monkeypatch)
    assert (tmp_path / "s-00.0" / "stop").exists()
    assert record.trials[0].why == "it took more than its time"


def test_a_polite_kill_ends_the_trials_too(tmp_path: Path, small_table: Path) -> None:
    words = ["sweep", "forest", str(small_table), "--set", "most_trees=5..50", "--trials", "2", "--workers", "1"]
    words += ["--time", "120s", "--name", "s", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "onward", *words], env=os.environ | {"PYTHONPATH": ROOT}, stderr=subprocess.PIPE
    )
    log, until = tmp_path / "s" / "logs" / "s-00.0.log", time.monotonic() + 60
    while not still_goes(log) and time.monotonic() < until:
        time.sleep(0.05)
    assert still_goes(log)
    process.send_signal(signal.SIGTERM)
    said = process.communicate()[1].decode()
    assert "s is stopped. Go on with: onward sweep s" in said
    assert not still_goes(log)
    assert Record.read(tmp_path / "s").trials[0].begun == 1


def test_what_lies_in_the_user_s_folder_is_no_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "click.py").write_text("open('was-run', 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    workers = LocalWorkers(1, tmp_path / "runs", tmp_path)
    workers.begin(["forest", "nothing.csv"], "one")
    found: list[tuple[str, int, str]] = []
    while not found:
        time.sleep(0.1)
        found = workers.ended()
    assert "nothing.csv" in found[0][2]
    assert not (tmp_path / "was-run").exists()
