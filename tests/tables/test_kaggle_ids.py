"""Rows of a sample submission find those of the test table, however the column of ids is spelled, or that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.tables.kaggle.papers import alike
from onward.tables.kaggle.reading import Contest, read
from onward.tables.kaggle.settings import Settings
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train

IDS = [str(900 - 7 * number) for number in range(40)]


def contest(
    place: Path, own: str = "id", asked: str = "id", learned: str = "id", rows: int = 40, ids: list[str] = IDS
) -> Path:
    """Make a competition's folder whose sample asks for the test's rows in the other order."""
    chance = np.random.default_rng(0)
    place.mkdir()
    a = np.round(chance.random(160), 4)
    lines = [f"{5000 + number},{each},{int(each > 0.5)}" for number, each in enumerate(a[:120])]
    (place / "train.csv").write_text("\n".join([f"{learned},a,kind", *lines]) + "\n")
    lines = [f"{name},{each}" for name, each in zip(IDS, a[120:], strict=True)]
    (place / "test.csv").write_text("\n".join([f"{own},a", *lines]) + "\n")
    lines = [f"{name},0" for name in ids[:rows][::-1]]
    (place / "sample_submission.csv").write_text("\n".join([f"{asked},kind", *lines]) + "\n")
    return place


def found(place: Path) -> Contest:
    return read(Source((str(place),)), Settings())


@pytest.mark.parametrize(
    ("own", "asked", "learned"),
    [
        ("id", "Id", "id"),
        ("Id", "id", "id"),
        ("Passenger ID", "passenger_id", "PassengerId"),
        ("row_id", "rowId", "rowId"),
    ],
)
def test_ids_are_matched_however_their_column_is_spelled(tmp_path: Path, own: str, asked: str, learned: str) -> None:
    one = found(contest(tmp_path / "c", own, asked, learned))
    assert one.asked.tolist() == list(range(40))[::-1]
    assert one.form.header == (asked, "kind")
    assert [column.name for column in one.problems[0].features] == ["a"]
    assert f"{asked} of the sample submission is {own} of the test table." in one.findings()


def test_alike_names_of_two_columns_are_not_guessed_between() -> None:
    assert alike("Id", ["Id", "kind"], ["i_d", "a"]) == "i_d"
    assert alike("Id", ["Id", "kind"], ["i_d", "ID"]) is None
    assert alike("Id", ["Id", "ID"], ["id", "a"]) is None
    assert alike("Id", ["Id", "ID"], ["id", "Id"]) == "Id"


def test_ids_that_cannot_be_matched_are_said_or_refused(tmp_path: Path) -> None:
    one = found(contest(tmp_path / "c", asked="number"))
    assert one.asked.tolist() == list(range(40))
    assert any("number of the sample submission is not in" in sentence for sentence in one.findings())
    with pytest.raises(DataFault, match=r"has 39 rows, .*test\.csv 40, and no id tells"):
        found(contest(tmp_path / "d", asked="number", rows=39))
    with pytest.raises(DataFault, match="asks for '39', which is not in"):
        found(contest(tmp_path / "e", asked="Id", ids=[str(number) for number in range(40)]))
    plain = found(contest(tmp_path / "f"))
    assert not any("sample submission is" in sentence for sentence in plain.findings())


def test_another_folder_is_answered_by_ids_in_its_own_spelling(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = contest(tmp_path / "c", own="Id", asked="id")
    settings = {"members": "linear", "folds": "2"}
    run, _ = train(find_task("kaggle"), str(folder), settings, steps=2, out=tmp_path / "runs", quiet=True)
    other = contest(tmp_path / "d", own="ID", asked="I D")
    caplog.set_level("INFO", logger="onward")
    (written,) = apply(run.folder, (str(other),), {}, tmp_path / "out")
    assert written.read_bytes() == (run.path / "submission.csv").read_bytes()
    assert "id of the sample submission is ID of the test table." in caplog.messages
