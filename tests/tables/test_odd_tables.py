"""Tables and competitions that are read, parted and answered wrongly if one is not careful."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.data.tables import columns_from_json, columns_to_json, read_table
from onward.tables.ensemble.decisions import class_weights
from onward.tables.ensemble.folds import make_folds
from onward.tables.ensemble.measures import find_measure
from onward.tables.kaggle.ledger import add_line, lines_of
from onward.tables.kaggle.papers import ids_of, papers_of
from onward.tables.kaggle.program import fault_of
from onward.tables.kaggle.reading import read as read_contest
from onward.tables.kaggle.settings import Settings as ContestSettings
from onward.tables.predictions import numbers_told
from onward.tables.problem import Asked, read_as_known, read_problem
from onward.tables.table.reading import read
from onward.tables.table.settings import Settings

CHANCE = np.random.default_rng(4)


def written(path: Path, head: str, rows: list[list[object]]) -> str:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


def ages(count: int) -> list[float]:
    return [round(float(each), 2) for each in CHANCE.uniform(1, 90, count)]


def test_a_number_that_stands_for_nothing_does_so_in_a_later_table_of_any_size(tmp_path: Path) -> None:
    own = read_table(written(tmp_path / "own.csv", "age,y", [[age, "no"] for age in [*ages(60), -999, -999]]))
    known = columns_from_json(columns_to_json([own.column("age")]))
    one = read_table(written(tmp_path / "one.csv", "age,x", [[-999, 1], [30, 2]]), known).column("age")
    assert np.isnan(one.values).tolist() == [True, False]  # two rows show no reach of their own
    plain = read_table(written(tmp_path / "plain.csv", "age,y", [[age, "no"] for age in ages(60)]))
    known = columns_from_json(columns_to_json([plain.column("age")]))
    many = written(tmp_path / "many.csv", "age,x", [[age, 1] for age in [*ages(60), -999, -999]])
    assert not np.isnan(read_table(many, known).column("age").values).any()  # it was a number where it was learned


def test_what_is_paid_or_bid_is_no_name_of_rows(tmp_path: Path) -> None:
    rows = [[10_000 + 37 * number, 5_000 + 11 * number, 900 + 3 * number, "x"] for number in range(40)]
    table = read_table(written(tmp_path / "t.csv", "paid,Bid,userId,y", rows))
    assert [column.kind for column in table.columns] == ["number", "number", "id", "category"]


def test_classes_of_many_digits_keep_their_names(tmp_path: Path) -> None:
    rows = [[number % 7, 1_000_001 + number % 2] for number in range(40)]
    path = written(tmp_path / "t.csv", "a,code", rows)
    problem = read_problem(path, Asked())
    assert problem.classes == ("1000001", "1000002")
    again = read_as_known(path, problem.features, problem.target, problem.classes)
    assert np.array_equal(again.y, problem.y)


@pytest.mark.parametrize("yes", ["Yes", "true"])
def test_yes_is_the_second_class_even_if_it_is_the_frequent_one(tmp_path: Path, yes: str) -> None:
    no = {"Yes": "No", "true": "false"}[yes]
    rows = [[number % 7, no if number % 5 == 0 else yes] for number in range(40)]
    path = written(tmp_path / "t.csv", "a,y", rows)
    problem = read_problem(path, Asked())
    assert problem.classes == (no, yes)
    assert problem.y.mean() == 0.8
    again = read_as_known(path, problem.features, problem.target, problem.classes)
    assert np.array_equal(again.y, problem.y)


def test_rows_keep_their_numbers_where_a_line_was_left_out(tmp_path: Path) -> None:
    lines = ["a,b,c", *(f"{number},{number * 2},x{number % 3}" for number in range(150))]
    lines[1], lines[8] = "1,2,3,4,5", "7,8,9,10"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataFault, match="line 2"):
        read_table(str(path))  # two of 150 are more than a few
    lines[1] = "0,0,x0"
    path.write_text("\n".join(lines) + "\n")
    table = read_table(str(path))
    assert table.gaps == (7,)
    assert table.numbers == [*range(7), *range(8, 150)]
    assert table.column("a").values.tolist() == [float(number) for number in table.numbers]


def test_a_date_is_predicted_as_a_date() -> None:
    assert numbers_told(np.array([18_628.2, 18_628.7]), "date") == ["2021-01-01", "2021-01-02"]
    assert numbers_told(np.array([18_628.25]), "number") == ["18628.25"]


def question(tmp_path: Path, head: str, rows: list[list[object]], **settings: object):
    return read(Source((written(tmp_path / "t.csv", head, rows),)), Settings(**settings))  # type: ignore[arg-type]


def test_many_rows_of_one_moment_make_fewer_folds_and_none_is_empty(tmp_path: Path) -> None:
    years = [2018] * 60 + [2019] * 20 + [2020] * 20
    rows: list[list[object]] = [[year, age, round(age * 2.5, 2)] for year, age in zip(years, ages(100), strict=True)]
    folds = make_folds(question(tmp_path, "year,a,y", rows, when="year").challenge, 5, 0)
    assert folds.count == 2
    for fit in range(folds.fits - 1):
        learned, asked = folds.rows(fit)
        assert len(learned)
        assert len(asked)
        assert max(years[row] for row in learned) < min(years[row] for row in asked)
    few = make_folds(
        question(tmp_path, "year,a,y", [[2000 + n, n % 5, n * n] for n in range(22)], when="year").challenge, 20, 0
    )
    assert np.bincount(few.number_of + 1).min() >= 1
    assert few.count == 20


def test_folds_that_cannot_be_are_refused(tmp_path: Path) -> None:
    rows: list[list[object]] = [[2018, number % 9, "x", number * 1.5] for number in range(40)]
    with pytest.raises(UsageFault, match="--when: every row has the same year"):
        question(tmp_path, "year,a,shop,y", rows, when="year")
    with pytest.raises(UsageFault, match="--group: every row has the same shop"):
        question(tmp_path, "year,a,shop,y", rows, group="shop")
    with pytest.raises(UsageFault, match="Leave one out"):
        question(tmp_path, "year,a,shop,y", rows, group="a", when="year")
    with pytest.raises(DataFault, match="are alike but for y"):
        question(tmp_path, "a,b,y", [[1, 2, number % 2] for number in range(40)])


def test_what_is_said_of_groups_and_dates_is_what_is_done(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [f"2024-{1 + n // 28:02d}-{1 + n % 28:02d}", n % 25, age, n * 1.5] for n, age in enumerate(ages(200))
    ]
    asked = question(tmp_path, "date,customer_id,a,y", rows)
    assert asked.challenge.groups is not None
    assert asked.challenge.times is None
    assert not any("go forward in time (" in said for said in asked.challenge.said)
    asked = question(tmp_path, "date,customer_id,a,y", rows, when="date")
    assert asked.challenge.groups is None
    assert asked.challenge.said == ("Folds go forward in date.",)


def test_no_rows_to_choose_by_leave_the_likeliest_class(tmp_path: Path) -> None:
    rows: list[list[object]] = [[age, "yes" if age > 40 else "no"] for age in ages(40)]
    challenge = question(tmp_path, "a,y", rows, metric="f1").challenge
    assert class_weights(challenge, np.full((40, 2), 0.5), np.arange(0)) == [None]


def test_r2_of_equal_truths_is_no_astronomical_number() -> None:
    r2 = find_measure("r2").of
    assert r2(np.array([3.0]), np.array([4.0])) == 0.0
    assert r2(np.array([3.0, 3.0]), np.array([3.0, 3.0])) == 1.0


def contest(folder: Path, head: str, rows: list[list[object]], tests: list[list[object]], sample: object = None) -> str:
    written(folder / "train.csv", head, rows)
    written(folder / "test.csv", head.rpartition(",")[0], tests)
    if isinstance(sample, list):
        written(folder / "sample_submission.csv", "id,y", sample)
    return str(folder)


def test_without_a_sample_what_is_learned_from_is_no_name_of_rows(tmp_path: Path) -> None:
    rows: list[list[object]] = [["mf"[n % 2], age, n % 3 // 2] for n, age in enumerate(ages(60))]
    folder = contest(tmp_path / "own", "sex,age,y", rows, [row[:2] for row in rows[:30]])
    asked = read_contest(Source((folder,)), ContestSettings(metric="auc"))
    assert {column.name for column in asked.problems[0].features} == {"sex", "age"}
    assert asked.form.id_columns == ("row",)
    assert asked.asked.tolist() == list(range(30))
    assert asked.form.targets[0].kind == "probability"  # which AUC is reckoned from
    other = contest(tmp_path / "other", "sex,age,y", rows, [row[:2] for row in rows[:7]])
    papers = papers_of(Source((other,)))
    assert ids_of(papers, ("row",)) == tuple((str(number),) for number in range(7))


def test_an_id_that_stands_twice_is_matched_by_order_or_refused(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, age, n % 2] for n, age in enumerate(ages(60))]
    twice = [[100 + n // 2, age] for n, age in enumerate(ages(30))]
    form = [[row[0], 0] for row in twice]
    folder = contest(tmp_path / "same", "id,age,y", rows, twice, form)  # type: ignore[arg-type]
    assert read_contest(Source((folder,)), ContestSettings()).asked.tolist() == list(range(30))
    folder = contest(tmp_path / "turned", "id,age,y", rows, twice, form[::-1])  # type: ignore[arg-type]
    with pytest.raises(DataFault, match="2 rows of '114'"):
        read_contest(Source((folder,)), ContestSettings())


def test_zips_in_a_zip_are_unpacked(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, age, n % 2] for n, age in enumerate(ages(60))]
    folder = Path(contest(tmp_path / "c", "id,age,y", rows, [[100 + n, 4.5] for n in range(20)]))
    for name in ("train", "test"):
        with zipfile.ZipFile(folder / f"{name}.csv.zip", "w") as inner:
            inner.write(folder / f"{name}.csv", f"{name}.csv")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as outer:
        for name in ("train", "test"):
            outer.write(folder / f"{name}.csv.zip", f"{name}.csv.zip")
    papers = papers_of(Source((str(tmp_path / "all.zip"),)))
    assert (len(papers.train.rows), len(papers.test.rows)) == (60, 20)
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as outer:
        outer.writestr("train.csv.zip", (folder / "train.csv.zip").read_bytes()[:200])
    with pytest.raises(DataFault, match="cannot be unpacked"):
        read_table(str(tmp_path / "bad.zip:train.csv.zip"))


WARNING = (
    "Warning: Your Kaggle API key is readable by other users on this system! Run 'chmod 600 /r/.kaggle/kaggle.json'\n"
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"{WARNING}403 Client Error: Forbidden for url: https://x", "Accept the rules"),
        (f"{WARNING}429 Client Error: Too Many Requests for url: https://x", "too many calls"),
        (f"{WARNING}401 Client Error: Unauthorized for url: https://x", "does not know you"),
        ("403 - Your credentials may not take part in this competition", "Accept the rules"),
        ("400 Client Error: Bad Request for url: https://x", "without a reason"),
        (f"{WARNING}400 - Your daily submission limit is reached", "are used up. Kaggle counts"),
    ],
)
def test_a_warning_of_the_program_hides_no_trouble(said: str, told: str) -> None:
    assert told in str(fault_of(said, ("competitions", "submit", "titanic")))


def test_the_first_submission_has_no_score_and_still_a_line(tmp_path: Path) -> None:
    add_line(tmp_path, "mark", "accuracy", None, "early")
    add_line(tmp_path, "mark", "accuracy", 0.5, "later")
    assert [line["cross_validated"] for line in lines_of(tmp_path)] == ["", "0.5"]


def test_another_folder_s_sample_must_name_rows_by_the_same_column(tmp_path: Path) -> None:
    rows: list[list[object]] = [[n, age, n % 2] for n, age in enumerate(ages(60))]
    folder = contest(tmp_path / "c", "id,age,y", rows, [[100 + n, 4.5] for n in range(20)], [[100, 0]])
    papers = papers_of(Source((folder,)))
    with pytest.raises(DataFault, match="lacks key"):
        ids_of(papers, ("key",))
