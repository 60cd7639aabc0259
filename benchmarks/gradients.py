"""The vanishing gradient in figures and pictures: how far an error gets, and what that means for remembering."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import nn

from benchmarks.results import write_section
from onward.language.recurrent import Gru, Lstm, MinGru, Recurrent, Rnn
from onward.parts.adam import Adam
from onward.parts.letters import letters
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


def unrolled(moments: int = 6, factor: float = 0.5) -> Image.Image:
    """Draw a network with memory unrolled through time, and an error on its way back, a factor smaller each moment."""
    scale, step, side = 2, 150, 64
    sheet = Image.new("RGB", (scale * (step * moments + 60), scale * 344), "white")
    pen, font, small = ImageDraw.Draw(sheet), letters(scale * 15), letters(scale * 13)
    ink, orange, words = (40, 44, 52), (213, 94, 0), ["The", "horse", "that", "they", "saw", "today"]

    def arrow(x: float, y: float, to_x: float, to_y: float, colour: tuple[int, ...], width: int = 2) -> None:
        pen.line([scale * each for each in (x, y, to_x, to_y)], fill=colour, width=scale * width)
        across = (1 if to_x > x else -1) if to_x != x else 0
        down = (1 if to_y > y else -1) if to_y != y else 0
        tip = [(to_x, to_y), (to_x - 9 * across - 5 * abs(down), to_y - 9 * down - 5 * abs(across)),
               (to_x - 9 * across + 5 * abs(down), to_y - 9 * down + 5 * abs(across))]  # fmt: skip
        pen.polygon([(scale * a, scale * b) for a, b in tip], fill=colour)

    for moment in range(moments):
        left, top = 50 + step * moment, 130
        pen.rounded_rectangle(
            [scale * each for each in (left, top, left + side, top + side)], scale * 10, outline=ink, width=scale * 2
        )
        middle = left + side / 2
        pen.text((scale * middle, scale * (top + side / 2)), f"h{moment + 1}", fill=ink, font=font, anchor="mm")
        arrow(middle, top + side + 60, middle, top + side + 4, ink)
        pen.text((scale * middle, scale * (top + side + 76)), words[moment % 6], fill=ink, font=font, anchor="mm")
        share = factor ** (moments - 1 - moment)
        if moment:
            arrow(left - step + side + 4, top + side / 2 - 8, left - 4, top + side / 2 - 8, ink)
            faded = tuple(round(255 - (255 - each) * max(0.12, share**0.5)) for each in orange)
            arrow(left - 4, top + side / 2 + 12, left - step + side + 4, top + side / 2 + 12, faded, 3)
        pen.text((scale * middle, scale * (top + side + 104)), f"{share:.3g}", fill=orange, font=small, anchor="mm")
    last = 50 + step * (moments - 1) + side / 2
    arrow(last, 126, last, 78, ink)
    pen.text((scale * last, scale * 62), "runs or run?", fill=ink, font=font, anchor="mm")
    title = (
        "The same layer in every moment; what it remembers goes on (black), the error of a guess comes back (orange)"
    )
    pen.text((scale * 50, scale * 14), title, fill=(110, 110, 110), font=small)
    told = f"how much of the error arrives, if each moment takes half of it away (factor {factor:g})"
    pen.text((scale * 50, scale * 328), told, fill=orange, font=small, anchor="lm")
    return sheet.resize((sheet.width // scale, sheet.height // scale), Image.Resampling.LANCZOS)


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
    unrolled().save(PICTURES / "unrolled.png", optimize=True)
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
