"""The loop for pretrained eyes: look once, fit a head, then train everything for what time is left.

The head on frozen features takes seconds and is the baseline. Whichever is better on the validation part is kept.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import Eyes, Features, weights_name
from onward.core.run import Run
from onward.group import Group
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.box import Box
from onward.parts.lots import by_lot
from onward.parts.pixels import as_pixels
from onward.parts.schedules import moment, share_since, triangle
from onward.vision.classify.batches import Batches
from onward.vision.classify.exam import FINAL_SHARE, Exam, finished
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import Recogniser, logits_of
from onward.vision.classify.settings import Settings
from onward.vision.classify.transfer import TransferNetwork, fit_head, rates_by_depth

__all__ = ["TUNING_RATE", "tune", "tuning_batch_size"]

_SIDES = (224, 192, 160, 128, 96)
_LIKED_SIDE = 160  # small pictures are brought to this: Lite0 sees little in fewer pixels, and nothing new in more
_ENOUGH_EPOCHS, _MOST_EPOCHS = 10, 60
_LOOKING_SHARE = 0.4
_BACKWARD = 3.0  # what a training step costs a picture, in looks
TUNING_RATE = 1.5e-4
_MOST_VALIDATION = 2000


class _Parts:
    """What a tuning run is made of; `frozen` is the head alone: its weights, its answers, and when it was fitted.

    Attributes:
        places: pictures to look at once, in an order drawn by lot, so that the first looks see all classes.
        is_chosen: which of them are there to choose by, and not to learn from.
    """

    def __init__(self, run: Run, album: Album, settings: Settings, eyes: Eyes) -> None:
        images, labels = album.pictures.images, album.pictures.labels
        size, side = int(images.shape[1]), run.group.agree(_side(run, album, eyes))
        facts = {"kind": "transfer", "eyes": eyes.name, "classes": list(album.classes), "size": size, "side": side}
        run.folder.update(classifier=facts)
        network: Any = TransferNetwork(len(album.classes), side, eyes).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.network = network.eval().requires_grad_(True)  # evaluation: a small batch has no statistics to give
        self.places = by_lot(np.concatenate([by_lot(album.validation, _MOST_VALIDATION), album.training]), lot=3)
        self.is_chosen = np.isin(self.places, album.validation)
        self.labels = labels[self.places]
        name = weights_name(eyes.name, network.eyes)
        self.features = Features(lambda seen: [network.eyes(seen)], name, images[self.places], side, group=run.group)
        count = len(album.training)
        self.batch_size = run.group.whole(settings.batch_size or tuning_batch_size(count))
        shift = round(settings.shift * size / 32)
        learned = images[album.training], labels[album.training]
        self.batches = Batches(*learned, self.batch_size, shift, run.seed, run.group, mirrors=album.mirrors)
        self.descent = Adam(network.parameters(), 0.0, (0.9, 0.999), rates_by_depth(network))
        self.average = Average(network, half_life_pictures=count)
        self.frozen: Any = Box(None)
        kept = {"network": network, "descent": self.descent, "average": self.average}
        run.keep(**kept, batches=self.batches, frozen=self.frozen)

    def knows_every_class(self) -> bool:
        """Say whether the pictures looked at and learned from show each class."""
        learned = self.labels[~self.is_chosen]
        return len(np.unique(learned[self.features.done[~self.is_chosen]])) == len(np.unique(learned))


def tuning_batch_size(pictures: int) -> int:
    """Choose how many pictures of so many are seen a step."""
    return int(min(32, max(8, 2 ** int(np.log2(pictures / 12 + 1)))))


def tune(run: Run, album: Album, settings: Settings, eyes: Eyes) -> Recogniser:
    """Train a head on pretrained eyes, then both."""
    parts, exam = _Parts(run, album, settings, eyes), Exam(run, album)
    network, average, features, frozen = parts.network, parts.average, parts.features, parts.frozen
    peak = settings.learning_rate or TUNING_RATE
    for step in run.steps():
        has_time = step.index == 0 or step.progress < _LOOKING_SHARE
        if frozen.value is None:
            for number in range(min(step.index, len(features))):  # those of a sitting before
                features.look(number)
        if frozen.value is None and step.index < len(features) and (has_time or not parts.knows_every_class()):
            features.look(step.index)
            step.log(pictures_looked_at=float(features.done.sum()))
            continue
        if frozen.value is None:
            frozen.value = _fit(run, parts)
            average.copy(network)
            exam.look(step, network)
            if not settings.unfreeze:
                run.finish_early("The head is fitted; the eyes stay as they were.")
            continue
        phase = _phase(run, parts, step.progress)
        parts.descent.learning_rate = peak * triangle(phase, peak=0.15, start=0.02, end=0.0) * 0.5**run.setbacks
        with run.machine.mixed() if eyes.knows_half_precision else nullcontext():
            step.log(loss=_tuned(network, parts.descent, run.group, *next(parts.batches)))
        average.follow(network, pictures=parts.batch_size)
        if phase >= 1:
            run.finish_early(f"Each picture was shown {_MOST_EPOCHS} times; more would change little.")
        exam.look(step, average.network)
    if frozen.value is None:
        run.note(f"The time was spent on looking at {int(features.done.sum()):,} of {len(parts.places):,} pictures.")
        frozen.value = _fit(run, parts)
        average.copy(network)
        run.save()
    return _better(run, album, parts, exam, eyes)


def _phase(run: Run, parts: _Parts, progress: float) -> float:
    """Say how much of the time since the head was fitted is spent, 0 to 1, under today's budget."""
    spent = share_since(run, parts.frozen.value["fitted"], progress)
    return min(1.0, max(spent, parts.batches.epochs / _MOST_EPOCHS))


def _tuned(network: nn.Module, descent: Adam, group: Group, pictures: Tensor, wanted: Tensor) -> Tensor:
    """Train everything on a batch; give its loss."""
    loss = F.cross_entropy(network(pictures).float(), wanted, label_smoothing=0.1)
    descent.zero_grad()
    loss.backward()
    loss = group.average(network.parameters(), loss)
    descent.step()
    return loss


def _fit(run: Run, parts: _Parts) -> dict[str, Any]:
    """Fit the head on the features that are there, after computing those that a stopped sitting left out of memory."""
    features, head = parts.features, parts.network.head
    for number in range(min(max(1, run.steps_done), len(features))):
        features.look(number)
    learned, chosen = (features.done & part for part in (~parts.is_chosen, parts.is_chosen))
    known = [(features.values[0][rows].astype(np.float32), parts.labels[rows]) for rows in (learned, chosen)]
    accuracy = fit_head(head, *known)
    with torch.no_grad():
        for weight in head.parameters():  # other processors may have come to other last digits
            weight.copy_(run.group.mean(weight))
        right = head(torch.from_numpy(known[1][0])).argmax(dim=1) == torch.from_numpy(known[1][1])
    return {
        "accuracy": accuracy,
        "weights": {name: each.detach().clone() for name, each in head.state_dict().items()},
        "asked": torch.from_numpy(parts.places[chosen]),
        "right": right,
        "fitted": moment(run),
    }


def _better(run: Run, album: Album, parts: _Parts, exam: Exam, eyes: Eyes) -> Recogniser:
    """Keep whichever is better on the same validation pictures: everything trained, or the head alone."""
    network: Any = parts.average.network
    frozen, count = parts.frozen.value, exam.affordable(FINAL_SHARE)
    places, right = frozen["asked"][:count].numpy(), frozen["right"][:count]
    before = float(right.float().mean()) if len(right) else 0.0
    after = 1.0
    if len(places):
        told = logits_of(network, album.pictures.images[places], 1).argmax(dim=1).numpy()
        after = float((told == album.pictures.labels[places]).mean())
    if after < before:
        with torch.no_grad():
            network.eyes.load_state_dict(eyes.pretrained().state_dict())
            network.head.load_state_dict(frozen["weights"])
        run.save()
        run.note(
            f"The head on frozen features is kept: {100 * before:.1f} % on {len(places):,} validation pictures, "
            f"{100 * after:.1f} % after training everything."
        )
    return finished(run, album, network, exam, (("head on frozen features", before),))


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
