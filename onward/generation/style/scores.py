"""How near the result came to the style, and to the photo, as another network sees it than the one it was made by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.core.metrics import Baseline, Score
from onward.generation.features import find_sight
from onward.generation.style.painting import Painting, as_tensor
from onward.generation.style.pictures import beside
from onward.generation.style.reading import Subject
from onward.generation.style.result import Restyled
from onward.generation.style.scales import plan_of
from onward.generation.style.tiles import Objective, added

__all__ = ["evaluate", "style_distance"]

_SIDE, _TILE = 256, 64  # pixels it is compared at, and of the parts that are drawn again and again
_DRAWS = 200


def evaluate(model: Restyled, subject: Subject, seconds: float) -> Iterator[Any]:
    """Compare the result with style and photo; the baselines are the photo with the style's colours, and the style."""
    pixels = model.pixels
    if pixels is None:
        return
    styles = [style.pixels for style in subject.styles]
    names = " | ".join(["photo", *(style.name for style in subject.styles), "result"])
    yield Picture(pixels, "the result")
    yield Picture(beside([subject.photo.pixels, *styles, pixels]), names)
    settings = model.settings
    other = find_sight("random" if settings.backbone != "random" else "lite0")
    height, width = subject.photo.pixels.shape[:2]
    plan = plan_of(height, width, min(_SIDE, max(pixels.shape[:2])))
    painting = Painting(subject, settings, plan, other, _TILE, torch.Generator().manual_seed(0))
    painting.place = len(plan.sizes) - 1
    objective = painting.objective_at(*painting.size)
    chance = np.random.default_rng(0)
    count = int(np.prod(painting.size))
    own, low, high = style_distance(objective, pixels, chance)
    before, _, _ = style_distance(objective, painting.picture(), chance)
    name = "the photo" if settings.keep_color else "the photo in the style's colours"
    yield Score("style_distance", own, "", False, (low, high), count, Baseline(name, before))
    kept, low, high = _content_distance(objective, pixels, subject.photo.pixels, chance)
    lost, _, _ = _content_distance(objective, styles[0], subject.photo.pixels, chance)
    yield Score("photo_distance", kept, "", False, (low, high), count, Baseline("the style itself", lost))


def style_distance(
    objective: Objective, pixels: NDArray[np.uint8], chance: np.random.Generator
) -> tuple[float, float, float]:
    """Give how far a picture, H W 3, is from the styles, and a bootstrap interval over its parts."""
    picture = objective.fitted(as_tensor(pixels))
    parts = list(objective.tile_sums(objective.framed(picture)))
    value = float(objective.style(added(parts)))
    draws = chance.integers(0, len(parts), (_DRAWS if len(parts) > 1 else 1, len(parts)))
    drawn = [float(objective.style(added(parts[place] for place in places))) for places in draws]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return value, float(low), float(high)


def _content_distance(
    objective: Objective, pixels: NDArray[np.uint8], photo: NDArray[np.uint8], chance: np.random.Generator
) -> tuple[float, float, float]:
    """Give 1 minus the mean cosine of what is seen at the same places, as far as it differs from the mean."""
    one, other = (objective.maps(objective.fitted(as_tensor(each)))[-1][0].flatten(1) for each in (pixels, photo))
    one, other = (each - each.mean(dim=1, keepdim=True) for each in (one, other))
    likeness = torch.cosine_similarity(one, other, dim=0).numpy()
    draws = chance.integers(0, len(likeness), (_DRAWS, len(likeness)))
    low, high = np.percentile(likeness[draws].mean(axis=1), (2.5, 97.5))
    return 1 - float(likeness.mean()), 1 - float(high), 1 - float(low)
