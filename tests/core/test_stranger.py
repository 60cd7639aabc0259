"""A stranger's run may hold anything: what lists, shows and compares runs passes over it or says one sentence."""

from __future__ import annotations

import html
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from onward.core.budget import Budget
from onward.core.checkpoint import write_checkpoint
from onward.core.faults import DataFault, MachineFault, RunFault, UsageFault
from onward.core.files import remove_folder
from onward.core.folder import Folder, Lock, list_runs
from onward.core.metrics import Metrics, read_metrics
from onward.group import Group
from onward.progress import ProgressLine
from onward.report import compare_lines, write_report
from onward.tasks import device_for
from onward.verbs.listing import status_json, status_lines, stop
from onward.verbs.resume import resume
from onward.verbs.sitting import _listening

RECORD: dict[str, Any] = {
    "schema": 1, "task": "forest", "status": "finished", "created": 1.0, "seed": 0, "device": "cpu", "steps_done": 3,
    "budget": {"seconds": 10.0, "steps": None}, "elapsed_seconds": 9.0, "machine": {"device": "cpu", "threads": 1},
    "data": {"address": "t.csv", "fingerprint": "0", "findings": []},
}  # fmt: skip
SCORE = {
    "kind": "score", "step": 3, "seconds": 9.0, "progress": 1.0, "name": "accuracy", "value": 0.9, "unit": "",
    "higher_is_better": True, "interval": [0.85, 0.95], "count": 100, "baseline": {"name": "majority", "value": 0.5},
}  # fmt: skip


def lay(place: Path, facts: list[Any] | None = None, **record: Any) -> Path:
    run = place / "run"
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps(RECORD | record))
    (run / "settings.json").write_text(json.dumps({"target": {"value": "kind", "from": "flag"}}))
    lines = [fact if isinstance(fact, str) else json.dumps(fact) for fact in (facts or [])]
    (run / "metrics.jsonl").write_text("\n".join([*lines, json.dumps(SCORE)]) + "\n")
    return run


HOSTILE: dict[str, dict[str, Any]] = {
    "created in words": {"created": "yesterday"},
    "created never": {"created": float("nan")},
    "a status that is a list": {"status": ["finished"]},
    "seconds in words": {"elapsed_seconds": "many"},
    "seconds without end": {"elapsed_seconds": float("inf")},
    "a seed below nothing": {"seed": -1},
    "a seed without end": {"seed": 10**400},
    "steps of nothing": {"steps_done": None},
    "a budget in words": {"budget": {"seconds": "10", "steps": None}},
    "a budget without end": {"budget": {"seconds": 10**400, "steps": None}},
    "data without an address": {"data": {"fingerprint": "0"}},
    "data at a number": {"data": {"address": 3, "fingerprint": "0"}},
    "a machine that is a word": {"machine": "fast"},
    "threads in words": {"machine": {"threads": "all"}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_record_with(name: str, tmp_path: Path) -> None:
    run = lay(tmp_path, **HOSTILE[name])
    with pytest.raises(RunFault, match="no record of a run"):
        Folder(run)
    assert list_runs(tmp_path) == []


def test_half_a_character_in_a_report_becomes_a_question_mark(tmp_path: Path) -> None:
    run = lay(tmp_path, data={"address": "half of \ud800 one", "fingerprint": "0", "findings": []})
    assert "half of ? one" in write_report(Folder(run)).read_text(encoding="utf-8")


def test_words_of_a_report_are_safe_to_paste(tmp_path: Path) -> None:
    run = lay(tmp_path, data={"address": "my photos/; rm -rf ~", "fingerprint": "0", "findings": []})
    page = html.unescape(write_report(Folder(run)).read_text(encoding="utf-8"))
    assert "onward train forest 'my photos/; rm -rf ~' --steps 3 --seed 0" in page


def test_runs_of_other_tasks_are_not_compared_as_if_they_were_one(tmp_path: Path) -> None:
    one = status_json(Folder(lay(tmp_path)))
    score = one["scores"][0]
    better = one | {"run": "b", "scores": [score | {"value": 0.99, "interval": [0.98, 1.0]}]}
    assert compare_lines(one, better)[0].endswith(": b")
    assert "other data (t.csv, u.csv)" in compare_lines(one, better | {"data": "u.csv"})[0]
    assert compare_lines(one, better | {"data": "u.csv"})[1].endswith(": b")
    assert compare_lines(one, better | {"data": "./t.csv"})[0].endswith(": b")
    assert compare_lines(one, better | {"task": "svm"})[1].endswith("cannot be told apart")


def test_a_sentence_that_quotes_much_is_cut_in_the_middle() -> None:
    said = str(RunFault(f"It holds {'a' * 9000}. Train it anew."))
    assert len(said) < 1400
    assert said.startswith("It holds aaa")
    assert said.endswith("aaa. Train it anew.")
    short = "It holds nothing. " * 70
    assert str(RunFault(short)) == short


FACTS: dict[str, Any] = {
    "a list": [1, 2],
    "nothing": None,
    "no kind": {"step": 1},
    "a kind that is a list": {"kind": []},
    "a score without a name": {key: value for key, value in SCORE.items() if key != "name"},
    "a score whose name is a list": SCORE | {"name": []},
    "a score that is no number": SCORE | {"name": "b", "value": None},
    "a score in words": SCORE | {"name": "b", "value": "high"},
    "a score of one bound": SCORE | {"name": "b", "interval": [0.5]},
    "a score of no baseline": SCORE | {"name": "b", "baseline": "none"},
    "progress in words": {"kind": "log", "step": 1, "seconds": 1.0, "progress": "half"},
    "seconds without end": '{"kind": "log", "step": 1, "seconds": Infinity, "progress": 0.5}',
    "a note without a sentence": {"kind": "note", "step": 1, "seconds": 1.0, "progress": 0.5},
    "a file that is a list": {"kind": "show", "step": 1, "seconds": 1.0, "progress": 0.5, "file": ["a"]},
    "depth": "[" * 100_000,
}


@pytest.mark.parametrize("name", FACTS)
def test_a_line_of_metrics_that_holds(name: str, tmp_path: Path) -> None:
    folder = Folder(lay(tmp_path, [FACTS[name]]))
    assert list(read_metrics(folder.path / "metrics.jsonl")) == [SCORE]
    assert "accuracy" in status_lines(folder)[2]
    assert "accuracy" in compare_lines(status_json(folder), status_json(folder))[0]


def test_the_page_is_made_whatever_figures_and_files_hold(tmp_path: Path) -> None:
    moment = {"seconds": 1.0, "progress": 0.5}
    values = [1.0, "a", None, [], 10**400, 1e308, -1e308, True]
    facts: list[Any] = [{"kind": "log", "step": n, **moment, "loss": value} for n, value in enumerate(values)]
    files = ("a\0b.png", "b.csv", "c.png", "../run.json", "d.txt", "e" * 5000)
    facts += [{"kind": "exhibit", "step": 3, **moment, "file": file, "caption": ["x"]} for file in files]
    run = lay(tmp_path, facts)
    (run / "b.csv").write_bytes(b'a,"\0\xff\n')
    (run / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(70_000))
    (run / "d.txt").write_text("words of a text")
    assert "words of a text" in write_report(Folder(run)).read_text(encoding="utf-8")


def test_a_checkpoint_of_a_strange_name_is_none(tmp_path: Path) -> None:
    run = lay(tmp_path)
    for name in ("step-", "step-abc", "step-\u0663x", "step-" + "9" * 30, "step-00000002", "step-00000010"):
        (run / "checkpoints" / name).mkdir(parents=True)
    newest = Folder(run).newest_checkpoint()
    assert newest is not None
    assert newest.name == "step-00000010"
    Folder(run).forget_after(2)
    assert Folder(run).newest_checkpoint() == run / "checkpoints" / "step-00000002"


def test_half_a_folder_never_stands_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lay(tmp_path)
    for number in (1, 2):
        write_checkpoint(run / "checkpoints" / f"step-0000000{number}", {"a": number})

    def killed(path: Path, **more: Any) -> None:
        next(Path(path).iterdir()).unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            Folder(run).forget_after(1)
    assert Folder(run).newest_checkpoint() == run / "checkpoints" / "step-00000001"
    remove_folder(run / "checkpoints" / "nowhere")


def test_a_full_disk_keeps_no_half_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lay(tmp_path)

    def full(*words: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(MachineFault, match="Make room"):
            write_checkpoint(run / "checkpoints" / "step-00000001", {"a": 1})
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            Folder(run).update(status="running")
    assert list((run / "checkpoints").iterdir()) == []
    assert {path.name for path in run.iterdir()} == {"checkpoints", "run.json", "settings.json", "metrics.jsonl"}


def test_a_lock_is_looked_at_where_nothing_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lay(tmp_path)
    with Lock(run):
        pass
    was, looked_at = os.open, []

    def only_to_read(path: Any, flags: int, *words: Any, **more: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system")
        looked_at.append(Path(path).name)
        return was(path, flags, *words, **more)

    monkeypatch.setattr(os, "open", only_to_read)
    assert not Lock.is_held(run)
    assert looked_at == ["lock"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among the files of this system")
@pytest.mark.parametrize("name", ["lock", "metrics.jsonl"])
def test_a_link_or_pipe_in_place_of_a_file_is_not_written_to(name: str, tmp_path: Path) -> None:
    run, thesis = lay(tmp_path), tmp_path / "thesis.tex"
    thesis.write_text("Years of work")
    for lay_trap in (lambda path: path.symlink_to(thesis), os.mkfifo, Path.mkdir):
        (run / name).unlink(missing_ok=True)
        lay_trap(run / name)
        with pytest.raises(RunFault, match=f"{name} is no plain file"):
            Lock(run).__enter__() if name == "lock" else Metrics(run / name).append("note", sentence="x")
        if name == "lock":
            assert not Lock.is_held(run)
        else:
            with pytest.raises(RunFault, match="no plain file"):
                Folder(run).forget_after(1)
    assert thesis.read_text() == "Years of work"


@pytest.mark.parametrize("name", ["checkpoints", "samples", "samples/samples-000050.png", "report.html", "export"])
def test_a_run_with_a_link_in_it_is_not_worked_in(name: str, tmp_path: Path) -> None:
    run, home = lay(tmp_path), tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).symlink_to(home)
    with pytest.raises(RunFault, match=f"{name} is a link"), Lock(run):
        Folder(run).prune_checkpoints(1)
    assert not Lock.is_held(run)
    assert (home / ".ssh").is_dir()
    assert not list((home / ".ssh").iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among the files of this system")
def test_a_pipe_in_place_of_a_file_is_not_waited_at(tmp_path: Path) -> None:
    run = lay(tmp_path)
    for name in ("metrics.jsonl", "settings.json"):
        (run / name).unlink()
        os.mkfifo(run / name)
    assert list(read_metrics(run / "metrics.jsonl")) == []
    with pytest.raises(RunFault, match="cannot be read"):
        _ = Folder(run).settings
    (run / "run.json").unlink()
    os.mkfifo(run / "run.json")
    silent = os.open(run / "run.json", os.O_RDWR)  # somebody who could write, and does not
    try:
        with pytest.raises(RunFault, match="cannot be read"):
            Folder(run)
    finally:
        os.close(silent)


def test_a_run_that_cannot_be_worked_in_is_given_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lay(tmp_path)
    (run / "samples").symlink_to(tmp_path)
    before = (run / "run.json").read_bytes()
    with pytest.raises(RunFault, match="samples is a link"):
        resume(Folder(run), "+10m", quiet=True)
    assert (run / "run.json").read_bytes() == before
    (run / "samples").unlink()
    monkeypatch.setattr("onward.verbs.resume.read_data", lambda *_: SimpleNamespace(fingerprint="another"))
    with pytest.raises(DataFault, match="its content changed"):
        resume(Folder(run), "+10m", quiet=True)
    assert (run / "run.json").read_bytes() == before


def test_a_wish_to_stop_counts_where_nobody_reads_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `onward train … 2>&1 | tee log`, where the same Ctrl-C ends the reader first."""

    def gone(*words: Any, **more: Any) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("onward.verbs.sitting.click.echo", gone)
    run: Any = SimpleNamespace(stop_requested=False, group=Group(), name="r")
    with _listening(run):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert run.stop_requested
    line = ProgressLine()
    line._terminal = False
    monkeypatch.setattr("onward.progress.click.echo", gone)
    line(SimpleNamespace(**vars(run), steps_done=3, progress=0.1, seconds=1.0, latest={}, budget=Budget(None, 9)))


def test_a_name_that_is_no_unicode_is_written_and_read(tmp_path: Path) -> None:
    run, name = lay(tmp_path), os.fsdecode(b"K\xe4se")  # as an old disk calls it
    Folder(run).update(data={"address": name, "fingerprint": "0", "findings": []})
    assert Folder(run).record["data"]["address"] == name
    Metrics(run / "metrics.jsonl").append("note", sentence=f"{name} was read; Käse, too")
    assert [fact["sentence"] for fact in read_metrics(run / "metrics.jsonl", "note")] == [f"{name} was read; Käse, too"]


def test_a_wish_to_stop_goes_through_no_link(tmp_path: Path) -> None:
    run = lay(tmp_path)
    with Lock(run):
        (run / "stop").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(RunFault, match="no plain file"):
            stop(Folder(run))
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_written_aside_goes_through_no_link(tmp_path: Path) -> None:
    run, thesis = lay(tmp_path), tmp_path / "thesis.tex"
    thesis.write_text("Years of work")
    for name in (f".run.json.{os.getpid()}", ".metrics.jsonl", f".metrics.jsonl.{os.getpid()}"):
        (run / name).symlink_to(thesis)
    Folder(run).update(status="stopped")
    Folder(run).forget_after(1)
    assert Folder(run).record["status"] == "stopped"
    assert list(read_metrics(run / "metrics.jsonl")) == []
    assert thesis.read_text() == "Years of work"


def test_a_torn_last_line_swallows_no_other(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for before, lines in (("", 1), ('{"kind": "n', 2), ('{"kind": "n"}\n', 2)):
        path.write_text(before)
        Metrics(path).append("note", sentence="x", step=1)
        assert path.read_text().count("\n") == lines
        assert [fact["sentence"] for fact in read_metrics(path, "note")] == ["x"]


def test_a_device_that_a_task_does_not_use_is_refused() -> None:
    for name, wanted in (("gan", "cuda"), ("forest", "mps"), ("translate", "cuda:1")):
        with pytest.raises(UsageFault, match="learns on the processor alone"):
            device_for(name, wanted)
    assert [device_for(name, "auto") for name in ("gan", "detect", "somebody's own")] == ["cpu", "auto", "auto"]
    assert device_for("motion", "cuda:1") == "cuda:1"
