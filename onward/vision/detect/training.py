"""The loop: pictures and boxes in, a network that finds the same things in new pictures out.

Our own detector learns in two stages (`onward/vision/two_stages.py`); torchvision's big ones are trained whole.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import Features, efficientnet_lite0, weights_name
from onward.core.run import Run
from onward.group import Group
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.lots import by_lot
from onward.vision.detect.assignment import UNASKED, reaches_to_boxes
from onward.vision.detect.batches import Batches, Wanted
from onward.vision.detect.big import BigDetector
from onward.vision.detect.finder import Finder, find
from onward.vision.detect.fitting import fitting_size
from onward.vision.detect.losses import overlap, overlap_loss, quality_focal_loss
from onward.vision.detect.network import Detector, points_of
from onward.vision.detect.pictures import truth_and_found
from onward.vision.detect.precision import average_precision
from onward.vision.detect.reading import Scenes
from onward.vision.detect.settings import Settings
from onward.vision.detect.views import Views
from onward.vision.two_stages import Exam, Plan, TwoStages, hill

__all__ = ["detection_loss", "train"]

_CHUNK = 16
_BIG_FEWER, _BIG_RATE = 4, 0.1
_REACH_WEIGHT = 2.0
_EXAM_PICTURES, _SHOWN = 60, 8


def train(run: Run, scenes: Scenes, settings: Settings) -> Finder:
    """Train a detector.

    Raises:
        UsageFault: there are no such eyes.
    """
    run.machine  # noqa: B018 - sets threads before anything is built
    if settings.backbone not in ("lite0", "none"):
        return _train_big(run, scenes, settings)
    scenes, group = scenes.at(run.group.agree(fitting_size(run, scenes, settings))), run.group
    facts = {"classes": list(scenes.classes), "size": scenes.size, "width": settings.width}
    run.folder.update(detector=facts)
    eyes = efficientnet_lite0() if settings.backbone == "lite0" else None
    network: Any = Detector(len(scenes.classes), settings.width, eyes).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.requires_grad_(True)
    views = Views(scenes.pictures.images, scenes.training, settings.views, run.seed)
    features = Features(network.look, weights_name("maps", network.eyes), views, scenes.size, _CHUNK, group)
    points, _ = points_of(scenes.size)

    def loss(answer: tuple[Tensor, Tensor], wanted: Wanted) -> dict[str, Tensor]:
        scores, boxes = detection_loss(*answer, wanted, points, group)
        return {"score_loss": scores, "box_loss": _REACH_WEIGHT * boxes}

    frozen_share = 0.0 if eyes is None else settings.frozen_share if settings.unfreeze else 1.0
    plan = Plan(settings.batch_size, settings.learning_rate, frozen_share, eyes is None, settings.learn_all)
    stages = TwoStages(run, plan, network, Batches(scenes, run.seed, group), features, loss, len(scenes.training))
    return Finder(stages.learn(_exam(run, scenes)), scenes.classes, scenes.size, run)


def _exam(run: Run, scenes: Scenes) -> Exam:
    """Have a network find things in (some of) the validation part."""
    places = by_lot(scenes.validation, _EXAM_PICTURES)

    def measure(network: Any) -> float:
        return average_precision(scenes, places, find(network, scenes.pictures.images[places]))["AP"]

    def draw(network: Any) -> NDArray[np.uint8]:
        shown = places[:_SHOWN]
        return truth_and_found(scenes, shown, find(network, scenes.pictures.images[shown]))

    counts = (len(places), len(scenes.testing) + len(scenes.shifted))
    return Exam(run, "validation_precision", measure, draw, counts, higher_is_better=True)


def _train_big(run: Run, scenes: Scenes, settings: Settings) -> Finder:
    """Train one of torchvision's detectors whole, from what it learned of everyday things."""
    facts = {"classes": list(scenes.classes), "size": scenes.size, "width": settings.width, "big": settings.backbone}
    run.folder.update(detector=facts)
    is_new = run.folder.newest_checkpoint() is None
    network = BigDetector(settings.backbone, len(scenes.classes), weights=is_new).to(run.machine.device)
    descent = Adam(network.parameters(), 0.0, (0.9, 0.999))
    average = Average(network, half_life_pictures=5 * len(scenes.training))
    batches = Batches(scenes, run.seed, run.group)
    run.keep(network=network, descent=descent, average=average, batches=batches.order)
    exam, count = _exam(run, scenes), run.group.whole(max(1, settings.batch_size // _BIG_FEWER))
    for step in run.steps():
        with run.group.own_lots():
            loss = network.train().loss(*batches.fresh_boxes(count))
        descent.learning_rate = settings.learning_rate * _BIG_RATE * hill(step.progress) * 0.5**run.setbacks
        descent.zero_grad()
        loss.backward()
        loss = run.group.average(descent.weights, loss)
        descent.step()
        average.follow(network, pictures=count)
        step.log(loss=loss)
        exam.look(step, average.network, is_fair=True)
    return Finder(average.network.eval(), scenes.classes, scenes.size, run)


def detection_loss(
    logits: Tensor, reaches: Tensor, wanted: Wanted, points: Tensor, group: Group | None = None
) -> tuple[Tensor, Tensor]:
    """Compare answers with what is wanted.

    Args:
        logits: B P classes.
        reaches: B P 4, in pixels.
        group: of processes that share a batch: the number is that of all of them, in the mean.
    Returns: the scores' loss and the boxes', each over the number of points that have a box.
    """
    group = group or Group()
    is_box, least = wanted.kinds >= 0, 1 / group.size
    count = group.mean(is_box.sum()).clamp(min=least)
    told = reaches_to_boxes(points, reaches)[is_box]
    quality = torch.zeros_like(logits)
    shared, _ = overlap(told.detach(), wanted.boxes[is_box])
    quality[is_box, wanted.kinds[is_box]] = shared.clamp(0, 1)
    is_unasked = wanted.kinds == UNASKED  # asked for what they say, which costs nothing and moves nothing
    quality[is_unasked] = logits.detach()[is_unasked].sigmoid()
    weights = shared.clamp(min=0.3)  # a box that is far off yet must learn too
    boxes = overlap_loss(told, wanted.boxes[is_box], weights) / group.mean(weights.sum()).clamp(min=least)
    return quality_focal_loss(logits, quality) / count, boxes
