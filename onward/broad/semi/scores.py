"""How good is it? Accuracy on pictures nothing else looked at, beside the labels alone on the same features."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.broad.semi.classifier import Classifier
from onward.broad.semi.pictures import guesses_picture
from onward.broad.semi.reading import Album
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.parts.confusion import confusion_picture
from onward.parts.intervals import mean_interval, mean_share_interval, share_interval

__all__ = ["evaluate", "thumbnail_guesses"]

_AT_ONCE = 64
_MOST_WRONG = 24
_ALONE = "labels alone, same features"


@dataclass(frozen=True)
class _Answers:
    """What was told of some pictures.

    Attributes:
        places: in the album.
        shares: N K probabilities.
        simple: N, the class numbers that the opponent tells.
        opponent: its name.
    """

    places: NDArray[np.int64]
    shares: NDArray[np.float32]
    simple: NDArray[np.int64]
    opponent: str


def evaluate(classifier: Classifier, album: Album, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a classifier on the testing part, or as much of it as the seconds allow; else say what is known."""
    began = time.monotonic()
    is_own = album.fingerprint == classifier.run.folder.record["data"]["fingerprint"]
    album = album.named_as(classifier.classes)
    tested = album.testing if is_own or len(album.testing) else album.labelled
    if not len(tested):
        yield from _known_from_questions(classifier, album)
    else:
        places = np.random.default_rng(1).permutation(tested)
        answers = _told(classifier, album, places, 0.6 * seconds)
        if len(answers.places) < len(tested):
            classifier.run.note(
                f"Tested on {len(answers.places):,} of {len(tested):,} pictures, as many as the time allowed; all of "
                f"them: onward evaluate {classifier.run.name}"
            )
        yield from _scores(album, answers)
        left = seconds - (time.monotonic() - began)
        if len(album.shifted) and left > 0.3 * seconds:
            yield _shifted(classifier, album, answers, 0.5 * left)
        yield from _exhibits(album, answers)
    yield from _methods(classifier)


def _told(classifier: Classifier, album: Album, places: NDArray[np.int64], seconds: float) -> _Answers:
    began = time.monotonic()
    features, beside = list[Tensor](), list[NDArray[np.int64]]()
    for start in range(0, len(places), _AT_ONCE):
        images = album.pictures.images[places[start : start + _AT_ONCE]]
        features.append(classifier.look(images))
        alone = classifier.judge_from_labels_alone(images, features[-1])
        beside += [] if alone is None else [alone]
        if time.monotonic() - began > seconds:
            break
    seen = torch.cat(features)
    places = places[: len(seen)]
    simple, opponent = (
        (np.concatenate(beside), _ALONE) if beside else (thumbnail_guesses(album, places), "nearest thumbnail")
    )
    return _Answers(places, classifier.judge(seen), simple, opponent)


def _scores(album: Album, answers: _Answers) -> Iterator[Score]:
    labels = album.pictures.labels[answers.places]
    right, simple = answers.shares.argmax(axis=1) == labels, answers.simple == labels
    interval = share_interval(float(right.sum()), len(right))
    baseline = Baseline(answers.opponent, float(simple.mean()))
    yield Score("accuracy", float(right.mean()), "", True, interval, len(right), baseline)
    gain = 100 * (right.astype(float) - simple.astype(float))
    interval = mean_interval(gain)
    nothing = Baseline(answers.opponent, 0.0)
    yield Score("gain from pictures without a label", float(gain.mean()), "points", True, interval, len(gain), nothing)
    kinds, counts = np.unique(labels, return_counts=True)
    hits = np.array([int(right[labels == kind].sum()) for kind in kinds])
    recalls, interval = hits / counts, mean_share_interval(hits, counts)
    one = Baseline("one class for all", 1 / len(kinds))
    yield Score("balanced accuracy", float(recalls.mean()), "", True, interval, len(right), one)


def _shifted(classifier: Classifier, album: Album, answers: _Answers, seconds: float) -> Score:
    usual = float((answers.shares.argmax(axis=1) == album.pictures.labels[answers.places]).mean())
    found = _told(classifier, album, album.shifted, seconds)
    right = found.shares.argmax(axis=1) == album.pictures.labels[found.places]
    interval = share_interval(float(right.sum()), len(right))
    baseline = Baseline("the same on usual pictures", usual)
    return Score(
        "accuracy on pictures unlike those learned from", float(right.mean()), "", True, interval, len(right), baseline
    )


def _known_from_questions(classifier: Classifier, album: Album) -> Iterator[Score]:
    """Without test pictures, give what cross-validation found; it chose by that, so it flatters a little."""
    facts = classifier.facts
    rows = {str(name): float(value) for name, value, *_ in facts.get("methods", ()) if value is not None}
    count = int(facts.get("distinct", 0))
    kept, alone = rows.get(str(facts.get("kept")), float("nan")), rows.get("supervised", float("nan"))
    if count and kept == kept:
        interval = share_interval(kept * count, count)
        name = "accuracy by cross-validation (chosen by it, so a little flattering)"
        yield Score(name, kept, "", True, interval, count, Baseline(_ALONE, alone))
        return
    images = album.pictures.images[album.labelled]
    right = classifier.judge(classifier.look(images)).argmax(axis=1) == album.labels
    interval = share_interval(float(right.sum()), len(right))
    majority = float(np.bincount(album.labels).max() / len(album.labels))
    baseline = Baseline("majority class", majority)
    yield Score("accuracy on the pictures learned from", float(right.mean()), "", True, interval, len(right), baseline)


def _exhibits(album: Album, answers: _Answers) -> Iterator[Exhibit]:
    labels, guesses = album.pictures.labels[answers.places], answers.shares.argmax(axis=1)
    counts = np.zeros((len(album.classes),) * 2, np.int64)
    np.add.at(counts, (labels, guesses), 1)
    yield Picture(confusion_picture(counts, album.classes), "who is taken for whom: rows are the truth")
    rows = []
    for place, name in enumerate(album.classes):
        shown, told = int(counts[place].sum()), int(counts[:, place].sum())
        hits, learned = int(counts[place, place]), int((album.labels == place).sum())
        recall = f"{hits / shown:.3f}" if shown else "never shown"
        alone = answers.simple[labels == place]
        beside = f"{float((alone == place).mean()):.3f}" if shown else "never shown"
        rows.append([name, learned, shown, f"{hits / told:.3f}" if told else "never told", recall, beside])
    heads = ["class", "labels", "tested on", "right when told", "found when shown", f"the same, {answers.opponent}"]
    yield Table(heads, rows, "class by class")
    wrong = np.flatnonzero(guesses != labels)
    wrong = wrong[np.argsort(-answers.shares[wrong].max(axis=1))][:_MOST_WRONG]
    if len(wrong):
        images = album.pictures.images[answers.places[wrong]]
        sheet = guesses_picture(images, answers.shares[wrong], labels[wrong], album.classes)
        yield Picture(sheet, "the surest wrong answers: look here for wrong labels")


def _methods(classifier: Classifier) -> Iterator[Exhibit]:
    rows = [
        [str(name), *("" if value is None or value != value else f"{float(value):.3f}" for value in figures)]
        for name, *figures in classifier.facts.get("methods", ())
    ]
    if rows:
        words = "which way knew hidden labels: mean over foldings, and its interval"
        yield Table(["way", "accuracy", "from", "to"], rows, words)
    path = classifier.run.path / "label_next.csv"
    if path.is_file() and path.stat().st_size < 2**20:
        with path.open(encoding="utf-8", newline="") as file:
            heads, *found = list(csv.reader(file)) or [[]]
        yield Table(heads, found, "label these next (label_next.csv)")


def thumbnail_guesses(album: Album, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tell the class of the labelled picture whose 8 by 8 thumbnail is nearest: what colours and layout alone tell."""
    known, asked = (_thumbnails(album.pictures.images[part]) for part in (album.labelled, places))
    apart = (known**2).sum(axis=1) - 2 * asked @ known.T
    return album.labels[apart.argmin(axis=1)]


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    side = images.shape[1] // 8 * 8
    cells = images[:, :side, :side].reshape(len(images), 8, side // 8, 8, side // 8, 3)
    return cells.mean(axis=(2, 4)).reshape(len(images), -1) / 127.5 - 1
