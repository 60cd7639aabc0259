"""How the eyes are tuned: whose labels a step is made of, and what of the network moves."""

from __future__ import annotations

import numpy as np
import torch

from onward.backbones import find_eyes
from onward.broad.semi.folders import NOBODY
from onward.broad.semi.network import SemiNetwork
from onward.broad.semi.tuning import Tuning, last_weights
from onward.parts.adam import Adam


def test_the_more_labels_the_more_of_a_step_is_theirs() -> None:
    images, nobody = np.zeros((4, 8, 8, 3), np.uint8), (np.zeros(0, np.int64), np.zeros(0, np.int64))
    shares = []
    for count in (40, 1000, 50_000):
        known = (np.zeros(count, np.int64), np.zeros(count, np.int64))
        shares.append(Tuning(SemiNetwork(find_eyes("lite0"), 32, 8, 2), images, known, nobody, seed=0)._labelled)
    assert shares == [8, 16, 24]


def test_tuning_learns_and_leaves_the_first_blocks_alone() -> None:
    chance = np.random.default_rng(0)
    labels = np.arange(16) % 2
    images = (labels[:, None, None, None] * 120 + chance.integers(0, 100, (16, 32, 32, 3))).astype(np.uint8)
    network = SemiNetwork(find_eyes("lite0"), 32, 8, 2).eval().requires_grad_(False)
    network.axes.copy_(torch.randn(1280, 8, generator=torch.Generator().manual_seed(0)))
    descent = Adam(last_weights(network), 0.0, (0.9, 0.999))
    first, places = network.eyes.stem.weight.clone(), np.arange(16)
    guesses = np.where(np.arange(16) < 8, labels, NOBODY)
    tuning = Tuning(network, images, (places[8:], labels[8:]), (places, guesses), seed=0)
    losses = [float(tuning.step(descent, number, number / 20)) for number in range(12)]
    assert losses[-1] < losses[0]
    assert torch.equal(network.eyes.stem.weight, first)
