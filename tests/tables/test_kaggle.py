"""The sample submission decides to the letter; the program that talks to Kaggle is a fake one."""

from __future__ import annotations

import csv
import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onward.cli import main
from onward.core.faults import DataFault, MachineFault
from onward.core.task import Source
from onward.tables.kaggle.contest import made_contest, truth
from onward.tables.kaggle.form_files import read_form
from onward.tables.kaggle.ledger import lines_of, shake_up
from onward.tables.kaggle.program import call, downloaded
from onward.tables.kaggle.reading import read
from onward.tables.kaggle.settings import Settings
from onward.tables.kaggle.submission import check_submission
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train

QUICK = {"members": "linear", "folds": "2"}


def contest(
    place: Path,
    answers: tuple[str, str] = ("0", "1"),
    shown: tuple[str, ...] = ("0",),
    header: str = "id,kind",
    newline: str = "\n",
) -> Path:
    """Make a competition's folder: kind follows a + b; test's ids are out of order in the sample."""
    chance = np.random.default_rng(0)
    place.mkdir(exist_ok=True)
    cells = chance.random((160, 2))
    rows = [(f"{7000 + number:05d}", f"{a:.4f}", f"{b:.4f}", a + b > 1) for number, (a, b) in enumerate(cells)]
    train_rows = [f"{name},{a},{b},{answers[int(is_high)]}" for name, a, b, is_high in rows[:120]]
    (place / "train.csv").write_text("\n".join(["id,a,b,kind", *train_rows]) + "\n")
    (place / "test.csv").write_text("\n".join(["id,a,b", *(f"{name},{a},{b}" for name, a, b, _ in rows[120:])]) + "\n")
    order = chance.permutation(40)
    asked = [f"{rows[120 + each][0]},{','.join(shown)}" for each in order]
    (place / "sample_submission.csv").write_text(newline.join([header, *asked]), newline="")
    return place


def submission(folder: Path, place: Path, **settings: str) -> tuple[list[list[str]], bytes, list[bool]]:
    """Train for a few steps; give the submission's cells, its bytes, and the truth of each row."""
    run, _ = train(find_task("kaggle"), str(folder), QUICK | settings, steps=2, out=place, quiet=True)
    content = (run.path / "submission.csv").read_bytes()
    check_submission(content, read_form(run.path), "it")
    out = place / "applied"
    assert apply(run.folder, (), {}, out)[-1].read_bytes() == content
    rows = list(csv.reader(content.decode().splitlines()))
    test = {line.split(",")[0]: line.split(",") for line in (folder / "test.csv").read_text().splitlines()[1:]}
    return rows, content, [float(test[row[0]][1]) + float(test[row[0]][2]) > 1 for row in rows[1:]]


@pytest.mark.parametrize(
    ("answers", "shown", "no", "yes"),
    [
        (("0", "1"), ("0",), "0", "1"),
        (("0", "1"), ("False",), "False", "True"),
        (("False", "True"), ("False",), "False", "True"),
        (("No", "Yes"), ("No",), "No", "Yes"),
        (("low", "high"), ("low",), "low", "high"),
        (("n", "y"), ("NO",), "NO", "YES"),
    ],
)
def test_classes_are_written_as_the_sample_spells_them(
    tmp_path: Path, answers: tuple[str, str], shown: tuple[str, ...], no: str, yes: str
) -> None:
    rows, _, real = submission(contest(tmp_path / "c", answers, shown), tmp_path)
    assert rows[0] == ["id", "kind"]
    assert {row[1] for row in rows[1:]} == {no, yes}
    assert np.mean([(row[1] == yes) == is_high for row, is_high in zip(rows[1:], real, strict=True)]) > 0.85


@pytest.mark.parametrize("more", [{}, {"metric": "auc"}])
def test_a_probability_is_that_of_yes(tmp_path: Path, more: dict[str, str]) -> None:
    folder = contest(tmp_path / "c", ("No", "Yes"), ("0" if more else "0.5",))
    rows, _, real = submission(folder, tmp_path, **more)
    told = np.array([float(row[1]) for row in rows[1:]])
    assert told[np.array(real)].mean() > told[~np.array(real)].mean() + 0.3
    assert all("e" not in row[1].lower() for row in rows)


def test_a_column_a_class_takes_its_probability(tmp_path: Path) -> None:
    folder = contest(tmp_path / "c", ("low", "high"), ("0.3", "0.7"), "id,Kind_high,Kind_low")
    rows, _, real = submission(folder, tmp_path)
    assert rows[0] == ["id", "Kind_high", "Kind_low"]
    told = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
    assert np.allclose(told.sum(axis=1), 1, atol=1e-6)
    assert np.mean((told[:, 0] > 0.5) == real) > 0.85


def test_rows_stand_in_the_sample_s_order_with_its_ids_and_line_ends(tmp_path: Path) -> None:
    folder = contest(tmp_path / "c", newline="\r\n")
    rows, content, _ = submission(folder, tmp_path)
    wanted = [line.split(",")[0] for line in (folder / "sample_submission.csv").read_text().split()]
    assert [row[0] for row in rows] == wanted
    assert rows[1][0].startswith("0")  # a leading zero is part of an id
    assert content.count(b"\r\n") == 41
    assert content.endswith(b"\r\n")


def test_several_targets_and_whole_numbers(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    a = chance.random(120)
    lines = [f"{n},{x:.4f},{round(100 * x)},{3 * x:.3f},{round(10 * x)}" for n, x in enumerate(a)]
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "Train.csv").write_text("\n".join(["ID,a,visits,load,calls", *lines[:90]]))
    test = [",".join(line.split(",")[:2]) for line in lines[90:]]
    (tmp_path / "c" / "Test.csv").write_text("\n".join(["ID,a", *test]))
    (tmp_path / "c" / "sampleSubmission.csv").write_text(
        "\n".join(["ID,visits,load,calls", *(f"{90 + n},{n % 2},0.0,0" for n in range(30))])
    )
    settings = QUICK | {"metric": "rmsle"}
    run, scores = train(find_task("kaggle"), str(tmp_path / "c"), settings, steps=2, out=tmp_path, quiet=True)
    rows = list(csv.reader((run.path / "submission.csv").read_text().splitlines()))
    assert all(row[1].isdigit() for row in rows[1:])
    assert not all(row[3].isdigit() for row in rows[1:])  # a 0 in each row only holds the place
    assert abs(np.mean([float(row[2]) for row in rows[1:]]) - 3 * a[90:].mean()) < 0.3
    assert scores[0].name == "RMSLE"
    assert scores[0].value < scores[0].baseline.value


def test_zips_and_other_spellings_are_found(tmp_path: Path) -> None:
    folder = contest(tmp_path / "c")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for name, other in (("train.csv", "Training.csv"), ("test.csv", "test.csv"),
                            ("sample_submission.csv", "gender_submission.csv")):  # fmt: skip
            archive.write(folder / name, f"inner/{other}")
    whole, zipped = (read(Source((str(each),)), Settings()) for each in (folder, tmp_path / "c.zip"))
    assert whole.form == zipped.form
    assert np.array_equal(whole.challenge.x, zipped.challenge.x)
    with zipfile.ZipFile(folder / "train.csv.zip", "w") as archive:
        archive.write(folder / "train.csv", "train.csv")
    (folder / "train.csv").unlink()
    assert np.array_equal(read(Source((str(folder),)), Settings()).challenge.x, whole.challenge.x)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("train.csv", None, "no train"),
        ("test.csv", None, "no test"),
        ("sample_submission.csv", "id,kind\nxx,0\n", "sample"),
        ("sample_submission.csv", "id\n07120\n", "one column"),
        ("sample_submission.csv", "id,kind\n07120,maybe\n07121,perhaps\n", "none of"),
        ("test.csv", "id,b\n" + "".join(f"{n:05d},1\n" for n in range(7120, 7160)), "In train alone"),
        ("train.csv", "id,a,b\n1,2,3\n2,3,4\n", "train does not have|train alone"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, file: str, content: str | None, said: str) -> None:
    folder = contest(tmp_path / "c")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    try:
        found = " ".join(read(Source((str(folder),)), Settings()).findings())
    except DataFault as fault:
        found = str(fault)
    import re

    assert re.search(said, found), found


def test_a_mended_submission_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = contest(tmp_path / "c")
    rows, content, _ = submission(folder, tmp_path)
    run = next(path for path in tmp_path.glob("kaggle-*"))
    form = read_form(run)
    lines = content.decode().splitlines()
    for wrong, said in (
        (lines[:-1], "rows"),
        ([lines[0], lines[2], lines[1], *lines[3:]], "begins with"),
        ([lines[0], f"{rows[1][0]},2", *lines[2:]], "no labels"),
        ([lines[0], f"{rows[1][0]},", *lines[2:]], "no labels"),
        (["Id,kind", *lines[1:]], "header"),
    ):
        with pytest.raises(DataFault, match=said):
            check_submission(("\n".join(wrong) + "\n").encode(), form, "it")


def test_the_made_contest_is_told_better_than_chance_and_shuffled_it_is_not(tmp_path: Path) -> None:
    run, scores = train(find_task("kaggle"), "made:contest", QUICK, steps=2, out=tmp_path, quiet=True)
    told = [float(line.split(",")[1]) for line in (run.path / "submission.csv").read_text().splitlines()[1:]]
    from onward.tables.ensemble.measures import area_under_curve

    real = np.array([answer == "yes" for answer in truth()], int)
    area = area_under_curve(real, np.array(told))
    auc = next(score for score in scores if score.name == "AUC")
    assert run.folder.record["kaggle"]["score"] == auc.value  # the strict one stands beside the leaderboard's
    assert area > 0.65
    assert abs(area - auc.value) < 0.04
    assert area_under_curve(np.random.default_rng(0).permutation(real), np.array(told)) < 0.56
    assert len(made_contest()[2].rows) == len(told)


FAKE = """#!{python}
import json, os, sys, zipfile
from pathlib import Path
words = sys.argv[1:]
place = Path(os.environ["FAKE_KAGGLE"])
with (place / "calls.jsonl").open("a") as file:
    file.write(json.dumps(words) + "\\n")
trouble = place / "trouble"
if trouble.exists():
    print(trouble.read_text(), file=sys.stderr)
    sys.exit(1)
if words[1] == "download":
    with zipfile.ZipFile(Path(words[words.index("-p") + 1]) / (words[-1] + ".zip"), "w") as archive:
        for each in (place / "files").iterdir():
            archive.write(each, each.name)
elif words[1] == "submit":
    (place / "message").write_text(words[words.index("-m") + 1])
    print("100%|####|\\nSuccessfully submitted to Made Contest")
else:
    print("Warning: looks like an outdated version")
    print("fileName,date,description,status,publicScore,privateScore")
    print('submission.csv,2026-01-01,"' + (place / "message").read_text() + '",complete,0.77990,')
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a fake `kaggle` on the path; `trouble` in its folder makes it fail with those words."""
    import sys

    place = tmp_path / "fake"
    (place / "bin").mkdir(parents=True)
    program = place / "bin" / "kaggle"
    program.write_text(FAKE.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    contest(place / "files")
    monkeypatch.setenv("PATH", f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_KAGGLE", str(place))
    monkeypatch.setenv("ONWARD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ONWARD_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("KAGGLE_KEY", "s3cr3t-of-the-user")
    return place


def calls(place: Path) -> list[list[str]]:
    return [json.loads(line) for line in (place / "calls.jsonl").read_text().splitlines()]


def onward(capsys: Any, *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(words))
    said = capsys.readouterr()
    return int(leaving.value.code or 0), said.out + said.err


def test_get_train_submit_scores(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = onward(capsys, "kaggle", "get", "made-contest")
    assert code == 0, said
    assert downloaded("made-contest").suffix == ".zip"
    assert len(calls(fake)) == 1  # once, then from the cache
    run, _ = train(find_task("kaggle"), "kaggle:made-contest", QUICK, steps=2, out=fake.parent / "runs", quiet=True)
    code, said = onward(capsys, "kaggle", "submit", run.name, "--message", "first try")
    assert code == 0, said
    assert "Successfully submitted" in said
    assert calls(fake)[-1][-1] == "made-contest"
    code, said = onward(capsys, "kaggle", "scores", run.name)
    assert code == 0, said
    assert "0.77990 public" in said
    (line,) = lines_of(run.path)
    assert line["public"] == "0.77990"
    assert line["message"] == "first try"
    for path in run.path.rglob("*"):
        assert not path.is_file() or b"s3cr3t" not in path.read_bytes()


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("401 - Unauthorized", "does not know you"),
        ("OSError: Could not find kaggle.json. Make sure it's located in ~/.kaggle", "does not know you"),
        ("403 Client Error: Forbidden for url: https://x.y/v1", "Accept the rules on .*made-contest/rules"),
        ("429 Client Error: Too Many Requests", "too many calls"),
        ("400 - Bad Request - Your team has used its daily Submission allowance (10) today", "used up"),
        ("404 - Not Found", "no competition"),
        ("boom s3cr3t-of-the-user 0123456789abcdef0123456789abcdef", "failed and said: boom"),
    ],
)
def test_trouble_becomes_a_sentence(fake: Path, capsys: pytest.CaptureFixture[str], trouble: str, said: str) -> None:
    import re

    (fake / "trouble").write_text(trouble)
    code, words = onward(capsys, "kaggle", "get", "made-contest")
    assert code == 3
    assert re.search(said, words), words
    assert "s3cr3t" not in words
    assert "0123456789" not in words
    assert words.count("Traceback") == 0
    assert not (fake.parent / "cache" / "kaggle" / "made-contest").exists()


def test_a_damaged_submission_is_not_sent(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, _ = train(find_task("kaggle"), "kaggle:made-contest", QUICK, steps=2, out=fake.parent / "runs", quiet=True)
    path = run.path / "submission.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    before = len(calls(fake))
    code, said = onward(capsys, "kaggle", "submit", run.name)
    assert code == 3
    assert "rows" in said
    assert len(calls(fake)) == before


def test_without_the_program_the_command_to_type_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineFault, match="kaggle competitions download titanic"):
        call("competitions", "download", "titanic")


def test_a_record_alone_fetches_nothing(fake: Path) -> None:
    with pytest.raises(DataFault, match="onward kaggle get made-contest"):
        read(Source(("kaggle:made-contest",), is_recorded=True), Settings())
    assert not (fake / "calls.jsonl").exists()


def test_a_leaderboard_that_disagrees_is_said() -> None:
    lines = [
        {"cross_validated": str(one), "public": str(other)} for one, other in ((0.8, 0.7), (0.81, 0.69), (0.82, 0.68))
    ]
    assert "shake-up" in str(shake_up(lines))
    assert shake_up(lines[:2]) is None
