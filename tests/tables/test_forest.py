"""The forest learns what can be learned, and not what cannot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onward.core.faults import DataFault, MachineFault
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.tables.forest.dependence import dependence_pictures, permutation_importance
from onward.tables.forest.growing import Tree, _with_trees, load
from onward.tables.forest.reading import read
from onward.tables.forest.settings import Settings
from onward.tables.forest.trees import question, tree_picture
from onward.tables.gathering import rows_to_test
from onward.tables.looks import TableLook
from onward.tables.svm.training import _fitted_before
from onward.tasks import find_task
from onward.verbs.evaluate import evaluate
from onward.verbs.train import train


def test_our_walk_down_a_tree_is_scikit_learn_s() -> None:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    chance = np.random.default_rng(0)
    x = chance.random((200, 5))
    x[chance.random(x.shape) < 0.1] = np.nan
    for classes, kind in ((3, DecisionTreeClassifier), (0, DecisionTreeRegressor)):
        y = np.floor(3 * chance.random(200)) if classes else chance.random(200)
        ours = Tree.grown(x, y, classes, random_state=0).predict(x)
        theirs = kind(random_state=0).fit(x, y)
        expected = theirs.predict_proba(x) if isinstance(theirs, DecisionTreeClassifier) else theirs.predict(x)[:, None]
        assert np.allclose(ours, expected)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n" + "1,2\n" * 30, "the same b"),
        ("a,b\n1,2\n3,4\n", "at least 20"),
    ],
)
def test_nothing_to_learn_is_said(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataFault, match=said):
        read(Source((str(tmp_path / "a.csv"),)), Settings())


def test_an_unknown_target_is_met_with_a_guess(small_table: Path) -> None:
    with pytest.raises(DataFault, match="Did you mean kind"):
        read(Source((str(small_table),)), Settings(target="knd"))


def test_shuffling_finds_the_columns_that_count(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=6, out=tmp_path / "runs", quiet=True)
    forest = load(Run(Folder(run.path)))
    samples = read(Source((str(small_table),)), Settings())
    assert isinstance(forest.look, TableLook)
    x, y = rows_to_test(forest.look, samples, 10.0)
    lost = permutation_importance(forest, forest.look.design, x, y, 60.0)
    assert lost is not None
    a, b, colour = lost
    assert min(a, b) > 0.1 > colour
    assert permutation_importance(forest, forest.look.design, x, y, 1e-9) is None
    drawn = list(dependence_pictures(forest, forest.look.design, x, np.argsort(lost)[::-1], 60.0))
    assert len(drawn) == 3
    assert "depends on" in drawn[0].caption


def test_a_tree_is_drawn_in_the_words_of_the_table(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=2, out=tmp_path / "runs", quiet=True)
    forest = load(Run(Folder(run.path)))
    arrays = forest.trees[0].arrays
    asked = question(forest.look, int(arrays["column"][0]), float(arrays["threshold"][0]))
    assert asked.split()[0] in ("a", "b", "colour")
    assert tree_picture(arrays, forest.look, forest.facts).pixels.shape[2] == 3
    captions = " ".join(fact["caption"] for fact in read_metrics(run.path / "metrics.jsonl", "show"))
    assert "one tree" in captions


def test_it_is_measured_on_a_file_of_its_own(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=4, out=tmp_path / "runs", quiet=True)
    lines = small_table.read_text().splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([lines[0], *lines[:0:-1][:100]]) + "\n")  # other rows first, so other classes first
    (score, *_) = evaluate(Folder(run.path), str(other))
    assert score.count == 100
    assert score.value > 0.9


def test_a_tree_that_leads_in_a_circle_is_refused(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=1, out=tmp_path / "runs", quiet=True)
    forest = load(Run(Folder(run.path)))
    state = {"trees": [dict(forest.trees[0].arrays)]}
    state["trees"][0]["left"] = np.zeros_like(state["trees"][0]["left"])
    with pytest.raises(ValueError, match="circle"):
        forest.load_state_dict(state)


def test_a_tree_that_answers_another_question_is_refused(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=1, out=tmp_path / "runs", quiet=True)
    forest = load(Run(Folder(run.path)))
    arrays = dict(forest.trees[0].arrays)
    arrays["values"] = np.repeat(arrays["values"], 2, axis=1)
    with pytest.raises(ValueError, match="another question"):
        forest.load_state_dict({"trees": [arrays]})


def test_one_class_in_the_rows_to_learn_from_is_said(tmp_path: Path) -> None:
    rows = [f"{number},{number % 7},{'odd' if number == 7 else 'even'}" for number in range(40)]  # 7 is held out
    (tmp_path / "a.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    with pytest.raises(DataFault, match="some of two classes"):
        read(Source((str(tmp_path / "a.csv"),)), Settings())


def test_a_forest_without_a_tree_is_a_sentence() -> None:
    run: Any = SimpleNamespace(folder=SimpleNamespace(word="forest-1"))
    bare: Any = SimpleNamespace(trees=[])
    with pytest.raises(MachineFault, match="resume forest-1"):
        _with_trees(run, bare)
    with pytest.raises(MachineFault, match="resume forest-1"):
        _fitted_before(run, [])
