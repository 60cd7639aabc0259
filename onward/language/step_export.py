"""A network with memory as ONNX: one moment at a time, the memory in and out, the loop outside."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from onward.core.faults import RunFault
from onward.language.memory_network import LanguageNetwork
from onward.parts.onnx_export import Axes, opened, write_traced

__all__ = ["write_step"]

_APART = 1e-4


class _Moment(nn.Module):
    """Piece B and memory, one tensor a layer, to logits B V and the memory after it."""

    def __init__(self, network: LanguageNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, piece: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        logits, after = self.network(piece[None], list(state))
        return (logits[0], *after)


def write_step(network: LanguageNetwork, path: Path) -> Path:
    """Write a language network's moment, and check it over texts of two lengths and two counts.

    Inputs: `piece` B, `state_0` S B H and so on. Outputs: `logits` B V, `next_0` and so on; feed those back as states.

    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    network = copy.deepcopy(network).float().eval()
    count = len(network.start(1))
    states, nexts = ([f"{word}_{number}" for number in range(count)] for word in ("state", "next"))
    inputs: Axes = {"piece": {0: "count"}, **{name: {1: "count"} for name in states}}
    outputs: Axes = {"logits": {0: "count"}, **{name: {1: "count"} for name in nexts}}
    write_traced(_Moment(network), (torch.zeros(2, dtype=torch.long), *network.start(2)), inputs, outputs, path)
    session = opened(path)
    for moments, texts in ((1, 1), (7, 3)):
        numbers = torch.randint(0, network.size, (moments, texts), generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            wanted = network(numbers, network.start(texts))[0].numpy()
        memory, told = [each.numpy() for each in network.start(texts)], []
        for moment in numbers.numpy():
            logits, *memory = session.run(None, {"piece": moment, **dict(zip(states, memory, strict=True))})
            told.append(logits)
        apart = float(np.abs(np.stack(told) - wanted).max() / max(1.0, np.abs(wanted).max()))
        if apart > _APART:
            raise RunFault(f"{path} answers otherwise than the network: {apart:.1e} apart, {_APART:.0e} allowed.")
    return path
