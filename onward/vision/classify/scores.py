"""How good is it? Accuracy, balance and calibration on pictures nothing else looked at, beside simple opponents."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.parts.confusion import confusion_picture
from onward.parts.intervals import mean_share_interval, share_interval
from onward.vision.classify.pictures import guesses_picture, saliency, saliency_picture
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import Recogniser

__all__ = ["calibration_error", "evaluate", "thumbnail_accuracy"]

_BINS = 15
_MOST_WRONG = 18
_FEWEST = 50


def evaluate(recogniser: Recogniser, album: Album, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a classifier on the testing part, or as much of it as the seconds allow."""
    album = album.named_as(recogniser.classes)
    places = np.random.default_rng(1).permutation(album.testing)
    began = time.monotonic()
    first = recogniser.tell(album.pictures.images[places[:_FEWEST]])
    cost = (time.monotonic() - began) / max(1, len(first))
    places = places[: max(_FEWEST, int(min(0.7 * seconds / max(cost, 1e-6), len(places))))]
    if len(places) < len(album.testing):
        recogniser.run.note(
            f"Tested on {len(places):,} of {len(album.testing):,} pictures, as many as the time allowed; all of them: "
            f"onward evaluate {recogniser.run.name}"
        )
    rest = recogniser.tell(album.pictures.images[places[_FEWEST:]])
    shares = np.concatenate([first, rest.reshape(-1, first.shape[1])])
    labels = album.pictures.labels[places]
    guesses = shares.argmax(axis=1)
    right = guesses == labels
    counts = np.zeros((len(album.classes),) * 2, np.int64)
    np.add.at(counts, (labels, guesses), 1)
    yield _accuracy(right, album, labels, places)
    if len(album.shifted):
        yield _shifted(recogniser, album, seconds - (time.monotonic() - began), cost, right.mean())
    yield _balance(counts)
    yield _calibration(shares, right)
    yield Picture(confusion_picture(counts, album.classes), "who is taken for whom: rows are the truth")
    yield _by_class(counts, album)
    if recogniser.beside:
        rows = [[name, f"{value:.3f}"] for name, value in recogniser.beside]
        yield Table(
            ["simpler model", "accuracy on the validation part"], rows, "what the trained one was compared with"
        )
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-shares[wrong].max(axis=1))][:_MOST_WRONG]
    images = album.pictures.images[places]
    if len(wrong):
        sheet = guesses_picture(images[wrong], shares[wrong], labels[wrong], album.classes)
        yield Picture(sheet, "the surest wrong answers: look here for wrong labels")
    sure = int(shares[np.arange(len(labels)), labels].argmax())
    heat = saliency(recogniser.network, images[sure], int(labels[sure]))
    words = f"what speaks for {album.classes[int(labels[sure])]}"
    yield Picture(saliency_picture(images[sure], heat), words)


def _accuracy(right: NDArray[np.bool_], album: Album, labels, places) -> Score:
    known = album.pictures.labels[album.training]
    majority = int(np.bincount(known).argmax())
    opponents = [
        Baseline("majority class", float((labels == majority).mean())),
        Baseline("linear model of thumbnails", thumbnail_accuracy(album, places)),
    ]
    best = max(opponents, key=lambda each: each.value)
    interval = share_interval(float(right.sum()), len(right))
    return Score("accuracy", float(right.mean()), "", True, interval, len(right), best)


def _shifted(recogniser: Recogniser, album: Album, seconds: float, cost: float, usual: float) -> Score:
    """Score the pictures that differ on purpose: the gap to the usual ones is what was learned by heart."""
    places = album.shifted[: max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(album.shifted))))]
    right = recogniser.tell(album.pictures.images[places]).argmax(axis=1) == album.pictures.labels[places]
    interval = share_interval(float(right.sum()), len(right))
    baseline = Baseline("the same on usual pictures", float(usual))
    return Score(
        "accuracy on pictures unlike those learned from", float(right.mean()), "", True, interval, len(right), baseline
    )


def _balance(counts: NDArray[np.int64]) -> Score:
    present = counts.sum(axis=1) > 0
    recalls = counts.diagonal()[present] / counts.sum(axis=1)[present]
    interval = mean_share_interval(counts.diagonal()[present], counts.sum(axis=1)[present])
    baseline = Baseline("one class for all", 1 / int(present.sum()))
    return Score("balanced accuracy", float(recalls.mean()), "", True, interval, int(counts.sum()), baseline)


def _calibration(shares: NDArray[np.floating], right: NDArray[np.bool_]) -> Score:
    sure = shares.max(axis=1)
    value = calibration_error(sure, right)
    chance = np.random.default_rng(0)
    drawn = [chance.integers(0, len(right), len(right)) for _ in range(100)]
    spread = 1.96 * float(np.std([calibration_error(sure[rows], right[rows]) for rows in drawn]))
    interval = (max(0.0, value - spread), value + spread)
    baseline = Baseline("always certain", float(1 - right.mean()))
    return Score("calibration error", value, "", False, interval, len(right), baseline)


def calibration_error(sure: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Give the mean gap between how sure and how often right, over fifteen bins (arXiv:1706.04599, equation 3).

    Example:
        >>> round(calibration_error(np.array([0.75] * 4), np.array([True, True, True, False])), 6)
        0.0
    """
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(sure[bins == number].mean()) - float(right[bins == number].mean())) * float((bins == number).mean())
        for number in np.unique(bins)
    ]
    return float(sum(gaps))


def thumbnail_accuracy(album: Album, places: NDArray[np.int64], most: int = 5000) -> float:
    """Give the accuracy of a ridge regression on 8 by 8 thumbnails: what colours and layout alone tell."""
    known = album.training[:: max(1, len(album.training) // most)]
    x, x_new = (_thumbnails(album.pictures.images[part]) for part in (known, places))
    wanted = np.eye(len(album.classes))[album.pictures.labels[known]]
    mean = x.mean(axis=0)
    weights = np.linalg.solve(
        (x - mean).T @ (x - mean) + 0.05 * len(x) * np.eye(x.shape[1]), (x - mean).T @ (wanted - wanted.mean(0))
    )
    told = (x_new - mean) @ weights + wanted.mean(axis=0)
    return float((told.argmax(axis=1) == album.pictures.labels[places]).mean())


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    side = images.shape[1] // 8 * 8
    cells = images[:, :side, :side].reshape(len(images), 8, side // 8, 8, side // 8, 3)
    return cells.mean(axis=(2, 4)).reshape(len(images), -1) / 127.5 - 1


def _by_class(counts: NDArray[np.int64], album: Album) -> Table:
    rows = []
    for place, name in enumerate(album.classes):
        hits, shown, told = int(counts[place, place]), int(counts[place].sum()), int(counts[:, place].sum())
        precision = f"{hits / told:.3f}" if told else "never told"
        recall = f"{hits / shown:.3f}" if shown else "never shown"
        learned = int((album.pictures.labels[album.training] == place).sum())
        rows.append([name, learned, shown, precision, recall])
    return Table(["class", "learned from", "tested on", "right when told", "found when shown"], rows, "class by class")
