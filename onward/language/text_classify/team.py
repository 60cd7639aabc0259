"""Networks that learn the same texts from different beginnings, and whose answers are averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from onward.language.memory_network import LanguageNetwork
from onward.language.text_classify.network import OneWay, TextNetwork, TwoWays
from onward.language.text_classify.writing import numbered, padded
from onward.language.tokenizer import Characters, Pieces, Words
from onward.parts.adam import Adam
from onward.parts.averaging import Average

__all__ = ["Team", "new_network"]

_AT_ONCE = 128
_DEEPER = 1 / 2.6  # how much slower the layer below learns (ULMFiT, arXiv:1801.06146, section 3.2)
_BETAS = (0.9, 0.99)


class Team:
    """Some networks with their averages and their descents, as one thing to be kept.

    Args:
        make: makes a network.
        tokenizer: what texts are written with.
        longest: pieces of a text that are read.
    """

    def __init__(
        self,
        make: Callable[[], TextNetwork],
        members: int,
        tokenizer: Pieces | Characters | Words,
        longest: int,
        learning_rate: float = 0.0,
    ) -> None:
        self.tokenizer, self.longest = tokenizer, longest
        self.networks = [make() for _ in range(members)]
        self.averages: list[Average[TextNetwork]] = [Average(network, 1 << 30) for network in self.networks]
        self.descents = [_descent(network, learning_rate) for network in self.networks]

    @torch.no_grad()
    def tell(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Give each class's probability, N K, the mean over all networks."""
        numbers = numbered(texts, self.tokenizer, self.longest)
        order = np.argsort([len(each) for each in numbers], kind="stable")
        told: NDArray[np.float64] | None = None
        for begin in range(0, len(order), _AT_ONCE):
            places = order[begin : begin + _AT_ONCE]
            sheet, lengths = padded([numbers[place] for place in places])
            for average in self.averages:
                shares = average.network(sheet, lengths).double().softmax(dim=1).numpy()
                told = np.zeros((len(texts), shares.shape[1])) if told is None else told
                told[places] += shares / len(self.averages)
        return np.zeros((0, 1)) if told is None else told

    def state_dict(self) -> dict[str, Any]:
        """Take everything."""
        return {
            "networks": [dict(network.state_dict()) for network in self.networks],
            "averages": [average.state_dict() for average in self.averages],
            "descents": [descent.state_dict() for descent in self.descents],
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        for name, things in (("networks", self.networks), ("averages", self.averages), ("descents", self.descents)):
            for thing, stored in zip(things, state[name], strict=True):
                thing.load_state_dict(stored)


def _descent(network: TextNetwork, learning_rate: float) -> Adam:
    """Let the head learn at the full rate, and each layer below more slowly where layers know something already."""
    groups = [list(network.head.parameters()), *network.reader.layers()]
    is_new = len(groups) == 2
    weights = [weight for group in groups for weight in group]
    scales = [1.0 if is_new else _DEEPER ** max(0, depth - 1) for depth, group in enumerate(groups) for _ in group]
    return Adam(weights, learning_rate, _BETAS, scales)


def new_network(facts: dict[str, Any], size: int, kinds: int, language: nn.Module | None = None) -> TextNetwork:
    """Make a network as a run's facts say.

    Args:
        size: how many pieces there are.
        language: what a language model has learned; copied.
    """
    drop = float(facts["drop"])
    if facts["begun_from"] is None:
        return TextNetwork(TwoWays(size, int(facts["width"]), str(facts["cell"]), drop), kinds, drop)
    own = LanguageNetwork(size, int(facts["width"]), int(facts["depth"]), str(facts["cell"]), drop=drop / 2)
    if language is not None:
        own.load_state_dict(language.state_dict())
    own.bias.requires_grad_(False)
    return TextNetwork(OneWay(own), kinds, drop)
