"""Boosters that take part where somebody installed them: XGBoost (as xgboost-cpu) and CatBoost, on ranked columns.

Like every other maker's, their trees become a grove: nobody needs them to use a run.
"""

from __future__ import annotations

import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.tables.ensemble.families.lesson import Lesson, shares_of
from onward.tables.ensemble.grove import Grove, from_catboost, from_xgboost

__all__ = ["fit_catboost", "fit_xgboost", "tell"]


def fit_xgboost(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Grow by exact steps of Newton (Chen and Guestrin 2016)."""
    xgboost: Any = import_module("xgboost")

    rules = {"eta": 0.05, "max_depth": 5, "subsample": 0.8, "colsample_bytree": 0.6, "lambda": 3.0} | dict(lesson.rules)
    trees = int(rules.pop("trees", 300))
    losses = {"squares": "reg:squarederror", "absolute": "reg:absoluteerror", "quantile": "reg:quantileerror"}
    objective = (
        losses[lesson.loss] if not lesson.kinds else "binary:logistic" if lesson.kinds == 2 else "multi:softprob"
    )
    level = 0.5 if lesson.kinds else float(lesson.y.mean())
    rules |= {"objective": objective, "base_score": level, "seed": lesson.seed % 2**31, "nthread": lesson.threads}
    rules |= {"num_class": lesson.kinds} if lesson.kinds > 2 else {}
    rules |= {"quantile_alpha": lesson.quantile} if lesson.loss == "quantile" and not lesson.kinds else {}

    class Clock(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return lesson.seconds_left() <= 0

    rows = xgboost.DMatrix(np.asarray(lesson.x, np.float32), lesson.y)
    booster = xgboost.train({**rules, "verbosity": 0}, rows, trees, callbacks=[Clock()])
    start = np.zeros(max(1, lesson.kinds if lesson.kinds > 2 else 1)) if lesson.kinds else np.array([level])
    return from_xgboost(json.loads(bytes(booster.save_raw("json"))), start).arrays


def fit_catboost(lesson: Lesson) -> dict[str, NDArray[Any]]:
    """Grow trees whose every level asks one question (Prokhorenkova et al. 2018)."""
    catboost: Any = import_module("catboost")

    rules = {"learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 5.0} | dict(lesson.rules)
    trees = int(rules.pop("trees", 400))
    losses = {"squares": "RMSE", "absolute": "MAE", "quantile": f"Quantile:alpha={lesson.quantile}"}
    loss = losses[lesson.loss] if not lesson.kinds else "Logloss" if lesson.kinds == 2 else "MultiClass"
    rules |= {"loss_function": loss, "random_seed": lesson.seed % 2**31, "thread_count": lesson.threads}
    rules |= {"classes_count": lesson.kinds} if lesson.kinds > 2 else {}

    class Clock:
        def after_iteration(self, info: Any) -> bool:
            return lesson.seconds_left() > 0

    model = catboost.CatBoost({**rules, "iterations": trees, "verbose": False, "allow_writing_files": False})
    target = lesson.y.astype(int) if lesson.kinds else lesson.y
    model.fit(catboost.Pool(np.asarray(lesson.x, np.float32), target), callbacks=[Clock()])
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.json"
        model.save_model(str(path), format="json")
        page = json.loads(path.read_text(encoding="utf-8"))
    return from_catboost(page, lesson.kinds if lesson.kinds > 2 else 1).arrays


def tell(arrays: dict[str, NDArray[Any]], x: NDArray[Any], kinds: int) -> NDArray[np.float64]:
    """Answer rows, N F: N K probabilities or N 1 numbers."""
    sums = Grove(arrays).tell(x, is_single=True)
    return shares_of(sums, kinds) if kinds else sums
