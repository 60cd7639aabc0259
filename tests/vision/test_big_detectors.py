"""torchvision's detectors by name: told and asked like our own; the library itself is not needed here."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from onward.core.faults import MachineFault, RunFault, UsageFault
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.export import export
from onward.verbs.train import train
from onward.vision.detect.big import BigDetector

NAME = "torchvision/tiny_rcnn"


class Tiny(nn.Module):
    """What torchvision would build: it finds one box, as large as the mean light says."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.body = nn.BatchNorm2d(3)
        self.score = nn.Linear(3, num_classes)

    def forward(self, pictures: list[Tensor], targets: list[dict[str, Tensor]] | None = None) -> Any:
        logits = self.score(self.body(torch.stack(pictures)).mean(dim=(2, 3)))
        if targets is not None:
            wanted = torch.stack([each["labels"][0] if len(each["labels"]) else torch.tensor(0) for each in targets])
            return {"loss_score": nn.functional.cross_entropy(logits, wanted), "loss_box": logits.square().mean()}
        best = logits.softmax(dim=1)[:, 1:].max(dim=1)
        box = torch.tensor([[4.0, 4.0, 30.0, 30.0]])
        return [
            {"boxes": box, "labels": label[None] + 1, "scores": score[None]}
            for score, label in zip(best.values, best.indices, strict=True)
        ]


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a small torchvision in place of the real one; give what was downloaded."""
    downloaded: list[str] = []
    models: Any = ModuleType("torchvision.models")
    models.detection = None
    models.list_models = lambda module: ["tiny_rcnn"]
    models.get_model = lambda name, weights, weights_backbone, num_classes: Tiny(num_classes)

    def learned(progress: bool) -> dict[str, Tensor]:
        downloaded.append(NAME)
        return {"body.weight": torch.full((3,), 7.0), "score.weight": torch.zeros(91, 3)}

    models.get_model_weights = lambda name: SimpleNamespace(DEFAULT=SimpleNamespace(get_state_dict=learned))
    whole: Any = ModuleType("torchvision")
    whole.models = models
    monkeypatch.setitem(sys.modules, "torchvision", whole)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return downloaded


def test_what_fits_is_taken_over_and_statistics_stay(torchvision: list[str]) -> None:
    network = BigDetector(NAME, 2, weights=True)
    assert torchvision == [NAME]
    assert (network.network.body.weight == 7).all()
    assert network.network.score.out_features == 3
    assert not network.train().network.body.training


def test_it_trains_applies_and_loads_without_a_download(
    boxed_folder: Path, tmp_path: Path, torchvision: list[str]
) -> None:
    settings = {"backbone": NAME, "size": "64", "batch_size": "8"}
    run, scores = train(find_task("detect"), str(boxed_folder), settings, steps=3, out=tmp_path / "runs", quiet=True)
    assert scores
    apply(run.folder, (str(boxed_folder),), {}, tmp_path / "out")
    assert (tmp_path / "out" / "predictions.csv").exists()
    assert torchvision == [NAME], "once, for training"
    with pytest.raises(RunFault, match="cannot be exported"):
        export(run.folder)


def test_wrong_names_and_missing_libraries_get_a_sentence(
    torchvision: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageFault, match="Did you mean tiny_rcnn"):
        BigDetector("torchvision/tiny_rcn", 2, weights=True)
    with pytest.raises(UsageFault, match="Use lite0, none, or torchvision/NAME"):
        BigDetector("resnet", 2, weights=True)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MachineFault, match="pip install torchvision"):
        BigDetector(NAME, 2, weights=True)
