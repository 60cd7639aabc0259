"""Measures by name, as competitions name them: what each takes, which way is better, and what it asks of the training.

A classifier's answer is a row of probabilities. Measures of kind `shares` take those; measures of kind `labels` take
classes, which `decisions.py` makes of them; measures of kind `numbers` take numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import UsageFault, did_you_mean

__all__ = ["Measure", "area_under_curve", "find_measure", "known_measures", "usual_measure"]

_Values = NDArray[Any]
_LEAST = 1e-15  # a probability of nothing would cost infinitely much


@dataclass(frozen=True)
class Measure:
    """A way to score answers.

    Attributes:
        name: as it is typed and told.
        kind: `shares`, `labels` or `numbers`.
        of: truth (N class numbers, or N numbers) and answers (N K, N or N) to a figure.
        needs_cut: whether the classes told should be cut where this measure is best, and not by the likeliest.
        is_logarithmic: whether the target is learned as log(1 + y).
        loss: what regression members minimise: `squares`, `absolute` or `quantile`.
        quantile: the one asked for, when `loss` is that.
        best: how many guesses count, for mean average precision.
    """

    name: str
    kind: str
    higher_is_better: bool
    of: Callable[[_Values, _Values], float]
    needs_cut: bool = False
    is_logarithmic: bool = False
    loss: str = "squares"
    quantile: float = 0.5
    best: int = 1

    def better(self, one: float, other: float) -> bool:
        """Say whether the first figure is the better one."""
        return one > other if self.higher_is_better else one < other


def area_under_curve(truth: _Values, scores: _Values) -> float:
    """Give the area under the ROC curve: the chance that a positive row is told higher than a negative one.

    Args:
        truth: N, 0 or 1.
        scores: N.
    Example:
        >>> area_under_curve(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
        0.75
    """
    positive = int(np.sum(truth == 1))
    negative = len(truth) - positive
    if not positive or not negative:
        return 0.5
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place.ravel()]
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _auc(truth: _Values, shares: _Values) -> float:
    if shares.shape[1] == 2:
        return area_under_curve(truth, shares[:, 1])
    kinds = [kind for kind in range(shares.shape[1]) if (truth == kind).any()]
    return float(np.mean([area_under_curve((truth == kind).astype(int), shares[:, kind]) for kind in kinds]))


def _log_loss(truth: _Values, shares: _Values) -> float:
    clipped = np.clip(shares, _LEAST, 1 - _LEAST)
    clipped = clipped / clipped.sum(axis=1, keepdims=True)
    return float(-np.log(clipped[np.arange(len(truth)), truth.astype(int)]).mean())


def _brier(truth: _Values, shares: _Values) -> float:
    wanted = np.eye(shares.shape[1])[truth.astype(int)]
    squares = ((shares - wanted) ** 2).sum(axis=1).mean()
    return float(squares / 2 if shares.shape[1] == 2 else squares)


def _mean_precision(best: int) -> Callable[[_Values, _Values], float]:
    def of(truth: _Values, shares: _Values) -> float:
        guesses = np.argsort(-shares, axis=1, kind="stable")[:, :best]
        found = guesses == truth.astype(int)[:, None]
        return float((found / np.arange(1, guesses.shape[1] + 1)).sum(axis=1).mean())

    return of


def _counted(truth: _Values, labels: _Values) -> NDArray[np.float64]:
    kinds = int(max(truth.max(), labels.max())) + 1
    table = np.zeros((max(2, kinds), max(2, kinds)))
    np.add.at(table, (truth.astype(int), labels.astype(int)), 1)
    return table


def _f1_each(table: NDArray[np.float64]) -> NDArray[np.float64]:
    right = np.diag(table)
    return 2 * right / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1e-12)


def _f1(truth: _Values, labels: _Values) -> float:
    return float(_f1_each(_counted(truth, labels))[1])


def _macro_f1(truth: _Values, labels: _Values) -> float:
    table = _counted(truth, labels)
    shown = table.sum(axis=0) + table.sum(axis=1) > 0
    return float(_f1_each(table)[shown].mean())


def _balanced(truth: _Values, labels: _Values) -> float:
    table = _counted(truth, labels)
    shown = table.sum(axis=1) > 0
    return float((np.diag(table)[shown] / table.sum(axis=1)[shown]).mean())


def _mcc(truth: _Values, labels: _Values) -> float:
    table = _counted(truth, labels)
    told, real, count = table.sum(axis=0), table.sum(axis=1), table.sum()
    above = np.trace(table) * count - told @ real
    below = np.sqrt((count**2 - told @ told) * (count**2 - real @ real))
    return float(above / below) if below > 0 else 0.0


def _kappa(truth: _Values, labels: _Values) -> float:
    table = _counted(truth, labels)
    kinds = np.arange(len(table))
    cost = (kinds[:, None] - kinds[None]) ** 2.0
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(table.sum(), 1)
    below = float((cost * chance).sum())
    return 1 - float((cost * table).sum()) / below if below > 0 else 0.0


def _r2(truth: _Values, told: _Values) -> float:
    varied = float(((truth - truth.mean()) ** 2).sum())
    return 1 - float(((truth - told) ** 2).sum()) / varied if varied > 0 else float(np.array_equal(truth, told))


def _log_error(truth: _Values, told: _Values) -> float:
    return float(np.sqrt(((np.log1p(np.maximum(truth, 0)) - np.log1p(np.maximum(told, 0))) ** 2).mean()))


def _percent(truth: _Values, told: _Values) -> float:
    return float((np.abs(truth - told) / np.maximum(np.abs(truth), 1e-9)).mean())


def _symmetric(truth: _Values, told: _Values) -> float:
    below = np.abs(truth) + np.abs(told)
    return float(200 * np.divide(np.abs(truth - told), below, out=np.zeros(len(truth)), where=below > 0).mean())


def _pinball(quantile: float) -> Callable[[_Values, _Values], float]:
    def of(truth: _Values, told: _Values) -> float:
        gap = truth - told
        return float(np.maximum(quantile * gap, (quantile - 1) * gap).mean())

    return of


_MEASURES = {
    each.name: each
    for each in (
        Measure("accuracy", "labels", True, lambda truth, labels: float((truth == labels).mean())),
        Measure("AUC", "shares", True, _auc),
        Measure("Gini", "shares", True, lambda truth, shares: 2 * _auc(truth, shares) - 1),
        Measure("log loss", "shares", False, _log_loss),
        Measure("Brier score", "shares", False, _brier),
        Measure("F1", "labels", True, _f1, needs_cut=True),
        Measure("macro F1", "labels", True, _macro_f1, needs_cut=True),
        Measure("balanced accuracy", "labels", True, _balanced, needs_cut=True),
        Measure("MCC", "labels", True, _mcc, needs_cut=True),
        Measure("quadratic kappa", "labels", True, _kappa, needs_cut=True),
        Measure("RMSE", "numbers", False, lambda truth, told: float(np.sqrt(((truth - told) ** 2).mean()))),
        Measure("RMSLE", "numbers", False, _log_error, is_logarithmic=True),
        Measure("MAE", "numbers", False, lambda truth, told: float(np.abs(truth - told).mean()), loss="absolute"),
        Measure(
            "median absolute error",
            "numbers",
            False,
            lambda truth, told: float(np.median(np.abs(truth - told))),
            loss="absolute",
        ),
        Measure("R2", "numbers", True, _r2),
        Measure("MAPE", "numbers", False, _percent, loss="absolute"),
        Measure("SMAPE", "numbers", False, _symmetric, loss="absolute"),
    )
}
_OTHER_NAMES = {
    "acc": "accuracy",
    "rocauc": "AUC",
    "areaunderroc": "AUC",
    "normalizedgini": "Gini",
    "crossentropy": "log loss",
    "multiclasslogloss": "log loss",
    "mlogloss": "log loss",
    "nll": "log loss",
    "brier": "Brier score",
    "f1score": "F1",
    "f1macro": "macro F1",
    "meanf1": "macro F1",
    "matthews": "MCC",
    "matthewscorrelation": "MCC",
    "kappa": "quadratic kappa",
    "qwk": "quadratic kappa",
    "quadraticweightedkappa": "quadratic kappa",
    "rootmeansquarederror": "RMSE",
    "rootmeansquaredlogarithmicerror": "RMSLE",
    "meancolumnwisermsle": "RMSLE",  # over several targets every measure is the mean of theirs
    "mcrmsle": "RMSLE",
    "mcrmse": "RMSE",
    "meanrmsle": "RMSLE",
    "meanabsoluteerror": "MAE",
    "medianae": "median absolute error",
    "medae": "median absolute error",
    "r": "R2",
}


def known_measures() -> list[str]:
    """List the measures' names."""
    return [*_MEASURES, "MAP@K", "pinball@Q"]


def find_measure(word: str) -> Measure:
    """Find a measure by any of its names; `MAP@3` counts three guesses, `pinball@0.9` asks for a quantile.

    Raises:
        UsageFault: there is none.
    Example:
        >>> find_measure("roc_auc").name, find_measure("map@3").best
        ('AUC', 3)
    """
    name, _, number = word.partition("@")
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain in ("map", "meanaverageprecision") and (number or "3").isdigit():
        best = max(1, int(number or 3))
        return Measure(f"MAP@{best}", "shares", True, _mean_precision(best), best=best)
    if plain in ("pinball", "quantile") and re.fullmatch(r"0?\.\d+|", number):
        share = float(number or 0.5)
        return Measure(f"pinball@{share:g}", "numbers", False, _pinball(share), loss="quantile", quantile=share)
    squeezed = {re.sub(r"[^a-z0-9]", "", known.lower()): known for known in _MEASURES} | _OTHER_NAMES
    if plain not in squeezed:
        raise UsageFault(f"There is no metric {word!r}.{did_you_mean(plain, squeezed)}")
    return _MEASURES[squeezed[plain]]


def usual_measure(kinds: int) -> Measure:
    """Give what is measured when nobody says: AUC for two classes, accuracy for more, RMSE for numbers (0 classes)."""
    return _MEASURES["RMSE" if not kinds else "AUC" if kinds == 2 else "accuracy"]
