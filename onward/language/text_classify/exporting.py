"""A classifier for other programs: networks as ONNX with their tokenizer, the linear model as plain lists and arrays.

ONNX knows loops over time only as layers of its own, so the readable cells are handed over to the library's layers of
the same weights; the minGRU becomes a scan by doubling (Hillis and Steele 1986). Any number of texts of any length up
to the longest is read, and what was written is compared with the networks at two of each.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onward.core.faults import RunFault
from onward.language.recurrent import Gru, Lstm, MinGru, Recurrent
from onward.language.text_classify.classifier import Classifier
from onward.language.text_classify.network import OneWay, TextNetwork
from onward.language.text_classify.team import Team
from onward.language.tokenizer import save_tokenizer
from onward.parts.onnx_export import opened, write_traced

__all__ = ["export"]

_APART = 1e-4


def export(classifier: Classifier, folder: Path) -> Iterator[Path]:
    """Write `linear/`, `classes.json`, and, where networks learned, `networks.onnx` and `tokenizer.json`.

    The network's inputs are `numbers`, B T, and `lengths`, B; its output is `probabilities`, B K.

    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    yield from classifier.linear.save(folder / "linear")
    facts = {"classes": list(classifier.classes), "networks_share": classifier.mixture.share}
    facts |= {"networks_scale": classifier.mixture.scale}
    if classifier.team is not None:
        facts |= {"longest": classifier.team.longest, "tokens": classifier.team.tokenizer.level}
    path = folder / "classes.json"
    path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    yield path
    if classifier.team is not None:
        yield save_tokenizer(classifier.team.tokenizer, folder / "tokenizer.json")
        yield _networks(classifier.team, folder / "networks.onnx")


class _Mean(nn.Module):
    """The mean of what several networks tell, for texts that lie in rows: B T and B to B K."""

    def __init__(self, networks: list[TextNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, numbers: Tensor, lengths: Tensor) -> Tensor:
        told = [network(numbers.t(), lengths).softmax(dim=1) for network in self.networks]
        return torch.stack(told).mean(dim=0)


class _Library(nn.Module):
    """A cell's loop as the library's own layer, with the same weights."""

    def __init__(self, cell: Recurrent) -> None:
        super().__init__()
        kind = nn.LSTM if isinstance(cell, Lstm) else nn.GRU if isinstance(cell, Gru) else nn.RNN
        self.states, self.width = cell.states, cell.width
        self.layer: Any = kind(cell.told.in_features, cell.width)
        with torch.no_grad():
            self.layer.weight_ih_l0.copy_(cell.told.weight)
            self.layer.bias_ih_l0.copy_(cell.told.bias)
            self.layer.weight_hh_l0.copy_(cell.kept.weight)
            self.layer.bias_hh_l0.zero_()

    def start(self, batch: int) -> Tensor:
        return self.layer.bias_hh_l0.new_zeros(self.states, batch, self.width)

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if self.states == 1:
            return self.layer(moments, state)
        told, (memory, cell) = self.layer(moments, (state[:1].contiguous(), state[1:].contiguous()))
        return told, torch.cat([memory, cell])


class _Doubling(nn.Module):
    """A minGRU from memory 0, whose scan takes as many turns as the longest text has binary digits."""

    def __init__(self, cell: MinGru, longest: int) -> None:
        super().__init__()
        self.cell, self.turns = cell, max(1, (longest - 1).bit_length())

    def start(self, batch: int) -> Tensor:
        return self.cell.start(batch)

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        gate, candidate = self.cell.told(moments).chunk(2, dim=2)
        share = torch.sigmoid(gate)
        told = share * torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
        keep = 1 - share
        for turn in range(self.turns):  # each moment takes over what the one 2^turn before it has gathered
            told = told + keep * _later(told, 2**turn)
            keep = keep * _later(keep, 2**turn)
        return told, told[-1:]


def _later(moments: Tensor, by: int) -> Tensor:
    before = moments.new_zeros(by, moments.shape[1], moments.shape[2])
    return torch.cat([before, moments])[: moments.shape[0]]


def _plain(network: TextNetwork, longest: int) -> TextNetwork:
    """Give a copy whose loops over time can be written."""
    plain = copy.deepcopy(network).eval()
    reader: Any = plain.reader

    def handed(cell: Any) -> nn.Module:
        return _Doubling(cell, longest) if isinstance(cell, MinGru) else _Library(cell)

    if isinstance(reader, OneWay):
        for place, layer in enumerate(reader.language.layers):
            if hasattr(layer, "memory"):
                layer.memory = handed(layer.memory)
            else:
                reader.language.layers[place] = handed(layer)
    else:
        reader.forwards, reader.backwards = handed(reader.forwards), handed(reader.backwards)
    return plain


def _networks(team: Team, path: Path) -> Path:
    module = _Mean([_plain(average.network, team.longest) for average in team.averages]).eval()
    chance = torch.Generator().manual_seed(0)

    def example(count: int, length: int) -> tuple[Tensor, Tensor]:
        numbers = torch.randint(0, team.tokenizer.size, (count, length), generator=chance)
        return numbers, torch.randint(1, length + 1, (count,), generator=chance)

    inputs = {"numbers": {0: "count", 1: "length"}, "lengths": {0: "count"}}
    write_traced(module, example(3, min(7, team.longest)), inputs, {"probabilities": {0: "count"}}, path)
    session = opened(path)
    for count, length in ((1, min(7, team.longest)), (3, min(7, team.longest)), (2, min(30, team.longest)), (1, 1)):
        numbers, lengths = example(count, length)
        (theirs,) = session.run(None, {"numbers": numbers.numpy(), "lengths": lengths.numpy()})
        with torch.no_grad():
            told = [average.network(numbers.t(), lengths).softmax(dim=1) for average in team.averages]
        apart = float(np.abs(np.asarray(theirs) - torch.stack(told).mean(dim=0).numpy()).max())
        if not apart < _APART:
            raise RunFault(f"{path} answers otherwise than the trained networks (they differ by {apart:.2g}).")
    return path
