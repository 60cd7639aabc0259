"""`translate`: sentences of one language into another, and where the network looked while it said each word.

Read in this order: `settings.py`, `reading.py` (pairs), `vocabulary.py` (sentences in numbers), `batches.py`,
`network.py` (encoder, attention, decoder), `losses.py`, `fitting.py` (how large), `training.py` (the loop), `exam.py`,
`interpreter.py` (beam search, copies), `memory.py` (the likest known sentence), `choosing.py` (which answers better),
`scores.py`, `pictures.py`, `using.py`, `exporting.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.language.translate.settings import Settings, Translating

__all__ = ["TASK"]

_NOT_PAIRS = (".png", ".jpg", ".mp4", ".npz", ".npy", ".xml", ".parquet")

TASK: Task = Task(
    name="translate",
    summary="translate sentences, with the words it looked at",
    takes="sentence pairs: train.de and train.en, or a tsv, csv or jsonl with two columns; dates, numbers",
    example="dates",
    settings=Settings,
    read=late("onward.language.translate.reading:read"),
    train=late("onward.language.translate.training:train"),
    load=late("onward.language.translate.using:load"),
    apply=late("onward.language.translate.using:apply"),
    evaluate=late("onward.language.translate.scores:evaluate"),
    export=late("onward.language.translate.exporting:export"),
    options=Translating,
    accepts=lambda address: ":" not in address[2:] or address.startswith("numbers:") or ".zip:" in address.lower(),
    tried_with=("text",),
    shares_batches=True,
)
