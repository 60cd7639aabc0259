"""`language-model`: a network with memory that reads your text and writes on like it.

Read `settings.py`, `reading.py` (the text in numbers), `places.py` (where in it is read), `../memory_network.py` and
`../recurrent.py` (the network), `sizing.py`, `training.py` (the loop), `surprise.py`, `scores.py`, then `writing.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.language.language_model.settings import Settings, Writing

__all__ = ["TASK"]

_NOT_TEXT = (".png", ".jpg", ".jpeg", ".mp4", ".npz", ".gz", ".npy", ".xml")

TASK: Task = Task(
    name="language-model",
    summary="learn to write like your text",
    takes="text: a file, or a folder of files",
    example="stdlib:docstrings",
    settings=Settings,
    read=late("onward.language.language_model.reading:read"),
    train=late("onward.language.language_model.training:train"),
    load=late("onward.language.language_model.using:load"),
    apply=late("onward.language.language_model.using:apply"),
    evaluate=late("onward.language.language_model.scores:evaluate"),
    export=late("onward.language.language_model.using:export"),
    eject=late("onward.language.language_model.ejecting:eject"),
    options=Writing,
    accepts=lambda address: not address.lower().endswith(_NOT_TEXT),
    shares_batches=True,
)
