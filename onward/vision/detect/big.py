"""torchvision's big detectors, for those with a GPU and a network: Faster R-CNN, RetinaNet, FCOS, SSD and others.

They are taken with what they learned of COCO's eighty classes, but for the layers whose shape the number of classes
decides, and trained whole. On two processor cores our own detector learns in minutes what they learn in hours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onward.backbones import built, library
from onward.core.faults import UsageFault, did_you_mean
from onward.vision.detect.decoding import Found

__all__ = ["BigDetector"]

_LIBRARY = "torchvision"


class BigDetector(nn.Module):
    """One of torchvision's detectors, told and asked like our own.

    Args:
        name: `torchvision/fasterrcnn_resnet50_fpn_v2` and the like.
        classes: how many there are.
        weights: whether with what it has learned; without, nothing is downloaded.

    Raises:
        UsageFault: there is no such detector.
        MachineFault: torchvision is not installed, or the weights cannot be had.
    """

    def __init__(self, name: str, classes: int, *, weights: bool) -> None:
        super().__init__()
        where, _, which = name.partition("/")
        if where != _LIBRARY or not which:
            raise UsageFault(f"There are no eyes called {name!r}. Use lite0, none, or torchvision/NAME.")
        models: Any = library("torchvision.models")
        known = models.list_models(module=models.detection)
        if which not in known:
            raise UsageFault(f"torchvision has no detector called {which!r}.{did_you_mean(which, known)}")
        self.network: Any = models.get_model(which, weights=None, weights_backbone=None, num_classes=classes + 1)
        if weights:
            learned = built(name, lambda: models.get_model_weights(which).DEFAULT.get_state_dict(progress=False))
            own = self.network.state_dict()
            fitting = {key: value for key, value in learned.items() if key in own and own[key].shape == value.shape}
            self.network.load_state_dict(fitting, strict=False)

    def train(self, mode: bool = True) -> BigDetector:
        """Set the mode; statistics of normalisations stay as they were learned, since batches are small."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def loss(self, pictures: Tensor, truths: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Compare answers with what is there: B 3 S S in [-1, 1]; boxes K 4 in pixels and labels K of each."""
        targets = [
            {"boxes": boxes.reshape(-1, 4).to(self._place).float(), "labels": labels.to(self._place) + 1}
            for boxes, labels in truths
        ]
        losses: dict[str, Tensor] = self.network(self._scaled(pictures), targets)
        return torch.stack(list(losses.values())).sum()

    def found(self, pictures: Tensor) -> list[Found]:
        """Find things: B 3 S S in [-1, 1] to what is in each picture."""
        return [
            Found(each["boxes"].cpu().numpy(), each["labels"].cpu().numpy() - 1, each["scores"].cpu().numpy())
            for each in self.network(self._scaled(pictures))
        ]

    def _scaled(self, pictures: Tensor) -> list[Tensor]:
        return list(((pictures + 1) / 2).contiguous().to(self._place))

    @property
    def _place(self) -> torch.device:
        return next(self.parameters()).device
