"""`detect`: where in a picture things are, and what they are.

Read in this order: `settings.py`, `reading.py` (scenes and their parts), `views.py` (a picture seen in many ways),
`network.py` (neck and head on pretrained eyes), `assignment.py` (which point learns which box), `losses.py`,
`training.py` (the loop), `decoding.py` (boxes out of maps), `scores.py`, `using.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.vision.detect.settings import Looking, Settings

__all__ = ["TASK"]

_NOT_BOXES = (".txt", ".jsonl", ".mp4", ".npz", ".gz", ".npy")

TASK: Task = Task(
    name="detect",
    summary="find things in pictures: a box and a class for each",
    takes="pictures with boxes: VOC, COCO, YOLO or csv, a folder or zip",
    example="meadow:detect",
    settings=Settings,
    read=late("onward.vision.detect.reading:read"),
    train=late("onward.vision.detect.training:train"),
    load=late("onward.vision.detect.using:load"),
    apply=late("onward.vision.detect.using:apply"),
    evaluate=late("onward.vision.detect.scores:evaluate"),
    export=late("onward.vision.detect.using:export"),
    options=Looking,
    accepts=lambda address: not address.lower().endswith(_NOT_BOXES),
    tried_with=("picture",),
    shares_batches=True,
)
