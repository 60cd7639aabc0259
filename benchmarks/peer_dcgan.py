"""The peer: the DCGAN that everyone starts from, written plainly from its published settings, at 32 or 64 pixels.

Settings (arXiv:1511.06434 and the tutorials after it): float32, batches of 64, binary cross-entropy with labels 1
and 0, Adam 2e-4 with betas (0.5, 0.999), 64 channels in both players, weights from N(0, 0.02), latent length 100. No
averaging, no augmentation, contiguous memory, no mixed precision: what a reader of the tutorial has.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.generation.gan.networks import TutorialDiscriminator, TutorialGenerator

__all__ = ["BATCH_SIZE", "play", "snapshots", "train"]

BATCH_SIZE = 64


def play(images: NDArray[np.uint8], seed: int) -> Iterator[TutorialGenerator]:
    """Train without end; gives the generator after every step.

    Args:
        images: N S S 3, uint8, S 32 or 64.
    """
    torch.manual_seed(seed)
    side = images.shape[1]
    generator, discriminator = TutorialGenerator(side, 64), TutorialDiscriminator(side, 64)
    players = (generator, discriminator)
    generator_adam, discriminator_adam = (
        torch.optim.Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999)) for player in players
    )
    ones, zeros = torch.ones(BATCH_SIZE), torch.zeros(BATCH_SIZE)
    for real in _batches(images):
        discriminator_adam.zero_grad()
        F.binary_cross_entropy_with_logits(discriminator(real), ones).backward()
        fake = generator(torch.randn(BATCH_SIZE, generator.latent_length))
        F.binary_cross_entropy_with_logits(discriminator(fake.detach()), zeros).backward()
        discriminator_adam.step()

        generator_adam.zero_grad()
        F.binary_cross_entropy_with_logits(discriminator(fake), ones).backward()
        generator_adam.step()
        yield generator


def snapshots(
    images: NDArray[np.uint8],
    minutes: Sequence[float],
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[tuple[float, int, TutorialGenerator]]:
    """Train up to the longest of `minutes`; at each gives the minutes, the steps done and a copy of the generator.

    The clock stands still while the caller has the snapshot, so measuring and other runs cost the peer nothing.
    """
    game, spent, steps = play(images, seed), 0.0, 0
    for mark in sorted(minutes):
        began = clock()
        generator = next(game)
        steps += 1
        while spent + clock() - began < 60 * mark:
            generator = next(game)
            steps += 1
        spent += clock() - began
        yield mark, steps, copy.deepcopy(generator)


def train(
    images: NDArray[np.uint8], minutes: Sequence[float], seed: int
) -> tuple[TutorialGenerator, dict[float, TutorialGenerator]]:
    """Train up to the longest of `minutes`; gives the last generator and the one at each."""
    found = {mark: generator for mark, _, generator in snapshots(images, minutes, seed)}
    return found[max(found)], found


def _batches(images: NDArray[np.uint8]) -> Iterator[Tensor]:
    """Shuffle each epoch and drop its incomplete last batch: B 3 S S in [-1, 1]."""
    if len(images) < BATCH_SIZE:
        raise ValueError(f"{len(images)} pictures are less than one batch of {BATCH_SIZE}.")
    pixels = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 127.5 - 1
    while True:
        order = torch.randperm(len(pixels))
        for start in range(0, len(order) - BATCH_SIZE + 1, BATCH_SIZE):
            yield pixels[order[start : start + BATCH_SIZE]]
