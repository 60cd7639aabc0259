"""Is more of it to be seen? The wish on the dream beside the untouched photo; and the rank of a class, if one was set.

The network that judges is the one that dreamt, so a high value says that the ascent worked, not that people see it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import efficientnet_lite0, find_class, imagenet_classes, lite0_classifier
from onward.core.exhibits import Exhibit, Picture
from onward.core.folder import Folder
from onward.core.metrics import Baseline, Score
from onward.generation.dream.dreaming import pixels_of, resized
from onward.generation.dream.gallery import gallery
from onward.generation.dream.reading import Scene
from onward.generation.dream.using import Dreamt, Kept, dreamt
from onward.generation.dream.wishes import Wish, tensor_of, wish_of
from onward.parts.intervals import mean_interval

__all__ = ["evaluate"]

_MOST_SIDE = 640  # larger pictures are measured smaller
_VIEWS, _VIEW_SIDE = 12, 224
_UNTOUCHED = "the untouched photo"
_SECONDS_FOR_OTHERS = 20.0


def evaluate(model: Dreamt, scene: Scene, seconds: float) -> Iterator[Score | Exhibit | Kept]:
    """Measure what was asked for, on the dream and on the photo; and show both.

    Args:
        scene: the run's own, or another, which is then dreamt on first.
    """
    began = time.monotonic()
    is_own = model.scene is not None or _is_own(model, scene)
    if is_own and model.pixels is not None:
        pixels = model.pixels
    else:
        pixels = dreamt(scene, model.settings, min(_SECONDS_FOR_OTHERS, seconds), model.seed)
    wish = wish_of(scene, model.settings)
    dream = _small(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255)
    photo = resized(tensor_of(scene.photo), dream.shape[2:])
    values, before = (_values(wish, each) for each in (dream, photo))
    name = "logit" if model.settings.class_ else "activation"
    yield Score(
        f"{name} of {wish.title} (by {wish.sight.name}, which dreamt)",
        float(values.mean()),
        "",
        True,
        mean_interval(values),
        len(values),
        Baseline(_UNTOUCHED, float(before.mean())),
    )
    if model.settings.class_:
        yield from _class_scores(model.settings.class_, dream, photo, model.seed)
    yield Picture(pixels, "the dream")
    height, width = pixels.shape[:2]
    yield Picture(pixels_of(resized(tensor_of(scene.photo), (height, width))), "the photo")
    if model.settings.gallery and seconds - (time.monotonic() - began) > 0:
        yield Picture(gallery(scene.photo, model.settings.backbone, model.seed), "what each layer sees")
    if model.folder is not None and is_own and (model.folder / "zoom.mp4").exists():
        yield Kept("a dive into the dream", model.folder / "zoom.mp4")


def _is_own(model: Dreamt, scene: Scene) -> bool:
    """Say whether a scene is what the run dreamt on."""
    if model.folder is None:
        return False
    return Folder(model.folder).record["data"]["fingerprint"] == scene.fingerprint


@torch.no_grad()
def _values(wish: Wish, picture: Tensor) -> NDArray[np.float32]:
    """Give the wish at every place, borders left out that do not fill the grid."""
    grid = wish.sight.grid
    sides = [max(grid, side // grid * grid) for side in picture.shape[2:]]
    return wish.values(resized(picture, sides).clamp(0, 1)).flatten().numpy()


@torch.no_grad()
def _class_scores(name: str, dream: Tensor, photo: Tensor, seed: int) -> Iterator[Score]:
    """Give the class's rank and probability over slightly different views of the whole picture."""
    number = find_class(name)
    network, (weight, bias) = efficientnet_lite0(), lite0_classifier()
    found = {}
    for title, picture in (("dream", dream), ("photo", photo)):
        logits = network(_views(picture, seed) * 2 - 1) @ weight.T + bias
        ranks = 1 + (logits > logits[:, number : number + 1]).sum(1)
        found[title] = (logits.softmax(1)[:, number].numpy(), ranks.float().numpy())
    for place, (title, higher) in enumerate((("probability", True), ("rank among 1,000", False))):
        values, before = found["dream"][place], found["photo"][place]
        yield Score(
            f"{title} of {imagenet_classes()[number]} (by lite0, which dreamt)",
            float(values.mean()),
            "",
            higher,
            mean_interval(values),
            len(values),
            Baseline(_UNTOUCHED, float(before.mean())),
        )


def _views(picture: Tensor, seed: int) -> Tensor:
    """Cut the picture a little differently each time, at least 80 % of each side: V 3 224 224."""
    chance = np.random.default_rng(seed)
    height, width = picture.shape[2:]
    views = []
    for share in np.linspace(0.8, 1.0, _VIEWS):
        high, wide = int(height * share), int(width * share)
        top, left = (int(chance.integers(0, most + 1)) for most in (height - high, width - wide))
        part = picture[:, :, top : top + high, left : left + wide]
        views.append(F.interpolate(part, (_VIEW_SIDE, _VIEW_SIDE), mode="bicubic", antialias=True).clamp(0, 1))
    return torch.cat(views)


def _small(picture: Tensor) -> Tensor:
    height, width = picture.shape[2:]
    factor = min(1.0, _MOST_SIDE / max(height, width))
    return resized(picture, (max(1, round(height * factor)), max(1, round(width * factor))))
