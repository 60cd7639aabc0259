"""The loop: pictures and points in, a network that finds the same points in new pictures out.

First frozen eyes look at a few views of every picture, once (`onward/backbones/features.py`); neck and head learn from
what they saw, many epochs a minute. Then the deeper half of the eyes learns too, at a tenth of the rate, on views never
seen before; whichever of the two errs less on the validation part is kept. What is kept is an average of the weights.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from onward.backbones import Features, efficientnet_lite0
from onward.core.exhibits import Picture
from onward.core.run import Box, Run, Step
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.vision.pose.batches import Batches, Wanted
from onward.vision.pose.errors import errors_of
from onward.vision.pose.finder import Finder, find
from onward.vision.pose.losses import pose_loss
from onward.vision.pose.network import Answer, PoseNetwork
from onward.vision.pose.pictures import truth_and_found
from onward.vision.pose.reading import Poses
from onward.vision.pose.settings import Settings
from onward.vision.pose.views import Views

__all__ = ["train"]

_CHUNK = 16
_LOOKING_SHARE = 0.2
_FEWER_AT_ONCE = 2  # pictures a step once the eyes learn too: this many times fewer
_EYES_RATE = 0.1
_OFFSET_WEIGHT = 1.0
_EXAMS = 10
_EXAM_PICTURES, _SHOWN = 40, 8
_REPORT_SECONDS = 8.0
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
    run.folder.update(
        pose={
            "skeleton": skeleton.as_json(),
            "shape": list(poses.shape),
            "width": settings.width,
            "stride": settings.stride,
            "are_cut": poses.pictures.are_cut,
        }
    )
    if poses.pictures.form == "drawn" and run.folder.newest_checkpoint() is None:
        run.note(_TRANSFER)
    eyes = efficientnet_lite0() if settings.backbone == "lite0" else None
    network = PoseNetwork(len(skeleton.names), settings.width, settings.stride, eyes)
    network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.requires_grad_(True)
    head = Adam(network.head.parameters(), settings.learning_rate, (0.9, 0.99))
    deep = Adam(network.eyes.parameters(), settings.learning_rate, (0.9, 0.99))
    average = Average(network, half_life_pictures=20 * len(poses.training))
    batches, stage = Batches(poses, run.seed), Box(None)  # when the looking ended, and what frozen eyes came to
    run.keep(network=network, head=head, deep=deep, average=average, batches=batches, stage=stage)
    count = settings.views or min(_MOST_VIEWS, max(2, _VIEWS_IN_ALL // len(poses.training)))
    views = Views(poses.pictures.images, poses.training, count, run.seed, poses.turn)
    name = f"lite0-pose-{settings.stride}-{settings.backbone}"
    features = Features(network.look, name, views, poses.shape[0], _CHUNK)
    exam = _Exam(run, poses)
    learner = _Learner(run, settings, network, (head, deep), average, batches)
    frozen_share = 0.0 if settings.backbone == "none" else settings.frozen_share if settings.unfreeze else 1.0
    for step in run.steps():
        is_looking = stage.value is None and step.index < len(features) and frozen_share > 0
        if is_looking and (step.index == 0 or step.progress < _LOOKING_SHARE):
            features.look(step.index)
            step.log(pictures_looked_at=float(features.done.sum()))
            continue
        if stage.value is None:
            stage.value = {"chunks": int(step.index), "error": -1.0}
        if step.progress < frozen_share:
            for number in range(stage.value["chunks"]):
                features.look(number)
            step.log(**learner.learn_from_looks(features, step.progress / max(frozen_share, 1e-9)))
        else:
            if frozen_share > 0 and stage.value["error"] < 0:
                stage.value["error"] = exam.error(average.network)
                run.save("frozen")
            step.log(**learner.learn_fresh((step.progress - frozen_share) / max(1e-9, 1 - frozen_share)))
        exam.look(step, average.network)
    return _better(run, poses, exam, average, stage)


class _Learner:
    """Turns batches into steps of the two optimisers."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        network: PoseNetwork,
        optimisers: tuple[Adam, Adam],
        average: Average[PoseNetwork],
        batches: Batches,
    ) -> None:
        self._run, self._settings, self._network, self._average = run, settings, network, average
        (self._head, self._deep), self._batches = optimisers, batches

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
        maps = self._network.look(pictures)  # in full precision: depthwise layers are slower without
        with self._run.machine.mixed():
            answer = self._network.head(maps)
        eyes = 1.0 if self._settings.backbone == "none" else _EYES_RATE
        return self._step(answer, wanted, 0.5 * _hill(phase), eyes, count)

    def _step(self, answer: Answer, wanted: Wanted, rate: float, eyes: float, count: int) -> dict[str, Tensor]:
        place_loss, offset_loss = pose_loss(answer, wanted.places, wanted.states, self._network.stride)
        self._head.zero_grad()
        self._deep.zero_grad()
        (place_loss + _OFFSET_WEIGHT * offset_loss).backward()
        self._head.learning_rate = self._settings.learning_rate * rate * 0.5**self._run.setbacks
        self._head.step()
        if eyes > 0:
            self._deep.learning_rate = self._head.learning_rate * eyes
            self._deep.step()
        self._average.follow(self._network, pictures=count)
        return {"place_loss": place_loss, "offset_loss": offset_loss}


def _hill(phase: float) -> float:
    """Give the factor of the learning rate: a short rise, then half a cosine down."""
    rise = min(1.0, phase / 0.05 + 0.02)
    return rise * max(0.01, 0.5 * (1 + math.cos(math.pi * min(1.0, phase))))


class _Exam:
    """Has the averaged network find points in the validation part, now and then: a curve and a picture."""

    def __init__(self, run: Run, poses: Poses) -> None:
        self._run, self._poses, self._taken = run, poses, 0
        self._places = poses.validation[:_EXAM_PICTURES]
        self._least_tail_seconds = run.tail_seconds

    def look(self, step: Step, network: PoseNetwork) -> None:
        """Examine the network if it is time to."""
        number = int(step.progress * _EXAMS)
        if number == self._taken and not step.is_last:
            return
        self._taken = number
        step.mark(validation_pixels=self.error(network))
        shown = self._places[:_SHOWN]
        found = find(network, self._poses.pictures.images[shown])
        picture = truth_and_found(self._poses, shown, found)
        step.show(found=Picture(picture, f"found in pictures it does not learn from, step {step.index}"))

    def error(self, network: PoseNetwork) -> float:
        """Give the mean error on (some of) the validation part, in pixels of the original pictures."""
        began = time.perf_counter()
        found = find(network, self._poses.pictures.images[self._places])
        self._reserve((time.perf_counter() - began) / len(self._places))
        errors = errors_of(self._poses, self._places, found)
        return float(np.nanmean(errors)) if np.isfinite(errors).any() else 0.0

    def _reserve(self, seconds_a_picture: float) -> None:
        """Keep time for the final test, as long as that takes no more than a seventh of the budget."""
        if self._run.budget.seconds is not None:
            count = len(self._poses.testing) + len(self._poses.shifted) + len(self._places)
            needed = _REPORT_SECONDS + 1.3 * seconds_a_picture * count
            self._run.tail_seconds = max(self._least_tail_seconds, min(needed, self._run.budget.seconds / 7))


def _better(run: Run, poses: Poses, exam: _Exam, average: Average[PoseNetwork], stage: Any) -> Finder:
    """Keep whichever errs less on the validation part: with eyes that learned, or with frozen ones."""
    before = stage.value["error"] if stage.value else -1.0
    if before >= 0:
        after = exam.error(average.network)
        if after > before:
            run.load_kept(label="frozen", average=average)
            run.save()
            run.note(
                f"The finder with frozen eyes is kept: it errs by {before:.2f} px on the validation part, {after:.2f}"
                " after."
            )
    return Finder(average.network.eval(), poses.skeleton, poses.shape, poses.pictures.are_cut, run)
