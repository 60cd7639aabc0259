"""How good is the generator? Distances in two feature spaces, precision, recall, copying; each beside a baseline.

The judge took no part in training; EfficientNet-Lite0 did when it was the second judge, and the score's name says so.
Neither is Inception's FID, which `onward evaluate` adds when its weights are at hand (`inception.py`). The baseline
draws each pixel from its own normal distribution. The floor, what two halves of the real pictures score against each
other, is shown in a table beside the samples.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import MachineFault
from onward.core.metrics import Baseline, Score
from onward.generation.gan import measures
from onward.generation.gan.copies import check_copies, training_features, with_nearest
from onward.generation.gan.drawing import Drawn, draw, film_of_training, noise_shown
from onward.generation.gan.inception import find_inception, inception_features
from onward.generation.gan.judge import Judge, judge_features, load_judge
from onward.generation.gan.reading import Gallery

__all__ = ["evaluate"]

_MOST = 5000
_MOST_FOR_NEIGHBOURS = 2500
_SECONDS_FOR_INCEPTION = 900.0
_GAUSSIAN = "per-pixel Gaussian"


def evaluate(drawn: Drawn, gallery: Gallery, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a generator, on as many pictures as the seconds allow; the most telling score first.

    Args:
        seconds: roughly what it may take; infinity for all of it.
    """
    began = time.monotonic()
    judge = load_judge()
    gallery = gallery.at(drawn.network.size)
    real = torch.from_numpy(gallery.pictures.images).permute(0, 3, 1, 2)
    chance = torch.Generator().manual_seed(1)
    ready = time.monotonic()  # reading and resizing cost the same for any number
    judge_features(judge, _drawn(drawn, 64, chance))
    cost = (time.monotonic() - ready) / 64
    count = int(min(_MOST, len(real), max(64, 0.25 * (seconds - (ready - began)) / cost)))
    pictures = _drawn(drawn, count, chance)
    order = torch.randperm(len(real), generator=chance)
    gaussian = _gaussian(real, count, chance)
    features = {
        name: judge_features(judge, each)
        for name, each in {"real": real[order[:count]], "drawn": pictures, "gaussian": gaussian}.items()
    }
    yield _distance("distance (outside judge)", features, rounds=8 if seconds < 20 else 20)
    yield from _neighbours(features)
    yield _copying(judge, real, gallery, features["drawn"], most=2 * count)
    yield _copies(judge, drawn, gallery, most=2 * count)
    yield _floor(features["real"])
    left = seconds - (time.monotonic() - began)
    if left > 3 and (film := film_of_training(drawn.run)) is not None:
        yield film
    left = seconds - (time.monotonic() - began)
    sets = {"real": real, "drawn": pictures, "gaussian": gaussian}
    if left > 8:
        yield from _lite0_distance(sets, left)
    if seconds - (time.monotonic() - began) > _SECONDS_FOR_INCEPTION:
        yield from _inception_distance(sets)


def _drawn(drawn: Drawn, count: int, chance: torch.Generator) -> Tensor:
    noise = torch.randn(count, drawn.network.latent_length, generator=chance)
    labels = torch.arange(count) % len(drawn.classes) if len(drawn.classes) > 1 else None
    return draw(drawn.network, noise, labels)


def _gaussian(real: Tensor, count: int, chance: torch.Generator) -> Tensor:
    values = real[:2000].float()
    noise = torch.randn(count, *real.shape[1:], generator=chance)
    return (values.mean(0) + noise * values.std(0)).round().clamp(0, 255).byte()


def _distance(name: str, features: dict[str, Tensor], rounds: int) -> Score:
    real, drawn = features["real"], features["drawn"]
    value = measures.frechet_distance(real, drawn)
    interval = measures.bootstrap_interval(
        lambda rows: measures.frechet_distance(real, drawn[torch.from_numpy(rows)]), len(drawn), value, rounds
    )
    baseline = Baseline(_GAUSSIAN, measures.frechet_distance(real, features["gaussian"]))
    return Score(name, value, "", False, interval, len(drawn), baseline)


def _neighbours(features: dict[str, Tensor]) -> Iterator[Score]:
    real, drawn, gaussian = (features[name][:_MOST_FOR_NEIGHBOURS] for name in ("real", "drawn", "gaussian"))
    ours, theirs = measures.precision_and_recall(real, drawn), measures.precision_and_recall(real, gaussian)
    for name, value, baseline in zip(("precision", "recall"), ours, theirs, strict=True):
        reach = 1.96 * (max(value * (1 - value), 1e-9) / len(real)) ** 0.5
        interval = (max(0.0, value - reach), min(1.0, value + reach))
        yield Score(name, value, "", True, interval, len(real), Baseline(_GAUSSIAN, baseline))


def _copying(judge, real: Tensor, gallery: Gallery, drawn: Tensor, most: int) -> Score:
    training = judge_features(judge, real[torch.from_numpy(gallery.training[:most])])
    held_out = judge_features(judge, real[torch.from_numpy(gallery.held_out[:most])])
    reach = measures.nearest_distances(training, drawn[:1000])
    usual = float(measures.unseen_distances(training, held_out).median().clamp(min=1e-9))
    value = float(reach.median()) / usual
    interval = measures.bootstrap_interval(
        lambda rows: float(reach[torch.from_numpy(rows)].median()) / usual, len(reach), value
    )
    return Score(
        "copying ratio (1: as new as unseen pictures)", value, "", True, interval, len(reach), Baseline("a copier", 0.0)
    )


def _copies(judge: Judge, drawn: Drawn, gallery: Gallery, most: int) -> Picture:
    """Show the samples of the snapshots, the nearest training picture beside each, and say whether they are copies."""
    samples = draw(drawn.network, *noise_shown(drawn.network.latent_length, len(drawn.classes), drawn.run.seed))
    few = replace(gallery, held_out=gallery.held_out[:most])
    check = check_copies(judge, few, training_features(judge, few, most), samples)
    among = "" if most >= len(gallery.training) else f" (of {most:,}: there was no time for all)"
    return Picture(
        with_nearest(samples, gallery, check),
        f"Is it a copy? Samples, to the right of each the nearest training picture{among}, below how far that is: 1.00 "
        f"is as far as unseen pictures are in the middle. {check.sentence()}",
    )


def _floor(real: Tensor) -> Table:
    half = len(real) // 2
    floor = measures.frechet_distance(real[:half], real[half : 2 * half])
    return Table(
        ["what", "distance"], [["two halves of the real pictures (floor)", f"{floor:.3f}"]], "floor of the distance"
    )


def _lite0_distance(sets: dict[str, Tensor], seconds: float) -> Iterator[Score]:
    from onward.backbones import efficientnet_lite0

    try:
        network = efficientnet_lite0().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    except MachineFault:
        return
    count = int(min(max(256, 60 * seconds), *map(len, sets.values())))
    features = {name: _lite0_features(network, each[:count]) for name, each in sets.items()}
    yield _distance("distance (EfficientNet-Lite0, which took part in training)", features, rounds=4)


def _inception_distance(sets: dict[str, Tensor]) -> Iterator[Score]:
    """Give the field's own score where its network is at hand; minutes of work, so only when nobody waits for it."""
    network = find_inception()
    if network is not None:
        count = min(map(len, sets.values()))
        features = {name: inception_features(network, each[:count]) for name, each in sets.items()}
        yield _distance(f"FID (Inception, {count:,} samples)", features, rounds=4)


@torch.no_grad()
def _lite0_features(network, pictures: Tensor) -> Tensor:
    found = []
    for batch in pictures.split(100):
        seen = F.interpolate(batch.float() / 127.5 - 1, size=(64, 64), mode="bilinear", align_corners=False)
        found.append(network(seen.contiguous(memory_format=torch.channels_last)))
    return torch.cat(found)
