"""`text-classify`: which class is this text of?

Read in this order: `settings.py`, `reading.py` (three parts), `features.py` and `linear.py` (the simple thing),
`choosing.py` (which simple thing), `writing.py` (texts in numbers), `network.py` (reads and remembers), `batches.py`,
`team.py` (several networks), `training.py` (the loop), `classifier.py` (both together), `watching.py`,
`colouring.py`, `pictures.py`, `scores.py`, `using.py`, `exporting.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.language.text_classify.settings import Settings, Telling

__all__ = ["TASK"]

_NOT_TEXTS = (".mp4", ".npz", ".gz", ".npy", ".xml", ".png", ".jpg", ".jpeg", ".gif", ".avi", ".mov")

TASK: Task = Task(
    name="text-classify",
    summary="tell the class of a text: its topic, its mood, its language",
    takes="csv, tsv, jsonl, lines with labels, folders or files of classes",
    example="languages",
    settings=Settings,
    read=late("onward.language.text_classify.reading:read"),
    train=late("onward.language.text_classify.training:train"),
    load=late("onward.language.text_classify.using:load"),
    apply=late("onward.language.text_classify.using:apply"),
    evaluate=late("onward.language.text_classify.scores:evaluate"),
    export=late("onward.language.text_classify.exporting:export"),
    options=Telling,
    accepts=lambda address: not address.lower().endswith(_NOT_TEXTS) and not address.startswith("meadow:"),
    tried_with=("text",),
)
