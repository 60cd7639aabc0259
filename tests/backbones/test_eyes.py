"""Eyes by name: what is asked for is built, what is not there gets a sentence."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

from onward.backbones import find_eyes
from onward.core.faults import MachineFault, UsageFault


def library(build: object) -> ModuleType:
    made = ModuleType("timm")
    made.list_models = lambda: ["tiny_eyes"]  # pyright: ignore[reportAttributeAccessIssue]
    made.create_model = build  # pyright: ignore[reportAttributeAccessIssue]
    return made


class Tiny(nn.Module):
    """What timm would build."""

    def __init__(self) -> None:
        super().__init__()
        self.pretrained_cfg = {"mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.mean(dim=(2, 3))


def test_named_eyes_get_the_pixels_they_were_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", library(lambda name, pretrained, num_classes: Tiny()))
    eyes = find_eyes("timm/tiny_eyes")
    assert eyes.features == 3
    assert torch.allclose(eyes.network(torch.ones(1, 3, 8, 8)), torch.full((1, 3), 2.0))  # (1 - 0.5) / 0.25


def test_weights_that_cannot_be_had_get_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(name: str, pretrained: bool, num_classes: int) -> nn.Module:
        raise OSError("no route to host")

    monkeypatch.setitem(sys.modules, "timm", library(offline))
    with pytest.raises(MachineFault, match="no route to host"):
        find_eyes("timm/tiny_eyes")


def test_a_wrong_name_gets_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", library(lambda name, pretrained, num_classes: Tiny()))
    with pytest.raises(UsageFault, match="Did you mean tiny_eyes"):
        find_eyes("timm/tiny_eye")
    with pytest.raises(UsageFault, match="Use lite0, timm/NAME or torchvision/NAME"):
        find_eyes("resnet18")


def test_a_library_that_is_not_there_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not installed
    with pytest.raises(MachineFault, match="pip install timm"):
        find_eyes("timm/tiny_eyes")
