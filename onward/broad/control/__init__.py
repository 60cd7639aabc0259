"""`control`: an agent that learns by trying, in any Gymnasium environment (proximal policy optimisation).

Read `settings.py`, `ppo.py` (the paper), `choices.py` (how actions are drawn), `network.py` (the small network and its
gradient), `parallel.py` (many environments at once, and how they are put back), then `training.py`.
"""

from __future__ import annotations

import re
from os.path import isfile  # unlike a Path's, false for a name too long for the disk

from onward.broad.control.settings import Playing, Settings
from onward.core.task import Task, late

__all__ = ["TASK"]


def _accepts(address: str) -> bool:
    """Take names of environments, Python files, and classes of modules that are here."""
    return bool(re.search(r"-v\d+$|\.py(:\w+)?$", address)) or isfile(f"{address.partition(':')[0]}.py")


TASK: Task = Task(
    name="control",
    summary="learn by trying: balance a pole, land on the moon, or your own environment",
    takes="a Gymnasium environment: its name, or your own as file.py:Class, whose code is run then",
    example="CartPole-v1",
    settings=Settings,
    read=late("onward.broad.control.reading:read"),
    train=late("onward.broad.control.training:train"),
    load=late("onward.broad.control.using:load"),
    apply=late("onward.broad.control.using:apply"),
    evaluate=late("onward.broad.control.scores:evaluate"),
    export=late("onward.broad.control.using:export"),
    options=Playing,
    accepts=_accepts,
)
