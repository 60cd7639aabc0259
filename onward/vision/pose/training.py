"""The loop: pictures and points in, a network that finds the same points in new pictures out.

It is learned in the two stages that detection has too (`onward/vision/two_stages.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import Features, efficientnet_lite0, weights_name
from onward.core.run import Run
from onward.parts.lots import by_lot
from onward.vision.pose.batches import Batches, Wanted
from onward.vision.pose.errors import errors_of
from onward.vision.pose.finder import Finder, find
from onward.vision.pose.losses import pose_loss
from onward.vision.pose.network import Answer, PoseNetwork
from onward.vision.pose.pictures import truth_and_found
from onward.vision.pose.reading import Poses
from onward.vision.pose.settings import Settings
from onward.vision.pose.views import Views
from onward.vision.two_stages import Exam, Plan, TwoStages

__all__ = ["train"]

_CHUNK = 16
_EXAM_PICTURES, _SHOWN = 40, 8
_VIEWS_IN_ALL, _MOST_VIEWS = 1200, 16
_TRANSFER = (
    "These creatures are drawn. What carries over to photos is the way: marking, parts, mirrors, scores, films. The "
    "finder itself does not: it knows flat drawn limbs seen from the side, and no photo of a person or an animal. For "
    "your own, mark some fifty pictures and train on those."
)


def train(run: Run, poses: Poses, settings: Settings) -> Finder:
    """Train a finder of points."""
    run.machine  # noqa: B018 - sets threads before anything is built
    skeleton = poses.skeleton
    facts = {"skeleton": skeleton.as_json(), "shape": list(poses.shape), "are_cut": poses.pictures.are_cut}
    run.folder.update(pose={**facts, "width": settings.width, "stride": settings.stride})
    if poses.pictures.form == "drawn" and run.folder.newest_checkpoint() is None:
        run.note(_TRANSFER)
    eyes = efficientnet_lite0() if settings.backbone == "lite0" else None
    network: Any = PoseNetwork(len(skeleton.names), settings.width, settings.stride, eyes)
    network = network.to(memory_format=torch.channels_last)
    network.requires_grad_(True)
    count = settings.views or min(_MOST_VIEWS, max(2, _VIEWS_IN_ALL // len(poses.training)))
    views = Views(poses.pictures.images, poses.training, count, run.seed, poses.turn)
    name = weights_name(f"pose-maps-{settings.stride}", network.eyes)
    features = Features(network.look, name, views, poses.shape[0], _CHUNK)

    def loss(answer: Answer, wanted: Wanted) -> dict[str, Tensor]:
        places, offsets = pose_loss(answer, wanted.places, wanted.states, settings.stride)
        return {"place_loss": places, "offset_loss": offsets}

    frozen_share = 0.0 if eyes is None else settings.frozen_share if settings.unfreeze else 1.0
    plan = Plan(settings.batch_size, settings.learning_rate, frozen_share, eyes is None, settings.learn_all)
    stages = TwoStages(run, plan, network, Batches(poses, run.seed), features, loss, len(poses.training))
    return Finder(stages.learn(_exam(run, poses)), skeleton, poses.shape, poses.pictures.are_cut, run)


def _exam(run: Run, poses: Poses) -> Exam:
    """Have a network find points in (some of) the validation part."""
    places = by_lot(poses.validation, _EXAM_PICTURES)

    def measure(network: Any) -> float:
        errors = errors_of(poses, places, find(network, poses.pictures.images[places]))
        return float(np.nanmean(errors)) if np.isfinite(errors).any() else 0.0

    def draw(network: Any) -> NDArray[np.uint8]:
        shown = places[:_SHOWN]
        return truth_and_found(poses, shown, find(network, poses.pictures.images[shown]))

    counts = (len(places), len(poses.testing) + len(poses.shifted))
    return Exam(run, "validation_pixels", measure, draw, counts, higher_is_better=False)
