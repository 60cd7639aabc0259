"""Measures by name are worth what scikit-learn says, and an unknown one is met with a guess."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onward.core.faults import UsageFault
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.measures import find_measure


def answer(kinds: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    chance = np.random.default_rng(0)
    truth = chance.integers(0, kinds, 300)
    shares = chance.dirichlet(np.ones(kinds), 300) + 0.7 * np.eye(kinds)[truth]
    shares /= shares.sum(axis=1, keepdims=True)
    return truth, shares, shares.argmax(axis=1)


def test_measures_are_scikit_learn_s() -> None:
    from sklearn import metrics as theirs

    for kinds in (2, 3):
        truth, shares, labels = answer(kinds)
        assert find_measure("log_loss").of(truth, shares) == pytest.approx(theirs.log_loss(truth, shares))
        scores = shares[:, 1] if kinds == 2 else shares
        assert find_measure("ROC AUC").of(truth, shares) == pytest.approx(
            theirs.roc_auc_score(truth, scores, multi_class="ovr")
        )
        assert find_measure("macro-f1").of(truth, labels) == pytest.approx(
            theirs.f1_score(truth, labels, average="macro")
        )
        assert find_measure("mcc").of(truth, labels) == pytest.approx(theirs.matthews_corrcoef(truth, labels))
        assert find_measure("qwk").of(truth, labels) == pytest.approx(
            theirs.cohen_kappa_score(truth, labels, weights="quadratic")
        )
        assert find_measure("balanced accuracy").of(truth, labels) == pytest.approx(
            theirs.balanced_accuracy_score(truth, labels)
        )
    truth, shares, labels = answer(2)
    assert find_measure("f1").of(truth, labels) == pytest.approx(theirs.f1_score(truth, labels))
    assert find_measure("brier").of(truth, shares) == pytest.approx(theirs.brier_score_loss(truth, shares[:, 1]))
    chance = np.random.default_rng(1)
    y, told = 1 + 9 * chance.random(200), 1 + 9 * chance.random(200)
    for name, theirs_of in (
        ("rmse", theirs.root_mean_squared_error),
        ("rmsle", theirs.root_mean_squared_log_error),
        ("mae", theirs.mean_absolute_error),
        ("median ae", theirs.median_absolute_error),
        ("r2", theirs.r2_score),
        ("mape", theirs.mean_absolute_percentage_error),
    ):
        assert find_measure(name).of(y, told) == pytest.approx(theirs_of(y, told)), name
    assert find_measure("pinball@0.9").of(y, told) == pytest.approx(theirs.mean_pinball_loss(y, told, alpha=0.9))
    truth, shares, _ = answer(3)
    assert find_measure("map@1").of(truth, shares) == pytest.approx((shares.argmax(axis=1) == truth).mean())


def test_an_unknown_measure_is_met_with_a_guess() -> None:
    with pytest.raises(UsageFault, match="rmsle"):
        find_measure("rmslee")


def test_no_answer_to_a_logarithmic_measure_is_below_nothing() -> None:
    challenge: Any = SimpleNamespace(is_logarithmic=True)
    assert Challenge.natural(challenge, np.array([-0.05, 0.0, 1.0])) == pytest.approx([0.0, 0.0, np.e - 1])
