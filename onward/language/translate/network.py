"""Encoder and decoder with memory, and attention between them, in the spirit of Google's first (arXiv:1609.08144).

The encoder reads a sentence from both ends, layer upon layer, each beside what came in (residual). Of the decoder, the
first layer asks, attention answers, and the second layer goes on from both, so what was looked at before is
remembered; nothing is fed back into the first, so that a whole target is one call of each layer and one product of
matrices (the paper's figure 1 feeds back). Source, target and what is told share one matrix (arXiv:1608.05859).

The layers are the library's LSTM, not `onward/language/recurrent.py`: on one core at 256 channels it learned from
52,000 moments a second in bfloat16 where the readable loop did 43,000, and it is exported for any length.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.language.attention import Attention

__all__ = ["PAD", "Memory", "State", "Translator", "held"]

PAD = 0  # numbers of a vocabulary: padding, beginning, end, unknown, then the tokenizer's
_FORGET_BIAS = 1.0


class Memory(NamedTuple):
    """Sentences as they were understood: B S H, and which places are no padding, B S."""

    seen: Tensor
    there: Tensor


State = tuple[Tensor, Tensor, Tensor, Tensor]  # of a decoder's two layers: told and cell, told and cell; each 1 B H


class Encoder(nn.Module):
    """Reads from both ends: S B C to S B C.

    Args:
        width: channels; each direction has half.
        depth: layers.
        drop: share of channels that is dropped before each layer, for all moments alike (arXiv:1512.05287).
    """

    def __init__(self, width: int, depth: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.ahead = nn.ModuleList(_lstm(width, width // 2) for _ in range(depth))
        self.back = nn.ModuleList(_lstm(width, width // 2) for _ in range(depth))

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Read words, S B C, of sentences of some lengths, B."""
        places = torch.arange(words.shape[0], device=words.device)[:, None]
        turned = torch.where(places < lengths, lengths - 1 - places, places)  # S B: each sentence from its own end
        for number, (ahead, back) in enumerate(zip(self.ahead, self.back, strict=True)):
            given = held(words, self.drop, self.training)
            told = torch.cat([ahead(given)[0], _at(back(_at(given, turned))[0], turned)], dim=2)
            words = told if number == 0 else words + told
        return words


class Decoder(nn.Module):
    """Writes: a layer that asks, attention, a layer that goes on from both; see the module's text.

    Args:
        width: channels.
        drop: as in the encoder.
    """

    def __init__(self, width: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.first, self.second = _lstm(width, width), _lstm(2 * width, width)
        self.attention = Attention(width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, words: Tensor, memory: Memory, state: State) -> tuple[Tensor, Tensor, State]:
        """Go through words, T B C: what is told, T B C, the shares of attention, B T S, and the state after it."""
        told, (first, first_cell) = self.first(held(words, self.drop, self.training), (state[0], state[1]))
        seen, shares = self.attention(told.transpose(0, 1), memory.seen, memory.there)
        both = torch.cat([told, seen.transpose(0, 1).to(told.dtype)], dim=2)
        after, (second, second_cell) = self.second(held(both, self.drop, self.training), (state[2], state[3]))
        told = after + told
        last = torch.tanh(self.out(torch.cat([told, both[..., told.shape[2] :]], dim=2)))  # equation 5 of Luong
        return held(last, self.drop, self.training), shares, (first, first_cell, second, second_cell)


class Translator(nn.Module):
    """Numbers of source pieces and of target pieces so far to logits of the next ones.

    Args:
        size: how many numbers there are.
        width: channels, an even number.
        depth: layers of the encoder.
        drop: share of channels dropped while training.

    Example:
        >>> net = Translator(50, width=8); source, lengths = torch.full((7, 3), 5), torch.tensor([7, 6, 4])
        >>> told, shares, _ = net.write(torch.full((5, 3), 6), *net.begun(source, lengths)); net.tell(told).shape
        torch.Size([5, 3, 50])
    """

    def __init__(self, size: int, width: int = 256, depth: int = 2, drop: float = 0.0) -> None:
        super().__init__()
        self.size, self.width, self.depth = size, width, depth
        self.embedding = nn.Embedding(size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.bias = nn.Parameter(torch.zeros(size))
        self.encoder, self.decoder = Encoder(width, depth, drop), Decoder(width, drop)
        self.bridge = nn.Linear(width, 4 * width)

    def words(self, numbers: Tensor) -> Tensor:
        """Give what numbers stand for: T B to T B C."""
        return self.embedding(numbers) * self.width**0.5

    def begun(self, source: Tensor, lengths: Tensor) -> tuple[Memory, State]:
        """Understand sentences, S B numbers of some lengths, B; and begin to write."""
        seen = self.encoder(self.words(source), lengths).transpose(0, 1)
        there = torch.arange(source.shape[0], device=source.device) < lengths[:, None]
        mean = (seen * there[..., None]).sum(dim=1) / lengths[:, None]
        first, first_cell, second, second_cell = torch.tanh(self.bridge(mean)).float()[None].chunk(4, dim=2)
        return Memory(seen, there), (
            first.contiguous(),
            first_cell.contiguous(),
            second.contiguous(),
            second_cell.contiguous(),
        )

    def write(self, target: Tensor, memory: Memory, state: State) -> tuple[Tensor, Tensor, State]:
        """Go through a target, T B numbers: what is told, T B C, shares of attention B T S, and the state after it."""
        return self.decoder(self.words(target), memory, state)

    def tell(self, told: Tensor) -> Tensor:
        """Give logits, ... V, for what is told, ... C."""
        return F.linear(told, self.embedding.weight, self.bias)


def held(seen: Tensor, share: float, training: bool) -> Tensor:
    """Drop channels of T B C for all moments alike."""
    if not training or share == 0:
        return seen
    return seen * (torch.empty_like(seen[:1]).bernoulli_(1 - share) / (1 - share))


def _at(seen: Tensor, places: Tensor) -> Tensor:
    """Take the moments of S B C at places, S B."""
    return seen.gather(0, places[..., None].expand(-1, -1, seen.shape[2]))


def _lstm(inputs: int, width: int) -> nn.LSTM:
    made = nn.LSTM(inputs, width)
    with torch.no_grad():
        forget: Tensor = made.get_parameter("bias_ih_l0")[width : 2 * width]
        forget += _FORGET_BIAS
    return made
