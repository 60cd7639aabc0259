"""Shared parts against what they stand for."""

from __future__ import annotations

import pytest
import torch

from onward.parts.intervals import mean_interval, share_interval
from onward.parts.momentum import Group, Momentum


def test_our_momentum_is_torch_s() -> None:
    weights = [torch.randn(4, 3, requires_grad=True), torch.randn(5, requires_grad=True)]
    copies = [weight.detach().clone().requires_grad_() for weight in weights]
    ours = Momentum([Group([weights[0]], 1.0, 0.1), Group([weights[1]], 2.0, 0.0)], 0.01, 0.85)
    theirs = torch.optim.SGD(
        [{"params": [copies[0]], "weight_decay": 0.1}, {"params": [copies[1]], "lr": 0.02}],
        lr=0.01,
        momentum=0.85,
        nesterov=True,
    )
    for number in range(20):
        for descent, each in ((ours, weights), (theirs, copies)):
            descent.zero_grad()
            sum((weight - number).pow(2).sum() for weight in each).backward()  # type: ignore[union-attr]
            descent.step()
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(weights, copies, strict=True))


def test_intervals_hold_the_figure() -> None:
    low, high = share_interval(80, 100)
    assert low < 0.8 < high
    assert share_interval(0, 0) == (0.0, 1.0)
    assert share_interval(10, 10)[1] == pytest.approx(1.0)
    assert all(share_interval(count, count)[1] == 1.0 for count in range(1, 200))  # "1 loses to 1" was said once
    low, high = mean_interval(torch.arange(100.0).numpy())
    assert low < 49.5 < high
