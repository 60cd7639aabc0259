"""Boxes that make no sense are refused or left out with file and line; a fault says in one sentence what was odd."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.boxes import read_boxes
from onward.data.upright import upright_pictures
from onward.vision.detect.reading import read
from onward.vision.detect.settings import Settings

HEADS = "filename,class,xmin,ymin,xmax,ymax\n"


def picture(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(path)


def damaged_zip(folder: Path, *broken: str, **texts: str) -> str:
    """Pack two pictures and texts, and damage some members."""
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for n in range(2):
            picture(folder / f"{n}.png", n)
            archive.write(folder / f"{n}.png", f"{n}.png")
        for name, text in texts.items():
            archive.writestr(name.replace("_", "."), text)
        places = {member.filename: member.header_offset + 30 + len(member.filename) for member in archive.infolist()}
    content = bytearray((folder / "a.zip").read_bytes())
    for name in broken:
        content[places[name] + 12] ^= 255
    (folder / "a.zip").write_bytes(content)
    return str(folder / "a.zip")


def test_a_damaged_picture_in_a_zip_is_named(tmp_path: Path) -> None:
    table = HEADS + "0.png,cat,1,1,9,9\n1.png,cat,1,1,9,9\n"
    address = damaged_zip(tmp_path, "0.png", labels_csv=table)
    found = read_boxes(address, 32)
    assert found.names == ("1.png",)
    assert found.troubles["Unreadable"][0].startswith("0.png (")
    lost: list[tuple[str, str]] = []
    assert [name for name, _ in upright_pictures(address, lost)] == ["1.png"]
    assert lost[0][0] == "0.png"


def test_a_damaged_table_in_a_zip_is_one_sentence(tmp_path: Path) -> None:
    address = damaged_zip(tmp_path, "labels.csv", labels_csv=HEADS + "0.png,cat,1,1,9,9\n")
    with pytest.raises(DataFault, match=r"labels\.csv cannot be read"):
        read_boxes(address, 32)


def test_yolo_in_pixels_is_said_in_the_fault(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 20 20 10 10\n")
    with pytest.raises(DataFault, match=r"not in shares.*labels/a\.txt, line 1"):
        read_boxes(str(tmp_path), 32)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("labels/a.txt", "\n-1 .5 .5 .2 .2\n", r"labels/a\.txt, line 2: there is no class -1"),
        ("a.txt", "0 .5 .5 .2 .2\n0 .5 nan .2 .2\n", r"a\.txt, line 2: nan"),
        ("a.txt", "0 .5 .5 .2 .2\n0 .5 x .2 .2\n", r"a\.txt, line 2"),
        ("labels/a.txt", "cat .5 .5 .2 .2\n", r"labels/a\.txt, line 1"),
        ("a.csv", HEADS + "a.png,cat,1,nan,9,9\n", r"a\.csv, line 2: nan"),
        ("a.csv", HEADS + "a.png,cat,1,1,9,9\na.png,cat,1,1,inf,9\n", r"a\.csv, line 3: inf"),
        ("a.csv", HEADS + "a.png,cat,1,1,1e300,9\n", r"a\.csv, line 2: 1e\+300"),
        ("a.csv", HEADS + f'a.png,"{"x" * 200_000}",1,1,9,9\n', r"a\.csv, line 2"),
        ("a.json", "[" * 100_000, r"a\.json is no readable json"),
    ],
)
def test_no_place_in_a_picture_is_refused_with_file_and_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    picture(tmp_path / ("images/a.png" if "/" in name else "a.png"))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    with pytest.raises(DataFault, match=words):
        read_boxes(str(tmp_path), 32)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_coco_and_voc_refuse_what_is_not_finite(tmp_path: Path, bad: str) -> None:
    picture(tmp_path / "a.png")
    page = {"images": [{"id": 1, "file_name": "a.png", "width": 0, "height": float("inf")}], "categories": []}
    page["annotations"] = [{"image_id": 1, "category_id": 1, "bbox": [1, 1, float(bad), 9]}]
    (tmp_path / "a.json").write_text(json.dumps(page))
    with pytest.raises(DataFault, match=r"a\.json, annotation 1"):
        read_boxes(str(tmp_path), 32)
    (tmp_path / "a.json").unlink()
    box = f"<xmin>1</xmin><ymin>1</ymin><xmax>{bad}</xmax><ymax>9</ymax>"
    size = f"<size><width>{bad}</width><height>9</height></size>"
    shown = f"<object><name>cat</name><bndbox>{box}</bndbox></object>"
    (tmp_path / "a.xml").write_text(f"<annotation>{size}{shown}</annotation>")
    with pytest.raises(DataFault, match=r"a\.xml, object 1"):
        read_boxes(str(tmp_path), 32)


def test_a_blank_line_does_not_end_a_label_file(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("0 .5 .5 .2 .2\n\n0.0 .3 .3 .2 .2\n")
    assert len(read_boxes(str(tmp_path), 32).boxes[0]) == 2


def _scenes(folder: Path, kinds: dict[str, str], copies: dict[str, str]) -> tuple[list[str], dict[str, object]]:
    lines: dict[str, str] = {}
    for n, (name, kind) in enumerate(kinds.items()):
        picture(folder / name, n)
        lines[name] = f"{name},{kind},1,1,19,19\n"
    for name, original in copies.items():
        (folder / name).write_bytes((folder / original).read_bytes())
        lines[name] = lines[original].replace(original, name)
    (folder / "labels.csv").write_text(HEADS + "".join(lines.values()))
    scenes = read(Source((str(folder),)), Settings(size=64))
    return scenes.findings(), scenes.as_json()


def _parts(kind: str = "cat") -> dict[str, str]:
    return {f"{part}/{n}.png": kind for part, count in (("train", 8), ("val", 3), ("test", 3)) for n in range(count)}


def test_the_doctor_counts_and_names_copies(tmp_path: Path) -> None:
    copies = {"train/again.png": "train/0.png", "test/leak.png": "train/1.png"}
    findings, facts = _scenes(tmp_path, _parts(), copies)
    assert (facts["exact_duplicates"], facts["shared_between_splits"]) == (2, 1)
    assert any("Exact copies" in each and "train/again.png" in each for each in findings)
    assert any("In two splits" in each and "leak.png" in each for each in findings)
    assert "Left out of learning, since they are held out too: 1 copies." in findings


@pytest.mark.parametrize(("part", "words"), [("val", "learned late, if at all"), ("test", "never learned")])
def test_a_class_only_in_a_part_not_learned_from_is_said_plainly(tmp_path: Path, part: str, words: str) -> None:
    findings, _ = _scenes(tmp_path, _parts() | {f"{part}/0.png": "zebra"}, {})
    assert any(f"so {words}: zebra" in each for each in findings)
    assert not any("Few boxes" in each and "zebra" in each for each in findings)


def test_names_that_differ_by_case_are_said_and_not_merged(tmp_path: Path) -> None:
    findings, facts = _scenes(tmp_path, _parts() | {"train/0.png": "Cat"}, {})
    assert facts["classes"] == {"Cat": 1, "cat": 13}
    assert any("'Cat', 'cat'" in each for each in findings)


_TEXTS = st.text(st.sampled_from("0123456789.-,;\t\n\"' naifxe{}[]<>cat/"), max_size=60)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["a.csv", "labels/a.txt", "a.txt", "a.json", "a.xml", "data.yaml"]), _TEXTS)
def test_no_text_gets_a_traceback(tmp_path: Path, name: str, text: str) -> None:
    for path in tmp_path.rglob("*.*"):
        path.unlink()
    picture(tmp_path / "a.png")
    (tmp_path / "labels").mkdir(exist_ok=True)
    (tmp_path / "labels" / "a.txt").write_text("0 .5 .5 .2 .2\n")
    (tmp_path / name).write_text((HEADS if name == "a.csv" else "") + text)
    try:
        found = read_boxes(str(tmp_path), 32)
    except DataFault:
        return
    assert all(np.isfinite(boxes).all() for boxes in found.boxes)
    assert found.findings()
