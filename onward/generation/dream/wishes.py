"""What is to be seen more of: everything in a layer, some channels, a class, or what a guide picture shows.

Each is a value at every place of a map, so that a picture can be looked at in parts: the whole is the mean of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.backbones import efficientnet_lite0, find_class, imagenet_classes, lite0_classifier
from onward.core.faults import UsageFault
from onward.data.photo import Photo
from onward.generation.dream.reading import Scene, chosen_channels
from onward.generation.dream.settings import Settings
from onward.generation.features import Sight, find_sight

__all__ = ["Wish", "tensor_of", "wish_of"]

_GUIDE_SIDE = 288
_LAST_LAYER = 6
_CLASS_REACH = 1.5  # a class needs more change than a texture to be recognised


@dataclass(frozen=True)
class Wish:
    """What is to be seen more of.

    Attributes:
        title: in words.
        sight: how the picture is looked at; its one tap is where the value is taken.
        at_places: maps 1 C h w to values h w.
        reach: how much further than usual the photo may change for it.
    """

    title: str
    sight: Sight
    at_places: Callable[[Tensor], Tensor]
    reach: float = 1.0

    def values(self, pictures: Tensor) -> Tensor:
        """Give the value at every place: 1 3 H W in [0, 1], sides being multiples of the grid, to h w."""
        return self.at_places(self.sight(pictures)[0])


def wish_of(scene: Scene, settings: Settings) -> Wish:
    """Give what the settings ask for.

    Raises:
        UsageFault: the network has no such layer or channel.
        MachineFault: the network's weights are not here.
    """
    whole = find_sight(settings.backbone).magnified(1)
    layer = _LAST_LAYER if settings.class_ else settings.layer
    tap = layer + 1 if settings.backbone == "lite0" else layer  # lite0's tap 0 is its stem
    if tap >= len(whole.strides):
        raise UsageFault(f"{settings.backbone} has layers 0 to {len(whole.strides) - 1}, and no {layer}.")
    sight = whole.tapped(tap)
    if settings.class_:
        return _class_wish(settings.class_, sight)
    if settings.channels:
        return _channels_wish(settings, sight)
    if scene.guide is not None:
        return _guide_wish(scene.guide, sight, layer)
    return Wish(f"layer {layer}", sight, lambda maps: maps[0].square().mean(0))


def _channels_wish(settings: Settings, sight: Sight) -> Wish:
    width = sight(torch.zeros(1, 3, sight.grid * 2, sight.grid * 2))[0].shape[1]
    chosen = list(chosen_channels(settings.channels, width, settings.layer))
    named = f"channel{'s' if len(chosen) > 1 else ''} {', '.join(map(str, chosen))} of layer {settings.layer}"
    return Wish(named, sight, lambda maps: maps[0, chosen].mean(0))


def _class_wish(name: str, sight: Sight) -> Wish:
    """Give the logit of a class at every place; their mean is the classifier's own, since it pools by the mean."""
    number = find_class(name)
    head = efficientnet_lite0().head.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    weight, bias = lite0_classifier()

    def logits(maps: Tensor) -> Tensor:
        return torch.einsum("chw,c->hw", F.relu6(head(maps))[0], weight[number]) + bias[number]

    return Wish(f"class {imagenet_classes()[number]}", sight, logits, _CLASS_REACH)


def _guide_wish(guide: Photo, sight: Sight, layer: int) -> Wish:
    """Give how well each place agrees with that place of the guide that it agrees with best (google/deepdream)."""
    small = tensor_of(guide.reduced(_GUIDE_SIDE))
    sides = [max(sight.grid, side // sight.grid * sight.grid) for side in small.shape[2:]]
    with torch.no_grad():
        maps = sight(F.interpolate(small, sides, mode="area"))[0]
    wanted = F.normalize(maps[0].flatten(1), dim=0)  # C places
    return Wish(
        f"the guide at layer {layer}",
        sight,
        lambda maps: torch.einsum("chw,cp->phw", maps[0], wanted).max(0).values,
    )


def tensor_of(photo: Photo) -> Tensor:
    """Give a photo's pixels as 1 3 H W in [0, 1]."""
    return torch.from_numpy(photo.pixels.copy()).permute(2, 0, 1)[None].float().contiguous() / 255
