"""How surprised a network is by a text: what an exam asks, and what a reader can see."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from onward.language.memory_network import LanguageNetwork
from onward.language.tokenizer import Tokenizer

__all__ = ["nats", "priced"]

_PLACES, _STRETCH, _LEAD = 32, 128, 256
_MOST_LOGITS = 50_000_000  # at once
_ANY_CHARACTER = float(np.log(0x110000))  # nats: one of all that Unicode has room for


@torch.no_grad()
def nats(network: LanguageNetwork, numbers: NDArray[Any]) -> NDArray[np.float32]:
    """Give how surprised the network is at each piece but the first, in nats: N numbers to N − 1.

    A long text is read at several places at once; each begins 256 pieces before its own, so that it has a memory by
    then. A short one is read from its beginning.
    """
    was_training = network.training
    network.eval()
    count = len(numbers) - 1
    places = max(1, min(_PLACES, count // (2 * _LEAD)))
    length = -(-count // places)
    steps = np.arange(-_LEAD if places > 1 else 0, length)
    rows = length * np.arange(places) + steps[:, None]  # moments by places
    found = np.zeros(rows.shape, np.float32)
    state = network.start(places)
    stretch = max(8, min(_STRETCH, _MOST_LOGITS // (places * network.size)))
    for begin in range(0, len(steps), stretch):
        here = rows[begin : begin + stretch]
        now, then = (torch.from_numpy(numbers[(here + ahead).clip(0, count)].astype(np.int64)) for ahead in (0, 1))
        logits, state = network(now, state)
        told = F.cross_entropy(logits.float().flatten(0, 1), then.flatten(), reduction="none")
        found[begin : begin + stretch] = told.reshape(then.shape).numpy()
        if steps[begin] < 0:  # the first place has no text before it
            state = [torch.cat([torch.zeros_like(each[:, :1]), each[:, 1:]], dim=1) for each in state]
    network.train(was_training)
    return found[steps >= 0].T.reshape(-1)[:count]


def priced(surprise: NDArray[np.floating], numbers: NDArray[np.integer], tokenizer: Tokenizer) -> NDArray[np.floating]:
    """Add, for each character that was never learned, what it takes to tell which it is: not knowing is no gain.

    Args:
        surprise: N − 1 values in nats.
        numbers: the N pieces they are of.
    """
    if tokenizer.level != "characters":
        return surprise
    return surprise + _ANY_CHARACTER * (numbers[1:] == 0)
