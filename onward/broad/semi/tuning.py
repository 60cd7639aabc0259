"""Tuning: the last blocks of the eyes learn too, from labels and from what the kept way says of the pool.

The head that was kept is the teacher; its guesses stand still. The student sees a weak view of each labelled picture
and a strong view of each one of the pool (noisy student, arXiv:1911.04252, section 2, with FixMatch's views). Some
labels are hidden from both, and the student is kept only if it knows more of them than the teacher does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.broad.semi.augmenting import strong_view, weak_view
from onward.broad.semi.folders import NOBODY
from onward.broad.semi.linear import Floats
from onward.broad.semi.network import SemiNetwork
from onward.parts.adam import Adam
from onward.parts.pixels import as_pixels
from onward.parts.schedules import triangle

__all__ = ["Tuning", "last_weights", "right_of", "state_of", "sure_guesses"]

_RATE = 2e-4
_BATCH, _FEWEST, _MOST_LABELLED = 32, 8, 24  # pictures a step; how many of them have a label
_LABELS_FOR_HALF = 1000
_TRAINED_SHARE = 0.35  # of the eyes' tensors, the last ones
_USED_SHARE = 0.8  # of the guesses for each class, the surest ones
_AT_ONCE = 32


def sure_guesses(told: Floats) -> NDArray[np.int64]:
    """Give the class guessed for each picture, `NOBODY` for the least sure of each class: N K to N.

    Example:
        >>> sure_guesses(np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.55, 0.45]], np.float32)).tolist()
        [0, 0, 0, 0, -1]
    """
    named, sure = told.argmax(axis=1), told.max(axis=1)
    for kind in np.unique(named):
        rows = np.flatnonzero(named == kind)
        order = rows[np.argsort(-sure[rows], kind="stable")]
        named[order[max(1, round(_USED_SHARE * len(rows))) :]] = NOBODY
    return named


class Tuning:
    """Trains the last blocks of a network and its head.

    Args:
        images: N H W 3, of all pictures.
        known: (places, labels) of labelled pictures to learn from.
        guessed: (places, guesses) of the pool; those of `NOBODY` are not used.
        seed: what is drawn depends on it and on the step alone, so that a resumed run draws the same.
    """

    def __init__(
        self,
        network: SemiNetwork,
        images: NDArray[np.uint8],
        known: tuple[NDArray[np.int64], NDArray[np.int64]],
        guessed: tuple[NDArray[np.int64], NDArray[np.int64]],
        seed: int,
    ) -> None:
        self._network, self._images, self._seed, self._known = network, images, seed, known
        used = guessed[1] != NOBODY
        self._guessed = (guessed[0][used], guessed[1][used])
        # guesses are worth less beside many labels, which are right
        share = len(known[0]) / (len(known[0]) + _LABELS_FOR_HALF)
        self._labelled = min(max(round(_BATCH * share), _FEWEST), _MOST_LABELLED)

    def step(self, descent: Adam, number: int, phase: float) -> Tensor:
        """Learn from a few labelled pictures and some of the pool; give the loss.

        Args:
            phase: how much of the time for tuning is spent, 0 to 1.
        """
        descent.learning_rate = _RATE * triangle(phase, peak=0.1, start=0.05, end=0.0)
        from_labels = self._loss(self._known, self._labelled, (number, 0), weak_view)
        from_pool = self._loss(self._guessed, _BATCH - self._labelled, (number, 1), strong_view)
        loss = from_labels + min(1.0, _BATCH / self._labelled - 1) * from_pool
        descent.zero_grad()
        loss.backward()
        descent.step()
        return loss.detach()

    def _loss(
        self,
        pictures: tuple[NDArray[np.int64], NDArray[np.int64]],
        count: int,
        lot: tuple[int, int],
        view: Callable[[Tensor, int], Tensor],
    ) -> Tensor:
        places, labels = pictures
        chance = np.random.default_rng([self._seed, *lot])
        rows, seeds = chance.integers(0, len(places), count), chance.integers(0, 2**31, count)
        seen = as_pixels(self._images[places[rows]])
        views = torch.stack([view(one, int(seed)) for one, seed in zip(seen, seeds, strict=True)])
        return F.cross_entropy(self._network(views).float(), torch.from_numpy(labels[rows]), label_smoothing=0.1)


def last_weights(network: SemiNetwork) -> list[nn.Parameter]:
    """Give the weights that are tuned: of the last blocks of the eyes, and the head's; all others stand still."""
    eyes = list(network.eyes.parameters())
    tuned = [*eyes[round((1 - _TRAINED_SHARE) * len(eyes)) :], *network.head.parameters()]
    for weight in tuned:
        weight.requires_grad_(True)
    return tuned


@torch.no_grad()
def right_of(network: SemiNetwork, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[int, Tensor]:
    """Count how many pictures a network knows, seen from both sides; and give its logits."""
    parts = [
        network.answers(as_pixels(images[start : start + _AT_ONCE])).float()
        for start in range(0, len(images), _AT_ONCE)
    ]
    logits = torch.cat(parts)
    return int((logits.argmax(dim=1) == torch.from_numpy(labels)).sum()), logits


def state_of(layer: nn.Linear) -> dict[str, Any]:
    """Take a copy of a head."""
    return {"weight": layer.weight.detach().clone(), "bias": layer.bias.detach().clone()}
