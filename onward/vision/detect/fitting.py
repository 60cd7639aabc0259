"""How large must the pictures be for the smallest things to be seen, and how large can they be in these minutes?"""

from __future__ import annotations

import time

import numpy as np
import torch

from onward.core.run import Run
from onward.vision.detect.network import Detector
from onward.vision.detect.reading import Scenes
from onward.vision.detect.settings import Settings

__all__ = ["fitting_size", "smallest_side"]

_SIDES = (416, 512)
_LEGIBLE = 32.0  # pixels: four of the finest points across
_FEWEST_EPOCHS = 30  # with eyes that learn
_TRIED, _TIMES = 8, 5  # pictures a step; the first steps are slower than all that follow
_ASKING_SHARE = 0.02  # of the time left: a short budget on a slow machine is not spent on the question


def fitting_size(run: Run, scenes: Scenes, settings: Settings) -> int:
    """Choose the side pictures are fitted into: larger than usual where the things of some class would be tiny.

    Only as large as the files themselves, and as the minutes allow thirty epochs at. Asked once: a run that goes on
    keeps its size. Under `--steps` alone, or where `--size` says it, nothing is tried.
    """
    before = run.folder.record.get("detector")
    if before is not None:
        return int(before["size"])
    usual, smallest = scenes.size, smallest_side(scenes)
    native = float(np.median(scenes.pictures.sizes.max(axis=1)))
    useful = [side for side in _SIDES if side <= native and smallest * side / usual < _LEGIBLE * 1.3]
    if settings.size is not None or run.budget.seconds is None or smallest >= _LEGIBLE or not useful:
        return usual
    seconds = _seconds_a_picture(run, scenes, settings)
    left = (1 - settings.frozen_share) * run.seconds_left
    for side in reversed(useful):
        epochs = left / (seconds * (side / usual) ** 2 * len(scenes.training))
        if epochs >= _FEWEST_EPOCHS:
            run.note(
                f"The smallest class is {smallest:.0f} pixels across at {usual}, so pictures are fitted into {side}; "
                f"--size {usual} is faster."
            )
            return side
    return usual


def smallest_side(scenes: Scenes) -> float:
    """Give the middle size of the class whose things are smallest, in pixels of the fitted picture."""
    sides: dict[int, list[float]] = {}
    for place in scenes.training:
        boxes = scenes.boxes(int(place))
        for label, corners in zip(scenes.pictures.labels[place], boxes, strict=True):
            sides.setdefault(int(label), []).append(float(np.sqrt((corners[2:] - corners[:2]).prod())))
    return min(float(np.median(each)) for each in sides.values())


def _seconds_a_picture(run: Run, scenes: Scenes, settings: Settings) -> float:
    """Time a training step of a network that is thrown away; the run's random numbers are left as they were."""
    with torch.random.fork_rng(devices=[]):
        network = Detector(len(scenes.classes), settings.width).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        network.unfreeze(everything=False)
        pictures = torch.rand(_TRIED, 3, scenes.size, scenes.size).contiguous(memory_format=torch.channels_last)
        taken = []
        for _ in range(_TIMES):
            began = time.perf_counter()
            with run.machine.mixed():
                logits, reaches = network(pictures)
            (logits.mean() + reaches.mean()).backward()
            taken.append(time.perf_counter() - began)
            if sum(taken) > _ASKING_SHARE * run.seconds_left:
                break
    return min(taken) / _TRIED
