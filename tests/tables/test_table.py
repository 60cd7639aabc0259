"""The whole of `table`: it learns, does not flatter itself, loses no more than a fit, and says what is wrong."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onward.core.faults import DataFault, Fault, RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.tables.ensemble import course
from onward.tables.ensemble.measures import area_under_curve
from onward.tables.kaggle.reading import read as read_contest
from onward.tables.kaggle.settings import Settings as ContestSettings
from onward.tables.made import customers
from onward.tables.table.reading import read
from onward.tables.table.settings import Settings
from onward.tables.table.training import load
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.evaluate import evaluate
from onward.verbs.resume import resume
from onward.verbs.train import train

SMALL = {"members": "linear,forest,histograms", "folds": "3"}


def trained(table: Path | str, place: Path, steps: int = 9, **settings: str) -> tuple[Run, dict[str, Any]]:
    run, scores = train(find_task("table"), str(table), SMALL | settings, steps=steps, out=place, quiet=True)
    return run, {score.name: score for score in scores}


def written(path: Path, names: list[str], rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *rows])
    return path


def test_it_learns(small_table: Path, tmp_path: Path) -> None:
    _, scores = trained(small_table, tmp_path)
    assert scores["AUC"].interval[0] > 0.93


def test_with_shuffled_answers_it_does_not(small_table: Path, tmp_path: Path) -> None:
    lines = small_table.read_text().splitlines()
    kinds = np.random.default_rng(1).permutation([line.rpartition(",")[2] for line in lines[1:]])
    rows = [f"{line.rpartition(',')[0]},{kind}" for line, kind in zip(lines[1:], kinds, strict=True)]
    small_table.write_text("\n".join([lines[0], *rows]) + "\n")
    _, scores = trained(small_table, tmp_path)
    assert scores["AUC"].interval[0] < 0.53


def test_the_estimate_is_what_new_rows_say(tmp_path: Path) -> None:
    names, rows, _ = customers(1500)
    run, scores = trained(written(tmp_path / "known.csv", names, rows), tmp_path, steps=10)
    names, rows, chances = customers(2000, 10_000)
    test = written(tmp_path / "new.csv", names[:-1], [row[:-1] for row in rows])
    apply(run.folder, (str(test),), {}, tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open(newline="") as file:
        told = np.array([float(row["probability_yes"]) for row in csv.DictReader(file)])
    real = np.array([row[-1] == "yes" for row in rows], int)
    new = area_under_curve(real, told)
    low, high = scores["AUC"].interval
    assert abs(new - scores["AUC"].value) < (high - low) / 1.96 + 0.02  # two standard deviations, and those of the test
    assert new > area_under_curve(real, chances) - 0.15
    other = evaluate(run.folder, str(written(tmp_path / "answered.csv", names, rows)))
    assert other[0].value == pytest.approx(new, abs=1e-6)
    assert other[0].count == 2000


def test_a_number_is_told(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    a, b = chance.random(200), chance.integers(0, 3, 200)
    rows = [
        [f"{x:.4f}", "rst"[k], f"{np.exp(2 * x + k + 0.1 * chance.normal()):.3f}"] for x, k in zip(a, b, strict=True)
    ]
    _, scores = trained(written(tmp_path / "t.csv", ["a", "b", "price"], rows), tmp_path, metric="rmsle")
    assert scores["RMSLE"].interval[1] < 0.5 * scores["RMSLE"].baseline.value
    assert {"RMSE", "MAE", "R2"} <= scores.keys()


def test_a_kill_loses_no_fit_that_was_done(small_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _ = trained(small_table, tmp_path, steps=7)
    shutil.rmtree(run.path / "checkpoints")  # as if killed before the first of them
    run.folder.update(status="running", budget={"seconds": None, "steps": 8})
    made = []
    was = course.fit_member

    def counted(*arguments: Any, **words: Any) -> Any:
        made.append(arguments[1].name)
        return was(*arguments, **words)

    monkeypatch.setattr(course, "fit_member", counted)
    again, _ = resume(Folder(run.path), quiet=True)
    assert again.steps_done == 8
    assert len(made) == 1
    for path in (run.path / "members").iterdir():
        path.write_bytes(b"torn")
    with pytest.raises(RunFault, match="damaged"):
        load(again).tell(np.zeros((1, len(load(again).recipe.steps))))


def test_what_was_said_of_unseen_rows_is_kept(small_table: Path, tmp_path: Path) -> None:
    run, scores = trained(small_table, tmp_path, steps=6)
    told = np.load(run.path / "oof" / "linear.npy", allow_pickle=False)
    assert told.shape == (300, 2)
    assert np.allclose(told.sum(axis=1), 1, atol=1e-5)
    folds = (run.path / "folds.csv").read_text().splitlines()
    assert len(folds) == 301
    assert {line.partition(",")[2] for line in folds[1:]} == {"0", "1", "2"}
    assert "AUC gained on one booster" in scores or "AUC gained on one LightGBM" in scores


def test_a_run_that_names_what_is_not_there_is_refused(small_table: Path, tmp_path: Path) -> None:
    run, _ = trained(small_table, tmp_path, steps=3)
    facts = run.folder.record["jury"]
    facts["members"][0]["name"] = "../../elsewhere"
    run.folder.update(jury=facts)
    with pytest.raises(RunFault, match="leads out"):
        load(Run(Folder(run.path)))


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"members": "linaer"}, UsageFault, "Did you mean linear"),
        ({"metric": "rmse"}, UsageFault, "does not fit"),
        ({"metric": "aux"}, UsageFault, "Did you mean auc"),
        ({"group": "colr"}, UsageFault, "Did you mean colour"),
        ({"when": "colour"}, UsageFault, "no dates"),
        ({"target": "knd"}, DataFault, "Did you mean kind"),
    ],
)
def test_what_does_not_fit_is_said(small_table: Path, settings: dict[str, str], kind: type[Fault], said: str) -> None:
    with pytest.raises(kind, match=said):
        read(Source((str(small_table),)), Settings(**settings))  # type: ignore[arg-type]


def test_a_kappa_of_words_is_refused(tmp_path: Path) -> None:
    chance, marks = np.random.default_rng(0), {"low": "1", "mid": "2", "high": "3"}
    words = chance.choice(["mid", "high", "low"], 120, p=[0.5, 0.3, 0.2])
    rows = [[f"{x:.3f}", word, marks[word]] for x, word in zip(chance.random(120), words, strict=True)]
    table = written(tmp_path / "g.csv", ["x", "grade", "mark"], rows)
    with pytest.raises(UsageFault, match=r"mid, high, low\) stand in no order"):
        read(Source((str(table),)), Settings(target="grade", metric="qwk"))
    found = read(Source((str(table),)), Settings(target="mark", metric="qwk", predict="classes"))
    assert found.challenge.heads[0].classes == ("1", "2", "3")


def test_groups_that_are_asked_about_again_part_no_folds(tmp_path: Path) -> None:
    """As shops, whose next weeks are asked: unlike patients, of whom the test has others."""
    chance = np.random.default_rng(0)
    for letter, is_grouped in (("s", False), ("t", True)):
        place = tmp_path / letter
        place.mkdir()
        rows = [[str(n), f"s{n % 25:02d}", f"{x:.3f}", f"{x:.2f}"] for n, x in enumerate(chance.random(200))]
        written(place / "train.csv", ["id", "store_id", "x", "sales"], rows)
        more = [[str(n), f"{letter}{n % 25:02d}", f"{x:.3f}"] for n, x in enumerate(chance.random(60), 200)]
        written(place / "test.csv", ["id", "store_id", "x"], more)
        written(place / "sample_submission.csv", ["id", "sales"], [[row[0], "0"] for row in more])
        found = read_contest(Source((str(place),)), ContestSettings())
        assert (found.challenge.groups is not None) == is_grouped
        assert ("Most test rows have a store_id that is known" in " ".join(found.findings())) != is_grouped


def test_groups_and_dates_are_found_and_said(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    rows = [[f"p{n // 4:03d}", f"{x:.3f}", "ab"[int(x > 0.5)]] for n, x in enumerate(chance.random(200))]
    table = written(tmp_path / "g.csv", ["patient_id", "x", "kind"], rows)
    found = read(Source((str(table),)), Settings())
    assert found.challenge.groups is not None
    assert "patient_id looks like a group" in " ".join(found.findings())
    dated = [[f"2024-{1 + n // 28:02d}-{1 + n % 28:02d}", row[1], row[2]] for n, row in enumerate(rows)]
    table = written(tmp_path / "d.csv", ["day", "x", "kind"], dated)
    found = read(Source((str(table),)), Settings())
    assert found.challenge.times is not None
    assert "forward in time" in " ".join(found.findings())
    assert read(Source((str(table),)), Settings(when="none")).challenge.times is None


def test_a_leak_stands_in_the_findings_and_gone_the_estimate_is_the_truth(tmp_path: Path) -> None:
    names, rows, chances = customers(600)
    leaky = [[*row[:-1], row[-1], row[-1]] for row in rows]
    table = written(tmp_path / "leaky.csv", [*names[:-1], "bill_sent", names[-1]], leaky)
    assert "bill_sent is leaves itself" in " ".join(read(Source((str(table),)), Settings()).findings())
    run, scores = trained(table, tmp_path, steps=3, columns="bill_sent=drop", members="linear")
    real = np.array([row[-1] == "yes" for row in rows], int)
    assert scores["AUC"].value < area_under_curve(real, chances) + 0.03
    assert not run.folder.record["leaks"]
