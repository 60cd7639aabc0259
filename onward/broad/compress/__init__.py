"""`compress`: a picture codec learned from your own folder, or from the one picture itself; real files both ways.

Read in this order: `settings.py`, `network.py` (transforms and the model of probabilities), `training.py`,
`integers.py` (the same model in whole numbers), `tables.py` (probabilities as counts, and the coder), `container.py`
(the file), `codec.py` (picture to file and back), then the codec of one picture: `fitting.py`, `fitted.py`;
`reading.py`, `measuring.py`, `rivals.py`, `scores.py`, `using.py`.
"""

from __future__ import annotations

from onward.broad.compress.settings import Coding, Settings
from onward.core.task import Task, late

__all__ = ["TASK"]

_NO_PICTURES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".game", ".py")

TASK: Task = Task(
    name="compress",
    summary="a codec for pictures like yours, with real files that any machine decodes alike",
    takes="a folder of pictures of one kind; or one picture, whose own small codec travels in its file",
    example="meadow:scene",
    settings=Settings,
    read=late("onward.broad.compress.reading:read"),
    train=late("onward.broad.compress.training:train"),
    load=late("onward.broad.compress.training:load"),
    apply=late("onward.broad.compress.using:apply"),
    evaluate=late("onward.broad.compress.scores:evaluate"),
    options=Coding,
    untrained=late("onward.broad.compress.training:untrained"),
    accepts=lambda address: not address.lower().endswith(_NO_PICTURES),
    tried_with=("picture", "file"),
)
