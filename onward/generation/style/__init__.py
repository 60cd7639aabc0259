"""`style`: a photo redrawn in the style of other pictures, by an algorithm that works on the photo's own pixels.

`onward apply style photo.jpg --style scream.jpg` needs no training: `result.py: untrained()`.

Read in this order: `settings.py`, `statistics.py` (what a style is), `tiles.py` (the loss and its exact slope, in the
memory of a tile), `colours.py`, `scales.py` (coarse to fine, on the clock), `painting.py` (the picture on its way; its
pixels walk by `onward/parts/lbfgs.py`), `training.py`, then `quick_network.py` and `quick.py` (learned once, then at
once), then `reading.py`, `drawn.py` (styles the program draws), `result.py`, `using.py`, `video.py`, `scores.py`.
`onward/generation/features.py` has the networks it looks through.
"""

from __future__ import annotations

from onward.core.task import Task, late
from onward.generation.style.settings import Restyling, Settings

__all__ = ["TASK"]

_NO_PHOTOS = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".npz", ".npy", ".mp4", ".mov", ".avi", ".mkv", ".webm")

TASK: Task = Task(
    name="style",
    summary="redraw a photo in the style of another picture; works untrained",
    takes="a photo, or with --fast a folder of them; its styles by --style; further photos and films to apply to",
    example="meadow:scene",
    settings=Settings,
    read=late("onward.generation.style.reading:read"),
    train=late("onward.generation.style.training:train"),
    load=late("onward.generation.style.result:load"),
    apply=late("onward.generation.style.using:apply"),
    evaluate=late("onward.generation.style.scores:evaluate"),
    options=Restyling,
    untrained=late("onward.generation.style.result:untrained"),
    accepts=lambda address: not address.lower().endswith(_NO_PHOTOS),
    tried_with=("picture", "option:style=picture"),
)
