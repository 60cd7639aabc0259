"""Is the time kept on a crowded core? Neighbours are simulated: the clock is our own work, many times over."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.crowded import crowded
from onward.tables.ensemble.families import linear
from onward.tables.ensemble.families.lesson import Lesson
from onward.tables.lean import library
from onward.tables.pace import Pace


def contest(place: Path) -> None:
    """Write a competition."""
    chance = np.random.default_rng(0)
    place.mkdir()
    for name, rows in (("train", 700), ("test", 300)):
        a, b = chance.normal(size=rows), chance.choice(list("xyz"), rows)
        y = (a + (b == "x") + chance.normal(size=rows) > 0.5).astype(int)
        heads, last = ("id,a,b,y", [f",{each}" for each in y]) if name == "train" else ("id,a,b", [""] * rows)
        lines = [f"{number},{a[number]:.3f},{b[number]}{last[number]}" for number in range(rows)]
        (place / f"{name}.csv").write_text("\n".join([heads, *lines]) + "\n")
    (place / "sample_submission.csv").write_text("\n".join(["id,y", *(f"{number},0" for number in range(300))]) + "\n")


@pytest.mark.parametrize(
    ("task", "neighbours", "seconds"), [("table", 8, 30), ("kaggle", 8, 20), ("forest", 8, 40), ("svm", 8, 40)]
)
def test_time_is_kept_beside_busy_processes(task: str, neighbours: float, seconds: int, tmp_path: Path) -> None:
    contest(tmp_path / "contest")
    place = {"table": "made:customers", "kaggle": str(tmp_path / "contest")}
    data = place.get(task, str(tmp_path / "contest" / "train.csv"))
    passed, said = crowded(neighbours + 1, task, data, f"{seconds}s", tmp_path / "runs")
    assert passed <= 1.05 * seconds, said
    assert "beats" in said


def test_crowding_is_what_the_last_work_took() -> None:
    clock, work = [0.0], [0.0]

    def worked() -> float:
        clock[0] += 0.09
        work[0] += 0.01
        return work[0]

    pace = Pace(lambda: clock[0], worked)
    assert pace.crowding == pytest.approx(9, rel=0.1)
    for _ in range(200):  # the neighbours have gone
        clock[0] -= 0.08
        alone = pace.crowding
    assert alone == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("kinds", [2, 4])
def test_logistic_regression_finds_what_scikit_learn_finds(kinds: int) -> None:
    from sklearn.linear_model import LogisticRegression

    chance = np.random.default_rng(kinds)
    x = chance.normal(size=(400, 8)).astype(np.float32)
    y = (x @ chance.normal(size=(8, kinds)) + chance.gumbel(size=(400, kinds))).argmax(axis=1).astype(float)
    found = linear.fit(Lesson(x, y, kinds, 0, rules={"strength": 0.5}))
    other = LogisticRegression(C=0.5, max_iter=2000, tol=1e-8).fit(x, y)
    assert np.abs(linear.tell(found, x, kinds) - other.predict_proba(x)).max() < 2e-3


def test_a_linear_model_without_time_tells_more_than_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    y = (x[:, 0] > 0.3).astype(float)
    told = linear.tell(linear.fit(Lesson(x, y, 2, 0, seconds_left=lambda: 0.0)), x, 2)
    assert (told.argmax(axis=1) == y).mean() > 0.9


def test_lightgbm_comes_without_what_it_brings_for_others() -> None:
    asks = """
import sys
from onward.tables.lean import is_loaded, library
first = library("lightgbm")
assert is_loaded("lightgbm") and library("lightgbm") is first
assert not {"sklearn", "pandas", "lightgbm"} & set(sys.modules)
library("sklearn.tree")
assert "pandas" not in sys.modules and "scipy.stats._stats_py" not in sys.modules
import scipy.stats
assert scipy.stats.mode([1, 2, 2]).mode == 2 and "scipy.stats._stats_py" in sys.modules
from scipy.stats import chi2
assert abs(chi2(2).cdf(0.0)) < 1e-9
import lightgbm, sklearn.metrics
assert hasattr(lightgbm, "LGBMClassifier") and lightgbm is not first
"""
    answer = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=False)
    assert not answer.returncode, answer.stderr


def test_what_a_library_draws_by_lot_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "drawing_library.py").write_text("import random\nrandom.random()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    random.seed(0)
    before = random.getstate()
    library("drawing_library")
    assert random.getstate() == before
