"""The loss over a sample of the pieces has the mean, and the slope, of that over all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from onward.language import telling
from onward.language.memory_network import LanguageNetwork
from onward.language.telling import Telling


def test_a_sample_gives_what_all_give_on_average(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    size = 300
    chance = np.random.default_rng(0)
    numbers = (size * chance.random(20_000) ** 1.5).astype(np.int64)
    network = LanguageNetwork(size, width=8, depth=1)
    seen = torch.randn(10, 4, 8)
    then = torch.from_numpy(numbers[:40].reshape(10, 4))
    whole = F.cross_entropy(network.tell(seen).flatten(0, 1), then.flatten())
    (slope,) = torch.autograd.grad(whole, network.embedding.weight)
    monkeypatch.setattr(telling, "_ALL_BELOW", 100)
    monkeypatch.setattr(telling, "_DRAWN", 400)
    sampled = Telling(numbers, size)
    losses, slopes = [], torch.zeros_like(slope)
    for _ in range(300):
        loss = sampled(network, seen, then)
        (each,) = torch.autograd.grad(loss, network.embedding.weight)
        losses.append(loss.item())
        slopes += each / 300
    assert np.mean(losses) == pytest.approx(whole.item(), rel=0.02)
    assert F.cosine_similarity(slopes.flatten(), slope.flatten(), dim=0).item() > 0.97


def test_few_pieces_are_all_asked_for() -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(50, width=8, depth=1)
    seen, then = torch.randn(3, 2, 8), torch.randint(0, 50, (3, 2))
    whole = F.cross_entropy(network.tell(seen).flatten(0, 1), then.flatten())
    assert torch.equal(Telling(np.arange(50), 50)(network, seen, then), whole)
