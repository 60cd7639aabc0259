"""Every annotation finds its own picture and its own part, however many pictures are called `0.jpg`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.data.boxes import BoxedPictures, read_boxes
from onward.data.splits import folder_split, split_of, table_split

SIDE = 40
PARTS = {"train": "train", "valid": "val", "test": "test"}


def picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def voc(path: Path, left: int, filename: str) -> None:
    box = f"<xmin>{left}</xmin><ymin>1</ymin><xmax>{left + 10}</xmax><ymax>20</ymax>"
    shown = f"<object><name>cat</name><bndbox>{box}</bndbox></object>"
    write(path, f"<annotation><filename>{filename}</filename>{shown}</annotation>")


def coco(path: Path, boxes: dict[str, int], kinds: tuple[str, ...] = ("cat",)) -> None:
    page = {
        "images": [{"id": name, "file_name": name} for name in boxes],
        "annotations": [
            {"image_id": name, "category_id": kind, "bbox": [left, 1, 10, 19]}
            for name, left in boxes.items()
            for kind in range(len(kinds))
        ],
        "categories": [{"id": kind, "name": name} for kind, name in enumerate(kinds)],
    }
    write(path, json.dumps(page))


def read(folder: Path) -> BoxedPictures:
    return read_boxes(str(folder), 32)


def parts_of(found: BoxedPictures) -> dict[str, str]:
    return dict(zip(found.names, found.splits, strict=True))


@pytest.mark.parametrize("form", ["{part}/{kind}/{n}", "{kind}/{part}/{n}"])
@pytest.mark.parametrize("kind", ["yolo", "voc"])
def test_same_names_in_three_parts_stay_nine_pictures(tmp_path: Path, form: str, kind: str) -> None:
    words = ("images", "labels") if kind == "yolo" else ("JPEGImages", "Annotations")
    lefts = {}
    for place, part in enumerate(PARTS):
        for n in range(3):
            name = form.format(part=part, kind=words[0], n=n) + ".png"
            picture(tmp_path / name, 3 * place + n)
            lefts[name], notes = 3 * place + n, tmp_path / form.format(part=part, kind=words[1], n=n)
            if kind == "yolo":
                write(Path(f"{notes}.txt"), f"0 {(lefts[name] + 5) / SIDE} {10.5 / SIDE} {10 / SIDE} {19 / SIDE}\n")
            else:
                voc(Path(f"{notes}.xml"), lefts[name], f"{n}.png")
    found = read(tmp_path)
    assert len(found) == 9
    assert {name: round(float(boxes[0, 0])) for name, boxes in zip(found.names, found.boxes, strict=True)} == lefts
    assert parts_of(found) == {name: PARTS[next(part for part in PARTS if part in name)] for name in lefts}
    assert not found.troubles


def test_voc_beside_its_pictures_in_folders_of_parts(tmp_path: Path) -> None:
    for place, part in enumerate(PARTS):
        picture(tmp_path / part / "0.jpg", place)
        voc(tmp_path / part / "0.xml", place, "0.jpg")
    found = read(tmp_path)
    assert parts_of(found) == {f"{part}/0.jpg": split for part, split in PARTS.items()}
    assert sorted(float(boxes[0, 0]) for boxes in found.boxes) == [0, 1, 2]


def test_a_name_that_several_have_is_said_and_never_guessed(tmp_path: Path) -> None:
    for place in ("a", "b"):
        picture(tmp_path / place / "0.png")
    picture(tmp_path / "c" / "1.png")
    write(tmp_path / "x" / "boxes.csv", "filename,class,xmin,ymin,xmax,ymax\n0.png,cat,1,1,9,9\n1.png,cat,1,1,9,9\n")
    found = read(tmp_path)
    assert found.names == ("c/1.png",)
    said = next(each for each in found.findings() if "several pictures" in each)
    assert "x/boxes.csv, line 2 (0.png: a/0.png, b/0.png)" in said


def test_folders_as_written_elsewhere_tell_which_is_meant(tmp_path: Path) -> None:
    for place in ("a", "b"):
        picture(tmp_path / "images" / place / "0.png")
    line = "C:\\old disk\\a\\0.png,cat,1,1,9,9"
    write(tmp_path / "x" / "boxes.csv", f"filename,class,xmin,ymin,xmax,ymax\n{line}\n")
    assert read(tmp_path).names == ("images/a/0.png",)


def test_boxes_of_a_missing_picture_do_not_go_to_another_part(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        write(tmp_path / part / "labels" / "0.txt", "0 .5 .5 .2 .2\n")
    picture(tmp_path / "valid" / "images" / "0.png")
    found = read(tmp_path)
    assert [len(boxes) for boxes in found.boxes] == [1]
    assert found.splits == ("val",)
    assert any("train/labels/0.txt" in where for words in found.troubles.values() for where in words)


def test_dots_in_names_are_no_endings(tmp_path: Path) -> None:
    for n, name in enumerate(("0.1", "0.2")):
        picture(tmp_path / "images" / f"{name}.png", n)
        write(tmp_path / "labels" / f"{name}.txt", "0 .5 .5 .2 .2\n")
    assert read(tmp_path).names == ("images/0.1.png", "images/0.2.png")


def test_the_deepest_folder_says_the_part() -> None:
    assert folder_split("labels/test/train_station_3.txt") == "test"
    assert folder_split("training-data/labels/test/0.txt") == "test"
    assert folder_split("train/labels/0.txt") == "train"
    assert folder_split("my training/0.txt") == folder_split("train.txt") == ""
    assert table_split("valid/_annotations.coco.json") == "val"
    assert split_of("instances_val2017.json") == "val"
    assert split_of("train_test_all.csv") == ""


@pytest.mark.parametrize("name", ["train_station_3", "0"])
def test_words_in_a_pictures_name_or_above_leak_no_test_picture(tmp_path: Path, name: str) -> None:
    for n, part in enumerate(("train", "test")):
        picture(tmp_path / "training-data" / "images" / part / f"{name}.png", n)
        write(tmp_path / "training-data" / "labels" / part / f"{name}.txt", "0 .5 .5 .2 .2\n")
    assert sorted(read(tmp_path).splits) == ["test", "train"]


def test_a_table_without_parts_keeps_those_of_the_folders(tmp_path: Path) -> None:
    for n, part in enumerate(("train", "test")):
        picture(tmp_path / part / "0.png", n)
    lines = "".join(f"{part}/0.png,cat,1,1,9,9\n" for part in ("train", "test"))
    write(tmp_path / "labels.csv", f"filename,class,xmin,ymin,xmax,ymax\n{lines}")
    assert parts_of(read(tmp_path)) == {"train/0.png": "train", "test/0.png": "test"}


def test_a_table_in_each_folder_says_its_part(tmp_path: Path) -> None:
    for n, part in enumerate(PARTS):
        picture(tmp_path / part / "0.png", n)
        write(tmp_path / part / "_annotations.csv", "filename,class,xmin,ymin,xmax,ymax\n0.png,cat,1,1,9,9\n")
    assert parts_of(read(tmp_path)) == {f"{part}/0.png": split for part, split in PARTS.items()}


def test_a_picture_in_two_tables_is_kept_for_the_test(tmp_path: Path) -> None:
    picture(tmp_path / "0.png")
    for part in ("train", "test"):
        write(tmp_path / f"{part}.csv", "filename,class,xmin,ymin,xmax,ymax\n0.png,cat,1,1,9,9\n")
    found = read(tmp_path)
    assert found.splits == ("test",)
    assert len(found.boxes[0]) == 1
    assert any("several parts" in sentence for sentence in found.findings())


def test_two_coco_files_of_one_part_draw_each_box_once(tmp_path: Path) -> None:
    picture(tmp_path / "val2017" / "0.png")
    for name in ("instances_val2017", "person_keypoints_val2017"):
        coco(tmp_path / "annotations" / f"{name}.json", {"0.png": 5})
    found = read(tmp_path)
    assert [len(boxes) for boxes in found.boxes] == [1]
    said = next(each for each in found.findings() if "counted once" in each)
    assert "person_keypoints_val2017.json, annotation 1" in said


def test_a_file_of_all_beside_those_of_the_parts_is_left_out_and_said(tmp_path: Path) -> None:
    for n, name in enumerate(("0.png", "1.png")):
        picture(tmp_path / name, n)
    coco(tmp_path / "train.json", {"0.png": 5})
    coco(tmp_path / "test.json", {"1.png": 6})
    coco(tmp_path / "all.json", {"0.png": 5, "1.png": 6})
    found = read(tmp_path)
    assert parts_of(found) == {"0.png": "train", "1.png": "test"}
    assert [len(boxes) for boxes in found.boxes] == [1, 1]
    assert any("all.json" in sentence for sentence in found.findings())


def test_a_table_of_something_else_hides_no_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "0.png")
    write(tmp_path / "labels.csv", "filename;class;xmin;ymin;xmax;ymax\n0.png;cat;1;1;9;9\n")
    write(tmp_path / "train_log.csv", "epoch,loss\n1,0.5\n")
    assert len(read(tmp_path).boxes[0]) == 1
