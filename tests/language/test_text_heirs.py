"""A classifier of texts that begins from a language model: what it takes over, goes on with, and exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from onward.core.faults import Stopped
from onward.core.folder import Folder, list_runs
from onward.core.run import Run
from onward.language.memory_network import restored
from onward.language.text_classify.using import load
from onward.tasks import find_task
from onward.verbs.export import export
from onward.verbs.resume import resume
from onward.verbs.train import train
from tests.language.test_text_classify import trained


def language_run(place: Path, cell: str) -> Path:
    """Train a small language model on words of reviews."""
    text = place.with_suffix(".txt")
    text.write_text("the film has a lovely plot and the music is dull .\n" * 60, encoding="utf-8")
    words = {"width": "12", "cell": cell, "level": "words", "batch_size": "2", "stretch": "8"}
    run, _ = train(find_task("language-model"), str(text), words, steps=3, out=place, quiet=True)
    return run.path


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_it_begins_from_a_language_model(labelled_texts: Path, tmp_path: Path, cell: str) -> None:
    language = language_run(tmp_path / "book", cell)
    run, _ = trained(labelled_texts, tmp_path / "runs", 12, from_run=str(language))
    facts = run.folder.record["text_classify"]
    assert (facts["cell"], facts["width"], facts["depth"]) == (cell, 12, 2)
    team = load(run).team
    assert team is not None
    known, _ = restored(Run(Folder(language)))
    begun, now = known.embedding.weight, team.averages[0].network.reader.language.embedding.weight  # type: ignore[union-attr]
    assert 0 < (begun - now).abs().max().item() < 0.1  # type: ignore[operator]  # it moved, and not far
    assert (run.path / "tokenizer.json").read_bytes() == (language / "tokenizer.json").read_bytes()


def test_an_heir_that_goes_on_stays_one(labelled_texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`last` is the run before, also once its own folder is there; and what is known already is learned gently."""
    runs = tmp_path / "runs"
    language = language_run(runs, "mingru")
    taken: list[float] = []
    was = Run._between_steps

    def now(run: Run) -> None:
        run.stop_requested = run.steps_done == 6
        was(run)

    def learned(run: Run, team: Any, member: int, *rest: Any) -> torch.Tensor:
        taken.append(team.descents[member].learning_rate)
        return torch.zeros(())

    monkeypatch.setattr("onward.language.text_classify.training._learned", learned)
    through, _ = trained(labelled_texts, runs, 12, from_run="last")
    assert through.folder.record["text_classify"]["begun_from"] == str(language.resolve())
    rates, taken[:] = list(taken), []
    monkeypatch.setattr(Run, "_between_steps", now)
    monkeypatch.setattr("onward.language.text_classify.training._learned", lambda *rest: torch.zeros(()))
    with pytest.raises(Stopped):
        trained(labelled_texts, runs, 12, from_run=str(language))
    monkeypatch.setattr("onward.language.text_classify.training._learned", learned)
    monkeypatch.setattr(Run, "_between_steps", was)
    resume(list_runs()[-1], quiet=True)
    assert taken == pytest.approx(rates[-len(taken) :])


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_export_of_a_language_model_s_heir(labelled_texts: Path, tmp_path: Path, cell: str) -> None:
    pytest.importorskip("onnxscript")
    language = language_run(tmp_path / "book", cell)
    run, _ = trained(labelled_texts, tmp_path / "runs", 3, from_run=str(language))
    names = {path.name for path in export(run.folder, out=tmp_path / "export")}
    assert names == {"features.json", "weights.safetensors", "classes.json", "tokenizer.json", "networks.onnx"}
