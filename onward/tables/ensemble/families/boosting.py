"""Gradient boosting, by LightGBM (on raw categories) or by scikit-learn's histograms; both become a grove.

Neither stops early on rows that are scored: how many trees there are is a rule like any other, and a fit whose time is
up keeps the trees it has.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson, shares_of
from onward.tables.ensemble.grove import Grove, from_histograms, from_lightgbm
from onward.tables.lean import library

__all__ = ["fit_histograms", "fit_lightgbm", "hastened", "tell"]

_LOSSES = {"squares": "regression", "absolute": "regression_l1", "quantile": "quantile"}
_HISTOGRAM_LOSSES = {"squares": "squared_error", "absolute": "absolute_error", "quantile": "quantile"}
_TIMED_TREES, _HIGHEST_RATE = 10, 0.3
_AT_ONCE = 25  # trees between two looks at the clock


def fit_lightgbm(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Grow leaf by leaf (Ke et al. 2017)."""
    lightgbm = library("lightgbm")
    rules = dict(lesson.rules)
    trees = int(rules.pop("trees", 300))
    objective = _LOSSES[lesson.loss] if not lesson.kinds else "binary" if lesson.kinds == 2 else "multiclass"
    least = {"min_data_in_leaf": min(20, max(3, len(lesson.y) // 50))}
    least["min_data_per_group"] = min(100, max(3, len(lesson.y) // 50))
    settings: dict[str, Any] = (
        {"learning_rate": 0.1}
        | least
        | rules
        | {
            "objective": objective,
            "alpha": lesson.quantile,
            "seed": lesson.seed % 2**31,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": lesson.threads,
            "verbosity": -1,
            "bagging_freq": 1 if rules.get("bagging_fraction", 1) < 1 else 0,
        }
    )
    if lesson.kinds > 2:
        settings["num_class"] = lesson.kinds

    began = lesson.seconds_left()

    def stop(environment: Any) -> None:
        left = lesson.seconds_left()
        if left <= 0:
            raise lightgbm.callback.EarlyStopException(environment.iteration, [])
        if environment.iteration + 1 == _TIMED_TREES and began < float("inf"):
            rate = hastened(settings["learning_rate"], trees, began - left, left)
            environment.model.reset_parameter({"learning_rate": rate})

    rows = lightgbm.Dataset(
        lesson.x, lesson.y, categorical_feature=list(lesson.categories), params=settings, free_raw_data=True
    )
    booster = lightgbm.train(settings, rows, trees, callbacks=[stop])
    width = lesson.kinds if lesson.kinds > 2 else 1
    return from_lightgbm(booster.model_to_string(num_iteration=-1), width).arrays


def hastened(rate: float, trees: int, spent: float, left: float) -> float:
    """Give the learning rate for the trees that follow the first few: higher where not all will be grown in time.

    Args:
        spent: seconds that the first trees took.
        left: seconds for the others.
    Example:
        >>> hastened(0.04, 310, 1.0, 90.0), hastened(0.04, 310, 1.0, 10.0), hastened(0.04, 310, 1.0, 0.1)
        (0.04, 0.12, 0.3)
    """
    affordable = _TIMED_TREES * left / max(spent, 1e-9)
    return min(max(rate, _HIGHEST_RATE), rate * max(1.0, round((trees - _TIMED_TREES) / max(affordable, 1e-9), 6)))


def fit_histograms(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Grow on binned values, some trees at a time."""
    ensemble = library("sklearn.ensemble")
    from threadpoolctl import threadpool_limits

    rules = dict(lesson.rules)
    trees = int(rules.pop("trees", 150))
    settings = {"early_stopping": False, "warm_start": True, "random_state": lesson.seed % 2**31, **rules}
    if lesson.kinds:
        model: Any = ensemble.HistGradientBoostingClassifier(max_iter=1, **settings)
    else:
        quantile = {"quantile": lesson.quantile} if lesson.loss == "quantile" else {}
        model = ensemble.HistGradientBoostingRegressor(
            _HISTOGRAM_LOSSES[lesson.loss], max_iter=1, **quantile, **settings
        )
    grown = 0
    with threadpool_limits(lesson.threads):
        while grown < trees and (grown == 0 or lesson.seconds_left() > 0):
            grown = min(trees, grown + _AT_ONCE)
            model.set_params(max_iter=grown).fit(lesson.x, lesson.y)
    shown = np.unique(lesson.y).astype(int) if lesson.kinds else np.zeros(1, int)
    width = lesson.kinds if lesson.kinds > 2 else 1
    own = from_histograms(model, len(shown) if len(shown) > 2 else 1).arrays
    if width > 1 and len(shown) < lesson.kinds:
        own = _spread(own, shown, width)
    return own


def _spread(arrays: dict[str, NDArray[Any]], shown: NDArray[np.int64], width: int) -> dict[str, NDArray[Any]]:
    """Give trees that know some classes their places among all."""
    start = np.full(width, -12.0)
    places = shown if len(shown) > 2 else shown[1:]
    if len(shown) == 2:
        start[shown[0]] = 0.0
    start[places] = arrays["start"]
    return arrays | {"output": places[arrays["output"]].astype(np.int32), "start": start}


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N F: N K probabilities or N 1 numbers."""
    sums = Grove(arrays).tell(x)
    return shares_of(sums, kinds) if kinds else sums
