"""Pretrained eyes by name: Lite0 from its wheel, or a network of timm or torchvision when the user asks for one.

Whatever the network, it looks at B 3 H W in [-1, 1] and gives B F features: what it wants its pixels to be is known
here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from onward.backbones.libraries import built, library
from onward.backbones.lite0 import EfficientNetLite0, efficientnet_lite0
from onward.core.faults import UsageFault, did_you_mean

__all__ = ["Eyes", "find_eyes"]

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_USUAL_SIDE = 224
_LIBRARIES = ("timm", "torchvision")


@dataclass(frozen=True)
class Eyes:
    """A network that gives features, and where it is from.

    Attributes:
        name: `lite0`, or `timm/NAME`, or `torchvision/NAME`.
        network: B 3 H W in [-1, 1] to B F, in evaluation mode.
        features: F.
        only_side: the one side in pixels it can look at; None if any will do.
        knows_half_precision: whether it is written to learn faster in it; others are trained in full.
    """

    name: str
    network: nn.Module
    features: int
    only_side: int | None = None
    knows_half_precision: bool = False

    def pretrained(self) -> nn.Module:
        """Build the network again, with the weights it came with."""
        return find_eyes(self.name).network


class _Adapted(nn.Module):
    """A network that was trained on otherwise scaled pixels."""

    mean: Tensor
    spread: Tensor

    def __init__(self, network: nn.Module, mean: tuple[float, ...], spread: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("spread", torch.tensor(spread)[:, None, None])

    def forward(self, pictures: Tensor) -> Tensor:
        return self.network(((pictures + 1) / 2 - self.mean) / self.spread)


def find_eyes(name: str, *, weights: bool = True) -> Eyes:
    """Build the network a name stands for.

    Args:
        name: `lite0`, `timm/NAME` or `torchvision/NAME`.
        weights: whether with what it has learned; without, nothing is downloaded.

    Raises:
        UsageFault: no such network.
        MachineFault: its library is not installed, or its weights are neither here nor can be downloaded.

    Example:
        >>> find_eyes("lite0", weights=False).features
        1280
    """
    if name == "lite0":
        return Eyes(name, efficientnet_lite0() if weights else EfficientNetLite0(), 1280, knows_half_precision=True)
    library, _, which = name.partition("/")
    if library not in _LIBRARIES or not which:
        raise UsageFault(f"There are no eyes called {name!r}. Use lite0, timm/NAME or torchvision/NAME.")
    network = (_from_timm if library == "timm" else _from_torchvision)(which, weights).eval()
    features, only_side = _measured(network)
    return Eyes(name, network, features, only_side)


@torch.no_grad()
def _measured(network: nn.Module) -> tuple[int, int | None]:
    """Find how many features a network gives, and whether it insists on pictures of 224 pixels."""
    try:
        return int(network(torch.zeros(1, 3, 96, 96)).shape[1]), None
    except (AssertionError, RuntimeError, ValueError):
        return int(network(torch.zeros(1, 3, _USUAL_SIDE, _USUAL_SIDE)).shape[1]), _USUAL_SIDE


def _from_timm(name: str, weights: bool) -> nn.Module:
    timm: Any = library("timm")
    if name.split(".")[0] not in timm.list_models():
        raise UsageFault(f"timm has no network called {name!r}.{did_you_mean(name, timm.list_models())}")
    network = built(f"timm/{name}", lambda: timm.create_model(name, pretrained=weights, num_classes=0))
    asked = network.pretrained_cfg
    return _Adapted(network, tuple(asked["mean"]), tuple(asked["std"]))


def _wanted_by(weights: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Read off torchvision's weights what pixels they were trained on; most say it, all others used ImageNet's."""
    asked = weights.transforms()
    return tuple(getattr(asked, "mean", _IMAGENET[0])), tuple(getattr(asked, "std", _IMAGENET[1]))


def _from_torchvision(name: str, weights: bool) -> nn.Module:
    models: Any = library("torchvision").models
    known = models.list_models(module=models)
    if name not in known:
        raise UsageFault(f"torchvision has no network called {name!r}.{did_you_mean(name, known)}")
    network = built(f"torchvision/{name}", lambda: models.get_model(name, weights="DEFAULT" if weights else None))
    layers = [place for place, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise UsageFault(
            f"torchvision/{name} has no linear layer at its end to take away. Choose another, like resnet18."
        )
    network.set_submodule(layers[-1], nn.Identity())
    return _Adapted(network, *_wanted_by(models.get_model_weights(name).DEFAULT))
