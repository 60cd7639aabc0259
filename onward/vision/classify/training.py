"""The loop: pictures and their classes in, a network that tells classes of new pictures out.

Without pretrained eyes a small network learns to see from nothing (`network.py`), its learning rate a triangle over the
budget. With them, the first steps compute features, one step fits the head, and the rest trains everything
(`transfer.py`); whichever of the two is better on the validation part is kept.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones import EfficientNetLite0, Features, efficientnet_lite0
from onward.core.faults import MachineFault
from onward.core.run import Box, Run
from onward.parts.averaging import Average
from onward.parts.momentum import Group, Momentum
from onward.vision.classify.batches import Batches, as_pixels
from onward.vision.classify.exam import Exam
from onward.vision.classify.network import SeeingNetwork, whitening_filters
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import Recogniser, fitted_temperature, logits_of
from onward.vision.classify.settings import Settings
from onward.vision.classify.transfer import TransferNetwork, fit_head, groups_by_depth

__all__ = ["train", "triangle"]

_WIDTHS = (64, 32, 16)
_ENOUGH_EPOCHS = 8
_BIAS_RATE = 64.0  # shifts of normalisations learn this much faster (section 3.4 of arXiv:2404.00498)
_MANY, _TINY_SIDE = 20_000, 48
_TRANSFER_RATE, _TRANSFER_DECAY = 0.01, 1e-4


def train(run: Run, album: Album, settings: Settings) -> Recogniser:
    """Train a classifier on an album."""
    run.machine  # noqa: B018 - sets threads before anything is built
    eyes = _eyes(album, settings)
    return _learn_to_see(run, album, settings) if eyes is None else _transfer(run, album, settings, eyes)


def triangle(progress: float, peak: float = 0.23, start: float = 0.2, end: float = 0.05) -> float:
    """Give the factor of the learning rate: up to 1 at `peak`, then straight down.

    Example:
        >>> [round(triangle(each), 2) for each in (0.0, 0.23, 1.0)]
        [0.2, 1.0, 0.05]
    """
    if progress < peak:
        return start + (1 - start) * progress / peak
    return 1 + (end - 1) * (progress - peak) / (1 - peak)


def _learn_to_see(run: Run, album: Album, settings: Settings) -> Recogniser:
    images, labels = album.pictures.images[album.training], album.pictures.labels[album.training]
    size, kinds = int(images.shape[1]), len(album.classes)
    batch_size = settings.batch_size or int(min(512, max(16, 2 ** int(np.log2(len(images) / 25 + 1)))))
    width = _width(run, settings, images, kinds, batch_size)
    facts = {"kind": "seeing", "classes": list(album.classes), "size": size, "width": width}
    run.folder.update(classifier=facts)
    network = SeeingNetwork(kinds, width, size).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    with torch.no_grad():
        network.whiten.weight.copy_(whitening_filters(as_pixels(images[:5000])))
    batches = Batches(images, labels, batch_size, round(settings.shift * size / 32), run.seed)
    peak = settings.learning_rate or 1.5 * batch_size / 1024
    descent = Momentum(_seeing_groups(network, settings.decay * 0.09), peak, 0.85)
    average = Average(network, half_life_pictures=len(images))
    run.keep(network=network, descent=descent, average=average, batches=batches)
    exam = Exam(run, album)
    for step in run.steps():
        descent.learning_rate = peak * triangle(step.progress) * 0.5**run.setbacks
        pictures, wanted = next(batches)
        with run.machine.mixed():
            logits = network(pictures)
        loss = F.cross_entropy(logits.float(), wanted, label_smoothing=settings.smoothing)
        descent.zero_grad()
        loss.backward()
        descent.step()
        average.follow(network, pictures=batch_size)
        step.log(loss=loss)
        exam.look(step, average.network)
    run.note(f"Each picture was shown {batches.epochs:.1f} times; the first block has {width} channels.")
    return _finished(run, album, average.network, ())


def _transfer(run: Run, album: Album, settings: Settings, eyes: EfficientNetLite0) -> Recogniser:
    pictures, kinds = album.pictures, len(album.classes)
    side = max(96, min(224, int(pictures.images.shape[1])))
    run.folder.update(
        classifier={
            "kind": "transfer",
            "classes": list(album.classes),
            "size": int(pictures.images.shape[1]),
            "side": side,
        }
    )
    places = np.concatenate([album.training, album.validation[:2000]])
    eyes = _fast(eyes)
    features = Features(lambda seen: [eyes(seen)], "efficientnet-lite0", pictures.images[places], side)
    network = _fast(TransferNetwork(kinds, side, eyes))
    batch_size = settings.batch_size or 32
    images, labels = pictures.images[album.training], pictures.labels[album.training]
    batches = Batches(images, labels, batch_size, round(settings.shift * images.shape[1] / 32), run.seed)
    peak = settings.learning_rate or _TRANSFER_RATE
    descent = Momentum(groups_by_depth(network, _TRANSFER_DECAY), peak, 0.9)
    average = Average(network, half_life_pictures=len(images))
    frozen: Any = Box(None)  # the validation accuracy of the head alone, its weights, and when it was fitted
    run.keep(network=network, descent=descent, average=average, batches=batches, frozen=frozen)
    exam = Exam(run, album)
    for step in run.steps():
        if step.index < len(features):
            features.look(step.index)
            step.log(pictures_looked_at=float(features.done.sum()))
            continue
        if frozen.value is None:
            frozen.value = _fit(features, network, album, step.progress)
            average.copy(network)
            exam.look(step, network)
            network.requires_grad_(True)
            if not settings.unfreeze:
                run.finish_early("The head is fitted; the eyes stay as they were.")
            continue
        phase = (step.progress - frozen.value["progress"]) / max(1e-9, 1 - frozen.value["progress"])
        descent.learning_rate = peak * triangle(phase, peak=0.15, start=0.02, end=0.0) * 0.5**run.setbacks
        step.log(loss=_tuned(network.requires_grad_(True), descent, *next(batches)))
        average.follow(network, pictures=batch_size)
        exam.look(step, average.network)
    if frozen.value is None:
        run.note(f"The time was spent on looking at {int(features.done.sum()):,} of {len(places):,} pictures.")
        frozen.value = _fit(features, network, album, 1.0)
        average.copy(network)
        run.save()
    return _better(run, album, average, frozen)


def _tuned(network: nn.Module, descent: Momentum, pictures: Tensor, wanted: Tensor) -> Tensor:
    """Train everything on a batch; give its loss. In full precision: depthwise layers are slower without."""
    loss = F.cross_entropy(network(pictures), wanted, label_smoothing=0.1)
    descent.zero_grad()
    loss.backward()
    descent.step()
    return loss


def _fit(features: Features, network: TransferNetwork, album: Album, progress: float) -> dict[str, Any]:
    """Fit the head on all features that are there; computes those that a stopped sitting left out of memory."""
    if progress < 1.0:
        for number in range(len(features)):
            features.look(number)
    done, border = features.done, len(album.training)
    labels = np.concatenate([album.pictures.labels[album.training], album.pictures.labels[album.validation[:2000]]])
    parts = [
        (features.values[0][part][done[part]].astype(np.float32), labels[part][done[part]])
        for part in (slice(0, border), slice(border, None))
    ]
    with torch.no_grad():
        accuracy = fit_head(network.head, parts[0], parts[1])
    weights = {name: each.detach().clone() for name, each in network.head.state_dict().items()}
    return {"accuracy": accuracy, "weights": weights, "progress": progress}


def _better(run: Run, album: Album, average: Average, frozen: Box) -> Recogniser:
    """Keep whichever is better on the validation part: everything trained, or the head alone."""
    network: Any = average.network
    before = float(frozen.value["accuracy"])
    places = album.validation[:2000]
    after = _accuracy(network, album, places)
    if after < before:
        with torch.no_grad():
            network.eyes.load_state_dict(efficientnet_lite0().state_dict())
            network.head.load_state_dict(frozen.value["weights"])
        run.save()
        run.note(
            f"The head on frozen features is kept: {100 * before:.1f} % on the validation part, {100 * after:.1f} % "
            "after training everything."
        )
    return _finished(run, album, network, (("head on frozen features", before),))


def _accuracy(network: nn.Module, album: Album, places: np.ndarray) -> float:
    if not len(places):
        return 0.0
    logits = logits_of(network, album.pictures.images[places], mirrored=False)
    return float((logits.argmax(dim=1).numpy() == album.pictures.labels[places]).mean())


def _finished(run: Run, album: Album, network: nn.Module, beside: tuple[tuple[str, float], ...]) -> Recogniser:
    """Find the temperature on the validation part, and write down what `load` needs."""
    places = album.validation[:1000]
    logits = logits_of(network, album.pictures.images[places])
    temperature = fitted_temperature(logits, album.pictures.labels[places])
    facts = run.folder.record["classifier"]
    run.folder.update(classifier={**facts, "temperature": temperature, "beside": [list(each) for each in beside]})
    return Recogniser(network.eval(), album.classes, int(facts["size"]), temperature, run, beside)


def _eyes(album: Album, settings: Settings) -> EfficientNetLite0 | None:
    """Give the pretrained network, unless there are pictures enough, and small enough, to learn to see from."""
    if settings.backbone == "none":
        return None
    small = album.pictures.images.shape[1] <= _TINY_SIDE
    if settings.backbone == "auto" and small and len(album.training) > _MANY:
        return None
    try:
        return efficientnet_lite0()
    except MachineFault:
        if settings.backbone == "lite0":
            raise
        return None


def _seeing_groups(network: SeeingNetwork, decay: float) -> list[Group]:
    shifts: list[Tensor] = [each for name, each in network.named_parameters() if each.requires_grad and each.ndim == 1]
    rest: list[Tensor] = [each for each in network.parameters() if each.requires_grad and each.ndim > 1]
    return [Group(rest, 1.0, decay), Group(shifts, _BIAS_RATE, decay / _BIAS_RATE)]


def _width(run: Run, settings: Settings, images: np.ndarray, kinds: int, batch_size: int) -> int:
    """Choose the widest network that can see every picture eight times; without a clock, the middle one."""
    before = run.folder.record.get("classifier")
    if before is not None:
        return int(before["width"])
    if settings.width is not None or run.budget.seconds is None:
        return settings.width or _WIDTHS[1]
    for width in _WIDTHS[:-1]:
        epochs = run.seconds_left * _pictures_a_second(run, width, images[:batch_size], kinds) / len(images)
        if epochs >= _ENOUGH_EPOCHS:
            return width
    return _WIDTHS[-1]


def _pictures_a_second(run: Run, width: int, images: np.ndarray, kinds: int) -> float:
    """Time two steps of a network that is thrown away; the run's random numbers are left as they were."""
    with torch.random.fork_rng(devices=[]):
        network = _fast(SeeingNetwork(kinds, width, images.shape[1]))
        pictures, began = as_pixels(images), 0.0
        for number in range(3):
            if number == 1:
                began = time.perf_counter()
            with run.machine.mixed():
                logits = network(pictures)
            logits.float().square().mean().backward()
        return 2 * len(images) / (time.perf_counter() - began)


def _fast(network):
    """Lay a network's weights out with channels last, as convolutions on a processor like them."""
    return network.to(memory_format=torch.channels_last)
