"""Boxes as other programs save them: other encodings, numbers as text, quoted names, and what only looks like boxes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data.boxes import BoxedPictures, read_boxes

XML = (
    "<annotation><filename>a.png</filename><object><name>{name}</name><bndbox><xmin>1</xmin><ymin>2</ymin>"
    "<xmax>9</xmax><ymax>8</ymax></bndbox></object></annotation>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with one picture."""
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path


def only(found: BoxedPictures) -> str:
    """Give the one class of the one box."""
    assert [len(each) for each in found.labels] == [1]
    return found.classes[int(found.labels[0][0])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_in_any_usual_encoding(folder: Path, encoding: str) -> None:
    text = "filename,class,xmin,ymin,xmax,ymax\na.png,Käfer,1,2,9,8\n"
    (folder / "boxes.csv").write_bytes(text.encode(encoding))
    assert only(read_boxes(str(folder), 32)) == "Käfer"


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "UTF-8", ""])
def test_xml_in_the_encoding_it_names(folder: Path, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    content = (head + XML.format(name="Käfer")).encode(encoding or "cp1252")
    (folder / "a.xml").write_bytes(content)
    assert only(read_boxes(str(folder), 32)) == "Käfer"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp037"])
def test_xml_that_declares_entities_is_refused_in_every_encoding(folder: Path, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE annotation [<!ENTITY a "aaaa">]>'
    (folder / "a.xml").write_bytes((head + XML.format(name="&a;")).encode(encoding))
    with pytest.raises(DataFault, match=r"a\.xml (declares entities|is no readable xml)"):
        read_boxes(str(folder), 32)


def test_coco_numbers_are_one_however_they_are_written(folder: Path) -> None:
    page = {
        "images": [{"id": "7", "file_name": "a.png"}],
        "categories": [{"id": 1.0, "name": "cat"}],
        "annotations": [{"image_id": 7, "category_id": "1", "bbox": [1, 2, 8, 6]}],
    }
    (folder / "a.json").write_text(json.dumps(page))
    assert only(read_boxes(str(folder), 32)) == "cat"


def test_a_category_that_is_not_listed_is_said(folder: Path) -> None:
    page = {
        "images": [{"id": 7, "file_name": "a.png"}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"image_id": 7, "category_id": 3, "bbox": [1, 2, 8, 6]}],
    }
    (folder / "a.json").write_text(json.dumps(page))
    found = read_boxes(str(folder), 32)
    assert only(found) == "category 3"
    assert found.troubles["Of a category that the file does not list"] == ["a.json, annotation 1 (category 3)"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("names: ['cat, small', \"dog\"]  # two", "dog"),
        ("names: {0: cat, 1: dog}", "dog"),
        ("names:\n  1: dog # the big one\n  0: cat\nflip:\n  - 1\n  - 0\n", "dog"),
        ("path: .\nnames:\n- cat\n- 'dog # 2'\n", "dog # 2"),
        ("names: [\n  cat, # first\n  dog]\n", "dog"),
        ("names: {'0': 'a[1]', '1': 'driver''s dog'}", "driver's dog"),
        ("names: {1: dog, 16: cat}", "dog"),
        ("names:\n  '0': cat\n\n  '1': b: c\n", "b: c"),
    ],
)
def test_names_in_a_yaml_however_they_are_written(folder: Path, names: str, wanted: str) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (folder / "data.yaml").write_text(names)
    assert only(read_boxes(str(folder), 32)) == wanted


def test_a_number_without_a_name_is_said(folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    (folder / "data.yaml").write_text("names: {0: cat, 2: dog}")
    found = read_boxes(str(folder), 32)
    assert only(found) == "class 1"
    assert found.troubles["Of a number that the list of classes does not name"] == ["labels/a.txt, line 1"]


_ROWS = "filename,class,xmin,ymin,xmax,ymax\na.png,cat,1,2,9,8\n"


def test_a_table_of_answers_is_read_only_where_it_is_named(folder: Path) -> None:
    (folder / "predictions-mended.csv").write_text(_ROWS)
    assert only(read_boxes(str(folder / "predictions-mended.csv"), 32)) == "cat"
    with pytest.raises(DataFault, match="holds no boxes"):
        read_boxes(str(folder), 32)
    (folder / "boxes.csv").write_text(_ROWS.replace("cat", "dog"))
    found = read_boxes(str(folder), 32)
    assert only(found) == "dog"
    assert found.troubles["Left out, since its name is that of answers; name it itself to learn from it"] == [
        "predictions-mended.csv"
    ]


def test_a_table_that_is_no_text_matters_only_where_nothing_else_tells_boxes(folder: Path) -> None:
    (folder / "log.csv").write_bytes("a,b\n".encode("utf-16-le"))
    with pytest.raises(DataFault, match=r"log\.csv is no text.*UTF-8"):
        read_boxes(str(folder), 32)
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert only(read_boxes(str(folder), 32)) == "class 0"


def test_an_absurd_class_number_is_no_class(folder: Path) -> None:
    (folder / "labels").mkdir()
    (folder / "labels" / "a.txt").write_text("1e300 0.5 0.5 0.5 0.5\n")
    with pytest.raises(DataFault, match=r"a\.txt, line 1: there is no class 1e300"):
        read_boxes(str(folder), 32)
