"""The network: pieces of text to memory, memory to the likelihood of the piece that comes next.

A stack of layers with memory (`onward/language/recurrent.py`), regularised as in AWD-LSTM (arXiv:1708.02182): whole
channels are dropped for a whole stretch of text, weights between memory and memory too, and what goes in and what comes
out share one matrix (arXiv:1608.05859). Layers of minGRU stand in blocks with a short convolution and a mixture of
channels, since their gates alone look at nothing but the present (arXiv:2410.01201, appendix C).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.core.run import Run
from onward.language.recurrent import CELLS, Lstm, MinGru
from onward.language.tokenizer import Characters, Pieces, Words, load_tokenizer
from onward.parts.trained import facts_of, unfilled

__all__ = ["LanguageNetwork", "State", "dropped_channels", "restored"]

State = list[Tensor]
_REACH = 3  # moments before the present that a convolution sees


class LanguageNetwork(nn.Module):
    """Numbers of pieces to logits of the next ones.

    Args:
        size: how many pieces there are.
        width: channels of embedding and memory.
        depth: layers.
        cell: lstm, gru, rnn or mingru.
        drop: share of channels that is dropped between layers and at both ends while training.
        drop_kept: share of the weights between memory and memory.
        forget_bias: added to the forget gates of an LSTM before it learns.

    Example:
        >>> network = LanguageNetwork(50, width=8, depth=2); state = network.start(3)
        >>> logits, state = network(torch.zeros(7, 3, dtype=torch.long), state); logits.shape
        torch.Size([7, 3, 50])
    """

    def __init__(
        self,
        size: int,
        width: int = 512,
        depth: int = 2,
        cell: str = "lstm",
        drop: float = 0.0,
        drop_kept: float = 0.0,
        forget_bias: float = 1.0,
    ) -> None:
        super().__init__()
        self.size, self.width, self.cell, self.drop = size, width, cell, drop
        self.embedding = nn.Embedding(size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.layers: Any = nn.ModuleList(_layer(cell, width, drop, drop_kept, forget_bias) for _ in range(depth))
        self.last = nn.LayerNorm(width) if cell == "mingru" else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(size))

    def start(self, batch: int) -> State:
        """Give the memory of nothing read yet: one tensor S B H a layer."""
        return [layer.start(batch) for layer in self.layers]

    def read(self, numbers: Tensor, state: State) -> tuple[Tensor, State]:
        """Read pieces, T B numbers: what is remembered at each, T B H, and the memory after the last."""
        return self.remember(self.embedding(numbers), state)

    def remember(self, seen: Tensor, state: State) -> tuple[Tensor, State]:
        """Do the same from what was read as vectors, T B H."""
        seen = dropped_channels(seen * self.width**0.5, self.drop, self.training)
        after = []
        for layer, memory in zip(self.layers, state, strict=True):
            seen, memory = layer(seen, memory)
            seen = dropped_channels(seen, self.drop, self.training)
            after.append(memory)
        return self.last(seen), after

    def tell(self, seen: Tensor) -> Tensor:
        """Give logits, ... V, for what is remembered, ... H."""
        return F.linear(seen, self.embedding.weight, self.bias)

    def forward(self, numbers: Tensor, state: State) -> tuple[Tensor, State]:
        """Read pieces, T B numbers: logits of the next ones, T B V, and the memory after the last."""
        seen, state = self.read(numbers, state)
        return self.tell(seen), state


def _layer(cell: str, width: int, drop: float, drop_kept: float, forget_bias: float) -> nn.Module:
    if cell == "mingru":
        return _Block(width, drop)
    return Lstm(width, width, drop_kept, forget_bias) if cell == "lstm" else CELLS[cell](width, width, drop_kept)


class _Block(nn.Module):
    """A minGRU with a short look back before it and a mixture of channels after it, each beside what came in.

    Its state is the memory, and below it the last three inputs of the convolution: 4 B H.
    """

    def __init__(self, width: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.look_back = nn.Parameter(torch.randn(_REACH + 1, width) * 0.1)
        with torch.no_grad():
            self.look_back[-1] += 1.0  # at first the present alone
        self.memory = MinGru(width, width)
        self.out = nn.Linear(width, width)
        self.mixture = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def start(self, batch: int) -> Tensor:
        """Give the memory of nothing."""
        return torch.cat([self.memory.start(batch), self.out.weight.new_zeros(_REACH, batch, self.out.in_features)])

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Go through time: T B H and the state to T B H and the state after it."""
        memory, past = state[:1], state[1:]
        seen = torch.cat([past, self.before(moments)])
        count = moments.shape[0]
        blended = sum(self.look_back[step] * seen[step : step + count] for step in range(_REACH + 1))
        told, memory = self.memory(blended, memory)
        moments = moments + dropped_channels(self.out(told), self.drop, self.training)
        moments = moments + self.mixture(self.between(moments))
        return moments, torch.cat([memory, seen[count:].to(memory.dtype)])


def dropped_channels(seen: Tensor, share: float, training: bool) -> Tensor:
    """Drop channels of T B C for all moments alike (variational dropout, arXiv:1512.05287)."""
    if not training or share == 0:
        return seen
    kept = torch.empty_like(seen[:1]).bernoulli_(1 - share) / (1 - share)
    return seen * kept


def restored(run: Run) -> tuple[LanguageNetwork, Pieces | Characters | Words]:
    """Give the best network that a `language-model` run learned, ready to read, and what its numbers mean.

    Raises:
        RunFault: nothing was trained yet, or the run is damaged.
    """
    facts = facts_of(run, "language_model")
    tokenizer = load_tokenizer(run.path / "tokenizer.json")
    width, depth, cell = int(facts["width"]), int(facts["depth"]), str(facts["cell"])
    network = unfilled(lambda: LanguageNetwork(tokenizer.size, width, depth, cell))
    run.load_kept(exam=_Best(network))
    return network.eval(), tokenizer


class _Best:
    """Takes the best network out of what an exam kept."""

    def __init__(self, network: LanguageNetwork) -> None:
        self._network = network

    def state_dict(self) -> dict[str, Any]:
        return {"best": dict(self._network.state_dict())}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        if not all(torch.isfinite(tensor).all() for tensor in state["best"].values()):
            raise ValueError("its weights are no numbers")
        self._network.load_state_dict(state["best"], assign=True)
