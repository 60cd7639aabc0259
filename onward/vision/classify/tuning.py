"""The loop for pretrained eyes: look once, fit a head, then train everything for what time is left.

The head on frozen features takes seconds and is the baseline. Whichever is better on the validation part is kept.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import Eyes, Features
from onward.core.run import Box, Run
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.schedules import triangle
from onward.vision.classify.batches import Batches, as_pixels
from onward.vision.classify.exam import Exam, finished
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import Recogniser, logits_of
from onward.vision.classify.settings import Settings
from onward.vision.classify.transfer import TransferNetwork, fit_head, rates_by_depth

__all__ = ["tune"]

_SIDES = (224, 192, 160, 128, 96)
_LIKED_SIDE = 160  # small pictures are brought to this: Lite0 sees little in fewer pixels, and nothing new in more
_ENOUGH_EPOCHS, _MOST_EPOCHS = 10, 60
_LOOKING_SHARE = 0.4
_BACKWARD = 3.0  # what a training step costs a picture, in looks
_RATE = 1.5e-4
_MOST_VALIDATION = 2000


class _Parts:
    """What a tuning run is made of; `frozen` is the head alone: its weights, its answers, and when it was fitted."""

    def __init__(self, run: Run, album: Album, settings: Settings, eyes: Eyes) -> None:
        images, labels = album.pictures.images, album.pictures.labels
        size, side = int(images.shape[1]), _side(run, album, eyes)
        facts = {"kind": "transfer", "eyes": eyes.name, "classes": list(album.classes), "size": size, "side": side}
        run.folder.update(classifier=facts)
        network: Any = TransferNetwork(len(album.classes), side, eyes).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.network = network.eval().requires_grad_(True)  # evaluation: a small batch has no statistics to give
        # by lot, so that the first looks see all classes
        order = np.random.default_rng([run.seed, 3]).permutation(album.training)
        self.places = np.concatenate([album.validation[:_MOST_VALIDATION], order])
        self.features = Features(lambda seen: [network.eyes(seen)], eyes.name, images[self.places], side)
        self.batch_size = settings.batch_size or int(min(32, max(8, 2 ** int(np.log2(len(order) / 12 + 1)))))
        shift = round(settings.shift * size / 32)
        self.batches = Batches(images[album.training], labels[album.training], self.batch_size, shift, run.seed)
        self.descent = Adam(network.parameters(), 0.0, (0.9, 0.999), rates_by_depth(network))
        self.average = Average(network, half_life_pictures=len(order))
        self.frozen: Any = Box(None)
        kept = {"network": network, "descent": self.descent, "average": self.average}
        run.keep(**kept, batches=self.batches, frozen=self.frozen)


def tune(run: Run, album: Album, settings: Settings, eyes: Eyes) -> Recogniser:
    """Train a head on pretrained eyes, then both."""
    parts, exam = _Parts(run, album, settings, eyes), Exam(run, album)
    network, average, features, frozen = parts.network, parts.average, parts.features, parts.frozen
    peak = settings.learning_rate or _RATE
    for step in run.steps():
        looks_on = step.index < len(features) and (step.index == 0 or step.progress < _LOOKING_SHARE)
        if frozen.value is None and looks_on:
            features.look(step.index)
            step.log(pictures_looked_at=float(features.done.sum()))
            continue
        if frozen.value is None:
            frozen.value = _fit(parts, album, step.index) | {"progress": step.progress}
            average.copy(network)
            exam.look(step, network)
            if not settings.unfreeze:
                run.finish_early("The head is fitted; the eyes stay as they were.")
            continue
        phase = (step.progress - frozen.value["progress"]) / max(1e-9, 1 - frozen.value["progress"])
        phase = max(phase, parts.batches.epochs / _MOST_EPOCHS)
        parts.descent.learning_rate = (
            peak * triangle(min(1.0, phase), peak=0.15, start=0.02, end=0.0) * 0.5**run.setbacks
        )
        step.log(loss=_tuned(network, parts.descent, *next(parts.batches)))
        average.follow(network, pictures=parts.batch_size)
        if phase >= 1:
            run.finish_early(f"Each picture was shown {_MOST_EPOCHS} times; more would change little.")
        exam.look(step, average.network)
    if frozen.value is None:
        run.note(f"The time was spent on looking at {int(features.done.sum()):,} of {len(parts.places):,} pictures.")
        frozen.value = _fit(parts, album, 0) | {"progress": 1.0}
        average.copy(network)
        run.save()
    return _better(run, album, average, frozen, eyes)


def _tuned(network: nn.Module, descent: Adam, pictures: Tensor, wanted: Tensor) -> Tensor:
    """Train everything on a batch; give its loss. In full precision: depthwise layers are slower without."""
    loss = F.cross_entropy(network(pictures), wanted, label_smoothing=0.1)
    descent.zero_grad()
    loss.backward()
    descent.step()
    return loss


def _fit(parts: _Parts, album: Album, looked: int) -> dict[str, Any]:
    """Fit the head on the features that are there, after computing those that a stopped sitting left out of memory."""
    features, network = parts.features, parts.network
    for number in range(min(max(1, looked), len(features))):
        features.look(number)
    done, border = features.done, min(_MOST_VALIDATION, len(album.validation))
    labels = album.pictures.labels[parts.places]
    chosen, learned = (
        (features.values[0][part][done[part]].astype(np.float32), labels[part][done[part]])
        for part in (slice(0, border), slice(border, None))
    )
    accuracy = fit_head(network.head, learned, chosen)
    weights = {name: each.detach().clone() for name, each in network.head.state_dict().items()}
    return {"accuracy": accuracy, "weights": weights}


def _better(run: Run, album: Album, average: Average, frozen: Box, eyes: Eyes) -> Recogniser:
    """Keep whichever is better on the validation part: everything trained, or the head alone."""
    network: Any = average.network
    places = album.validation[:_MOST_VALIDATION]
    labels = album.pictures.labels[places]
    before = float(frozen.value["accuracy"])
    logits = logits_of(network, album.pictures.images[places], mirrored=False)
    after = float((logits.argmax(dim=1).numpy() == labels).mean()) if len(places) else 1.0
    if after < before:
        with torch.no_grad():
            network.eyes.load_state_dict(eyes.pretrained().state_dict())
            network.head.load_state_dict(frozen.value["weights"])
        run.save()
        run.note(
            f"The head on frozen features is kept: {100 * before:.1f} % on the validation part, {100 * after:.1f} % "
            "after training everything."
        )
    return finished(run, album, network, (("head on frozen features", before),))


def _side(run: Run, album: Album, eyes: Eyes) -> int:
    """Choose the largest side at which the time is enough for ten epochs and the exams."""
    before = run.folder.record.get("classifier")
    if before is not None:
        return int(before["side"])
    if eyes.only_side is not None:
        return eyes.only_side
    native = int(album.pictures.images.shape[1])
    if run.budget.seconds is None:
        return max(_SIDES[-1], min(_SIDES[0], native))
    fits = [side for side in _SIDES if side <= max(_LIKED_SIDE, native)]
    seconds = _seconds_a_look(album, eyes, _SIDES[-1]) / _SIDES[-1] ** 2
    looks = (1 + _BACKWARD * _ENOUGH_EPOCHS) * len(album.training) + 2 * len(album.validation) + 2 * len(album.testing)
    for side in fits:
        if looks * seconds * side**2 < 0.8 * run.seconds_left:
            return side
    return fits[-1]


@torch.no_grad()
def _seconds_a_look(album: Album, eyes: Eyes, side: int) -> float:
    """Time the eyes on a few pictures."""
    pictures = as_pixels(album.pictures.images[album.training[:16]])
    pictures = F.interpolate(pictures, size=(side, side)).contiguous(memory_format=torch.channels_last)
    network = eyes.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network(pictures)
    began = time.perf_counter()
    network(pictures)
    return (time.perf_counter() - began) / len(pictures)
