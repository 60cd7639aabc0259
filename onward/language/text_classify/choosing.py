"""Which linear model? Asked of texts that it did not learn from, in up to five foldings, as far as the seconds go.

The first fold is the validation part, so that what the linear model says of it can be set beside what networks say; equal
texts are in one fold. Without a clock all is asked, so that such a run can be repeated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from onward.language.text_classify.features import Grams, learn_features
from onward.language.text_classify.linear import Linear, fit_plain, fit_ratios, fitted_scale

__all__ = ["Choice", "choose_linear", "folds_of"]

_FOLDS = 5
_STRENGTHS = (1.0, 0.3, 3.0)
_WORDS, _PIECES = Grams("words", 2), Grams("pieces", 5)
_SAMPLE, _FITTING = 300, 2.5  # texts that are counted for a trial; how long counting and learning take beside counting
_CURVE = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
_MANY = 20_000  # texts, from where on a gram has to stand in two

Fit = Callable[[sparse.csr_matrix, NDArray[np.int64], int], tuple[NDArray[np.float32], NDArray[np.float32]]]


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


def folds_of(keys: Sequence[int], is_validation: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give each text its fold: 0 for the validation part, 1 to 4 by content for the others."""
    own = np.array([1 + key % (_FOLDS - 1) for key in keys], np.int64)
    return np.where(is_validation, 0, own)


def choose_linear(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    kinds: int,
    most: float,
    left: Callable[[], float],
) -> Choice:
    """Choose and learn a linear model.

    Args:
        most: seconds that the model may take if need be.
        left: gives the seconds that are left for choosing; both are infinite where no clock runs.
    """
    grams, count = _affordable(texts, most)
    texts, labels, folds = texts[:count], labels[:count], folds[:count]
    features, rows = learn_features(texts, grams, 2 if count > _MANY else 1)
    seconds = max(left(), 1e-9)
    asked: dict[float, NDArray[np.float64]] = {strength: np.zeros((count, kinds)) for strength in _STRENGTHS}
    done = np.zeros(count, bool)
    tried = _STRENGTHS
    for fold in range(_FOLDS):
        for strength in tried:
            _ask(rows, labels, folds == fold, kinds, _plain(strength), asked[strength])
            if left() < 0.7 * seconds and fold == 0:
                tried = tried[: tried.index(strength) + 1]  # there is no time to ask of more
                break
        done |= folds == fold
        if left() < 0.6 * seconds:
            break
    best = max(tried, key=lambda strength: _accuracy(asked[strength][done], labels[done]))
    decisions, fits = _with_ratios(rows, labels, (folds, done), kinds, _plain(best), asked[best], left() >= 0.3 * seconds)
    plain_weights, plain_bias = _plain(best)(rows, labels, kinds)
    weights, bias = np.zeros_like(plain_weights), np.zeros_like(plain_bias)
    for fit, factor in fits:
        own, shift = (plain_weights, plain_bias) if fit is None else fit(rows, labels, kinds)
        weights, bias = weights + np.float32(factor) * own, bias + np.float32(factor) * shift
    scales = [fitted_scale(each[done], labels[done]) for each in (decisions, asked[best])]
    linear = Linear(features, weights, bias, scales[0], plain_weights, plain_bias, scales[1])
    accuracies = [_accuracy(each[done], labels[done]) for each in (decisions, asked[best])]
    said = (
        f"The linear model counts {len(features.idf):,} {' and '.join(kind.kind for kind in grams)} (C = {best:g}"
        f"{', with the ratios of naive Bayes' if len(fits) > 1 or fits[0][0] is not None else ''}): "
        f"{100 * accuracies[0]:.1f} % of {int(done.sum()):,} texts it had not learned from; the plain one "
        f"{100 * accuracies[1]:.1f} %."
    )
    curve = _curve(rows, labels, folds == 0, kinds, _plain(best)) if left() >= 0.15 * seconds else []
    return Choice(linear, decisions, done, accuracies[0], accuracies[1], curve, said)


def _curve(
    rows: sparse.csr_matrix, labels: NDArray[np.int64], is_asked: NDArray[np.bool_], kinds: int, fit: Fit
) -> list[tuple[int, float]]:
    """Learn from ever more texts, drawn by lot, and ask of those in the validation part."""
    drawn = np.random.default_rng(0).permutation(np.flatnonzero(~is_asked))
    found = []
    for share in _CURVE:
        own = drawn[: max(kinds, round(share * len(drawn)))]
        weights, bias = fit(rows[own], labels[own], kinds)
        found.append((len(own), _accuracy(rows[is_asked] @ weights + bias, labels[is_asked])))
    return found


def _affordable(texts: Sequence[str], seconds: float) -> tuple[tuple[Grams, ...], int]:
    """Say what can be counted, and of how many texts, for a model to be learned in so many seconds."""
    if seconds == math.inf:
        return (_WORDS, _PIECES), len(texts)
    sample, characters = texts[:_SAMPLE], sum(map(len, texts))
    costs = []
    for kind in (_WORDS, _PIECES):
        began = time.perf_counter()
        learn_features(sample, (kind,))
        costs.append(_FITTING * (time.perf_counter() - began) * characters / max(1, sum(map(len, sample))))
    if sum(costs) < seconds:
        return (_WORDS, _PIECES), len(texts)
    return (_WORDS,), int(max(min(_SAMPLE, len(texts)), min(1.0, seconds / costs[0]) * len(texts)))


def _plain(strength: float) -> Fit:
    return lambda rows, labels, kinds: fit_plain(rows, labels, kinds, strength)


def _ask(
    rows: sparse.csr_matrix,
    labels: NDArray[np.int64],
    is_asked: NDArray[np.bool_],
    kinds: int,
    fit: Fit,
    told: NDArray[np.float64],
) -> None:
    """Learn from the other folds, and write down what is decided of this one."""
    if is_asked.any() and not is_asked.all():
        weights, bias = fit(rows[~is_asked], labels[~is_asked], kinds)
        told[is_asked] = rows[is_asked] @ weights + bias


def _with_ratios(
    rows: sparse.csr_matrix,
    labels: NDArray[np.int64],
    folding: tuple[NDArray[np.int64], NDArray[np.bool_]],
    kinds: int,
    plain: Fit,
    told: NDArray[np.float64],
    has_time: bool,
) -> tuple[NDArray[np.float64], list[tuple[Fit | None, float]]]:
    """Ask whether the ratios of naive Bayes, beside the plain model or alone, decide better.

    Returns: the decisions of the best, and what it is made of: fits (None for the plain one) with their factors.
    """
    folds, done = folding
    usual: list[tuple[Fit | None, float]] = [(None, 1.0)]
    if not has_time:
        return told, usual
    other = np.zeros_like(told)
    for fold in np.unique(folds[done]):
        _ask(rows, labels, folds == fold, kinds, fit_ratios, other)
    spread = max(1e-6, float(told[done].std())) / max(1e-6, float(other[done].std()))
    mixtures = [(told, usual)]
    for share in (0.5, 1.0):
        made: list[tuple[Fit | None, float]] = [(fit_ratios, share * spread)]
        made += [(None, 1 - share)] if share < 1 else []
        mixtures.append(((1 - share) * told + share * spread * other, made))
    return max(mixtures, key=lambda each: _accuracy(each[0][done], labels[done]))


def _accuracy(decisions: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float((decisions.argmax(axis=1) == labels).mean()) if len(labels) else 0.0
