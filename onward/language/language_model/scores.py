"""How good a language model is: surprise beside counting and packing, whether it copies, and what its memory holds."""

from __future__ import annotations

import lzma
import time
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.language.coloured_text import coloured_text, pieces_of
from onward.language.gradients import gradient_picture
from onward.language.language_model.copying import copying
from onward.language.language_model.reading import Corpus, Part, whole_lines
from onward.language.language_model.settings import Writing
from onward.language.language_model.surprise import nats, priced
from onward.language.language_model.units import telling_units
from onward.language.language_model.writing import Model, write
from onward.language.ngrams import ngram_nats
from onward.parts.intervals import mean_interval
from onward.parts.passages import Passage

__all__ = ["evaluate"]

_ORDER, _BLOCK = 5, 64
_LEAST_COUNTED, _MOST_COUNTED, _COUNTED_A_SECOND = 100_000, 3_000_000, 150_000
_MOST_SEARCHED, _SEARCHED_A_SECOND = 8_000_000, 500_000  # characters
_TIMED = 2_000
_MOST_PACKED_BYTES = 8_000_000
_WRITTEN = 1_000
_COLOURED = 700
_MOST_NATS = 8.0
_MOST_CHARACTERS = 5_000_000  # of another text


def evaluate(model: Model, corpus: Corpus, seconds: float) -> Iterator[Score | Exhibit | Passage]:
    """Read the test part, as much of it as the time allows, and show what was learned."""
    began = time.monotonic()
    written = "".join(write(model, Writing(length=_WRITTEN), 0.15 * seconds))
    yield Passage([written], "what it writes")
    is_own = model.tokenizer.described() == corpus.tokenizer.described()
    part, learned = (each if is_own else _in_its_pieces(model, each) for each in (corpus.testing, corpus.training))
    numbers = part.numbers[: _affordable(model, part.numbers, 0.4 * seconds)]
    surprise = priced(nats(model.network, numbers), numbers, model.tokenizer)
    most = int(min(_MOST_COUNTED, max(_LEAST_COUNTED, _COUNTED_A_SECOND * 0.2 * seconds)))
    counted = priced(ngram_nats(learned.numbers, numbers, model.tokenizer.size, _ORDER, most), numbers, model.tokenizer)
    if most < len(learned.numbers):
        model.run.note(f"The {_ORDER}-gram model counted the last {most:,} of {len(learned.numbers):,} pieces.")
    bytes_a_piece = part.bytes / max(1, len(part.numbers))
    yield from _scores(model, surprise, counted, bytes_a_piece, "" if is_own else " of that text")
    if len(numbers) < len(part.numbers):
        told = f"Tested on {len(numbers):,} of {len(part.numbers):,} pieces, as many as the time allowed"
        model.run.note(f"{told}; all of them: onward evaluate {model.run.name}")
    if model.tokenizer.level != "words":
        yield _compared(surprise, counted, bytes_a_piece, corpus, seconds - (time.monotonic() - began))
    yield _surprise_picture(model, part.numbers, surprise)
    yield gradient_picture(model.network, part.numbers)
    yield from telling_units(model, part.numbers[:_COLOURED])
    left = seconds - (time.monotonic() - began)
    if left > 0.2 * seconds:
        yield from _copied(written, corpus, int(min(_MOST_SEARCHED, _SEARCHED_A_SECOND * left)))


def _in_its_pieces(model: Model, part: Part) -> Part:
    """Write a part as the model reads: other texts were read with pieces of their own."""
    numbers: list[NDArray[np.int64]] = []
    length = characters = 0
    for text in whole_lines(part.pieces()):
        numbers.append(model.tokenizer.encode(text))
        length, characters = length + len(text.encode("utf-8", "replace")), characters + len(text)
        if characters > _MOST_CHARACTERS:
            break
    return Part(np.concatenate(numbers), characters, length, part.pieces)


def _affordable(model: Model, numbers: NDArray[np.integer], seconds: float) -> int:
    """Give how many pieces can be read in the time, by reading some."""
    few = numbers[:_TIMED]
    began = time.monotonic()
    nats(model.network, few)
    speed = len(few) / max(1e-6, time.monotonic() - began)
    return int(max(len(few), min(len(numbers), speed * seconds)))


def _scores(
    model: Model, surprise: NDArray[np.floating], counted: NDArray[np.floating], bytes_a_piece: float, of_what: str
) -> Iterator[Score]:
    """Give bits a byte, which can be compared whatever a piece is, and perplexity, which is told elsewhere.

    Words tell no bits a byte: what lies between them, and which word an unknown one is, goes untold.
    """
    blocks = [each.mean() for each in np.array_split(surprise, max(1, len(surprise) // _BLOCK))]
    low, high = mean_interval(np.array(blocks))
    bits = 1 / (np.log(2) * bytes_a_piece)
    name = f"{_ORDER}-gram model{of_what}"
    if model.tokenizer.level != "words":
        yield Score(
            "bits per byte", float(surprise.mean() * bits), "", False, (low * bits, high * bits), len(surprise),
            Baseline(name, float(counted.mean() * bits)),
        )  # fmt: skip
    kind = {"bpe": "piece", "characters": "character", "words": "word"}[model.tokenizer.level]
    value, opponent = float(np.exp(surprise.mean())), float(np.exp(min(counted.mean(), 50.0)))
    interval = (float(np.exp(low)), float(np.exp(high)))
    yield Score(f"perplexity per {kind}", value, "", False, interval, len(surprise), Baseline(name, opponent))


def _compared(
    surprise: NDArray[np.floating],
    counted: NDArray[np.floating],
    bytes_a_piece: float,
    corpus: Corpus,
    seconds: float,
) -> Table:
    bits = 1 / (np.log(2) * bytes_a_piece)
    rows = [["this model", f"{surprise.mean() * bits:.3f}"], [f"{_ORDER}-gram model", f"{counted.mean() * bits:.3f}"]]
    if seconds > 1:
        rows.append(["xz", f"{_packed_bits(corpus.training, corpus.testing, seconds):.3f}"])
    rows.append(["no model: each byte as likely", "8.000"])
    return Table(["what tells the text", "bits per byte"], rows, "how short the test text could be told")


def _packed_bits(learned: Part, told: Part, seconds: float) -> float:
    """Give how many bits a byte of a text takes when a packer has seen the text before it."""
    most = int(min(_MOST_PACKED_BYTES, 400_000 * seconds))
    before = "".join(islice(learned.pieces(), 1 + most // (1 << 20))).encode("utf-8", "replace")[-most:]
    after = "".join(islice(told.pieces(), 1 + most // (1 << 20))).encode("utf-8", "replace")[:most]
    return 8 * (len(lzma.compress(before + after)) - len(lzma.compress(before))) / max(1, len(after))


def _surprise_picture(model: Model, numbers: NDArray[np.integer], surprise: NDArray[np.floating]) -> Picture:
    count = min(_COLOURED, len(surprise))
    pieces = pieces_of(numbers[1 : count + 1].tolist(), model.tokenizer.decoder())
    title = "the deeper the orange, the less it expected what comes"
    shades = np.minimum(surprise[:count] / _MOST_NATS, 1.0)
    return Picture(coloured_text(pieces, shades, title), "how surprised it is by text it never read")


def _copied(written: str, corpus: Corpus, most: int) -> Iterator[Exhibit]:
    unseen = "".join(islice(corpus.testing.pieces(), 3))[: len(written)]
    found, usual = (copying(text, corpus.training.pieces(), most) for text in (written, unseen))
    yield Table(
        ["", "longest stretch that stands in the text it learned from", "characters", "sequences of eight words"],
        [
            ["what it writes", found.longest.strip(), len(found.longest), f"{found.share:.1%}"],
            ["the user's own unseen text", usual.longest.strip(), len(usual.longest), f"{usual.share:.1%}"],
        ],
        "does it write, or does it copy?",
    )
