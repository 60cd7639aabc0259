"""`onward eject` of a language model: what of the run goes into `ejected.py`, the script it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onward.core.run import Run
from onward.language.language_model.ejected_text import read_text
from onward.language.language_model.places import Places
from onward.language.language_model.reading import Corpus
from onward.language.language_model.settings import Settings
from onward.language.language_model.training import HALF_LIFE_TURNS, peak_rate
from onward.language.telling import is_sampled
from onward.parts.ejecting import Ejection, is_half_precise, kept_of, write_ejected
from onward.parts.trained import facts_of

__all__ = ["eject"]

_LARGE_BYTES = 100_000_000  # a text that is not read whole


def eject(run: Run, corpus: Corpus, script: Path) -> Iterator[Path | str]:
    """Write a script that repeats a run; yields the files written, and a sentence for what it does not repeat.

    Raises:
        RunFault: the run has no checkpoint.
        UsageFault: a file is there already.
    """
    settings, facts, kept = run.settings(Settings), facts_of(run, "language_model"), kept_of(run, "exam")
    group = run.group
    places = Places(corpus.training.numbers, group.whole(settings.batch_size), settings.stretch, run.seed, group)
    own = _own_file(corpus)
    texts = {"train.txt": corpus.training, "val.txt": corpus.validation, "test.txt": corpus.testing}
    cell = settings.cell
    values = {
        "DATA": str(own) if own else script.stem,
        "OUT": f"{script.stem}-out",
        "SEED": run.seed,
        "STEPS": int(kept["steps_done"]),
        "VOCABULARY": corpus.tokenizer.size,
        "WIDTH": int(facts["width"]),
        "DEPTH": int(facts["depth"]),
        "BATCH_SIZE": places.count,
        "STRETCH": places.pieces // places.count,
        "LEARNING_RATE": settings.learning_rate or peak_rate(cell),
        "DROP": float(facts["drop"]),
        "DROP_KEPT": settings.drop_kept,
        "FORGET_BIAS": settings.forget_bias,
        "HALF_LIFE": HALF_LIFE_TURNS * places.pieces,
        "EXAMINED": int(kept["exam"]["pieces"]),
        "BFLOAT16": is_half_precise(run),
    }
    kinds = {corpus.tokenizer.level, cell, "one_file" if own else "three_files"}
    kinds |= {"cell"} if cell != "mingru" else set()
    kinds |= {"bits"} if corpus.tokenizer.level != "words" else set()  # words leave untold what lies between them
    kinds |= {"sampled" if is_sampled(corpus.tokenizer.size) else "whole"}
    ejection = Ejection(
        "onward.language.language_model.ejected",
        values,
        kinds,
        texts={} if own else {name: part.pieces() for name, part in texts.items()},
        needs=["tokenizers"] if corpus.tokenizer.level == "bpe" else [],
    )
    yield from write_ejected(run, script, ejection)


def _own_file(corpus: Corpus) -> Path | None:
    """Give the user's file, if the script's own few lines read the same three parts from it."""
    path = Path(corpus.address)
    if not path.is_file() or path.stat().st_size > _LARGE_BYTES:
        return None
    try:
        read = read_text(path)
    except (OSError, ValueError):  # in another encoding
        return None
    parts = (corpus.training, corpus.validation, corpus.testing)
    return path.resolve() if read == tuple("".join(part.pieces()) for part in parts) else None
