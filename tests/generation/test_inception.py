"""Inception's distance: there when its library and weights are, not otherwise; a file that runs code is refused."""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from onward.generation.gan.inception import find_inception, inception_features
from onward.generation.gan.scores import _inception_distance


class _Network(nn.Module):
    """Stands for the library's: opens its file as that does, and gives 2,048 features."""

    def __init__(self, name: str, features: list[str], feature_extractor_weights_path: str) -> None:
        super().__init__()
        assert features == ["2048"]
        self.weight = torch.load(feature_extractor_weights_path, weights_only=False)["weight"]

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        return (pictures.float().flatten(1) @ self.weight,)


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('the file was run')",)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = types.ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = _Network  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_fidelity", types.ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("ONWARD_INCEPTION", str(tmp_path / "weights.pth"))
    return tmp_path / "weights.pth"


def test_without_weights_there_is_none(weights: Path) -> None:
    assert find_inception() is None
    assert list(_inception_distance({})) == []


def test_with_weights_it_scores(weights: Path) -> None:
    torch.save({"weight": torch.randn(48, 2048)}, weights)
    network = find_inception()
    assert network is not None
    pictures = torch.randint(0, 256, (30, 3, 4, 4), dtype=torch.uint8)
    assert inception_features(network, pictures).shape == (30, 2048)
    (score,) = _inception_distance({"real": pictures, "drawn": pictures, "gaussian": pictures // 2})
    assert score.name == "FID (Inception, 30 samples)"
    assert abs(score.value) < 1e-3 * score.baseline.value


def test_a_file_that_would_run_code_is_not_opened(weights: Path) -> None:
    weights.write_bytes(pickle.dumps({"weight": _Harmful()}))
    assert find_inception() is None
