"""The vanishing gradient, made visible: how much of an error reaches the moments before it.

A network reads a text; the error of its last guess is sent back to everything it read, and the size of what arrives is
drawn against how long ago it was. In a plain recurrent network each moment takes a factor away, and after some fifty
nothing is left (Hochreiter 1991; Bengio et al. 1994): it cannot learn from what was so long ago. A memory that is kept
by a gate, and added to, lets the error through.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.language.memory_network import LanguageNetwork
from onward.parts.plots import curves_picture

__all__ = ["gradient_picture", "gradient_through_time"]

_MOMENTS, _TEXTS = 100, 16
_LOWEST = 1e-12


def gradient_through_time(network: LanguageNetwork, numbers: NDArray[Any], moments: int = _MOMENTS) -> NDArray[Any]:
    """Give how large the gradient of the last guess's error is at what was read k moments before, k from 0.

    Args:
        numbers: of a text, N; stretches of it are read from an empty memory, and their means compared.
    Returns: K values, the first of which is 1.
    """
    moments = min(moments, len(numbers) - 1)
    starts = np.linspace(0, len(numbers) - moments - 1, min(_TEXTS, len(numbers) - moments)).astype(np.int64)
    taken = torch.from_numpy(numbers[starts + np.arange(moments + 1)[:, None]].astype(np.int64))
    was_training = network.training
    network.eval()
    with torch.enable_grad():
        seen = network.embedding(taken[:-1]).detach().requires_grad_(True)
        told, _ = network.remember(seen, network.start(len(starts)))
        F.cross_entropy(network.tell(told[-1]).float(), taken[-1], reduction="sum").backward()
    network.train(was_training)
    for weight in network.parameters():
        weight.grad = None
    if seen.grad is None:
        raise RuntimeError("no gradient came back")
    sizes = seen.grad.norm(dim=2).flip(0).numpy()  # moments before the last, by texts
    return sizes.mean(axis=1) / max(float(sizes[0].mean()), _LOWEST)


def gradient_picture(network: LanguageNetwork, numbers: NDArray[Any]) -> Picture:
    """Draw it, on an axis of powers of ten."""
    sizes = gradient_through_time(network, numbers)
    drawn = curves_picture(
        np.arange(len(sizes), dtype=float), {"this network": sizes}, _TITLE, "", powers_of_ten=(-10, 1)
    )
    return Picture(drawn, "how much of an error reaches what was read so many pieces before")


_TITLE = "gradient at what was read k pieces before, as a share of that at the last"
