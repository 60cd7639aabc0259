"""What in a text speaks for its class? Words with a number each: above 0 for the class told, below 0 against it.

To the linear model a word's number is what its columns add to the decision. To networks it is gradient times input
(arXiv:1312.6034; Shrikumar et al. 2016): by how much the class's logit would fall if the word were not there, to
first order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from onward.language.text_classify.linear import Linear
from onward.language.text_classify.team import Team
from onward.language.text_classify.writing import numbered, padded, plain_words, shown_pieces
from onward.language.tokenizer import Words

__all__ = ["Coloured", "coloured_by_linear", "coloured_by_networks"]

_WORD = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 120  # of a text that are coloured
_AGAINST_ALL = 8  # classes up to which a word is held against all others


@dataclass(frozen=True)
class Coloured:
    """A text in words, each with what it speaks for.

    Attributes:
        between: what stands between words when they are shown.
        told: the class told, and with which probability.
    """

    words: list[str]
    values: NDArray[np.float64]
    told: int
    share: float
    between: str = " "


def coloured_by_linear(linear: Linear, texts: Sequence[str], shares: NDArray[np.float64]) -> list[Coloured]:
    """Colour texts by leaving out each word: what the decision for the class told loses against the others."""
    found = []
    for text, own in zip(texts, shares, strict=True):
        words = _WORD.findall(text)[:_MOST_WORDS] or [text[:1] or " "]
        without = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
        told = int(own.argmax())
        decisions = np.log(linear.tell([" ".join(words), *without]) + 1e-9)
        margin = decisions[:, told] - np.delete(decisions, told, axis=1).max(axis=1)
        found.append(Coloured(words, margin[0] - margin[1:], told, float(own[told])))
    return found


def coloured_by_networks(team: Team, texts: Sequence[str], shares: NDArray[np.float64]) -> list[Coloured]:
    """Colour texts by gradient times input, averaged over the networks."""
    found = []
    for text, own in zip(texts, shares, strict=True):
        (numbers,) = numbered([text], team.tokenizer, min(team.longest, 4 * _MOST_WORDS))
        told, values = int(own.argmax()), np.zeros(len(numbers))
        for average in team.averages:
            values += _slopes(average.network, numbers, told) / len(team.averages)
        is_words = isinstance(team.tokenizer, Words)
        words = _WORD.findall(text) if is_words else shown_pieces(numbers, team.tokenizer)
        if is_words and len(numbers) == len(plain_words(text).split()) + 1:  # the last is the text's end
            values = values[:-1]
        count = min(len(words), len(values), _MOST_WORDS if is_words else 4 * _MOST_WORDS)
        found.append(Coloured(words[:count], values[:count], told, float(own[told]), " " if is_words else ""))
    return found


def _slopes(network: torch.nn.Module, numbers: NDArray[np.int64], told: int) -> NDArray[np.float64]:
    sheet, lengths = padded([numbers])
    with torch.enable_grad():
        seen = network.reader.embed(sheet).detach().requires_grad_(True)  # type: ignore[union-attr,operator]
        logits = network.tell(seen, lengths)[0]  # type: ignore[operator]
        (slope,) = torch.autograd.grad(logits[told] - logits.mean(), seen)
    return (slope * seen).sum(dim=2)[:, 0].detach().double().numpy()
