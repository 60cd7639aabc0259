"""What every task owes its user, held over all tasks at once.

A new task needs a line in `CASES` (small data and small settings) and nothing else; so does a second way through one.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onward.cli import program
from onward.core.checkpoint import read_checkpoint
from onward.core.faults import DataFault, RunFault, Stopped
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.tasks import find_task, list_tasks
from onward.verbs.apply import apply
from onward.verbs.evaluate import evaluate
from onward.verbs.export import export
from onward.verbs.resume import resume
from onward.verbs.train import train


@dataclass(frozen=True)
class Case:
    """Small data and settings for one task."""

    task: str
    data: str
    settings: dict[str, str]
    apply_to: str | None = None
    options: dict[str, Any] | None = None


CASES = {
    "gan": Case(
        "gan", "horses", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}, None, {"count": 4}
    ),
    "style": Case("style", "photos", {"size": "48", "backbone": "random", "style": "pencil"}, "photos", {"seconds": 1}),
    "forest": Case("forest", "table.csv", {}, "table.csv"),
    "classify": Case(
        "classify", "classes", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}, "classes"
    ),
    "classify-transfer": Case("classify", "classes", {"size": "16", "backbone": "lite0", "batch_size": "4"}, "classes"),
    "pose": Case("pose", "posed", {"width": "16", "size": "64", "batch_size": "4", "views": "1"}, "posed"),
    "motion": Case("motion", "boxed", {"size": "64", "width": "8", "batch_size": "2"}, "boxed", {"films": False}),
    "language-model": Case(
        "language-model", "story.txt", {"width": "16", "batch_size": "4", "stretch": "16"}, None, {"length": 40}
    ),
    "translate": Case(
        "translate", "pairs.tsv", {"width": "16", "batch_tokens": "400"}, "pairs.tsv", {"attention": 1, "best": 2}
    ),
    "text-classify": Case("text-classify", "reviews.csv", {"width": "8", "batch_size": "16"}, "reviews.csv"),
    "dream": Case("dream", "horses", {"size": "64", "octaves": "2"}, "horses", {"seconds": 1.0}),
    "dream-zoom": Case("dream", "horses", {"zoom": "4", "class_": "sorrel"}, "horses", {"seconds": 1.0}),
    "cluster": Case("cluster", "classes", {"encoder": "lite0", "size": "32", "epochs": "30"}, "classes"),
    "cluster-texts": Case("cluster", "reviews.csv", {"epochs": "30", "most_clusters": "6"}, "reviews.csv"),
    "control": Case(
        "control",
        "pole.py",
        {"environments": "2", "turns": "8", "width": "8", "epochs": "1", "longest": "100"},
        None,
        {"episodes": 2, "films": 1},
    ),
    "selfplay": Case(
        "selfplay",
        "three.game",
        {
            "games": "4",
            "simulations": "4",
            "looks": "60",
            "batch_size": "16",
            "blocks": "1",
            "channels": "8",
            "measured": "6",
            "actors": "1",
        },
        None,
        {"against": "random", "games": 2, "simulations": 8},
    ),
    "detect": Case("detect", "boxed", {"width": "16", "size": "64", "batch_size": "4", "views": "1"}, "boxed"),
}


def test_every_task_has_a_case() -> None:
    assert set(list_tasks()) == {case.task for case in CASES.values()}


@pytest.fixture(params=sorted(CASES))
def name(request: pytest.FixtureRequest) -> str:
    """Go through all tasks."""
    return request.param


@pytest.fixture
def address(
    name: str,
    tmp_path: Path,
    horse_folder: Path,
    small_table: Path,
    small_text: Path,
    class_folder: Path,
    boxed_folder: Path,
    posed_folder: Path,
    small_pairs: Path,
    labelled_texts: Path,
    photo_folder: Path,
    own_environment: Path,
    small_game: Path,
) -> str:
    """Give the task's small data."""
    return str(tmp_path / CASES[name].data)


def trained(name: str, address: str, place: Path, steps: int = 3) -> Run:
    run, _ = train(find_task(CASES[name].task), address, CASES[name].settings, steps=steps, out=place, quiet=True)
    return run


_SHARED: dict[tuple[str, int], Path] = {}


def shared_run(name: str, address: str, steps: int = 3) -> Path:
    """Train once for all the tests that only look: the data of the test that asked first stay where they are."""
    if (name, steps) not in _SHARED:
        _SHARED[name, steps] = trained(name, address, Path(address).parent / "shared-runs", steps).path
    return _SHARED[name, steps]


def copied_run(name: str, address: str, place: Path, steps: int = 3) -> Path:
    """Copy the shared run, for a test that changes it."""
    run = shared_run(name, address, steps)
    return Path(shutil.copytree(run, place / run.name))


def final_state(path: Path) -> dict[str, Any]:
    checkpoint = Folder(path).newest_checkpoint()
    assert checkpoint is not None
    return read_checkpoint(checkpoint)


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Name every place where two states differ by a bit."""
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return [f"{place}: {sorted(one)} against {sorted(other)}"]
        return [found for key in one for found in differences(one[key], other[key], f"{place}/{key}")]
    if isinstance(one, (list, tuple)):
        if len(one) != len(other):
            return [f"{place}: {len(one)} against {len(other)}"]
        pairs = enumerate(zip(one, other, strict=True))
        return [found for number, pair in pairs for found in differences(*pair, f"{place}/{number}")]
    same = bool((one == other).all()) if hasattr(one, "shape") else one == other
    return [] if same else [place]


def test_three_steps_make_a_whole_run(name: str, address: str) -> None:
    run = Folder(shared_run(name, address))
    assert run.status() == "finished"
    assert run.newest_checkpoint() == run.checkpoint_path(3)
    assert len(list(read_metrics(run.path / "metrics.jsonl", "log"))) >= 1
    scores = list(read_metrics(run.path / "metrics.jsonl", "score"))
    assert scores
    assert all(fact["baseline"]["name"] and len(fact["interval"]) == 2 for fact in scores)
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert run.path.name in page
    assert "data:image/png" in page or "data:image/jpeg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert len(page) < 3_000_000


def test_every_declared_verb_works(name: str, address: str, tmp_path: Path) -> None:
    case, run = CASES[name], Folder(copied_run(name, address, tmp_path / "runs"))
    task = find_task(CASES[name].task)
    if task.apply is not None:
        inputs = (str(tmp_path / case.apply_to),) if case.apply_to else ()
        assert apply(run, inputs, case.options or {}, tmp_path / "out")
    if task.evaluate is not None:
        assert evaluate(run)
    if task.export is not None:
        assert all(path.stat().st_size > 0 for path in export(run, out=tmp_path / "export"))


def test_stopping_and_resuming_equals_going_through(
    name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = Run._between_steps

    def now(run: Run) -> None:
        run.stop_requested = run.steps_done == 2
        was(run)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_between_steps", now)
        with pytest.raises(Stopped):
            trained(name, address, tmp_path / "b", steps=12)
    (half,) = [path for path in (tmp_path / "b").iterdir() if path.is_dir()]
    assert Folder(half).status() == "stopped"
    run, _ = resume(Folder(half), quiet=True)
    assert run.steps_done == 12
    through = shared_run(name, address, steps=12)
    assert not differences(final_state(through)["kept"], final_state(half)["kept"])


def command(name: str, address: str, place: Path, *more: str) -> list[str]:
    words = [f"--set={key}={value}" for key, value in CASES[name].settings.items()]
    return [
        sys.executable,
        "-m",
        "onward",
        "train",
        CASES[name].task,
        address,
        "--out",
        str(place),
        "--name",
        "r",
        *words,
        *more,
    ]


def start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


def wait_for_steps(path: Path, steps: int, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if len(list(read_metrics(path / "metrics.jsonl", "log"))) >= steps:
            return
        if child.poll() is not None:
            pytest.fail(f"the run ended by itself: {child.communicate()[1]}")
        time.sleep(0.02)
    pytest.fail("the run never got going")


def test_sigkill_loses_nothing(name: str, address: str, tmp_path: Path) -> None:
    through = shared_run(name, address, steps=12)
    child = start(command(name, address, tmp_path / "b", "--steps", "12"))
    wait_for_steps(tmp_path / "b" / "r", random.randint(1, 8), child)
    child.kill()
    child.communicate(timeout=30)
    path = tmp_path / "b" / "r"
    if Folder(path).status() != "finished":
        assert Folder(path).status() in ("interrupted", "new")
        resume(Folder(path), quiet=True)
    assert not differences(final_state(through)["kept"], final_state(path)["kept"])


def test_ctrl_c_saves_and_says_how_to_go_on(name: str, address: str, tmp_path: Path) -> None:
    child = start(command(name, address, tmp_path, "--steps", "100000"))
    wait_for_steps(tmp_path / "r", 2, child)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "onward resume r" in said
    assert "Traceback" not in said
    assert Folder(tmp_path / "r").newest_checkpoint() is not None
    assert (tmp_path / "r" / "report.html").exists()


def test_ten_seconds_are_kept(name: str, address: str, tmp_path: Path) -> None:
    began = time.monotonic()
    child = start(command(name, address, tmp_path, "--time", "10s"))
    _, said = child.communicate(timeout=120)
    assert child.returncode == 0, said
    assert time.monotonic() - began < 13.0


def test_a_finished_run_can_be_given_more_time(name: str, address: str, tmp_path: Path) -> None:
    run = Folder(copied_run(name, address, tmp_path, steps=12))
    with pytest.raises(RunFault, match=r"--time \+10m"):
        resume(run, quiet=True)
    longer, _ = resume(run, "+8s", quiet=True)  # a slow machine spends seconds on sitting down
    assert longer.folder.status() == "finished"
    assert longer.steps_done > 9  # what came after the learning rate fell is done again


def test_other_data_are_not_taken_for_the_run_s_own(name: str, address: str, tmp_path: Path) -> None:
    run = trained(name, address, tmp_path / "runs", steps=1)
    place = Path(address)
    if place.is_dir():
        next(path for path in sorted(place.rglob("*")) if path.is_file()).unlink()
    else:
        place.write_text("\n".join(place.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DataFault, match="changed"):
        resume(Folder(run.path), "+1s", quiet=True)


def test_data_that_cannot_serve_are_a_fault_and_leave_no_run(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(DataFault):
            train(find_task(CASES[name].task), str(wrong), {}, steps=1, out=tmp_path / "runs", quiet=True)
    assert not (tmp_path / "runs").exists()


def test_the_command_line_speaks_in_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    from onward.cli import main

    with pytest.raises(SystemExit) as leaving:
        main(["train", CASES[name].task, str(tmp_path / "nothing")])
    assert leaving.value.code == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_json_is_one_document(
    capsys: pytest.CaptureFixture[str], name: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path / "runs"))
    run = copied_run(name, address, tmp_path / "runs")
    other = run.rename(run.with_name("other"))
    run = copied_run(name, address, tmp_path / "runs")
    wanted = {
        ("tasks",): {"tasks"},
        ("doctor", address): {"data", "findings"},
        ("runs",): {"runs"},
        ("status", run.name): {"run", "status", "scores"},
        ("evaluate", run.name): {"run", "task", "data", "scores"},
        ("compare", run.name, other.name): {"runs", "scores"},
    }
    for words, keys in wanted.items():
        program.main([*words, "--json"], standalone_mode=False)
        document = json.loads(capsys.readouterr().out)
        assert keys <= document.keys(), words
        for score in document["scores"] if words[0] == "evaluate" else ():
            assert set(score) == {"name", "value", "unit", "higher_is_better", "interval", "count", "baseline"}
