"""A trained language model writes: a piece is drawn by lot, read, and the next one drawn."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from onward.core.run import Run
from onward.language.language_model.settings import Writing
from onward.language.memory_network import LanguageNetwork
from onward.language.sampling import Taste, choose
from onward.language.tokenizer import Characters, Pieces, Words

__all__ = ["Model", "write"]


@dataclass(frozen=True)
class Model:
    """A network that learned a language, and what its numbers mean."""

    network: LanguageNetwork
    tokenizer: Pieces | Characters | Words
    run: Run


@torch.inference_mode()
def write(model: Model, writing: Writing, seconds: float = math.inf) -> Iterator[str]:
    """Write what follows the prompt, so many characters, a few at a time and never half of one.

    Without a prompt it begins after the end of a line. The lots are the writing's own: training is not disturbed.

    Args:
        seconds: it breaks off after so many.
    """
    began = time.monotonic()
    network, tokenizer = model.network.eval(), model.tokenizer
    taste = Taste(writing.temperature, writing.most, writing.mass, writing.floor, writing.repetition)
    chance = torch.Generator().manual_seed(writing.seed)
    prompt = writing.prompt if writing.prompt.strip(" ") else "\n"
    numbers = [int(number) for number in tokenizer.encode(prompt)]
    if tokenizer.level == "words" and not prompt.endswith("\n"):
        numbers.pop()  # the end of a line, which a prompt has not yet
    logits, state = network(torch.tensor(numbers or [0])[:, None], network.start(1))
    decoder, left = tokenizer.decoder(), writing.length
    while left > 0 and time.monotonic() - began < seconds:
        number = choose(logits[-1, 0], taste, chance, numbers)
        numbers.append(number)
        text = decoder.take(number)[:left]
        left -= len(text)
        if text:
            yield text
        logits, state = network(torch.tensor([[number]]), state)
