"""How good are tracks? CLEAR (Bernardin 2008), IDF1 (arXiv:1609.01775) and HOTA (arXiv:2009.07736), by their papers.

They ask different things: MOTA mostly whether everybody was found, IDF1 whether one number stayed with one person, HOTA
both alike and at every overlap from .05 to .95. The figures equal those of the public evaluator to 1e-6 (tested).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.data.mot_files import MotRows
from onward.vision.overlaps import overlaps

__all__ = ["TrackScores", "score_tracks"]

_HALF = 0.5
_EPS = float(np.finfo(float).eps)
_ALPHAS = np.arange(0.05, 0.99, 0.05)

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class TrackScores:
    """Figures of one film; shares in 0 to 1, but MOTA can fall below 0.

    Attributes:
        switches: how often somebody got another number.
        detection, association: the two sides of HOTA.
    """

    mota: float
    motp: float
    switches: int
    missed: int
    false: int
    idf1: float
    hota: float
    detection: float
    association: float


@dataclass(frozen=True)
class _Frame:
    """One frame: who is there and who is told (numbers from 0 without gaps), and how each overlaps with each."""

    true: NDArray[np.int64]
    told: NDArray[np.int64]
    alike: Matrix


def score_tracks(truth: MotRows, told: MotRows) -> TrackScores:
    """Compare tracks with the truth; rows of the truth whose score is 0 do not count.

    Example:
        >>> boxes = np.array([[0.0, 0, 10, 10], [2, 0, 12, 10]]); ones = np.ones(2, np.int64)
        >>> rows = MotRows(np.array([1, 2]), ones, boxes, np.ones(2), ones); score_tracks(rows, rows).hota
        1.0
    """
    truth = truth.only(truth.scores != 0)
    true_names, true = np.unique(truth.who, return_inverse=True)
    told_names, named = np.unique(told.who, return_inverse=True)
    frames = []
    for frame in np.union1d(truth.frames, told.frames):
        here, there = truth.frames == frame, told.frames == frame
        frames.append(_Frame(true[here], named[there], overlaps(truth.boxes[here], told.boxes[there])))
    shape = len(true_names), len(told_names)
    mota, motp, switches, missed, false = _clear(frames, shape[0])
    hota, detection, association = _hota(frames, shape)
    return TrackScores(mota, motp, switches, missed, false, _idf1(frames, shape), hota, detection, association)


def _best(worth: Matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair rows and columns so that the sum of what the pairs are worth is largest."""
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(-worth)


def _clear(frames: list[_Frame], people: int) -> tuple[float, float, int, int, int]:
    """Pair frame by frame; whoever was paired a frame ago stays so, as long as half of the boxes overlap."""
    ever, lately = (np.full(people, -1, np.int64) for _ in range(2))
    hits = switches = missed = false = 0
    overlap = 0.0
    for frame in frames:
        goes_on = (lately[frame.true][:, None] == frame.told[None]) & (lately[frame.true][:, None] >= 0)
        worth = 1000.0 * goes_on + frame.alike
        worth[frame.alike < _HALF - _EPS] = 0
        rows, columns = _best(worth)
        good = worth[rows, columns] > _EPS
        rows, columns = rows[good], columns[good]
        true, told = frame.true[rows], frame.told[columns]
        switches += int(((ever[true] >= 0) & (ever[true] != told)).sum())
        ever[true] = told
        if len(frame.true) and len(frame.told):  # the evaluator lets pairs outlive a frame in which nobody is told
            lately[:] = -1
            lately[true] = told
        hits += len(rows)
        missed += len(frame.true) - len(rows)
        false += len(frame.told) - len(rows)
        overlap += float(frame.alike[rows, columns].sum())
    return (hits - false - switches) / max(1, hits + missed), overlap / max(1, hits), switches, missed, false


def _counts(
    frames: list[_Frame], shape: tuple[int, int], share: Callable[[_Frame], Matrix]
) -> tuple[Matrix, Matrix, Matrix]:
    """Sum shares of pairs over all frames, and count each one's boxes: true told, true, told."""
    together, true, told = np.zeros(shape), np.zeros(shape[0]), np.zeros(shape[1])
    for frame in frames:
        together[np.ix_(frame.true, frame.told)] += share(frame)
        true[frame.true] += 1
        told[frame.told] += 1
    return together, true, told


def _idf1(frames: list[_Frame], shape: tuple[int, int]) -> float:
    """Give each person one number for the whole film, or none, so that the most boxes are right."""
    together, true, told = _counts(frames, shape, lambda frame: (frame.alike >= _HALF).astype(float))
    rows, columns = _best(together)
    return float(2 * together[rows, columns].sum() / max(1.0, true.sum() + told.sum()))


def _jaccard(frame: _Frame) -> Matrix:
    """Give how much of each pair's overlaps is with each other."""
    whole = frame.alike.sum(axis=0)[None] + frame.alike.sum(axis=1)[:, None] - frame.alike
    return np.where(whole > _EPS, frame.alike / np.maximum(whole, _EPS), 0.0)


def _hota(frames: list[_Frame], shape: tuple[int, int]) -> tuple[float, float, float]:
    """Pair so that overlap and a common past weigh together; then ask at every overlap how right it is (section 5)."""
    together, true, told = _counts(frames, shape, _jaccard)
    belongs = together / np.maximum(true[:, None] + told[None] - together, _EPS)
    pairs = np.zeros((len(_ALPHAS), *shape))
    for frame in frames:
        rows, columns = _best(belongs[np.ix_(frame.true, frame.told)] * frame.alike)
        overlap = frame.alike[rows, columns]
        for number, alpha in enumerate(_ALPHAS):
            good = overlap >= alpha - _EPS
            pairs[number][frame.true[rows[good]], frame.told[columns[good]]] += 1
    hits = pairs.sum(axis=(1, 2))
    detection = hits / np.maximum(1, true.sum() + told.sum() - hits)
    union = np.maximum(1, true[:, None] + told[None] - pairs)
    association = (pairs * pairs / union).sum(axis=(1, 2)) / np.maximum(1, hits)
    return float(np.sqrt(detection * association).mean()), float(detection.mean()), float(association.mean())
