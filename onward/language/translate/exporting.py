"""ONNX: the encoder and one step of the decoder apart, its state in and out, so that the loop stays outside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onward.core.faults import RunFault
from onward.language.translate.interpreter import Interpreter
from onward.language.translate.network import Memory, Translator
from onward.language.translate.vocabulary import BEGIN, END, PAD, UNKNOWN
from onward.parts.onnx_export import opened, write_traced

__all__ = ["export"]

_MOST_APART = 1e-4
_STATES = ("first", "first_cell", "second", "second_cell")
_CHECKED = ((7, 2), (11, 3))  # pieces and sentences


class _Encoder(nn.Module):
    def __init__(self, network: Translator) -> None:
        super().__init__()
        self.network = network

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Read S B numbers of some lengths, B: memory B S H, which places are there B S, and four states 1 B H."""
        memory, state = self.network.begun(source, lengths)
        return (memory.seen, memory.there, *state)


class _Step(nn.Module):
    def __init__(self, network: Translator) -> None:
        super().__init__()
        self.network = network

    def forward(self, last: Tensor, memory: Tensor, there: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Say one piece more after the last ones, B: logits B V, shares of attention B S, and four states 1 B H."""
        first, first_cell, second, second_cell = state
        before = (first, first_cell, second, second_cell)
        told, shares, after = self.network.write(last[None], Memory(memory, there), before)
        return (self.network.tell(told[0]), shares[:, 0], *after)


def export(interpreter: Interpreter, folder: Path) -> Iterator[Path]:
    """Write `encoder.onnx`, `decoder-step.onnx`, `tokenizer.json` and `translate.json`, which says how they are used.

    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    network = interpreter.network.eval()
    encoder, step = _Encoder(network).eval(), _Step(network).eval()
    path = folder / "encoder.onnx"
    states = {name: {1: "count"} for name in _STATES}
    memory = {"memory": {0: "count", 1: "places"}, "there": {0: "count", 1: "places"}}
    taken = {"source": {0: "places", 1: "count"}, "lengths": {0: "count"}}
    write_traced(encoder, _source(*_CHECKED[0], network.size), taken, memory | states, path)
    for pieces, sentences in _CHECKED:
        _check(path, encoder, list(taken), _source(pieces, sentences, network.size))
    yield path
    path = folder / "decoder-step.onnx"
    taken = {"last": {0: "count"}, **memory, **states}
    made = {"logits": {0: "count"}, "attention": {0: "count", 1: "places"}}
    made |= {f"{name}_after": axes for name, axes in states.items()}
    write_traced(step, _taken(encoder, *_CHECKED[0], network.size), taken, made, path)
    for pieces, sentences in _CHECKED:
        _check(path, step, list(taken), _taken(encoder, pieces, sentences, network.size))
    yield path
    yield from _beside(interpreter, folder)


def _beside(interpreter: Interpreter, folder: Path) -> Iterator[Path]:
    interpreter.vocabulary.save(folder)
    yield folder / "tokenizer.json"
    yield folder / "letters.json"
    facts: dict[str, Any] = {
        "source": interpreter.names[0],
        "target": interpreter.names[1],
        "numbers": {"padding": PAD, "begin": BEGIN, "end": END, "unknown": UNKNOWN, "first_of_tokenizer": 4},
        "most_pieces_a_source_piece": interpreter.ratio,
    }
    path = folder / "translate.json"
    path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    yield path


def _source(pieces: int, sentences: int, size: int) -> tuple[Tensor, ...]:
    chance = torch.Generator().manual_seed(pieces)
    lengths = torch.arange(pieces, pieces - sentences, -1)
    return torch.randint(4, size, (pieces, sentences), generator=chance), lengths


@torch.no_grad()
def _taken(encoder: _Encoder, pieces: int, sentences: int, size: int) -> tuple[Tensor, ...]:
    return (torch.full((sentences,), size - 1), *encoder(*_source(pieces, sentences, size)))


def _check(path: Path, network: nn.Module, names: Sequence[str], given: tuple[Tensor, ...]) -> None:
    theirs = opened(path).run(None, {name: each.numpy() for name, each in zip(names, given, strict=True)})
    with torch.no_grad():
        ours = network(*given)
    for one, other in zip(theirs, ours, strict=True):
        apart = float(np.abs(np.asarray(one, np.float64) - other.double().numpy()).max())
        if not apart < _MOST_APART:
            raise RunFault(f"{path} answers otherwise than the trained network (they differ by {apart:.2g}).")
