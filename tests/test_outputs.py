"""Where results go: through no link of a stranger's run, and over no file beside what was given."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from onward.broad.compress.using import CodedFile
from onward.broad.selfplay.play.sgf import SgfFile
from onward.core.exhibits import Film, Picture, Table
from onward.core.faults import RunFault, UsageFault
from onward.core.files import write_json
from onward.core.folder import Folder
from onward.generation.dream.using import Kept
from onward.generation.redrawn import Redrawn
from onward.generation.style.video import RestyledFilm
from onward.outputs import free_name, output_folder
from onward.parts.passages import Passage
from onward.selftest import selftest
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train
from onward.vision.pose.writing import Results


def run_at(path: Path) -> Folder:
    record = {"schema": 1, "task": "forest", "status": "finished", "seed": 0, "device": "cpu", "steps_done": 1}
    record |= {"budget": {"seconds": 1.0, "steps": None}, "data": {"address": "x", "fingerprint": "0"}}
    path.mkdir()
    write_json(path / "run.json", record)
    return Folder(path)


@pytest.mark.skipif(os.name != "posix", reason="links need a right of their own there")
@pytest.mark.parametrize("place", ["applied", "applied/predictions.csv", "applied/deep/x.txt"])
def test_a_link_in_a_stranger_s_run_is_written_through_by_nobody(place: str, tmp_path: Path) -> None:
    run, precious = run_at(tmp_path / "run"), tmp_path / "precious"
    precious.mkdir()
    link = run.path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(precious)
    for out in (None, run.path / "applied"):
        with pytest.raises(RunFault, match="is a link"):
            output_folder(out, run, "applied")
    assert list(precious.iterdir()) == []


def test_places_by_default_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = run_at(tmp_path / "run")
    assert output_folder(None, run, "applied") == run.path / "applied"
    assert output_folder(None, "style", "applied") == Path("style-applied")
    assert output_folder(tmp_path / "a" / "b", run, "applied").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFault, match="cannot be written"):
        output_folder(tmp_path / "file", run, "applied")


def test_nothing_beside_what_was_given_is_written_over(tmp_path: Path) -> None:
    own, aside = tmp_path / "photos", tmp_path / "aside"
    for folder in (own, aside):
        folder.mkdir()
        (folder / "horse.png").write_text("mine")
    for given in (str(own), str(own / "horse.png")):
        assert free_name(own, "horse", ".png", [given], []) == "horse-2"
        assert free_name(own, "horse", ".csv", [given], []) == "horse"
        assert free_name(own, "horse", None, [given], []) == "horse"
        assert free_name(aside, "horse", ".png", [given], []) == "horse"  # a folder for results, which the next replace
    (own / "horse-2.png").write_text("mine")
    assert free_name(own, "horse", ".png", [str(own), "x" * 5000], []) == "horse-3"
    assert free_name(own, "horse", ".png", [str(own)], [own / "horse.png"]) == "horse"


def test_applied_beside_its_table_a_run_takes_no_file_s_place(small_table: Path, tmp_path: Path) -> None:
    run, _ = train(find_task("forest"), str(small_table), {}, steps=2, out=tmp_path / "runs", quiet=True)
    place = tmp_path / "mine"
    place.mkdir()
    table = place / "new.csv"
    table.write_bytes(small_table.read_bytes())
    (place / "predictions.csv").write_text("precious")
    written = apply(run.folder, (str(table),), {}, place)
    assert (place / "predictions.csv").read_text() == "precious"
    assert place / "predictions-2.csv" in written


def test_every_kind_of_result_says_its_ending(tmp_path: Path) -> None:
    coded, games = CodedFile(b"x"), SgfFile([])
    for exhibit in (Table(["a"], []), Picture(np.zeros((2, 2, 3), np.uint8)), coded, games):
        (tmp_path / f"mine{exhibit.ending}").write_text("mine")
        free = free_name(tmp_path, "mine", exhibit.ending, [str(tmp_path)], [])
        assert exhibit.write(tmp_path, free).name == f"mine-2{exhibit.ending}"
    others = (Film([]), Kept("a", tmp_path / "a.mp4"), Passage([]), Results())
    assert [each.ending for each in others] == [".mp4", ".mp4", ".txt", ".json"]
    assert (Redrawn.ending, RestyledFilm.ending) == (".png", ".mp4")


def test_a_film_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    pytest.importorskip("av")
    frames = [np.full((120, 180, 3), 255, np.uint8) for _ in range(120)]
    for number, pixels in enumerate(frames):
        pixels[40:80, number : number + 30] = 60
    assert len({Film(frames, 30.0).write(tmp_path, "film").read_bytes() for _ in range(30)}) == 1


def test_a_selftest_keeps_to_itself_what_is_said_aloud(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onward.selftest.list_tasks", lambda: ["language-model"])
    ((_, is_well, words),) = selftest()
    assert is_well, words
    assert capsys.readouterr().out == ""
