"""How near the result came to the style, as another network sees it than the one it was made by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.core.metrics import Baseline, Score
from onward.generation.features import find_sight
from onward.generation.style.painting import Painting, as_tensor
from onward.generation.style.pictures import beside
from onward.generation.style.quick import quickly_painted
from onward.generation.style.reading import Subject
from onward.generation.style.result import Restyled
from onward.generation.style.scales import plan_of
from onward.generation.style.tiles import Objective, added

__all__ = ["evaluate", "style_distance"]

_SIDE, _PARTS = 256, 4  # pixels it is compared at, and parts along a side that are drawn again and again
_DRAWS = 60


def evaluate(model: Restyled, subject: Subject, seconds: float) -> Iterator[Any]:
    """Compare the result with the style; the baseline is the photo with the style's colours alone."""
    if model.painter is not None:
        pixels = quickly_painted(model.painter, subject.photo.pixels, model.settings)
    elif model.result is not None:
        pixels = model.result.pixels
    else:
        return
    styles = [style.pixels for style in subject.styles]
    names = " | ".join(["photo", *(style.name for style in subject.styles), "result"])
    yield Picture(pixels, "the result")
    yield Picture(beside([subject.photo.pixels, *styles, pixels]), names)
    settings = replace(model.settings, start="colors", tile=None)  # the baseline, whatever the run began from
    other = find_sight("random" if settings.backbone != "random" else "lite0")
    height, width = subject.photo.pixels.shape[:2]
    plan = plan_of(height, width, min(_SIDE, max(pixels.shape[:2])))
    painting = Painting(subject, settings, plan, other, torch.Generator().manual_seed(0))
    painting.place = len(plan.sizes) - 1
    objective = painting.objective_at(*painting.size)
    chance = np.random.default_rng(0)
    count = int(np.prod(painting.size))
    own, low, high = style_distance(objective, pixels, chance)
    before, _, _ = style_distance(objective, painting.picture(), chance)
    name = "the photo" if settings.keep_color else "the photo in the style's colours"
    yield Score("style_distance", own, "", False, (low, high), count, Baseline(name, before))


def style_distance(
    objective: Objective, pixels: NDArray[np.uint8], chance: np.random.Generator
) -> tuple[float, float, float]:
    """Give how far a picture, H W 3, is from the styles, and a bootstrap interval over its parts."""
    grid = objective.sight.grid
    side = max(grid, max(objective.size) // _PARTS // grid * grid)
    parts = objective.part_sums(objective.fitted(as_tensor(pixels)), side)
    value = float(objective.style(added(parts)))
    stacked = [
        [
            tuple(torch.stack([part[goal][tap][place] for part in parts]) for place in range(3))
            for tap in range(len(first))
        ]
        for goal, first in enumerate(parts[0])
    ]
    drawn = []
    for _ in range(_DRAWS):
        counts = torch.from_numpy(np.bincount(chance.integers(0, len(parts), len(parts)), minlength=len(parts))).float()
        sums = [
            [(counts @ first, torch.tensordot(counts, second, 1), counts @ weight) for first, second, weight in goal]
            for goal in stacked
        ]
        if all(float(weight) > 0 for goal in sums for _, _, weight in goal):  # a small region may not be drawn at all
            drawn.append(float(objective.style(sums)))
    if not drawn:
        return value, value, value
    spread = np.percentile(drawn, (2.5, 97.5)) - np.median(drawn)  # fewer different parts look farther off: shift back
    return value, max(0.0, value + float(spread[0])), value + float(spread[1])
