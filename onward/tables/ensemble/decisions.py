"""From probabilities to classes: the likeliest one, or weighed so that a measure is best on unseen rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.challenge import Challenge

__all__ = ["class_weights", "decided", "scored", "scored_once"]

_TURNS = 2
_STEPS = np.exp(np.linspace(-2.5, 2.5, 41))
_MOST_ROWS = 20_000
_MOST_KINDS = 12


def decided(shares: NDArray[np.floating], weights: NDArray[np.float64] | None) -> NDArray[np.int64]:
    """Tell classes, N, of probabilities, N K."""
    return (shares if weights is None else shares * weights).argmax(axis=1)


def class_weights(
    challenge: Challenge, answers: NDArray[np.floating], rows: NDArray[np.int64]
) -> list[NDArray[np.float64] | None]:
    """Find for each target what its classes' probabilities are to be multiplied by, where the measure asks for it.

    Args:
        answers: N P, to rows not seen; `rows` of them are looked at.
    """
    found: list[NDArray[np.float64] | None] = []
    for number, head in enumerate(challenge.heads):
        if not challenge.measure.needs_cut or not 2 <= len(head.classes) <= _MOST_KINDS or not len(rows):
            found.append(None)
            continue
        some = rows[:: max(1, len(rows) // _MOST_ROWS)]
        found.append(_searched(challenge, head.of(answers[some]), challenge.y[some, number]))
    return found


def _searched(challenge: Challenge, shares: NDArray[np.floating], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change one class's weight after the other; of equally good ones take the middle, which rows fitted least."""
    kinds = shares.shape[1]
    weights = np.ones(kinds)
    for _ in range(_TURNS):
        for kind in range(1 if kinds == 2 else 0, kinds):
            tried = []
            for step in _STEPS:
                other = weights.copy()
                other[kind] = step if kinds == 2 else weights[kind] * step
                tried.append(challenge.measure.of(truth, decided(shares, other)))
            smooth = np.convolve(np.pad(tried, 2, mode="edge"), np.ones(5) / 5, "valid")
            best = int(smooth.argmax() if challenge.measure.higher_is_better else smooth.argmin())
            weights[kind] = _STEPS[best] if kinds == 2 else weights[kind] * _STEPS[best]
    return weights


def scored(
    challenge: Challenge,
    answers: NDArray[np.floating],
    rows: NDArray[np.int64],
    weights: list[NDArray[np.float64] | None],
) -> float:
    """Score answers, N P in the scale that is learned, on some rows: the mean over the targets."""
    natural = challenge.natural(answers[rows])
    return scored_once(challenge, natural, challenge.y[rows], weights)


def scored_once(
    challenge: Challenge,
    natural: NDArray[np.floating],
    truth: NDArray[np.float64],
    weights: list[NDArray[np.float64] | None],
) -> float:
    """Score answers in the targets' own scale against the truth, n T."""
    figures = []
    for number, head in enumerate(challenge.heads):
        own = head.of(natural)
        if challenge.measure.kind == "labels":
            own = decided(own, weights[number])
        figures.append(challenge.measure.of(truth[:, number], own))
    return float(np.mean(figures))
