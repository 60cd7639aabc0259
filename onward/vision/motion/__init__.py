"""`motion`: what moves in films, how fast and where to, and who is who; and a small network that learns to see motion.

`onward apply motion film.mp4` needs no training: `using.py: untrained()` gives the model for it (DIS and the tracker).

Read in this order: `settings.py`, `onward/parts/dense_flow.py` (flow, and when to believe it), `regions.py` (the
camera, and what moves by itself), `kalman.py` and `tracker.py` (who is who), `boxes.py` (whom to follow), `watching.py`
(one walk through a film), `using.py`. Then the network: `reading.py`, `sheets.py` (pictures moved over pictures),
`network.py`, `training.py`, `scores.py`, `flow_net.py`. `track_scores.py` says how good tracks are.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.vision.motion.settings import Settings, Watching

__all__ = ["TASK"]

_NOT_MOVING = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".npz", ".npy")

TASK: Task = Task(
    name="motion",
    summary="see what moves in films: flow, tracks, speeds; works untrained",
    takes="photos, a film or pairs with .flo to learn from; films, frames or MOT files to apply to",
    example="meadow:flow",
    settings=Settings,
    read=late("onward.vision.motion.reading:read"),
    train=late("onward.vision.motion.training:train"),
    load=late("onward.vision.motion.flow_net:load"),
    apply=late("onward.vision.motion.using:apply"),
    evaluate=late("onward.vision.motion.scores:evaluate"),
    export=late("onward.vision.motion.flow_net:export"),
    options=Watching,
    untrained=late("onward.vision.motion.using:untrained"),
    accepts=lambda address: not address.lower().endswith(_NOT_MOVING),
    tried_with=("film", "picture"),
)
