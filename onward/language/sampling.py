"""Choosing the next piece of a text from what a model holds likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Taste", "choose", "shaped"]

_COLD = 1e-4  # below, the likeliest is taken


@dataclass(frozen=True)
class Taste:
    """How daring the choice is.

    Attributes:
        temperature: 1 is as likely as the model says, less is safer, 0 always takes the likeliest.
        most: choose among so many likeliest pieces only (top-k); 0 for no limit.
        mass: choose among the likeliest pieces that hold this share of all likelihood (nucleus, arXiv:1904.09751).
        floor: leave out what is less than this share as likely as the likeliest (min-p, arXiv:2407.01082).
        repetition: pieces of the last `memory` ones are this many times less likely (arXiv:1909.05858, section 4.1).
    """

    temperature: float = 0.8
    most: int = 0
    mass: float = 0.95
    floor: float = 0.0
    repetition: float = 1.0
    memory: int = 64


def shaped(logits: Tensor, taste: Taste, before: Sequence[int] = ()) -> Tensor:
    """Give the probability of each piece: V logits to V, which sum to 1.

    Example:
        >>> shares = shaped(torch.tensor([2.0, 1.0, 0.0]), Taste(temperature=1.0, most=2, mass=1.0))
        >>> [round(share, 2) for share in shares.tolist()]
        [0.73, 0.27, 0.0]
    """
    logits = logits.float().clone()
    if taste.repetition != 1.0 and before:
        recent = torch.tensor(sorted(set(before[-taste.memory :])))
        values = logits[recent]
        logits[recent] = torch.where(values > 0, values / taste.repetition, values * taste.repetition)
    if taste.temperature < _COLD:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    logits = logits / taste.temperature
    if 0 < taste.most < len(logits):
        logits[logits < logits.topk(taste.most).values[-1]] = -torch.inf
    shares = logits.softmax(dim=0)
    if taste.floor > 0:
        shares[shares < taste.floor * shares.max()] = 0.0
    if taste.mass < 1:
        ordered, places = shares.sort(descending=True, stable=True)
        beyond = ordered.cumsum(0) - ordered >= taste.mass * shares.sum()  # the one that reaches the mass is kept
        shares[places[beyond]] = 0.0
    return shares / shares.sum()


def choose(logits: Tensor, taste: Taste, chance: torch.Generator, before: Sequence[int] = ()) -> int:
    """Draw the next piece by lot: V logits to its number."""
    return int(torch.multinomial(shaped(logits, taste, before), 1, generator=chance))
