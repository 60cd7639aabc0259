"""People by torchvision's keypoint network, named by the user; the library itself is not needed here."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

pytest.importorskip("av")

from onward.core.exhibits import Film
from onward.core.faults import MachineFault, UsageFault
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.vision.pose.people import PEOPLE, People

NAME = "torchvision/keypointrcnn_tiny"


class Tiny(nn.Module):
    """Finds somebody at the left and at the right, a doubtful one, and a dog."""

    def forward(self, pictures: list[Tensor]) -> list[dict[str, Tensor]]:
        assert all(float(each.min()) >= 0 and float(each.max()) <= 1 for each in pictures)
        return [self._told(each.shape[2]) for each in pictures]

    def _told(self, wide: int) -> dict[str, Tensor]:
        boxes = torch.tensor([[1.0, 2, 11, 40], [wide - 12.0, 2, wide - 2.0, 40], [5, 5, 9, 9], [5, 5, 9, 9]])
        middles = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        points = torch.cat([middles.repeat(1, 17, 1), torch.ones(4, 17, 1)], dim=2)
        return {
            "boxes": boxes,
            "labels": torch.tensor([1, 1, 1, 18]),
            "scores": torch.tensor([0.99, 0.9, 0.3, 0.95]),
            "keypoints": points,
            "keypoints_scores": torch.full((4, 17), 3.0),
        }


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a small torchvision in place of the real one; give what was downloaded."""
    downloaded: list[str] = []
    models: Any = ModuleType("torchvision.models")
    models.detection = None
    models.list_models = lambda module: ["keypointrcnn_tiny", "fasterrcnn_tiny"]

    def get_model(name: str, weights: str) -> Tiny:
        downloaded.append(name)
        return Tiny()

    models.get_model = get_model
    whole: Any = ModuleType("torchvision")
    whole.models = models
    monkeypatch.setitem(sys.modules, "torchvision", whole)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return downloaded


def test_everybody_in_pictures_and_films_is_found(tmp_path: Path, torchvision: list[str]) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), dtype=np.uint8)
    film = Film(frames, 12.0).write(tmp_path, "walk")
    Image.fromarray(frames[0]).save(tmp_path / "party.png")
    apply(find_task("pose"), (str(tmp_path / "party.png"), str(film)), {"people": NAME}, tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (1 + 6) * 2 * 17
    last = [row for row in rows if row["path"] == "walk.mp4#000005"]
    assert {row["subject"] for row in last} == {"1", "2"}
    assert {row["keypoint"] for row in last} == set(PEOPLE.names)
    assert {float(row["x"]) for row in last if row["subject"] == "1"} == {6.0}
    results = json.loads((tmp_path / "out" / "predictions.json").read_text(encoding="utf-8"))
    assert {each["category_name"] for each in results} == {"person"}
    assert (tmp_path / "out" / "found-walk.mp4").exists()
    assert torchvision == ["keypointrcnn_tiny"]


def test_left_and_right_change_in_a_mirror() -> None:
    assert [PEOPLE.names[place] for place in PEOPLE.mirrored[:3]] == ["nose", "right_eye", "left_eye"]
    assert len(PEOPLE.pairs) == 8


def test_without_a_run_and_without_a_name_nothing_is_downloaded(tmp_path: Path, torchvision: list[str]) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(UsageFault, match="--people torchvision/keypointrcnn_resnet50_fpn"):
        apply(find_task("pose"), (str(tmp_path / "a.png"),), {}, tmp_path / "out")
    with pytest.raises(UsageFault, match=r"called 'torchvision/keypointrcnn_tin'. Did you mean keypointrcnn_tiny"):
        People("torchvision/keypointrcnn_tin")
    with pytest.raises(UsageFault, match="Write torchvision/keypointrcnn_resnet50_fpn"):
        People("openpose")
    assert not torchvision


def test_a_missing_library_and_missing_weights_get_a_sentence(
    torchvision: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(name: str, weights: str) -> Any:
        raise OSError("no network")

    monkeypatch.setattr(sys.modules["torchvision.models"], "get_model", no_network)
    with pytest.raises(MachineFault, match="could not be downloaded"):
        People(NAME)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(MachineFault, match="pip install torchvision"):
        People(NAME)
