"""The verbs for Python, one to one: `onward.train(...)`, `onward.Run("last").apply(...)`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onward import eject as _eject
from onward.core.folder import Folder, find_run, list_runs
from onward.core.metrics import Score
from onward.core.task import Data
from onward.tasks import find_task
from onward.verbs import apply as _apply
from onward.verbs import doctor as _doctor
from onward.verbs import evaluate as _evaluate
from onward.verbs import export as _export
from onward.verbs import listing as _listing
from onward.verbs import resume as _resume
from onward.verbs import train as _train

__all__ = ["Run", "apply", "doctor", "runs", "train"]


class Run:
    """A run, by folder, name, unique prefix, `last` or `zoo:NAME`.

    Raises:
        RunFault: there is none, or more than one.
    """

    def __init__(self, word: str | Path) -> None:
        self.folder = find_run(str(word))

    def __repr__(self) -> str:
        """Give name and status."""
        return f"<onward run {self.folder.path.name}: {self.folder.status()}>"

    def _repr_html_(self) -> str:
        return self.report().read_text(encoding="utf-8")

    @property
    def path(self) -> Path:
        """Give the run's folder."""
        return self.folder.path

    @property
    def scores(self) -> list[Score]:
        """Give the scores measured at the end of training."""
        return _listing.scores_of(self.folder)

    def apply(self, *inputs: str | Path, out: str | Path | None = None, **options: Any) -> list[Path]:
        """Use what was learned; gives the files written."""
        return _apply.apply(self.folder, tuple(map(str, inputs)), options, Path(out) if out else None)

    def evaluate(self, address: str | None = None) -> list[Score]:
        """Measure it on its own data or on others."""
        return _evaluate.evaluate(self.folder, address)

    def resume(self, time: str | None = None) -> Run:
        """Go on, with more time for a finished run."""
        _resume.resume(self.folder, time)
        self.folder = Folder(self.folder.path)
        return self

    def report(self) -> Path:
        """Write `report.html` again; gives its path."""
        from onward.report import write_report

        return write_report(self.folder)

    def export(self, to: str = "onnx", out: str | Path | None = None) -> list[Path]:
        """Write the model in another format."""
        return _export.export(self.folder, to, Path(out) if out else None)

    def eject(self, out: str | Path | None = None) -> Path:
        """Write one readable script that repeats the run without this program; gives its path."""
        return _eject.eject(self.folder, find_task, Path(out) if out else None)[0][-1]


def train(  # noqa: PLR0913 - the flags of the command
    task: str,
    data: str | Path,
    *,
    time: str | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    out: str | Path | None = None,
    name: str | None = None,
    **settings: Any,
) -> Run:
    """Train a task on data; settings by name."""
    run, _ = _train.train(
        find_task(task),
        str(data),
        settings,
        duration=time,
        steps=steps,
        seed=seed,
        device=device,
        out=Path(out) if out else None,
        name=name,
    )
    return Run(run.path)


def apply(task: str, *inputs: str | Path, out: str | Path | None = None, **options: Any) -> list[Path]:
    """Use a task that needs no training; gives the files written."""
    return _apply.apply(_apply.named(task), tuple(map(str, inputs)), options, Path(out) if out else None)


def doctor(data: str | Path, kind: str | None = None) -> Data:
    """Read data and say what was found (`.findings()`)."""
    return _doctor.doctor(str(data), kind)[1]


def runs() -> list[Run]:
    """List the runs here, oldest first."""
    return [Run(folder.path) for folder in list_runs()]
