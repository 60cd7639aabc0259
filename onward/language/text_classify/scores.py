"""How good is it? Accuracy and balance on texts nothing else looked at, beside simple opponents."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.language.text_classify.classifier import Classifier
from onward.language.text_classify.colouring import coloured_by_linear, coloured_by_networks
from onward.language.text_classify.pictures import telling_picture, telling_words, texts_picture
from onward.language.text_classify.reading import Texts
from onward.parts.confusion import confusion_picture
from onward.parts.intervals import share_interval, widened

__all__ = ["evaluate", "macro_f1"]

_FEWEST, _ROUNDS = 50, 200
_MOST_WRONG, _COLOURED = 25, 8
_LINEAR = "TF-IDF and a linear support vector machine"


def evaluate(classifier: Classifier, texts: Texts, seconds: float) -> Iterator[Score | Exhibit]:
    """Measure a classifier on the testing part, or as much of it as the seconds allow; other data are tested whole.

    Where the test is several files, each has an accuracy of its own after that of all.
    """
    texts = texts.named_as(classifier.classes)
    places, shares = _asked(classifier, texts, seconds)
    own, labels = texts.texts(places), texts.found.labels[places]
    plain = classifier.linear.tell(own, is_plain=True).argmax(axis=1)
    guesses, kinds = shares.argmax(axis=1), len(classifier.classes)
    majority = int(np.bincount(texts.found.labels[texts.training], minlength=kinds).argmax())
    opponents = [
        Baseline("majority class", float((labels == majority).mean())),
        Baseline(_LINEAR, float((labels == plain).mean())),
    ]
    right = guesses == labels
    interval = share_interval(float(right.sum()), len(right))
    best = max(opponents, key=_value)
    yield Score("accuracy", float(right.mean()), "", True, interval, len(right), best)
    value, bar = macro_f1(labels, guesses, kinds), macro_f1(labels, plain, kinds)
    yield Score("macro-F1", value, "", True, _f1_interval(labels, guesses, kinds), len(right), Baseline(_LINEAR, bar))
    yield from _by_set(texts, places, right, {"majority class": labels == majority, _LINEAR: labels == plain})
    counts = np.zeros((kinds, kinds), np.int64)
    np.add.at(counts, (labels, guesses), 1)
    yield Picture(confusion_picture(counts, classifier.classes), "what is taken for what: rows are the truth")
    yield _by_class(counts, texts, classifier)
    yield _compared(classifier, opponents, float(right.mean()))
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")]
    yield from _most_wrong(classifier, texts, places[wrong], shares[wrong])
    words = Picture(telling_picture(classifier.linear, classifier.classes), "words that speak for a class most")
    yield words
    yield _telling(classifier)


def _by_set(
    texts: Texts, places: NDArray[np.int64], right: NDArray[np.bool_], opponents: dict[str, NDArray[np.bool_]]
) -> Iterator[Score]:
    """Give the accuracy on each test file, where there are several: they need not be alike."""
    sets = np.array(texts.found.sets)[places] if texts.found.sets else np.array([])
    for name in sorted(set(sets.tolist()) - {""}):
        own = sets == name
        best = max((Baseline(other, float(hits[own].mean())) for other, hits in opponents.items()), key=_value)
        interval = share_interval(float(right[own].sum()), int(own.sum()))
        yield Score(f"accuracy on {name}", float(right[own].mean()), "", True, interval, int(own.sum()), best)


def _value(baseline: Baseline) -> float:
    return baseline.value


def _asked(classifier: Classifier, texts: Texts, seconds: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ask for the classes of the testing part, drawn by lot where the time is short."""
    is_own = texts.fingerprint == classifier.run.folder.record["data"]["fingerprint"]
    everything = np.arange(len(texts.found.texts))
    places = texts.testing if is_own or texts.has_own_test else everything
    drawn = np.random.default_rng(1).permutation(places)
    classifier.tell(texts.texts(drawn[:1]))  # the first answer takes longer than any other
    began = time.monotonic()
    first = classifier.tell(texts.texts(drawn[:_FEWEST]))
    cost = (time.monotonic() - began) / max(1, len(first))
    allowed = max(_FEWEST, int(min(0.5 * seconds / max(cost, 1e-6), len(drawn))))
    if allowed < len(drawn):
        classifier.run.note(
            f"Tested on {allowed:,} of {len(drawn):,} texts, as many as the time allowed; all of them: onward evaluate "
            f"{classifier.run.name}"
        )
    rest = classifier.tell(texts.texts(drawn[_FEWEST:allowed]))
    return drawn[:allowed], np.concatenate([first, rest.reshape(-1, first.shape[1])])


def macro_f1(labels: NDArray[np.int64], guesses: NDArray[np.int64], kinds: int) -> float:
    """Give the mean over classes that are shown of 2 hits / (shown + told).

    Example:
        >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 2), 3)
        0.667
    """
    shown, told = (np.bincount(each, minlength=kinds) for each in (labels, guesses))
    hits = np.bincount(labels[labels == guesses], minlength=kinds)
    there = shown > 0
    return float((2 * hits[there] / (shown + told)[there]).mean()) if there.any() else 0.0


def _f1_interval(labels: NDArray[np.int64], guesses: NDArray[np.int64], kinds: int) -> tuple[float, float]:
    """Give the bootstrap interval over texts."""
    chance = np.random.default_rng(0)
    drawn = [chance.integers(0, len(labels), len(labels)) for _ in range(_ROUNDS)]
    low, high = np.percentile([macro_f1(labels[rows], guesses[rows], kinds) for rows in drawn], [2.5, 97.5])
    return widened(macro_f1(labels, guesses, kinds), (float(low), float(high)), len(labels))


def _by_class(counts: NDArray[np.int64], texts: Texts, classifier: Classifier) -> Table:
    learned = np.bincount(texts.found.labels[texts.training], minlength=len(classifier.classes))
    rows = []
    for place, name in enumerate(classifier.classes):
        hits, shown, told = int(counts[place, place]), int(counts[place].sum()), int(counts[:, place].sum())
        precision = f"{hits / told:.3f}" if told else "never told"
        recall = f"{hits / shown:.3f}" if shown else "never shown"
        balance = f"{2 * hits / (shown + told):.3f}" if shown else ""
        rows.append([name, int(learned[place]), shown, precision, recall, balance])
    heads = ["class", "learned from", "tested on", "precision: right when told", "recall: found when shown", "F1"]
    return Table(heads, rows, "class by class")


def _compared(classifier: Classifier, opponents: list[Baseline], accuracy: float) -> Table:
    rows = [[each.name, "test", f"{each.value:.3f}"] for each in opponents]
    kept = (
        f"linear model and networks, {classifier.mixture.share:.1f} of them" if classifier.is_mixed else "linear model"
    )
    rows.append([f"what is kept: {kept}", "test", f"{accuracy:.3f}"])
    rows += [[name, "to choose by", f"{value:.3f}"] for name, value in classifier.beside]
    return Table(["model", "part", "accuracy"], rows, "what was compared; the best on the part to choose by is kept")


def _most_wrong(
    classifier: Classifier, texts: Texts, places: NDArray[np.int64], shares: NDArray[np.float64]
) -> Iterator[Exhibit]:
    """Show the surest wrong answers, first of all coloured."""
    if not len(places):
        return
    names, labels = classifier.classes, texts.found.labels[places]
    rows = [
        [text[:300], names[int(label)], names[int(own.argmax())], f"{own.max():.2f}"]
        for text, label, own in zip(texts.texts(places[:_MOST_WRONG]), labels, shares, strict=False)
    ]
    yield Table(["text", "label", "told", "probability"], rows, "the surest wrong answers: look here for wrong labels")
    first = texts.texts(places[:_COLOURED])
    if classifier.team is not None and classifier.mixture.share >= 0.5:
        coloured = coloured_by_networks(classifier.team, first, shares[:_COLOURED])
    else:
        coloured = coloured_by_linear(classifier.linear, first, shares[:_COLOURED])
    words = "the surest wrong answers: blue speaks for what was told, orange against it"
    yield Picture(texts_picture(coloured, names, labels[:_COLOURED]), words)


def _telling(classifier: Classifier) -> Table:
    rows = [
        [name, word, f"{weight:.3f}"]
        for kind, name in enumerate(classifier.classes[:20])
        for word, weight in telling_words(classifier.linear, kind, 20, words_only=False)
    ]
    return Table(["class", "words and pieces (_ is a word's edge)", "weight"], rows, "what speaks for each class")
