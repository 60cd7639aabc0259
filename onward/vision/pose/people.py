"""People without training, for those with a network: torchvision's keypoint detectors (Mask R-CNN, arXiv:1703.06870).

They know COCO's seventeen points of a person, and find each person by themselves. Their weights, some 240 MB, are
downloaded because you named them; nothing here is trained. A picture takes seconds on two processor cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from onward.backbones import built, library
from onward.core.faults import UsageFault, did_you_mean
from onward.data.skeletons import Skeleton, mirror_pairs
from onward.data.windows import Box
from onward.vision.pose.looking import Seen

__all__ = ["PEOPLE", "People"]

_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
_EDGES = (
    (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13),
    (13, 15), (12, 14), (14, 16),
)  # fmt: skip
PEOPLE = Skeleton(_NAMES, _EDGES, *mirror_pairs(_NAMES), (("person", tuple(range(len(_NAMES)))),))
_LEAST_SCORE = 0.7
_PERSON = 1
_OTHERWISE = "mark points in pictures of your own: onward train pose FOLDER"


class People:
    """Looks for people.

    Args:
        name: `torchvision/keypointrcnn_resnet50_fpn`.

    Raises:
        UsageFault: there is no such network.
        MachineFault: torchvision is not installed, or the weights cannot be had.
    """

    skeleton = PEOPLE

    def __init__(self, name: str) -> None:
        where, _, which = name.partition("/")
        models: Any = library("torchvision.models", _OTHERWISE) if where == "torchvision" and which else None
        known = [each for each in models.list_models(module=models.detection) if "keypoint" in each] if models else []
        if which not in known:
            hint = did_you_mean(which, known) or " Write torchvision/keypointrcnn_resnet50_fpn."
            raise UsageFault(f"There is no network for people called {name!r}.{hint}")
        self._network: Any = built(name, lambda: models.get_model(which, weights="DEFAULT"), _OTHERWISE).eval()

    def ready(self, picture: Image.Image, boxes: Sequence[Box] | None) -> Any:
        """Give the picture's pixels; people are looked for everywhere, so boxes are not needed."""
        return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float() / 255

    @torch.no_grad()
    def look(self, ready: Sequence[Any]) -> list[Seen]:
        """Find people: their points in pixels, each with a score in 0 to 1, and the person's score as a description."""
        return [
            self._seen({key: value.cpu().numpy() for key, value in told.items()}) for told in self._network([*ready])
        ]

    def _seen(self, told: dict[str, Any]) -> Seen:
        sure = (told["scores"] >= _LEAST_SCORE) & (told["labels"] == _PERSON)
        boxes: list[Box] = [tuple(map(float, box)) for box in told["boxes"][sure]]  # type: ignore[misc]
        places = told["keypoints"][sure][..., :2].astype(np.float32)
        scores = 1 / (1 + np.exp(-told["keypoints_scores"][sure].astype(np.float32)))
        points = np.concatenate([places, scores[..., None]], axis=2)
        described = told["scores"][sure].astype(np.float32)[:, None]
        return Seen(boxes, list(zip(points, described, strict=True)))
