"""Runs of control: stopped and resumed to the bit, applied, exported, and a stranger's of any size."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from onward.broad.control import TASK, reading
from onward.broad.control import scores as measuring
from onward.broad.control.reading import read
from onward.broad.control.settings import Settings
from onward.broad.control.using import as_torch, load
from onward.core.checkpoint import read_checkpoint
from onward.core.faults import DataFault, RunFault, Stopped
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.verbs.apply import apply
from onward.verbs.evaluate import evaluate
from onward.verbs.resume import resume
from onward.verbs.train import train


@pytest.fixture(autouse=True)
def _few_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure on few episodes: here it matters that it is done, not what comes out."""
    monkeypatch.setattr(measuring, "_LOTS", (2,))


def tiny(address: str, place: Path, steps: int = 2) -> Run:
    words = {"environments": "3", "turns": "16", "width": "8", "epochs": "1"}
    return train(TASK, address, words, steps=steps, out=place / "runs", quiet=True)[0]


@pytest.mark.parametrize("name", ["CartPole-v1", "LunarLander-v3"])
def test_stopped_and_resumed_is_the_same_to_the_bit(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_drawing", lambda sample: (False, 30.0))  # films take long and prove nothing here
    through = tiny(name, tmp_path / "a", steps=5)
    was = Run._between_steps

    def now(run: Run) -> None:
        run.stop_requested = run.steps_done == 3
        was(run)

    monkeypatch.setattr(Run, "_between_steps", now)
    with pytest.raises(Stopped):
        tiny(name, tmp_path / "b", steps=5)
    monkeypatch.setattr(Run, "_between_steps", was)
    (stopped,) = [path for path in (tmp_path / "b" / "runs").iterdir() if path.is_dir()]
    resume(Folder(stopped), quiet=True)
    one, other = (read_checkpoint(Folder(path).newest_checkpoint())["kept"] for path in (through.path, stopped))
    np.testing.assert_array_equal(one["agent"]["weights"], other["agent"]["weights"])
    assert one["chance"] == other["chance"]
    assert repr(one["environments"]) == repr(other["environments"])


def test_apply_leaves_films_and_a_table(tmp_path: Path) -> None:
    run = tiny("CartPole-v1", tmp_path)
    written = apply(run.folder, (), {"episodes": 4, "films": 2, "seed": 7}, tmp_path / "out")
    assert sorted(path.name for path in written) == ["episode-001.mp4", "episode-002.mp4", "episodes.csv"]
    rows = list(csv.DictReader((tmp_path / "out" / "episodes.csv").read_text().splitlines()))
    assert list(rows[0]) == ["episode", "seed", "return", "length"]
    assert [row["seed"] for row in rows] == ["7", "8", "9", "10"]
    assert all(float(row["return"]) == float(row["length"]) for row in rows)  # a reward of 1 a turn
    with pytest.raises(DataFault, match="not the kind of environment"):
        apply(run.folder, ("Acrobot-v1",), {}, tmp_path / "out")


def test_what_is_exported_answers_as_the_agent_acts(tmp_path: Path) -> None:
    run = tiny("Pendulum-v1", tmp_path)
    player, spaces = load(run), read(Source(("Pendulum-v1",)), Settings()).spaces
    rows = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    with torch.no_grad():
        said = as_torch(player)(torch.from_numpy(rows)).numpy()
    np.testing.assert_allclose(said, spaces.given_all(player.agent.likeliest(rows)), rtol=1e-4, atol=1e-5)


def test_a_stranger_s_run_may_name_any_size(tmp_path: Path) -> None:
    run = tiny("CartPole-v1", tmp_path)
    record = json.loads((run.path / "run.json").read_text())
    record["agent"]["width"] = 10**9
    (run.path / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunFault, match="damaged"):
        evaluate(Folder(run.path))
