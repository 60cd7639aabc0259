"""The peer for detection: torchvision's SSDLite head at 320 pixels on the same pretrained eyes, frozen, not cached.

Run in an environment of its own, since torchvision is not among our dependencies:

    python -m venv peers; peers/bin/pip install torchvision -e '.[vision]'
    peers/bin/python -m benchmarks.peer_ssdlite ADDRESS MINUTES SEED FOUND.json

What a reader of the tutorial has: SSD's default boxes and loss (arXiv:1512.02325) with the separable head of
MobileNetV2 (arXiv:1801.04381), six levels, batches of 8, SGD with momentum 0.9 and a cosine of the learning rate, and
the augmentation of torchvision's own recipe for it, crops around boxes and mirrors. It learns from the pictures that
ours keeps to choose by as well.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections import OrderedDict
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onward.backbones import efficientnet_lite0
from onward.core.task import Source
from onward.vision.detect.reading import Scenes, read
from onward.vision.detect.settings import Settings

_CHANNELS = (112, 320, 256, 256, 128, 128)
_BATCH_SIZE, _RATE = 8, 0.02


class Eyes(nn.Module):
    """Frozen Lite0 at strides 16 and 32, and four levels more, each half as large."""

    def __init__(self) -> None:
        super().__init__()
        self.lite0 = efficientnet_lite0()
        self.more = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU6())
            for before, after in pairwise(_CHANNELS[1:])
        )

    def forward(self, pictures: Tensor) -> OrderedDict[str, Tensor]:
        """Look: B 3 S S to six levels."""
        with torch.no_grad():
            maps = self.lite0.stages(pictures, (4, 6))
        for level in self.more:
            maps.append(level(maps[-1]))
        return OrderedDict((str(number), each) for number, each in enumerate(maps))


def build(classes: int, size: int) -> Any:
    """Build torchvision's SSD with its light head."""
    from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
    from torchvision.models.detection.ssd import SSD
    from torchvision.models.detection.ssdlite import SSDLiteHead

    boxes = DefaultBoxGenerator([[2, 3] for _ in range(6)], min_ratio=0.1, max_ratio=0.95)
    normalise = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
    head = SSDLiteHead(list(_CHANNELS), boxes.num_anchors_per_location(), classes + 1, normalise)
    half = [0.5, 0.5, 0.5]
    return SSD(Eyes(), boxes, (size, size), classes + 1, head=head, image_mean=half, image_std=half, score_thresh=0.01)


def augmentation(size: int) -> Any:
    """Build what torchvision's reference recipe for SSDLite does to pictures, at our size."""
    from torchvision.transforms import v2

    return v2.Compose(
        [
            v2.RandomIoUCrop(),
            v2.Resize((size, size), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.SanitizeBoundingBoxes(),
        ]
    )


def augmented(scenes: Scenes, place: int, change: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """Give a picture and its boxes after a change by lot; as they are, where the change leaves no box."""
    from torchvision import tv_tensors

    image = tv_tensors.Image(torch.from_numpy(scenes.pictures.images[place].copy()).permute(2, 0, 1))
    where: Any = tv_tensors.BoundingBoxes(
        torch.from_numpy(scenes.boxes(place).copy()), format="XYXY", canvas_size=(scenes.size, scenes.size)
    )
    truth = {"boxes": where, "labels": torch.from_numpy(scenes.pictures.labels[place]) + 1}
    seen, told = change(image, truth)
    if not len(told["boxes"]):
        seen, told = image, truth
    return seen.float().as_subclass(Tensor) / 255, {key: value.as_subclass(Tensor) for key, value in told.items()}


def train(scenes: Scenes, minutes: float, seed: int) -> Any:
    """Train for so many minutes."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    network = build(len(scenes.classes), scenes.size)
    weights = [each for each in network.parameters() if each.requires_grad]
    descent = torch.optim.SGD(weights, _RATE, momentum=0.9, weight_decay=1e-4)
    known = [*scenes.training.tolist(), *scenes.validation.tolist()]
    with_boxes, change = [place for place in known if len(scenes.boxes(place))], augmentation(scenes.size)
    began = time.monotonic()
    while (spent := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in descent.param_groups:
            group["lr"] = _RATE * min(1.0, spent / 0.05 + 0.05) * 0.5 * (1 + math.cos(math.pi * spent))
        drawn = [augmented(scenes, int(place), change) for place in chance.choice(with_boxes, _BATCH_SIZE)]
        pictures, truths = [image for image, _ in drawn], [truth for _, truth in drawn]
        loss = sum(network.train()(pictures, truths).values())
        descent.zero_grad()
        loss.backward()
        descent.step()
    return network.eval()


@torch.no_grad()
def main(address: str, minutes: str, seed: str, path: str) -> None:
    """Train, find things in the testing part, and write them down."""
    scenes = read(Source((address,)), Settings())
    with torch.enable_grad():
        network = train(scenes, float(minutes), int(seed))
    found = []
    for place in scenes.testing:
        image = torch.from_numpy(scenes.pictures.images[place].copy()).permute(2, 0, 1).float() / 255
        (told,) = network([image])
        found.append({key: told[key].tolist() for key in ("boxes", "labels", "scores")})
    Path(path).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
