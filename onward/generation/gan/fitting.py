"""How large can the pictures be in these minutes? Answered by trying a few steps, before the training begins."""

from __future__ import annotations

import time

import torch

from onward.core.run import Run
from onward.generation.gan.players import Players, Turn
from onward.generation.gan.reading import Gallery
from onward.generation.gan.settings import Settings

__all__ = ["fitting_size"]

_SMALLEST = 32
_FEWEST_STEPS = 800
_SHORT_SECONDS = 60.0  # trying alone would take a fifth of it
_STEPS_TRIED = 4  # one of four has a gradient penalty, two a look of the projected judge


def fitting_size(run: Run, gallery: Gallery, settings: Settings) -> int:
    """Choose the pictures' side in pixels: the data's, halved while the minutes allow fewer than 800 steps.

    Asked once: a run that goes on keeps its size. Under `--steps` alone, or where `--size` says it, nothing is tried.
    """
    size = int(gallery.pictures.images.shape[1])
    before = run.folder.record.get("generator")
    if before is not None:
        return int(before["size"])
    if settings.size is not None or run.budget.seconds is None:
        return size
    if size > _SMALLEST and run.budget.seconds < _SHORT_SECONDS:
        run.note(f"Under a minute is too short for {size} pixels: pictures are drawn at {_SMALLEST}.")
        return _SMALLEST
    while size > _SMALLEST:
        steps = run.seconds_left / _seconds_a_step(run, size, settings, patience=run.seconds_left / 40)
        if steps >= _FEWEST_STEPS:
            break
        run.note(
            f"At {size} pixels these minutes allow about {steps:.0f} steps, too few to learn in, so pictures are "
            f"drawn at {size // 2}; --size {size} insists."
        )
        size //= 2
    return size


def _seconds_a_step(run: Run, size: int, settings: Settings, patience: float) -> float:
    """Time a few steps of players that are thrown away; the run's random numbers are left as they were.

    Args:
        patience: seconds; a first step slower than a tenth of it says enough.
    """
    with torch.random.fork_rng(devices=[]):
        players = Players.make(size, 1, settings)
        real = torch.rand(settings.batch_size or 32, 3, size, size) * 2 - 1
        began = time.perf_counter()
        Turn(run.machine, players, settings, 1).play(real, None)
        first = time.perf_counter() - began
        if first > patience / 10:
            return first
        began = time.perf_counter()
        for index in range(_STEPS_TRIED):
            Turn(run.machine, players, settings, index).play(real, None)
        return (time.perf_counter() - began) / _STEPS_TRIED
