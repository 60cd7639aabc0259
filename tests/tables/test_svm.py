"""Support vector machines: our decisions are the library's, the ladder keeps to the clock, noise teaches nothing."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sparse
from sklearn.kernel_approximation import Nystroem
from sklearn.svm import SVC, SVR, LinearSVC

from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.tables.svm.fitting import Choice, fit
from onward.tables.svm.ladder import Bounds, Tried, next_try, predicted_seconds
from onward.tables.svm.machine import Machine, calibrated, shares_of
from onward.tables.svm.map import map_picture
from onward.tables.svm.training import load
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train

MANY = 100_000


def blobs(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    y = chance.integers(0, classes, rows).astype(float)
    return chance.normal(size=(rows, 4)) + 1.5 * np.eye(8)[y.astype(int), :4], y


@pytest.mark.parametrize("kernel", ["rbf", "poly"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_our_decisions_are_the_library_s(kernel: str, classes: int) -> None:
    x, y = blobs(150, classes)
    theirs = SVC(kernel=kernel, C=2.0, gamma=0.25, degree=3, coef0=1.0, decision_function_shape="ovo").fit(x, y)
    expected = theirs.decision_function(x)
    expected = -expected[:, None] if classes == 2 else expected
    for rows in (x, sparse.csr_matrix(x)):
        machine = fit(rows, y, classes, Choice(kernel, 2.0), 0.25, MANY).machine
        assert np.allclose(machine.decide(rows), expected)
        shares = machine.predict(rows)
        assert np.allclose(shares.sum(axis=1), 1)
        # votes that are added up softly break the ties of counted ones
        assert (shares.argmax(axis=1) == theirs.predict(x)).mean() > (0.85 if classes > 3 else 0.97)


def test_numbers_and_planes_are_the_library_s_too() -> None:
    x, y = blobs(200, 3)
    number = 10 + 5 * x[:, 0] + x[:, 1] ** 2
    theirs = SVR(C=1.0, gamma=0.25, epsilon=0.1).fit(x, (number - number.mean()) / number.std())
    ours = fit(x, number, 0, Choice("rbf", 1.0), 0.25, MANY).machine.predict(x)[:, 0]
    assert np.allclose(ours, theirs.predict(x) * number.std() + number.mean())
    plane = LinearSVC(random_state=0).fit(x, y)
    assert np.allclose(fit(x, y, 3, Choice("linear", 1.0), 0.25, MANY).machine.decide(x), plane.decision_function(x))


def test_landmarks_come_near_the_kernel() -> None:
    x, y = blobs(200, 2)
    machine = fit(x, y, 2, Choice("rbf", 1.0, landmarks=200), 0.2, MANY).machine
    rows = np.exp(-0.2 * ((x[:, None] - x[None]) ** 2).sum(axis=2)) @ machine.arrays["mixing"]
    theirs = Nystroem(gamma=0.2, n_components=200, random_state=0).fit_transform(x)
    assert np.allclose(rows @ rows.T, theirs @ theirs.T, atol=1e-4)


def test_a_class_that_is_not_shown_is_never_told() -> None:
    x, y = blobs(100, 2)
    for choice in (Choice("rbf", 1.0), Choice("linear", 1.0)):
        machine = fit(x, np.where(y == 1, 2.0, 0.0), 4, choice, 0.25, MANY).machine
        assert set(machine.predict(x).argmax(axis=1).tolist()) <= {0, 2}


def test_probabilities_are_as_sure_as_they_should_be() -> None:
    chance = np.random.default_rng(0)
    decisions = chance.normal(size=(4000, 1)) * 2
    labels = (chance.random(4000) < 1 / (1 + np.exp(1.7 * decisions[:, 0]))).astype(np.int64)  # 0 where it is positive
    facts = {"form": "pairs", "classes": 2, "scale": 1.0, "power": 1.0}
    found = calibrated(decisions, labels, facts)
    assert 1.3 < found["scale"] < 2.2
    assert np.allclose(shares_of(decisions, {**facts, **found}).sum(axis=1), 1)


def bounds(rows: int) -> Bounds:
    return Bounds(rows, 10_000, 500, None, None, None, ("linear", "rbf", "poly"))


def climbed(rows: int, seconds: float, cost: float = 1e-6, tries: int = 60) -> tuple[list[Tried], float]:
    """Play the ladder against made-up fits whose time grows with the square of the rows."""
    tried: list[Tried] = []
    spent = 0.0
    while len(tried) < tries:
        chosen = next_try(tried, bounds(rows), seconds - spent, np.random.default_rng(len(tried)))
        if chosen is None:
            break
        choice, count = chosen
        taken = 0.01 * count / 500 if choice.kernel == "linear" or choice.landmarks else cost * count**2
        spent += taken
        score = (
            0.7
            + 0.02 * math.log2(count / 500)
            + (0.05 if choice.kernel == "rbf" else 0)
            - 0.01 * abs(math.log10(choice.cost) - 1)
        )
        tried.append(Tried(choice, count, score, taken))
    return tried, spent


@pytest.mark.parametrize("seconds", [1.0, 5.0, 30.0, 200.0])
def test_no_fit_outruns_the_clock(seconds: float) -> None:
    tried, spent = climbed(200_000, seconds)
    assert spent <= seconds
    assert max(each.rows for each in tried) >= (500 if seconds < 5 else 1000)


def test_more_time_reaches_higher_rungs_and_better_choices() -> None:
    tops = [max(each.rows for each in climbed(200_000, seconds)[0]) for seconds in (2.0, 20.0, 500.0)]
    assert tops == sorted(tops)
    assert tops[-1] > 10_000
    tried, _ = climbed(4_000, math.inf)
    best = max(tried, key=lambda each: each.score)
    assert (best.choice.kernel, best.rows) == ("rbf", 4_000)
    assert 3 <= best.choice.cost <= 32
    assert any(each.choice.landmarks for each in climbed(200_000, 500.0)[0])
    assert not any(each.choice.landmarks for each in tried)


def test_times_are_predicted_from_the_rungs_below() -> None:
    fits = [Tried(Choice("rbf", 1.0), rows, 0.9, 1e-6 * rows**2.2) for rows in (500, 1000, 2000)]
    assert 1e-6 * 4000**2.2 < predicted_seconds(fits, Choice("rbf", 1.0), 4000) < 2 * 1e-6 * 4000**2.2


@pytest.mark.parametrize("task", ["svm", "forest"])
def test_pictures_and_texts_are_learned_too(
    task: str, class_folder: Path, labelled_texts: Path, tmp_path: Path
) -> None:
    for data, steps in ((class_folder, 6), (labelled_texts, 4)):
        run, scores = train(find_task(task), str(data), {}, steps=steps, out=tmp_path / "runs", quiet=True)
        assert scores[0].name == "accuracy"
        assert scores[0].value > scores[0].baseline.value + 0.2
        page = apply(run.folder, (str(data),), {}, tmp_path / "out")[0].read_text(encoding="utf-8")
        assert page.startswith("row,prediction,probability_")
        assert len(page.splitlines()) == (91 if data == class_folder else 161)


def test_what_a_run_keeps_is_plain(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("svm"), str(small_table), {}, steps=4, out=tmp_path / "runs", quiet=True)
    machine = load(Run(Folder(run.path))).machine
    assert isinstance(machine, Machine)
    assert all(isinstance(array, np.ndarray) for array in machine.arrays.values())
    kinds = {each["name"]: each["kind"] for each in json.loads((run.path / "columns.json").read_text())}
    assert kinds == {"a": "number", "b": "number", "colour": "category", "kind": "category"}
    captions = " ".join(fact["caption"] for fact in read_metrics(run.path / "metrics.jsonl", "exhibit"))
    assert "distance from the boundary" in captions
    assert "support vectors" in captions
    assert "every fit that was tried" in captions


def test_a_map_needs_two_columns_of_many_values() -> None:
    x, y = blobs(80, 2)
    scales = np.stack([np.zeros(4), np.ones(4)])
    drawn = map_picture(x, y, ["a", "b"], Choice("rbf", 1.0), list("abcd"), scales)
    assert drawn is not None
    assert drawn.pixels.dtype == np.uint8
    assert map_picture(np.round(x / 9), y, ["a", "b"], Choice("rbf", 1.0), list("abcd"), scales) is None
