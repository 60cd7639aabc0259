"""`pose`: where the points of an animal or a person are, in pictures and in films.

Read in this order: `settings.py`, `reading.py` (subjects and their parts), `views.py` (a picture turned, mirrored,
nearer, farther), `network.py` (heat maps and offsets on pretrained eyes), `losses.py`, `training.py` (the loop),
`decoding.py` (places out of maps), `scores.py`, `using.py` (pictures), `filming.py` (films), `smoothing.py`,
`labelling.py`.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.vision.pose.settings import Looking, Settings

__all__ = ["TASK"]

_NOT_POINTS = (".txt", ".jsonl", ".mp4", ".npz", ".gz", ".npy", ".xml")

TASK: Task = Task(
    name="pose",
    summary="find the points of an animal or a person, in pictures and films",
    takes="pictures with points: COCO keypoints, DeepLabCut or plain csv",
    example="meadow:pose",
    settings=Settings,
    read=late("onward.vision.pose.reading:read"),
    train=late("onward.vision.pose.training:train"),
    load=late("onward.vision.pose.using:load"),
    apply=late("onward.vision.pose.using:apply"),
    evaluate=late("onward.vision.pose.scores:evaluate"),
    export=late("onward.vision.pose.using:export"),
    options=Looking,
    untrained=late("onward.vision.pose.using:untrained"),
    accepts=lambda address: not address.lower().endswith(_NOT_POINTS),
    tried_with=("picture", "film"),
)
