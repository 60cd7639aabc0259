"""A kill in evaluation or report, which come after the last step, and what the disk or memory refuses to readers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from onward.core.faults import DataFault, MachineFault, RunFault
from onward.core.folder import Folder, new_folder
from onward.core.metrics import read_metrics
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs import sitting
from onward.verbs.loading import read_data
from onward.verbs.resume import resume
from onward.verbs.train import train


class Killed(BaseException):
    """As a SIGKILL, nothing catches it."""


def test_what_was_measured_before_a_kill_is_measured_once(
    tmp_path: Path, small_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Folder) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(sitting, "_write_report", killed)
        with pytest.raises(Killed):
            train(find_task("forest"), str(small_table), {}, steps=2, out=tmp_path / "runs", name="r", quiet=True)
    folder = Folder(tmp_path / "runs" / "r")
    assert folder.record["status"] == "running", "a run without a report is not finished"
    resume(folder, quiet=True)
    assert Folder(folder.path).status() == "finished"
    assert (folder.path / "report.html").exists()
    facts = list(read_metrics(folder.path / "metrics.jsonl"))
    assert set(Counter(fact["name"] for fact in facts if fact["kind"] == "score").values()) == {1}
    files = Counter(fact["file"] for fact in facts if fact["kind"] == "exhibit")
    assert set(files.values()) == {1}


def test_a_folder_from_before_there_was_a_run_is_not_to_be_resumed(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "settings.json").write_text("{}")
    with pytest.raises(RunFault, match="remove it: it is no run"):
        new_folder("forest", "t.csv", tmp_path, "r")


@pytest.mark.parametrize(
    ("reason", "kind"), [(OSError(5, "Input/output error"), DataFault), (MemoryError(), MachineFault)]
)
def test_what_disk_and_memory_refuse_is_a_sentence_in_every_verb(reason: Exception, kind: type) -> None:
    class Broken:
        def read(self, source: Source, settings: Any) -> Any:
            raise reason

    task: Any = Broken()
    with pytest.raises(kind, match=r"a\.csv"):
        read_data(task, Source(("a.csv",)), None)
