"""Boxes as people write them: every format says the same, every trouble is named with file and line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data.boxes import letterboxed, read_boxes

WIDTH, HEIGHT = 80, 60
TRUE = (10.0, 20.0, 40.0, 50.0)


def picture(folder: Path, name: str = "a.png", size: tuple[int, int] = (WIDTH, HEIGHT), **saved: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **saved)  # pyright: ignore[reportArgumentType]
    return path


def voc(folder: Path, corners: tuple[float, ...] = TRUE, name: str = "a", picture_name: str = "a.png") -> None:
    words = "".join(
        f"<{key}>{value}</{key}>" for key, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    (folder / f"{name}.xml").write_text(
        f"<annotation><filename>{picture_name}</filename><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>"
        f"<object><name>cat</name><bndbox>{words}</bndbox></object></annotation>",
        encoding="utf-8",
    )


def csv(folder: Path, *rows: str, name: str = "labels.csv") -> None:
    (folder / name).write_text("filename,class,xmin,ymin,xmax,ymax\n" + "".join(f"{row}\n" for row in rows))


def coco(folder: Path, box: tuple[float, ...] = (10, 20, 30, 30)) -> None:
    page = {
        "images": [{"id": 7, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": list(box)}],
        "categories": [{"id": 3, "name": "cat"}],
    }
    (folder / "instances.json").write_text(json.dumps(page), encoding="utf-8")


def yolo(folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text(f"0 {25 / WIDTH} {35 / HEIGHT} {30 / WIDTH} {30 / HEIGHT}\n")
    (folder / "classes.txt").write_text("cat\n")


@pytest.mark.parametrize("kind", ["voc", "coco", "csv", "yolo"])
def test_every_format_says_the_same(tmp_path: Path, kind: str) -> None:
    picture(tmp_path / "images" if kind == "yolo" else tmp_path)
    {"voc": voc, "coco": coco, "yolo": yolo, "csv": lambda place: csv(place, "a.png,cat,10,20,40,50")}[kind](tmp_path)
    found = read_boxes(str(tmp_path), 64)
    assert found.kind == kind
    assert found.classes == ("cat",)
    assert np.allclose(found.boxes[0], [TRUE], atol=0.01)
    assert found.images.shape == (1, 64, 64, 3)
    assert not found.troubles


def test_letterbox_keeps_the_shape_and_is_grey_below(tmp_path: Path) -> None:
    canvas, scale = letterboxed(Image.new("RGB", (80, 60), "red"), 64)
    assert scale == pytest.approx(0.8)
    assert (canvas[47, 63] == [255, 0, 0]).all()
    assert (canvas[48:] == 127).all()


@pytest.mark.parametrize("orientation", [1, 5, 6, 7, 8])
def test_boxes_turn_with_their_picture(tmp_path: Path, orientation: int) -> None:
    """A white patch stays under its box whatever the camera's orientation tag says, drawn on the unturned picture."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[20:50, 10:40] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    voc(tmp_path, picture_name="a.jpg")
    found = read_boxes(str(tmp_path), 80)
    left, top, right, bottom = (round(float(corner)) for corner in found.boxes[0][0])
    image = found.images[0].astype(int)
    assert image[top + 2 : bottom - 2, left + 2 : right - 2].min() > 200
    assert image.mean() == pytest.approx(900 * 255 / 6400 + 127 * 1600 / 6400, rel=0.1)


@pytest.mark.parametrize(
    ("row", "words", "kept"),
    [
        ("a.png,cat,10,20,10,50", "no area", 0),
        ("a.png,cat,40,50,10,20", "wrong way round", 1),
        ("a.png,cat,10,20,400,50", "outside", 1),
        ("a.png,cat,0.1,0.2,0.5,0.9", "shares", 1),
        ("lost.png,cat,10,20,40,50", "missing", 0),
    ],
)
def test_troubles_name_file_and_line(tmp_path: Path, row: str, words: str, kept: int) -> None:
    picture(tmp_path)
    picture(tmp_path, "b.png")
    csv(tmp_path, row, "b.png,cat,1,2,30,40")
    found = read_boxes(str(tmp_path), 64)
    sentence = next(each for each in found.findings() if words in each)
    assert "labels.csv" in sentence
    assert sum(map(len, found.boxes)) == 1 + kept


def test_a_picture_without_boxes_shows_nothing_and_counts(tmp_path: Path) -> None:
    picture(tmp_path)
    picture(tmp_path, "b.png")
    csv(tmp_path, "a.png,cat,10,20,40,50", "b.png,,,,,")
    assert [len(each) for each in read_boxes(str(tmp_path), 64).boxes] == [1, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda place: None, "no boxes"),
        (lambda place: csv(place, "a.png,cat,10,20,x,50"), "line 2"),
        (lambda place: csv(place, "gone.png,cat,10,20,30,50"), "none of its"),
        (lambda place: (place / "a.xml").write_text("<annotation><object>"), "a.xml"),
        (lambda place: (place / "a.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>'), "entities"),
        (lambda place: (place / "a.json").write_text('{"images": [1], "annotations": [], "categories": []}'), "a.json"),
    ],
)
def test_bad_boxes_get_a_sentence(tmp_path: Path, make, words: str) -> None:
    picture(tmp_path)
    make(tmp_path)
    with pytest.raises(DataFault, match=words):
        read_boxes(str(tmp_path), 64)


def test_unreadable_pictures_are_named(tmp_path: Path) -> None:
    picture(tmp_path)
    (tmp_path / "b.jpg").write_text("<html>not found</html>")
    csv(tmp_path, "a.png,cat,10,20,40,50", "b.jpg,cat,1,2,30,40")
    found = read_boxes(str(tmp_path), 64)
    assert len(found) == 1
    assert any("b.jpg" in sentence for sentence in found.findings())


def test_nothing_is_written_beside_the_users_files(tmp_path: Path) -> None:
    picture(tmp_path)
    csv(tmp_path, "a.png,cat,10,20,40,50")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    read_boxes(str(tmp_path), 64)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_public_sets_are_read_whole(real_data: Path) -> None:
    cells = read_boxes(str(real_data / "detect" / "bccd"), 64)
    assert len(cells) == 364
    assert sum(map(len, cells.boxes)) == 4888 - 2
    assert len(cells.troubles["Left out, since the box has no area"]) == 2
    assert {"train", "val", "test"} >= set(cells.splits)
    raccoons = read_boxes(str(real_data / "detect" / "raccoon"), 64)
    assert (raccoons.splits.count("train"), raccoons.splits.count("test")) == (160, 40)
    assert sum(map(len, raccoons.boxes)) == 217


def test_a_detector_s_own_answers_are_no_boxes(boxed_folder: Path) -> None:
    before = read_boxes(str(boxed_folder), 64)
    answers = "path,label,score,xmin,ymin,xmax,ymax\n000.png,round,0.9,1,1,9,9\n"
    (boxed_folder / "predictions.csv").write_text(answers, encoding="utf-8")
    after = read_boxes(str(boxed_folder), 64)
    assert after.troubles.pop("Left out, since its name is that of answers; name it itself to learn from it")
    assert after.as_json() == before.as_json()


def test_an_empty_text_beside_its_picture_says_that_nothing_is_there(tmp_path: Path) -> None:
    """As darknet and labelImg write it; an empty text beside no picture, or among no boxes, says nothing."""
    for name, text in (("a", "0 0.5 0.5 0.2 0.2\n"), ("b", ""), ("notes", "")):
        (tmp_path / f"{name}.txt").write_text(text)
        if name != "notes":
            picture(tmp_path, f"{name}.png")
    (tmp_path / "classes.txt").write_text("cat\n")
    found = read_boxes(str(tmp_path), 64)
    assert sorted(found.names) == ["a.png", "b.png"]
    assert sorted(map(len, found.boxes)) == [0, 1]


def test_crowds_and_difficult_ones_are_told_apart(tmp_path: Path) -> None:
    """They are kept beside the others, in their classes, so that scores can leave out what is found in them."""
    (tmp_path / "coco").mkdir()
    picture(tmp_path / "coco")
    coco(tmp_path / "coco")
    page = json.loads((tmp_path / "coco" / "instances.json").read_text())
    page["categories"].append({"id": 4, "name": "herd"})  # of which there are crowds alone, so nothing is to be found
    for number, (kind, mark) in enumerate([(3, 1), (3, "0"), (4, 1)], start=2):
        box = [number, 2, 40, 50]
        page["annotations"].append({"id": number, "image_id": 7, "category_id": kind, "bbox": box, "iscrowd": mark})
    (tmp_path / "coco" / "instances.json").write_text(json.dumps(page))
    found = read_boxes(str(tmp_path / "coco"), 64)
    assert (found.classes, len(found.boxes[0])) == (("cat",), 2)
    assert [each.tolist() for each in found.ignored[0]] == [[[2.0, 2.0, 42.0, 52.0]], [0]]
    words = "Neither learned nor scored, since it outlines a crowd"
    assert found.troubles == {words: ["instances.json, annotation 2", "instances.json, annotation 4"]}
    for name, mark in (("a", "0"), ("b", "1")):
        picture(tmp_path / "voc", f"{name}.png")
        voc(tmp_path / "voc", name=name, picture_name=f"{name}.png")
        text = (
            (tmp_path / "voc" / f"{name}.xml").read_text().replace("<bndbox>", f"<difficult>{mark}</difficult><bndbox>")
        )
        (tmp_path / "voc" / f"{name}.xml").write_text(text)
    found = read_boxes(str(tmp_path / "voc"), 64)
    assert [len(boxes) for boxes in found.boxes] == [1, 0]
    assert found.ignored[1][0].tolist() == [list(TRUE)]
    assert found.as_json()["empty"] == 0  # the second picture is not one that shows nothing
    assert found.troubles == {"Neither learned nor scored, since it is marked as difficult": ["b.xml, object 1"]}
    other = replace(found, ignored={})
    assert other.fingerprint != found.fingerprint
