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


def _parted(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    for number in range(20):
        path = tmp_path / "set" / ("train" if number < 14 else "test") / f"{number % 14:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 255, (20, 20, 3), np.uint8)).save(path)
    return tmp_path / "set"


def test_a_table_without_parts_keeps_those_of_the_folders(tmp_path: Path) -> None:
    place = _parted(tmp_path)
    names = sorted(path.relative_to(place) for path in place.rglob("*.png"))
    write(place, ["file,label", *(f"{name},{kinds(int(name.stem))}" for name in names)])
    found = album(place)
    assert {found.pictures.names[at] for at in found.testing} == {f"test/{number:02d}.png" for number in range(6)}


def test_a_name_in_two_folders_is_that_beside_its_table_or_nobodys(tmp_path: Path) -> None:
    place = _parted(tmp_path)
    write(place / "train", ["file,label", *(f"{n:02d}.png,{kinds(n)}" for n in range(14))])
    write(place / "test", ["file,label", *(f"{n:02d}.png,{kinds(n + 1)}" for n in range(6))])
    found = album(place)
    assert (len(found.pictures), len(found.testing)) == (20, 6)
    assert [found.classes[found.pictures.labels[at]] for at in found.testing] == [kinds(n + 1) for n in range(6)]
    for part in ("train", "test"):
        (place / part / "labels.csv").unlink()
    write(place, ["file,label", *(f"{n:02d}.png,{kinds(n)}" for n in range(14))])
    found = album(place)
    assert {int(Path(name).stem) for name in found.pictures.names} == set(range(6, 14))
    assert "labels.csv, line 2 (00.png)" in " ".join(found.findings())


def test_a_table_of_all_moves_no_test_picture_into_training(folder: Path) -> None:
    for name, rows in (("all", range(12)), ("train", range(8)), ("test", range(8, 12))):
        write(folder, ["file,label", *(f"{n:02d}.png,{kinds(n)}" for n in rows)], f"{name}.csv")
    found = album(folder)
    assert {int(Path(found.pictures.names[at]).stem) for at in found.testing} == {8, 9, 10, 11}


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


def test_answers_beside_the_pictures_are_no_labels(folder: Path) -> None:
    """What `onward apply --out` left there, or a contest's sample, is not learned from."""
    write(
        folder, ["path,label,probability", *(f"{n:02d}.png,{kinds(n + 1)},0.9" for n in range(12))], "predictions.csv"
    )
    write(folder, ["id,label", *(f"{n:02d}.png,Hund" for n in range(12))], "sample_submission.csv")
    with pytest.raises(DataFault, match="nothing to tell apart"):
        album(folder)
    write(folder, ["file,label", *(f"{number:02d}.png,{kinds(number)}" for number in range(12))])
    check(album(folder))


def test_a_word_that_is_no_part_is_named_with_its_line(folder: Path) -> None:
    rows = [f"{number:02d}.png,{kinds(number)},{'train' if number < 8 else 'test'}" for number in range(12)]
    rows[3] = "03.png,Katze,tarin"
    write(folder, ["file,label,split", *rows])
    with pytest.raises(DataFault, match=r"labels\.csv, line 5: 'tarin' is no part in the column split"):
        album(folder)


def test_of_two_columns_of_labels_that_agree_the_words_are_taken(folder: Path) -> None:
    write(folder, ["file,class,class_name", *(f"{n:02d}.png,{n % 2},{kinds(n)}" for n in range(12))])
    check(album(folder))


def test_two_columns_of_labels_that_differ_are_not_chosen_from(folder: Path) -> None:
    write(folder, ["file,label,category", *(f"{n:02d}.png,{kinds(n)},{n % 3}" for n in range(12))])
    with pytest.raises(DataFault, match="which of the columns file, label, category is the label"):
        album(folder)


def test_a_broken_table_is_what_is_wrong_with_a_heap_of_pictures(folder: Path) -> None:
    write(folder, ["file,label", "00.png,Hund", "01.png,Katze,what"])
    with pytest.raises(DataFault, match=r"labels\.csv line 3: 3 cells, but line 1 has 2"):
        album(folder)
