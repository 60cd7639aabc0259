"""Columns to numbers, rows set apart, and the same test rows as the networks have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault, RunFault
from onward.core.task import Source
from onward.data.table_numbers import number_of
from onward.data.tables import read_table
from onward.tables.columns import Design
from onward.tables.looks import TableLook, plan_look
from onward.tables.problem import Asked, Problem, make_problem, read_as_known, read_problem
from onward.tables.samples import read_samples
from onward.tables.scores import area_under_curve, scores_of
from onward.tasks import find_task


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.csv"
    rows = [
        f"{place}.5,{('red', 'blue', 'green')[place % 3]},2024-0{1 + place % 9}-1{place % 7},"
        f'"a long text, number {place} of its kind {"x" * place}",{"yes" if place % 2 else "no"}'
        for place in range(60)
    ]
    path.write_text("\n".join(["n,c,d,words,y", *rows, '?,,,"",yes', "3.5,violet,2031-01-01,new words,no"]) + "\n")
    return path


def test_a_word_for_nothing_that_stands_often_is_a_kind(tmp_path: Path) -> None:
    """As in a table of sleep, where most have no disorder: without them there would be nothing to tell apart."""
    words = ["None"] * 52 + ["none"] * 8 + ["Insomnia"] * 25 + ["Apnea"] * 13 + ["NA", ""]
    rows = [
        f"{n % 9}.5,{word},{'None' if n % 4 else n},{'none' if n == 7 else 'pq'[n % 2]}" for n, word in enumerate(words)
    ]
    path = tmp_path / "sleep.csv"
    path.write_text("\n".join(["hours,disorder,score,rare", *rows]) + "\n")
    read = read_table(str(path))
    disorder, score, rare = (read.column(name) for name in ("disorder", "score", "rare"))
    assert disorder.categories == ("None", "Insomnia", "Apnea")
    assert np.isnan(disorder.values).sum() == 2  # NA and the empty cell
    assert any("'None' is a kind" in note for note in disorder.notes)
    assert score.kind == "number"
    assert np.isnan(score.values).sum() == 75
    assert rare.categories == ("p", "q") or rare.categories == ("q", "p")
    assert np.isnan(rare.values[7])
    again = read_table(str(path), read.columns)
    assert np.array_equal(again.column("disorder").values, disorder.values, equal_nan=True)
    told = read_table(str(path), kinds={"disorder": "category"}).column("disorder")
    assert told.categories == disorder.categories
    problem = make_problem(read, Asked(target="disorder"))
    assert len(problem.y) == 98


def test_months_are_dates_and_years_may_name_columns(tmp_path: Path) -> None:
    months = [f"{1949 + n // 12}-{1 + n % 12:02d}" for n in range(60)]
    path = tmp_path / "passengers.csv"
    path.write_text("\n".join(["month,passengers", *(f"{month},{100 + n % 7}" for n, month in enumerate(months))]))
    month = read_table(str(path)).column("month")
    assert month.kind == "date"
    assert np.all(np.diff(month.values) >= 28)
    years = [str(year) for year in range(1960, 2024)]
    rows = [f"land {n},L{n},{','.join(f'{n + k}.5' for k in range(64))}" for n in range(40)]
    path.write_text("\n".join([f"Country,Code,{','.join(years)}", *rows]))
    table = read_table(str(path))
    assert table.rows == 40
    assert table.column("1960").kind == "number"


def test_codes_keep_what_trees_need(mixed: Path) -> None:
    columns = read_table(str(mixed), kinds={"words": "text"}).columns[:4]
    design = Design.fitted([each for each in columns if each.name != "words"], "codes")
    x = design.matrix(columns)
    assert design.names[:2] == ("n", "c")
    assert design.names[2:] == ("d: year", "d: month", "d: day", "d: weekday", "d: days")
    assert x[0].tolist()[2:6] == [2024, 1, 10, 2]  # a Wednesday
    assert np.isnan(x[60]).all()


def test_what_was_not_seen_has_a_number_of_its_own(mixed: Path, tmp_path: Path) -> None:
    columns = read_table(str(mixed)).columns
    design = Design.fitted(columns[:2], "codes")
    hot = Design.fitted(columns[:2], "one_hot")
    later = tmp_path / "later.csv"
    later.write_text("c,n\npurple,1.5\nred,2.5\n")
    again = read_table(str(later), design.columns).columns
    kinds = len(columns[1].categories)
    assert design.matrix(again)[:, 1].tolist() == [kinds, columns[1].categories.index("red")]
    rows = hot.matrix(again)
    assert not np.isnan(rows).any()
    own = [place for place, name in enumerate(hot.names) if name.startswith("c: ")]
    assert np.argmax(rows[1, own]) == columns[1].categories.index("red")
    assert len(set(np.sign(rows[0, own]))) == 1  # none of them


def test_a_design_is_plain_words_and_numbers(mixed: Path) -> None:
    columns = read_table(str(mixed), kinds={"words": "text"}).columns[:4]
    for style in ("codes", "one_hot"):
        design = Design.fitted(columns, style)
        again = Design.from_json(json.loads(json.dumps(design.as_json())))
        assert np.array_equal(design.matrix(columns), again.matrix(columns), equal_nan=True)


def test_a_missing_column_is_named(mixed: Path, small_table: Path) -> None:
    design = Design.fitted(read_table(str(mixed)).columns[:2], "codes")
    with pytest.raises(DataFault, match="lacks n, c"):
        design.matrix(read_table(str(small_table)).columns)


def test_equal_rows_are_on_one_side_and_the_choice_stays(mixed: Path) -> None:
    twice = mixed.with_name("twice.csv")
    lines = mixed.read_text().splitlines()
    twice.write_text("\n".join([*lines, *lines[1:]]) + "\n")
    problem = read_problem(str(twice), Asked())
    half = len(problem.y) // 2
    assert (problem.is_test[:half] == problem.is_test[half:]).all()
    assert 0.05 < problem.is_test.mean() < 0.5
    assert (read_problem(str(twice), Asked()).is_test == problem.is_test).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(target="words"), "free text"),
        (Asked(target="n", predict="classes"), "different numbers"),
        (Asked(target="c", predict="number"), "holds words"),
        (Asked(columns="n=whole"), "no kind of column"),
    ],
)
def test_what_cannot_be_predicted_is_said(mixed: Path, asked: Asked, said: str) -> None:
    with pytest.raises(DataFault, match=said):
        make_problem(read_table(str(mixed), kinds={"words": "text"}), asked) if not asked.columns else read_problem(
            str(mixed), asked
        )


def test_other_rows_are_scored_with_the_classes_that_were_learned(tmp_path: Path) -> None:
    train, test = tmp_path / "train.data", tmp_path / "test.data"
    train.write_text("".join(f"{place}, w{place % 4}, {'>50K' if place % 3 else '<=50K'}\n" for place in range(60)))
    test.write_text("".join(f"{place}, w{place % 5}, {'<=50K.' if place % 2 else '>50K.'}\n" for place in range(9)))
    problem = read_problem(str(train), Asked())
    again = read_as_known(str(test), problem.features, problem.target, problem.classes)
    assert problem.classes == (">50K", "<=50K")
    assert again.y.tolist() == [place % 2 for place in range(9)]
    assert again.is_test.all()


def test_texts_are_parted_as_text_classify_parts_them(labelled_texts: Path) -> None:
    task = find_task("text-classify")
    theirs = task.read(Source((str(labelled_texts),)), task.settings())
    ours = read_samples(Source((str(labelled_texts),)), Asked())
    assert ours.kind == "texts"
    assert ours.testing.tolist() == sorted(theirs.testing.tolist())


def test_pictures_are_parted_as_classify_parts_them(class_folder: Path) -> None:
    task = find_task("classify")
    theirs = task.read(Source((str(class_folder),)), task.settings())
    ours = read_samples(Source((str(class_folder),)), Asked())
    assert ours.kind == "pictures"
    assert ours.testing.tolist() == theirs.testing.tolist()


def test_scores_are_those_of_the_library() -> None:
    from sklearn.metrics import roc_auc_score

    chance = np.random.default_rng(0)
    told = np.round(chance.random(300), 1)
    y = (chance.random(300) < told).astype(float)
    assert area_under_curve(told, y == 1) == pytest.approx(roc_auc_score(y, told))
    accuracy, area = scores_of(np.stack([1 - told, told], axis=1), y, y)
    assert (accuracy.name, area.name) == ("accuracy", "area under ROC curve")
    assert area.interval[0] < area.value < area.interval[1]


def test_what_brings_numbers_to_one_scale_is_learned_from_the_rows_to_learn_from(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    rows = [f"{value:.4f},{'ab'[number % 2]}" for number, value in enumerate(chance.normal(size=80))]
    (tmp_path / "a.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    samples = read_samples(Source((str(tmp_path / "a.csv"),)), Asked())
    assert isinstance(samples.held, Problem)
    look = plan_look(samples, "one_hot")
    assert isinstance(look, TableLook)
    own = samples.held.features[0].values[samples.training]
    assert look.design.means[0] == pytest.approx(own.mean())
    assert look.design.means[0] != pytest.approx(samples.held.features[0].values.mean())


def test_numbers_that_cannot_be_squared_count_as_infinite() -> None:
    assert number_of("1e29") == 1e29
    assert all(np.isnan(number_of(cell) or 0.0) for cell in ("1e31", "-4.5e200", "1e999"))


def test_a_score_that_is_all_right_is_not_certain() -> None:
    shares = np.array([[0.9, 0.1]] * 5 + [[0.1, 0.9]] * 4)
    truth = np.repeat([0.0, 1.0], [5, 4])
    accuracy, area = scores_of(shares, truth, truth)
    assert accuracy.value == area.value == 1.0
    assert 0.6 < accuracy.interval[0] < 0.8
    assert 0.4 < area.interval[0] < 0.6


def test_a_design_that_names_other_columns_than_it_holds_is_refused(mixed: Path) -> None:
    features = read_problem(str(mixed), Asked("y")).features
    facts = Design.fitted(features, "codes").as_json()
    facts["columns"] = facts["columns"][1:]  # as a stranger's run may say
    with pytest.raises(RunFault, match="names other columns"):
        Design.from_json(facts).matrix(features)
