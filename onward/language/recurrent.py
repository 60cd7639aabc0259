"""Networks with memory: four kinds of cells, each a loop over time that can be read beside its paper.

What a moment's input says is multiplied for all moments at once; the loop does only what needs the moment before. Time
comes first: pictures of moments are T B C, and a state is S B H, where S is 2 for the LSTM and 1 for the others.

    rnn     tanh of input and memory (Elman 1990): forgets within some ten moments, see `docs/vanishing-gradient.md`
    lstm    a memory that gates keep, add to and show (Hochreiter and Schmidhuber 1997; forget gate: Gers 1999)
    gru     two gates less (Cho et al. 2014, arXiv:1406.1078)
    mingru  gates that do not look at the memory (arXiv:2410.01201), so that the loop is a single multiply-and-add
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["CELLS", "Gru", "Lstm", "MinGru", "Recurrent", "Rnn", "scan"]


class Recurrent(nn.Module):
    """One layer with memory; the kinds of cells say what happens in a moment.

    Args:
        inputs: channels that come in.
        width: channels of the memory, and of what goes out.
        drop: share of the weights between memory and memory that is left out while training, drawn once a call
            (weight-drop, arXiv:1708.02182, section 2).
    """

    gates = 1
    states = 1

    def __init__(self, inputs: int, width: int, drop: float = 0.0) -> None:
        super().__init__()
        self.width, self.drop = width, drop
        self.told = nn.Linear(inputs, self.gates * width)
        self.kept = nn.Linear(width, self.gates * width, bias=False)
        bound = width**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def start(self, batch: int) -> Tensor:
        """Give the memory of nothing: S B H."""
        return self.told.weight.new_zeros(self.states, batch, self.width)

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Go through time: T B C and the memory S B H to T B H and the memory after it."""
        weight = F.dropout(self.kept.weight, self.drop, self.training)
        told, memory = [], state.unbind(0)
        for now in self.told(moments).unbind(0):
            memory = self.step(now, F.linear(memory[0], weight), memory)
            told.append(memory[0])
        return torch.stack(told), torch.stack(memory)

    def step(self, now: Tensor, kept: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Go one moment on.

        Args:
            now: what the input says, B gates·H.
            kept: what the memory says, B gates·H.
            memory: S tensors B H; the first is what goes out.
        """
        raise NotImplementedError


class Rnn(Recurrent):
    """The plain one.

    Example:
        >>> layer = Rnn(3, 5); told, state = layer(torch.zeros(7, 2, 3), layer.start(2)); told.shape, state.shape
        (torch.Size([7, 2, 5]), torch.Size([1, 2, 5]))
    """

    def step(self, now: Tensor, kept: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Let h ← tanh(now + kept)."""
        return (torch.tanh(now + kept),)


class Lstm(Recurrent):
    """Long short-term memory.

    Args:
        forget_bias: added to the forget gate at the start: at 0 half of the memory is lost in every moment, at 3 a
            twentieth (Jozefowicz et al. 2015, section 4).
    """

    gates, states = 4, 2

    def __init__(self, inputs: int, width: int, drop: float = 0.0, forget_bias: float = 1.0) -> None:
        super().__init__(inputs, width, drop)
        with torch.no_grad():
            self.told.bias[width : 2 * width] += forget_bias

    def step(self, now: Tensor, kept: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Let c ← forget · c + let in · new; h ← show · tanh(c)."""
        let_in, forget, new, show = (now + kept).chunk(4, dim=1)
        cell = torch.sigmoid(forget) * memory[1] + torch.sigmoid(let_in) * torch.tanh(new)
        return torch.sigmoid(show) * torch.tanh(cell), cell


class Gru(Recurrent):
    """Gated recurrent unit, in the form where the reset gate acts on what the memory says."""

    gates = 3

    def step(self, now: Tensor, kept: Tensor, memory: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Let h ← keep · h + (1 − keep) · tanh(now + reset · kept)."""
        reset, keep, new = now.chunk(3, dim=1)
        reset_kept, keep_kept, new_kept = kept.chunk(3, dim=1)
        fresh = torch.tanh(new + torch.sigmoid(reset + reset_kept) * new_kept)
        share = torch.sigmoid(keep + keep_kept)
        return (fresh + share * (memory[0] - fresh),)


class MinGru(Recurrent):
    """A GRU whose gate and candidate see the input alone: h ← (1 − z) · h + z · g.

    Args:
        drop: of no meaning here; there are no weights between memory and memory.
    """

    gates = 2

    def __init__(self, inputs: int, width: int, drop: float = 0.0) -> None:
        super().__init__(inputs, width, drop)
        del self.kept

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Go through time: T B C and the memory 1 B H to T B H and the memory after it."""
        gate, candidate = self.told(moments).float().chunk(2, dim=2)
        share = torch.sigmoid(gate)
        fresh = torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))  # appendix B.3: always above 0
        told = scan(1 - share, share * fresh, state[0])
        return told, told[-1:]


class _Scan(torch.autograd.Function):
    """h[t] = keep[t] · h[t−1] + new[t], forwards and, for the gradient, backwards: a loop of one operation each.

    On a processor this plain loop is several times as fast as the "parallel" scans, which trade work for depth.
    """

    @staticmethod
    def forward(ctx: Any, keep: Tensor, new: Tensor, first: Tensor) -> Tensor:
        told = torch.empty_like(new)
        before = first
        for moment in range(len(new)):
            before = torch.addcmul(new[moment], keep[moment], before, out=told[moment])
        ctx.save_for_backward(keep, told, first)
        return told

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        keep, told, first = ctx.saved_tensors
        owed = grads[0].clone()  # what each h owes, through all moments after it
        for moment in range(len(owed) - 2, -1, -1):
            owed[moment].addcmul_(keep[moment + 1], owed[moment + 1])
        before = torch.cat([first[None], told[:-1]])
        return owed * before, owed, keep[0] * owed[0]


def scan(keep: Tensor, new: Tensor, first: Tensor) -> Tensor:
    """Give h[t] = keep[t] · h[t−1] + new[t] for all moments: T B H twice and B H to T B H.

    Example:
        >>> scan(torch.full((3, 1, 1), 0.5), torch.ones(3, 1, 1), torch.zeros(1, 1)).flatten().tolist()
        [1.0, 1.5, 1.75]
    """
    if torch.is_grad_enabled() and (keep.requires_grad or new.requires_grad or first.requires_grad):
        return _Scan.apply(keep, new, first)  # type: ignore[no-any-return]
    told = []
    for share, fresh in zip(keep, new, strict=True):  # plain operations, which can be exported
        first = share * first + fresh
        told.append(first)
    return torch.stack(told)


CELLS: dict[str, type[Recurrent]] = {"lstm": Lstm, "gru": Gru, "rnn": Rnn, "mingru": MinGru}
