"""The loop: pictures and boxes in, a network that finds the same things in new pictures out.

First frozen eyes look at a few views of every picture, once (`onward/backbones/features.py`); neck and head learn from
what they saw, many epochs a minute. Then the deeper half of the eyes learns too, on views never seen before; whichever
of the two finds more on the validation part is kept.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor

from onward.backbones import Features, efficientnet_lite0, weights_name
from onward.core.exhibits import Picture
from onward.core.run import Box, Run, Step
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.lots import by_lot
from onward.parts.schedules import moment, share_since
from onward.vision.detect.assignment import reaches_to_boxes
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

__all__ = ["detection_loss", "train"]

_CHUNK = 16
_LOOKING_SHARE = 0.2
_FEWER_AT_ONCE = 2  # pictures a step once the eyes learn too: this many times fewer
_EYES_RATE = 0.1
_BIG_FEWER = 4
_REACH_WEIGHT = 2.0
_EXAMS = 10
_EXAM_PICTURES, _SHOWN = 60, 8
_REPORT_SECONDS = 8.0


def train(run: Run, scenes: Scenes, settings: Settings) -> Finder:
    """Train a detector.

    Raises:
        UsageFault: there are no such eyes.
    """
    run.machine  # noqa: B018 - sets threads before anything is built
    if settings.backbone not in ("lite0", "none"):
        return _train_big(run, scenes, settings)
    scenes = scenes.at(fitting_size(run, scenes, settings))
    facts = {"classes": list(scenes.classes), "size": scenes.size, "width": settings.width}
    run.folder.update(detector=facts)
    eyes = efficientnet_lite0() if settings.backbone == "lite0" else None
    network = Detector(len(scenes.classes), settings.width, eyes).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.requires_grad_(True)
    head = Adam(network.head.parameters(), settings.learning_rate, (0.9, 0.99))
    deep = Adam(network.eyes.parameters(), settings.learning_rate, (0.9, 0.99))
    average = Average(network, half_life_pictures=20 * len(scenes.training))
    batches = Batches(scenes, run.seed)
    stage = Box({"chunks": None, "freed": None, "score": -1.0})  # looked at; when the eyes began to learn; before that
    run.keep(network=network, head=head, deep=deep, average=average, batches=batches, stage=stage)
    views = Views(scenes.pictures.images, scenes.training, settings.views, run.seed)
    features = Features(network.look, weights_name("maps", network.eyes), views, scenes.size, _CHUNK)
    exam = _Exam(run, scenes)
    learner = _Learner(run, settings, network, head, deep, average, batches)
    frozen_share = 0.0 if settings.backbone == "none" else settings.frozen_share if settings.unfreeze else 1.0
    for step in run.steps():
        is_frozen = stage.value["freed"] is None and step.progress < frozen_share
        has_time = step.index == 0 or step.progress < _LOOKING_SHARE * frozen_share
        if is_frozen and stage.value["chunks"] is None and step.index < len(features) and has_time:
            features.look(step.index)
            step.log(pictures_looked_at=float(features.done.sum()))
            continue
        if is_frozen:
            stage.value["chunks"] = stage.value["chunks"] or int(step.index)
            for number in range(stage.value["chunks"]):  # those that a stopped sitting left out of memory
                features.look(number)
            step.log(**learner.learn_from_looks(features, step.progress / frozen_share))
        else:
            if stage.value["freed"] is None:
                _free(run, exam, average, stage)
            step.log(**learner.learn_fresh(share_since(run, stage.value["freed"], step.progress)))
        exam.look(step, average.network)
    return _better(run, scenes, exam, average, stage)


def _free(run: Run, exam: _Exam, average: Average[Detector], stage: Any) -> None:
    """Let the eyes learn from here on, for good; keep what frozen ones came to."""
    stage.value["freed"] = moment(run)
    if stage.value["chunks"] is not None:
        stage.value["score"] = exam.score(average.network)
        run.save("frozen")


def _train_big(run: Run, scenes: Scenes, settings: Settings) -> Finder:
    """Train one of torchvision's detectors whole, from what it learned of everyday things."""
    facts = {"classes": list(scenes.classes), "size": scenes.size, "width": settings.width, "big": settings.backbone}
    run.folder.update(detector=facts)
    is_new = run.folder.newest_checkpoint() is None
    network = BigDetector(settings.backbone, len(scenes.classes), weights=is_new).to(run.machine.device)
    descent = Adam(network.parameters(), 0.0, (0.9, 0.999))
    average = Average(network, half_life_pictures=5 * len(scenes.training))
    batches = Batches(scenes, run.seed)
    run.keep(network=network, descent=descent, average=average, batches=batches)
    exam, count = _Exam(run, scenes), max(1, settings.batch_size // _BIG_FEWER)
    for step in run.steps():
        loss = network.train().loss(*batches.fresh_boxes(count))
        descent.learning_rate = settings.learning_rate * _EYES_RATE * _hill(step.progress) * 0.5**run.setbacks
        descent.zero_grad()
        loss.backward()
        descent.step()
        average.follow(network, pictures=count)
        step.log(loss=loss)
        exam.look(step, average.network)
    return Finder(average.network.eval(), scenes.classes, scenes.size, run)


class _Learner:
    """Turns batches into steps of the two optimisers."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        network: Detector,
        head: Adam,
        deep: Adam,
        average: Average[Detector],
        batches: Batches,
    ) -> None:
        self._run, self._settings, self._network, self._average = run, settings, network, average
        self._head, self._deep, self._batches = head, deep, batches
        self._points, _ = points_of(int(run.folder.record["detector"]["size"]))

    def learn_from_looks(self, features: Features, phase: float) -> dict[str, Tensor]:
        """Teach the head with what frozen eyes saw; `phase` runs from 0 to 1."""
        self._network.eyes.requires_grad_(False)
        count = self._settings.batch_size
        maps, wanted = self._batches.looked_at(features, count)
        with self._run.machine.mixed():
            answer = self._network.head([each.contiguous(memory_format=torch.channels_last) for each in maps])
        return self._step(answer, wanted, _hill(phase), 0.0, count)

    def learn_fresh(self, phase: float) -> dict[str, Tensor]:
        """Teach head and eyes with views never seen before."""
        self._network.unfreeze(self._settings.backbone == "none")
        count = max(1, self._settings.batch_size // _FEWER_AT_ONCE)
        pictures, wanted = self._batches.fresh(count)
        with self._run.machine.mixed():
            answer = self._network(pictures)
        eyes = 1.0 if self._settings.backbone == "none" else _EYES_RATE
        return self._step(answer, wanted, 0.5 * _hill(phase), eyes, count)

    def _step(
        self, answer: tuple[Tensor, Tensor], wanted: Wanted, rate: float, eyes: float, count: int
    ) -> dict[str, Tensor]:
        score_loss, box_loss = detection_loss(*answer, wanted, self._points)
        self._head.zero_grad()
        self._deep.zero_grad()
        (score_loss + _REACH_WEIGHT * box_loss).backward()
        self._head.learning_rate = self._settings.learning_rate * rate * 0.5**self._run.setbacks
        self._head.step()
        if eyes > 0:
            self._deep.learning_rate = self._head.learning_rate * eyes
            self._deep.step()
        self._average.follow(self._network, pictures=count)
        return {"score_loss": score_loss, "box_loss": box_loss}


def detection_loss(logits: Tensor, reaches: Tensor, wanted: Wanted, points: Tensor) -> tuple[Tensor, Tensor]:
    """Compare answers with what is wanted.

    Args:
        logits: B P classes.
        reaches: B P 4, in pixels.
    Returns: the scores' loss and the boxes', each over the number of points that have a box.
    """
    is_box = wanted.kinds >= 0
    count = is_box.sum().clamp(min=1)
    told = reaches_to_boxes(points, reaches)[is_box]
    quality = torch.zeros_like(logits)
    shared, _ = overlap(told.detach(), wanted.boxes[is_box])
    quality[is_box, wanted.kinds[is_box]] = shared.clamp(0, 1)
    weights = shared.clamp(min=0.3)  # a box that is far off yet must learn too
    boxes = overlap_loss(told, wanted.boxes[is_box], weights) / weights.sum().clamp(min=1)
    return quality_focal_loss(logits, quality) / count, boxes


def _hill(phase: float) -> float:
    """Give the factor of the learning rate: a short rise, then half a cosine down."""
    rise = min(1.0, phase / 0.05 + 0.02)
    return rise * max(0.01, 0.5 * (1 + math.cos(math.pi * min(1.0, phase))))


class _Exam:
    """Has the averaged network find things on the validation part, now and then: a curve and a picture."""

    def __init__(self, run: Run, scenes: Scenes) -> None:
        self._run, self._scenes, self._taken = run, scenes, 0
        self._places = by_lot(scenes.validation, _EXAM_PICTURES)
        self._least_tail_seconds = run.tail_seconds

    def look(self, step: Step, network: Detector | BigDetector) -> None:
        """Examine the network if it is time to."""
        number = int(step.progress * _EXAMS)
        if number == self._taken and not step.is_last:
            return
        self._taken = number
        step.mark(validation_precision=self.score(network))
        shown = self._places[:_SHOWN]
        found = find(network, self._scenes.pictures.images[shown])
        picture = truth_and_found(self._scenes, shown, found)
        step.show(found=Picture(picture, f"found in pictures it does not learn from, step {step.index}"))

    def score(self, network: Detector | BigDetector) -> float:
        """Give the mean average precision on (some of) the validation part."""
        began = time.perf_counter()
        found = find(network, self._scenes.pictures.images[self._places])
        self._reserve((time.perf_counter() - began) / len(self._places))
        return average_precision(self._scenes, self._places, found)["AP"]

    def _reserve(self, seconds_a_picture: float) -> None:
        """Keep time for the final test, as long as that takes no more than a seventh of the budget."""
        if self._run.budget.seconds is not None:
            count = len(self._scenes.testing) + len(self._scenes.shifted) + len(self._places)
            needed = _REPORT_SECONDS + 1.3 * seconds_a_picture * count
            self._run.tail_seconds = max(self._least_tail_seconds, min(needed, self._run.budget.seconds / 7))


def _better(run: Run, scenes: Scenes, exam: _Exam, average: Average[Detector], stage: Any) -> Finder:
    """Keep whichever finds more on the validation part: with eyes that learned, or with frozen ones."""
    before = stage.value["score"]
    if before >= 0:
        after = exam.score(average.network)
        if after < before:
            run.load_kept(label="frozen", average=average)
            run.save()
            run.note(f"The detector with frozen eyes is kept: {before:.3f} on the validation part, {after:.3f} after.")
    return Finder(average.network.eval(), scenes.classes, scenes.size, run)
