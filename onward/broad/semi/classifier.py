"""A trained classifier at work: pictures in, a probability for each class out."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.backbones import find_eyes
from onward.broad.semi.network import SemiNetwork, WideNetwork
from onward.core.run import Run
from onward.parts.pixels import as_pixels

__all__ = ["Classifier", "build", "classifier_of", "fitted_temperature"]

_AT_ONCE = 32


@dataclass(frozen=True)
class Classifier:
    """A trained network and what its answers mean.

    Attributes:
        network: B 3 H W in [-1, 1] to B K logits; in evaluation mode.
        classes: the classes' names.
        size: side in pixels that pictures are read at.
        temperature: logits are divided by it, so that 70 % means right seven times of ten (arXiv:1706.04599).
        alone: the same eyes untuned, with the head that learned from labels alone; None where there are none.
        is_tuned: whether the network's eyes are not those of `alone`.
        facts: what the run says of itself: the way that was kept, cross-validation's figures.
        run: where it was trained.
    """

    network: SemiNetwork | WideNetwork
    classes: tuple[str, ...]
    size: int
    temperature: float
    alone: SemiNetwork | None
    is_tuned: bool
    facts: dict[str, Any]
    run: Run

    @torch.no_grad()
    def look(self, images: NDArray[np.uint8]) -> Tensor:
        """Give N F features, of both sides of each picture: N H W 3, uint8."""
        return _looked(self.network, images)

    @torch.no_grad()
    def judge(self, features: Tensor) -> NDArray[np.float32]:
        """Tell each class's probability: N F to N K."""
        if not len(features):
            return np.zeros((0, len(self.classes)), np.float32)
        return (self.network.judged(features) / self.temperature).softmax(dim=1).numpy()

    @torch.no_grad()
    def judge_from_labels_alone(self, images: NDArray[np.uint8], features: Tensor) -> NDArray[np.int64] | None:
        """Tell what the head that learned from labels alone says: N class numbers.

        Args:
            images: N H W 3, uint8; looked at anew where the eyes were tuned.
            features: what `look` gives for them.
        """
        if self.alone is None:
            return None
        seen = _looked(self.alone, images) if self.is_tuned else features
        return self.alone.judged(seen).argmax(dim=1).numpy()


def _looked(network: SemiNetwork | WideNetwork, images: NDArray[np.uint8]) -> Tensor:
    starts = range(0, len(images), _AT_ONCE)
    parts = [network.both_sides(as_pixels(images[start : start + _AT_ONCE])) for start in starts]
    return torch.cat(parts) if parts else torch.zeros(0, 1)


def classifier_of(network: SemiNetwork, found: dict[str, Any], facts: dict[str, Any], run: Run) -> Classifier:
    """Put a network and what was found out in training together."""
    weight, bias = found["supervised"]["weight"], found["supervised"]["bias"]
    alone, is_tuned = copy(network), bool(facts.get("tuned", False))
    alone._modules = dict(network._modules)
    head = nn.Linear(weight.shape[1], weight.shape[0])
    head.load_state_dict({"weight": weight, "bias": bias})
    alone.head = head
    if is_tuned:
        eyes: Any = find_eyes(str(facts["eyes"])).network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        alone.eyes = eyes.eval()
    network = network.eval().requires_grad_(False)
    classes, size = tuple(map(str, facts["classes"])), int(facts["size"])
    return Classifier(
        network, classes, size, float(found["temperature"]), alone.requires_grad_(False), is_tuned, facts, run
    )


def build(facts: dict[str, Any]) -> nn.Module:
    """Build the untrained network that `run.json` describes."""
    kinds = len(facts["classes"])
    if facts["kind"] == "eyes":
        eyes = find_eyes(str(facts["eyes"]), weights=False)
        return SemiNetwork(eyes, int(facts["side"]), int(facts["dimensions"]), kinds)
    return WideNetwork(kinds, int(facts["width"]), int(facts["size"]))


def fitted_temperature(logits: Tensor, labels: NDArray[np.int64]) -> float:
    """Find the temperature under which the given answers are likeliest, between 1/32 and 4.

    Args:
        logits: N K, of pictures the head did not learn from.
        labels: N.
    """
    if not len(labels):
        return 1.0
    wanted = torch.from_numpy(np.asarray(labels))
    candidates = torch.logspace(-5, 2, 113, base=2.0)
    losses = [float(nn.functional.cross_entropy(logits / each, wanted)) for each in candidates]
    return float(candidates[int(np.argmin(losses))])
