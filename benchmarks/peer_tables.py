"""The peers: FLAML and AutoGluon (medium quality), in an environment of their own.

    python benchmarks/peer_tables.py flaml train.csv test.csv AUC 300 told.csv

The target is the column `target`. Writes prediction and, for classes, a probability column a class.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import numpy as np
import pandas as pd

_FLAML = {"AUC": "roc_auc", "log loss": "log_loss", "RMSE": "rmse", "RMSLE": "rmse", "accuracy": "accuracy"}
_GLUON = {"AUC": "roc_auc", "log loss": "log_loss", "RMSE": "rmse", "RMSLE": "rmse", "accuracy": "accuracy"}


def main() -> None:
    """Run it."""
    name, train, test, measure, seconds, out = sys.argv[1:]
    known, asked = (pd.read_csv(each, na_values=["?"], skipinitialspace=True) for each in (train, test))
    is_classes = measure in ("AUC", "log loss", "accuracy")
    if is_classes:
        known["target"] = known["target"].astype(str)
    if measure == "RMSLE":
        known["target"] = np.log1p(known["target"])
    told, classes = (flaml if name == "flaml" else autogluon)(known, asked, measure, float(seconds), is_classes)
    if is_classes:
        page = pd.DataFrame(told, columns=[f"probability_{each}" for each in classes])
        page.insert(0, "prediction", [classes[place] for place in told.argmax(axis=1)])
    else:
        page = pd.DataFrame({"prediction": np.expm1(told) if measure == "RMSLE" else told})
    page.to_csv(out, index=False)


def flaml(known: Any, asked: Any, measure: str, seconds: float, is_classes: bool) -> tuple[Any, list[str]]:
    """Search with FLAML."""
    from flaml import AutoML

    model = AutoML()
    kind = "classification" if is_classes else "regression"
    words = {"task": kind, "metric": _FLAML[measure], "time_budget": seconds, "seed": 0, "verbose": 0, "n_jobs": -1}
    model.fit(known.drop(columns="target"), known["target"], **words)
    if not is_classes:
        return model.predict(asked), []
    return np.asarray(model.predict_proba(asked)), [str(each) for each in model.classes_]


def autogluon(known: Any, asked: Any, measure: str, seconds: float, is_classes: bool) -> tuple[Any, list[str]]:
    """Fit AutoGluon's medium quality."""
    from autogluon.tabular import TabularPredictor

    kinds = known["target"].nunique()
    kind = "regression" if not is_classes else "binary" if kinds == 2 else "multiclass"
    with tempfile.TemporaryDirectory() as place:
        model = TabularPredictor("target", problem_type=kind, eval_metric=_GLUON[measure], path=place, verbosity=0)
        model.fit(known, time_limit=seconds, presets="medium_quality")
        if not is_classes:
            return model.predict(asked).to_numpy(), []
        told = model.predict_proba(asked)
        return told.to_numpy(), [str(each) for each in told.columns]


if __name__ == "__main__":
    main()
