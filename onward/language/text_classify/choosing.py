"""Which linear model? Asked of texts that it did not learn from, in up to five foldings, as far as the seconds go.

The first fold is the validation part, so that what the linear model says of it can be set beside what networks say;
equal texts are in one fold. Without a clock all is asked, so that such a run can be repeated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from onward.language.text_classify.features import Features, Grams, Rows, learn_features
from onward.language.text_classify.linear import Linear, fit_plain, fit_ratios, fitted_scale

__all__ = ["Choice", "Patience", "choose_linear", "folds_of"]

_FOLDS = 5
_STRENGTHS = (1.0, 0.3, 3.0)
_WORDS, _PIECES = Grams("words", 2), Grams("pieces", 5)
_EXTRAS = (Grams("signs", 4), Grams("places", 6))  # one of them, where it helps
_SAMPLE, _FITTING = 300, 2.5  # texts counted for a trial; how long counting and learning take beside counting
_CURVE = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
_MANY = 20_000  # texts, from where on a gram has to stand in two

Weights = tuple[NDArray[np.float32], NDArray[np.float32]]
Fit = Callable[[Rows, NDArray[np.int64], int], Weights]


@dataclass(frozen=True)
class Choice:
    """A linear model, learned from training and validation part, and how it did on texts not learned from.

    Attributes:
        decisions: N K for the texts given, each by a model that had not seen it; rows not asked are 0.
        asked: which texts were.
        curve: how many texts the plain model learned from, and its accuracy on the validation part.
        said: a sentence on what was chosen.
    """

    linear: Linear
    decisions: NDArray[np.float64]
    asked: NDArray[np.bool_]
    accuracy: float
    plain_accuracy: float
    curve: list[tuple[int, float]]
    said: str


@dataclass
class Patience:
    """How long choosing may take; without a clock, as long as it takes.

    Attributes:
        most: seconds for a model that has to be there.
        extra: seconds for choosing among several.
    """

    most: float = math.inf
    extra: float = math.inf
    began: float = field(default_factory=time.monotonic)

    def has(self, share: float) -> bool:
        """Say whether at least this share of the extra seconds is left."""
        return self.extra == math.inf or time.monotonic() - self.began <= (1 - share) * self.extra


@dataclass(frozen=True)
class _Problem:
    """Rows to learn from, N F, with their labels and folds."""

    rows: Rows
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    kinds: int

    def fitted(self, fit: Fit) -> Weights:
        return fit(self.rows, self.labels, self.kinds)

    def ask(self, fit: Fit, fold: int, told: NDArray[np.float64]) -> None:
        """Learn from the other folds, and write down what is decided of this one."""
        asked = self.folds == fold
        if asked.any() and not asked.all():
            weights, bias = fit(self.rows[~asked], self.labels[~asked], self.kinds)
            told[asked] = self.rows[asked] @ weights + bias

    def nothing(self) -> NDArray[np.float64]:
        return np.zeros((len(self.labels), self.kinds))


def folds_of(keys: Sequence[int], is_validation: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give each text its fold: 0 for the validation part, 1 to 4 by content for the others."""
    own = np.array([1 + key % (_FOLDS - 1) for key in keys], np.int64)
    return np.where(is_validation, 0, own)


def choose_linear(
    texts: Sequence[str], labels: NDArray[np.int64], folds: NDArray[np.int64], kinds: int, patience: Patience
) -> Choice:
    """Choose and learn a linear model; of very many texts from as many of the first as the time allows."""
    grams, count = _affordable(texts, patience.most)
    count = min(len(texts), max(count, 3 * int((folds == 0).sum())))  # some have to be left to learn from
    features, rows = learn_features(texts[:count], grams, 2 if count > _MANY else 1)
    patience.began = time.monotonic()
    problem = _Problem(rows, labels[:count], folds[:count], kinds)
    bare = problem
    if len(grams) > 2:
        features, problem, bare = _with_helpful(features, problem, patience)
    asked, done = _asked(problem, patience)
    strength = max(asked, key=lambda each: _accuracy(asked[each][done], problem.labels[done]))
    plain = _plain(strength)
    decisions, share, spread = _with_ratios(problem, done, asked[strength], patience)
    weights, bias = problem.fitted(plain)
    (plain_weights, plain_bias), told = _bar(problem, bare, plain, (weights, bias), (asked[strength], done))
    if share > 0:
        own, shift = problem.fitted(fit_ratios)
        weights = ((1 - share) * weights + share * spread * own).astype(np.float32)
        bias = ((1 - share) * bias + share * spread * shift).astype(np.float32)
    known = problem.labels[done]
    scale, plain_scale = (fitted_scale(each[done], known) for each in (decisions, told))
    linear = Linear(features, weights, bias, scale, plain_weights, plain_bias, plain_scale)
    accuracy, bar = (_accuracy(each[done], known) for each in (decisions, told))
    curve = _curve(bare, plain) if patience.has(0.15) else []
    counted = f"{len(features.idf):,} {', '.join(kind.kind for kind in features.grams)}"
    said = (
        f"The linear model counts {counted} of {count:,} texts (C = {strength:g}"
        f"{', with the ratios of naive Bayes' if share else ''}): {100 * accuracy:.1f} % of {int(done.sum()):,} texts "
        f"it had not learned from; the plain one {100 * bar:.1f} %."
    )
    return Choice(linear, decisions, done, accuracy, bar, curve, said)


def _bar(
    problem: _Problem, bare: _Problem, plain: Fit, own: Weights, answers: tuple[NDArray[np.float64], NDArray[np.bool_]]
) -> tuple[Weights, NDArray[np.float64]]:
    """Give the plain machine of words and pieces, the bar, whatever else the model counts; and what it decides.

    Args:
        own: what was learned of `problem`.
        answers: decisions of the same on texts it had not learned from, and which texts were asked.
    Returns: weights, 0 for what the bar does not count, and the bar's decisions.
    """
    told, done = answers
    if bare is problem:
        return own, told
    told = bare.nothing()
    for fold in np.unique(bare.folds[done]):
        bare.ask(plain, int(fold), told)
    weights, bias = bare.fitted(plain)
    others = np.zeros((problem.rows.shape[1] - len(weights), weights.shape[1]), np.float32)
    return (np.concatenate([weights, others]), bias), told


def _with_helpful(features: Features, problem: _Problem, patience: Patience) -> tuple[Features, _Problem, _Problem]:
    """Ask what the extra columns bring beside words and pieces, one kind at a time; keep what helps most, or none.

    A kind helps if more texts are told right by it alone than by the others alone, by more than chance gives: the
    root of how many were told apart (McNemar 1947). Folds are asked as far as a quarter of the seconds goes.

    Returns: the features kept, their problem, and that of words and pieces.
    """

    def part(kinds: list[int]) -> tuple[Features, _Problem]:
        own, columns = features.only(kinds)
        return own, replace(problem, rows=problem.rows[:, columns])

    found = [part([0, 1]), *(part([0, 1, extra]) for extra in range(2, len(features.grams)))]
    told = [problem.nothing() for _ in found]
    done = np.zeros(len(problem.labels), bool)
    for fold in range(_FOLDS):
        if not patience.has(0.75):
            break
        for (_, each), decisions in zip(found, told, strict=True):
            each.ask(_plain(_STRENGTHS[0]), fold, decisions)
        done |= problem.folds == fold
    right, *others = (each[done].argmax(axis=1) == problem.labels[done] for each in told)
    won = [(int((each & ~right).sum()), int((right & ~each).sum())) for each in others]
    gains = [more - less if more - less > (more + less) ** 0.5 else 0 for more, less in won]
    best = 1 + int(np.argmax(gains)) if max(gains) > 0 else 0
    return *found[best], found[0][1]


def _asked(problem: _Problem, patience: Patience) -> tuple[dict[float, NDArray[np.float64]], NDArray[np.bool_]]:
    """Ask models of several strengths, fold by fold; give what they decide, and which texts all were asked of."""
    asked: dict[float, NDArray[np.float64]] = {}
    done = np.zeros(len(problem.labels), bool)
    for fold in range(_FOLDS):
        for strength in asked if fold else _STRENGTHS:
            problem.ask(_plain(strength), fold, asked.setdefault(strength, problem.nothing()))
            if fold == 0 and not patience.has(0.6):
                break
        done |= problem.folds == fold
        if not patience.has(0.4):
            break
    return asked, done


def _with_ratios(
    problem: _Problem, done: NDArray[np.bool_], told: NDArray[np.float64], patience: Patience
) -> tuple[NDArray[np.float64], float, float]:
    """Ask whether the ratios of naive Bayes, beside the plain model or alone, decide better.

    Returns: the best decisions, the share of the ratios in them, and what brings theirs to the others' size.
    """
    if not patience.has(0.3):
        return told, 0.0, 1.0
    other = problem.nothing()
    for fold in np.unique(problem.folds[done]):
        problem.ask(fit_ratios, int(fold), other)
    spread = max(1e-6, float(told[done].std())) / max(1e-6, float(other[done].std()))
    mixtures = [((1 - share) * told + share * spread * other, share, spread) for share in (0.0, 0.5, 1.0)]
    return max(mixtures, key=lambda each: _accuracy(each[0][done], problem.labels[done]))


def _affordable(texts: Sequence[str], seconds: float) -> tuple[tuple[Grams, ...], int]:
    """Say what can be counted, and of how many texts, for a model to be learned in so many seconds."""
    if seconds == math.inf:
        return (_WORDS, _PIECES, *_EXTRAS), len(texts)
    sample, characters = texts[:_SAMPLE], sum(map(len, texts))
    costs = []
    for kind in (_WORDS, _PIECES):
        began = time.perf_counter()
        learn_features(sample, (kind,))
        costs.append(_FITTING * (time.perf_counter() - began) * characters / max(1, sum(map(len, sample))))
    if sum(costs) < seconds:
        return (_WORDS, _PIECES, *_EXTRAS), len(texts)
    return (_WORDS,), int(max(min(_SAMPLE, len(texts)), min(1.0, seconds / costs[0]) * len(texts)))


def _curve(problem: _Problem, fit: Fit) -> list[tuple[int, float]]:
    """Learn from ever more texts, drawn by lot, and ask of those in the validation part."""
    asked = problem.folds == 0
    drawn = np.random.default_rng(0).permutation(np.flatnonzero(~asked))
    found = []
    for share in _CURVE:
        own = drawn[: max(problem.kinds, round(share * len(drawn)))]
        weights, bias = fit(problem.rows[own], problem.labels[own], problem.kinds)
        found.append((len(own), _accuracy(problem.rows[asked] @ weights + bias, problem.labels[asked])))
    return found


def _plain(strength: float) -> Fit:
    return lambda rows, labels, kinds: fit_plain(rows, labels, kinds, strength)


def _accuracy(decisions: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float((decisions.argmax(axis=1) == labels).mean()) if len(labels) else 0.0
