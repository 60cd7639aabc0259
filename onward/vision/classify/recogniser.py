"""A trained classifier at work: pictures in, a probability for each class out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.backbones import find_eyes
from onward.core.run import Run
from onward.parts.pixels import as_pixels
from onward.vision.classify.network import SeeingNetwork
from onward.vision.classify.transfer import TransferNetwork

__all__ = ["MIRRORED", "MOVED", "Recogniser", "build", "fitted_temperature", "logits_of"]

MIRRORED, MOVED = 2, 6  # views of a picture
_AT_ONCE = 64


@dataclass(frozen=True)
class Recogniser:
    """A trained network and what its answers mean.

    Attributes:
        network: B 3 H W in [-1, 1] to B classes logits; in evaluation mode.
        classes: the classes' names.
        size: side in pixels that pictures are read at.
        views: how many views of a picture an answer is the mean of (`logits_of`).
        temperature: logits are divided by it, so that 70 % means right seven times of ten (arXiv:1706.04599).
        run: where it was trained.
        beside: (name, accuracy) of simpler models on the validation part, kept for the report.
    """

    network: nn.Module
    classes: tuple[str, ...]
    size: int
    views: int
    temperature: float
    run: Run
    beside: tuple[tuple[str, float], ...] = ()

    def tell(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Tell each class's probability: N H W 3, uint8, to N classes."""
        logits = logits_of(self.network, images, self.views) / self.temperature
        return logits.softmax(dim=1).numpy()


def build(facts: dict[str, Any]) -> nn.Module:
    """Build the untrained network that `run.json` describes."""
    kinds = len(facts["classes"])
    if facts["kind"] == "transfer":
        return TransferNetwork(kinds, int(facts["side"]), find_eyes(str(facts.get("eyes", "lite0")), weights=False))
    return SeeingNetwork(kinds, int(facts["width"]), int(facts["size"]))


@torch.no_grad()
def logits_of(network: nn.Module, images: NDArray[np.uint8], views: int) -> Tensor:
    """Give N classes logits of N H W 3 pictures, each the mean over several views of the picture.

    Args:
        views: 1, as it is; `MIRRORED`, its mirror image too; `MOVED`, both of them also moved by a pixel up and left,
            and down and right, which count half (arXiv:2404.00498, section 3.5).
    """
    was_training = network.training
    network.eval()
    found: list[Tensor] = []
    for start in range(0, len(images), _AT_ONCE):
        pictures = as_pixels(images[start : start + _AT_ONCE])
        logits = _answers(network, pictures, views > 1)
        if views > 2:
            padded = nn.functional.pad(pictures, (1,) * 4, mode="reflect")
            moved = (padded[:, :, :-2, :-2], padded[:, :, 2:, 2:])
            logits = logits / 2 + sum(_answers(network, each, True) for each in moved) / 4
        found.append(logits)
    network.train(was_training)
    return torch.cat(found) if found else torch.zeros(0, 0)


def _answers(network: nn.Module, pictures: Tensor, mirrored: bool) -> Tensor:
    logits = network(pictures).float()
    return (logits + network(pictures.flip(3)).float()) / 2 if mirrored else logits


def fitted_temperature(logits: Tensor, labels: Sequence[int] | NDArray[np.int64]) -> float:
    """Find the temperature under which the given answers are likeliest, between 1/8 and 8.

    Args:
        logits: N classes, of pictures the network did not learn from.
        labels: N.
    """
    wanted = torch.as_tensor(np.asarray(labels))
    if not len(wanted):
        return 1.0
    candidates = torch.logspace(-3, 3, 97, base=2.0)
    losses = [float(nn.functional.cross_entropy(logits / each, wanted)) for each in candidates]
    return float(candidates[int(np.argmin(losses))])
