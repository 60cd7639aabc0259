"""Labels in a csv beside the pictures: found by what stands in it, and what does not fit is said with its line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.vision.classify.reading import Album, read
from onward.vision.classify.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make twelve pictures in one folder."""
    place = tmp_path / "heap"
    place.mkdir()
    chance = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(chance.integers(0, 255, (20, 20, 3), np.uint8)).save(place / f"{number:02d}.png")
    return place


def kinds(number: int) -> str:
    return "Katze" if number % 2 else "Hund"


def album(address: Path) -> Album:
    return read(Source((str(address),)), Settings(size=16))


def write(folder: Path, lines: list[str], name: str = "labels.csv") -> Path:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def check(found: Album) -> None:
    assert found.classes == ("Hund", "Katze")
    pairs = zip(found.pictures.names, found.pictures.labels, strict=True)
    assert all(found.classes[label] == kinds(int(Path(name).stem)) for name, label in pairs)


@pytest.mark.parametrize("form", ["{:02d}.png", "{:02d}", "heap/{:02d}.png", ".\\{:02d}.png"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_names_are_found_however_they_are_written(folder: Path, form: str, between: str) -> None:
    lines = [f"id{between}breed", *(f"{form.format(number)}{between}{kinds(number)}" for number in range(12))]
    write(folder, lines)
    check(album(folder))


def test_no_line_of_names_is_needed(folder: Path) -> None:
    table = write(folder, [f"{number:02d}.png,{kinds(number)}" for number in range(12)])
    check(album(table))
    assert len(album(table).pictures) == 12


def test_parts_are_read_from_a_column_or_from_the_files_name(folder: Path) -> None:
    lines = ["file,label,split"]
    lines += [f"{n:02d}.png,{kinds(n)},{'test' if n >= 8 else 'train'}" for n in range(12)]
    found = album(write(folder, lines, "all.csv"))
    assert {int(Path(found.pictures.names[place]).stem) for place in found.testing} == {8, 9, 10, 11}
    (folder / "all.csv").unlink()
    write(folder, ["file,label", *(f"{n:02d}.png,{kinds(n)}" for n in range(8))], "train.csv")
    write(folder, ["file,label", *(f"{n:02d}.png,{kinds(n)}" for n in range(8, 12))], "test.csv")
    assert len(album(folder).testing) == 4


def test_a_zip_with_a_table(folder: Path, tmp_path: Path) -> None:
    write(folder, ["file,label", *(f"{number:02d}.png,{kinds(number)}" for number in range(12))])
    with zipfile.ZipFile(tmp_path / "heap.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    check(album(tmp_path / "heap.zip"))


def test_what_is_left_out_is_said(folder: Path) -> None:
    lines = ["file,label", *(f"{number:02d}.png,{kinds(number)}" for number in range(10)), "99.png,Hund", "11.png,"]
    found = album(write(folder, lines))
    assert len(found.pictures) == 10
    said = " ".join(found.findings())
    assert "labels.csv, line 12 (99.png)" in said
    assert "2 pictures without a label: 10.png; 11.png" in said


def test_class_folders_go_before_a_table_that_nobody_named(class_folder: Path) -> None:
    write(class_folder, ["file,label", "across/000.png,down"])
    assert album(class_folder).classes == ("across", "down", "spots")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["file,label", "00.png,Hund", "00.png,Katze"], "line 2 and 'Katze' in labels.csv, line 3"),
        (["file,label", "a.png,Hund", "b.png,Katze"], "no column of it names a picture"),
        (["file,one,two", "00.png,Hund,3", "01.png,Katze,4"], "which of the columns file, one, two is the label?"),
        (["file,label", "00.png,", "01.png,"], "no picture has a label"),
        (["file,label", "00.png,Hund,9"], "line 2: 3 cells"),
    ],
)
def test_a_bad_table_gets_one_sentence(folder: Path, lines: list[str], words: str) -> None:
    with pytest.raises(DataFault, match=words.replace("?", "\\?")):
        album(write(folder, lines))
