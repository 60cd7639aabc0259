"""The blend: members are added one by one, any of them again, as long as the rows they have not seen say it helps.

Caruana et al., "Ensemble selection from libraries of models" (ICML 2004), section 2.1. What is minimised is smooth, log
loss for classes and the measure's own loss for numbers: ranks and thresholds of few rows are too easily pleased.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.challenge import Challenge

__all__ = ["answers_lost", "blended", "greedy_weights", "nested_answers"]

_ROUNDS = 40
_LEAST = 1e-7
_GAIN = 1e-5  # a round that gains less, relatively, is one too many


def _chosen(challenge: Challenge, answers: NDArray[np.floating], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give of answers, N P, what the loss looks at: n T, the probability of the true class, or the number."""
    columns = []
    for number, head in enumerate(challenge.heads):
        own = head.of(answers[rows])
        truth = challenge.y[rows, number]
        columns.append(own[np.arange(len(rows)), truth.astype(int)] if head.classes else own)
    return np.stack(columns, axis=1).astype(np.float64)


def _loss(challenge: Challenge, told: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
    if challenge.heads[0].classes:
        return float(-np.log(np.maximum(told, _LEAST)).mean())
    gap = challenge.learned[rows] - told
    if challenge.loss == "squares":
        return float((gap**2).mean())
    share = challenge.measure.quantile if challenge.loss == "quantile" else 0.5
    return float(np.maximum(share * gap, (share - 1) * gap).mean())


def answers_lost(challenge: Challenge, answers: NDArray[np.floating], rows: NDArray[np.int64]) -> float:
    """Give the smooth loss of answers, N P, on some rows."""
    return _loss(challenge, _chosen(challenge, answers, rows), rows)


def greedy_weights(
    challenge: Challenge, answers: Sequence[NDArray[np.floating]], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Choose how much each member is heard.

    Args:
        answers: one N P a member, to rows it has not seen.
        rows: the rows to choose by.
    Returns: a weight a member; they add up to 1.
    """
    told = np.stack([_chosen(challenge, each, rows) for each in answers])
    counts = np.zeros(len(told))
    total = np.zeros_like(told[0])
    best = np.inf
    for number in range(_ROUNDS):
        losses = [_loss(challenge, (total + each) / (number + 1), rows) for each in told]
        place = int(np.argmin(losses))
        if losses[place] > best * (1 - _GAIN):
            break
        best = losses[place]
        counts[place] += 1
        total += told[place]
    return counts / counts.sum()


def blended(answers: Sequence[NDArray[np.floating]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the weighted mean of answers, N P each."""
    heard = [weight * each.astype(np.float64) for each, weight in zip(answers, weights, strict=True) if weight > 0]
    return np.sum(heard, axis=0)


def nested_answers(
    challenge: Challenge, answers: Sequence[NDArray[np.floating]], number_of: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Blend each fold by weights that were chosen on the other folds, so that the choice does not flatter itself.

    Args:
        number_of: N, each row's fold; −1 for rows that nobody answered.
    """
    told = np.zeros_like(answers[0], np.float64)
    folds = np.unique(number_of[number_of >= 0])
    for fold in folds:
        others = np.flatnonzero((number_of >= 0) & (number_of != fold))
        own = np.flatnonzero(number_of == fold)
        weights = greedy_weights(challenge, answers, others if len(others) else own)
        told[own] = blended([each[own] for each in answers], weights)
    return told
