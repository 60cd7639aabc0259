"""A trained language model in use: it writes on, or says how surprised a text leaves it; export."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.given_lines import given_lines
from onward.data.text import open_text
from onward.language.coloured_text import coloured_text, pieces_of
from onward.language.language_model.settings import Writing
from onward.language.language_model.surprise import nats, priced
from onward.language.language_model.writing import Model, write
from onward.language.memory_network import restored
from onward.language.step_export import write_step
from onward.language.tokenizer import save_tokenizer
from onward.parts.passages import Passage

__all__ = ["apply", "export", "load"]

_LOG = logging.getLogger("onward")
_COLOURED, _MOST_NATS = 700, 8.0


def load(run: Run) -> Model:
    """Load a run's model.

    Raises:
        RunFault: nothing was trained yet.
    """
    network, tokenizer = restored(run)
    return Model(network, tokenizer, run)


def apply(model: Model, source: Source, options: Writing) -> Iterator[Exhibit | Passage]:
    """Write on from a prompt, aloud; or, where texts are named, measure them.

    Raises:
        DataFault: a text is missing, or is none.
    """
    if source.addresses:
        texts = [_text_of(address) for address in source.addresses]
        rows: list[tuple[str, float, int]] = []
        for address, text in zip(source.addresses, texts, strict=True):
            numbers = model.tokenizer.encode(text)
            if len(numbers) < 2:
                raise DataFault(f"{address} is too short to be surprising. Give more text.")
            surprise = priced(nats(model.network, numbers), numbers, model.tokenizer)
            bits = float(surprise.mean()) / np.log(2) * len(numbers) / len(text.encode("utf-8", "replace"))
            rows.append((address, bits, len(text)))
            shown = pieces_of(numbers[1 : _COLOURED + 1].tolist(), model.tokenizer.decoder())
            picture = coloured_text(shown, np.minimum(surprise[:_COLOURED] / _MOST_NATS, 1.0), address)
            yield Picture(picture, f"surprise-{len(rows):03d}")
        yield Table(["path", "bits per byte", "characters"], rows, "predictions")
        return
    _tell_unknown(model, options.prompt)
    yield Passage(_with_prompt(model, options), "text", is_aloud=True)


def _text_of(address: str) -> str:
    """Read a text whole, a book without what Project Gutenberg put around it; `-` is what is piped in."""
    if address == "-":
        return "\n".join(given_lines([address], ""))
    text = open_text(address).without_notes()
    for trouble in text.troubles:
        _LOG.info("%s", trouble)
    return "".join(text.pieces())


def _with_prompt(model: Model, options: Writing) -> Iterator[str]:
    yield options.prompt + (" " if model.tokenizer.level == "words" and options.prompt else "")
    yield from write(model, options)
    yield "\n"


def _tell_unknown(model: Model, prompt: str) -> None:
    """Say which characters or words of a prompt the model never saw; it takes them for an unknown one."""
    if model.tokenizer.level == "bpe" or not prompt:
        return
    parts = list(prompt) if model.tokenizer.level == "characters" else prompt.split()
    strange = [part for part in dict.fromkeys(parts) if model.tokenizer.encode(part)[0] == 0]
    if strange:
        _LOG.info("It never read %s, and takes each for the unknown one.", ", ".join(map(repr, strange[:5])))


def export(model: Model, folder: Path) -> Iterator[Path]:
    """Write the network as ONNX, one moment at a time with its memory in and out, and its tokenizer beside it.

    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    yield save_tokenizer(model.tokenizer, folder / "tokenizer.json")
    yield write_step(model.network, folder / "language_model.onnx")
