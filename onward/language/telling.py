"""What is learned from: how far guesses are off, over all pieces or, where there are many, over a sample of them.

With ten thousand words the last product of matrices costs more than all layers together. So a turn asks only for the
pieces that came and for some drawn by lot, frequent ones more often (Jean et al. 2015, arXiv:1412.2007). Each counts as
one over the chance that it is asked for, so that their sum is that over all pieces, on average. Measuring and writing
always look at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.language.memory_network import LanguageNetwork

__all__ = ["Telling", "is_sampled"]

_ALL_BELOW = 4_000  # pieces
_DRAWN = 1_024
_FLATTENING = 0.75  # of the counts, as for word2vec: rare pieces are drawn more often than they occur
_COUNTED = 5_000_000


def is_sampled(size: int) -> bool:
    """Say whether a turn asks for some of so many pieces only."""
    return size > _ALL_BELOW


class Telling:
    """The loss of a language network.

    Args:
        numbers: of the text that is learned from, N.
        size: how many pieces there are.

    Example:
        >>> telling = Telling(np.arange(5), 5); network = LanguageNetwork(5, width=4)
        >>> round(telling(network, torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).item(), 2)
        1.61
    """

    def __init__(self, numbers: NDArray[Any], size: int) -> None:
        self._shares = self._flatter = torch.zeros(0)
        if is_sampled(size):
            counts = np.bincount(np.asarray(numbers[:_COUNTED]).astype(np.int64), minlength=size) + 1.0
            flatter = counts**_FLATTENING
            self._shares = torch.from_numpy((counts / counts.sum()).astype(np.float32))
            self._flatter = torch.from_numpy((flatter / flatter.sum()).astype(np.float32))

    def __call__(self, network: LanguageNetwork, seen: Tensor, then: Tensor) -> Tensor:
        """Give the mean surprise in nats: what is remembered, T B H, at what came, T B."""
        wanted = then.flatten()
        if not len(self._shares):
            return F.cross_entropy(network.tell(seen).float().flatten(0, 1), wanted)
        drawn = torch.multinomial(self._flatter, _DRAWN, replacement=True)
        asked, places = torch.cat([wanted, drawn]).unique(return_inverse=True)
        missed = len(wanted) * torch.log1p(-self._shares[asked]) + _DRAWN * torch.log1p(-self._flatter[asked])
        rarity = -torch.log(-torch.expm1(missed))
        logits = F.linear(seen.flatten(0, 1), network.embedding.weight[asked], network.bias[asked]).float()
        places = places[: len(wanted)]  # what came was asked for in any case, and counts as one
        return F.cross_entropy(logits + rarity, places) + rarity[places].mean()
