"""The vanishing gradient in figures and pictures: how far an error gets, and what that means for remembering."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from benchmarks.results import write_section
from onward.language.recurrent import Gru, Lstm, MinGru, Recurrent, Rnn
from onward.parts.adam import Adam
from onward.parts.plots import curves_picture

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
INPUTS, WIDTH = 64, 128
KINDS: dict[str, Callable[[], Recurrent]] = {
    "rnn, tanh": lambda: Rnn(INPUTS, WIDTH),
    "gru": lambda: Gru(INPUTS, WIDTH),
    "lstm, forget bias 0": lambda: Lstm(INPUTS, WIDTH, forget_bias=0.0),
    "lstm, forget bias 1": lambda: Lstm(INPUTS, WIDTH, forget_bias=1.0),
    "lstm, forget bias 3": lambda: Lstm(INPUTS, WIDTH, forget_bias=3.0),
    "mingru": lambda: MinGru(INPUTS, WIDTH),
}
SHOWN = (10, 20, 50, 99)
SYMBOLS, BATCH = 8, 64


def arriving(layer: Recurrent, moments: int = 100, batch: int = 32) -> NDArray[np.floating]:
    """Give |dL/dx(t−k)| / |dL/dx(t)| for k from 0: how much what was read k moments before still matters."""
    seen = torch.randn(moments, batch, INPUTS, requires_grad=True)
    told, _ = layer(seen, layer.start(batch))
    (slopes,) = torch.autograd.grad(told[-1].square().sum(), seen)
    sizes = slopes.flatten(1).norm(dim=1).flip(0)
    return (sizes / sizes[0]).numpy()


def remembered(kind: Callable[[], Recurrent], lag: int, turns: int) -> float:
    """Teach a layer to say the first of `lag` + 1 symbols at the end; give the share of new ones it gets right."""
    layer, embedding, head = kind(), nn.Embedding(SYMBOLS, INPUTS), nn.Linear(WIDTH, SYMBOLS)
    weights = [*layer.parameters(), *embedding.parameters(), *head.parameters()]
    descent = Adam(weights, 2e-3, (0.9, 0.999))

    def answers(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
        symbols = torch.randint(0, SYMBOLS, (lag + 1, batch))
        told, _ = layer(embedding(symbols), layer.start(batch))
        return head(told[-1]), symbols[0]

    for _ in range(turns):
        logits, first = answers(BATCH)
        descent.zero_grad()
        F.cross_entropy(logits, first).backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        descent.step()
    with torch.no_grad():
        logits, first = answers(1024)
    return float((logits.argmax(dim=1) == first).float().mean())


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lags", type=int, nargs="+", default=[5, 10, 20, 40, 80])
    parser.add_argument("--turns", type=int, default=400)
    given = parser.parse_args(words)
    torch.manual_seed(0)
    sizes = {name: arriving(kind()) for name, kind in KINDS.items()}
    scores = {name: [remembered(kind, lag, given.turns) for lag in given.lags] for name, kind in KINDS.items()}
    title = "the error that arrives at what was read so many moments before, before anything is learned"
    one = curves_picture(np.arange(100.0), sizes, title, "", powers_of_ten=(-12, 1))
    title = f"share of first symbols still known so many moments later, after {given.turns} turns"
    other = curves_picture(np.array(given.lags, float), {k: np.array(v) for k, v in scores.items()}, title, "")
    Image.fromarray(np.concatenate([one, other])).save(PICTURES / "vanishing-gradient.png")
    columns = [
        "cell",
        *(f"gradient {moments} before" for moments in SHOWN),
        *(f"knows after {lag}" for lag in given.lags),
    ]
    rows = [
        [name, *(f"{sizes[name][moments]:.0e}" for moments in SHOWN), *(f"{share:.2f}" for share in scores[name])]
        for name in KINDS
    ]
    write_section("gradients", "The vanishing gradient", "python -m benchmarks gradients", columns, rows)
