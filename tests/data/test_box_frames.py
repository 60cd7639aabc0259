"""Pictures that a camera's tag turns: a box is found under the patch it was drawn around, or the doubt is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from onward.data.box_frames import true_boxes
from onward.data.box_records import Drawn, Noted
from onward.data.boxes import BoxedPictures, read_boxes

WIDTH, HEIGHT = 80, 60
PATCH = (10, 20, 40, 50)
HEADS = "filename,class,xmin,ymin,xmax,ymax"
SWAPPING = [5, 6, 7, 8]
DOUBT = "camera's tag"


def turned_picture(folder: Path, orientation: int, patch: tuple[int, ...] = PATCH) -> tuple[int, int, int, int]:
    """Save a white patch under a tag; give the patch's corners in the upright picture."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[patch[1] : patch[3], patch[0] : patch[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(folder / "a.png", exif=exif)
    rows, columns = np.nonzero(np.asarray(ImageOps.exif_transpose(Image.open(folder / "a.png")))[..., 0] > 127)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def note(folder: Path, kind: str, corners: tuple[int, ...], size: tuple[int, int] | None) -> None:
    left, top, right, bottom = corners
    wide, high = size or (0, 0)
    if kind == "csv":
        more = (",width,height", f",{wide},{high}") if size else ("", "")
        (folder / "b.csv").write_text(f"{HEADS}{more[0]}\na.png,cat,{left},{top},{right},{bottom}{more[1]}\n")
    elif kind == "voc":
        said = f"<size><width>{wide}</width><height>{high}</height></size>" if size else ""
        box = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
        shown = f"<object><name>cat</name><bndbox>{box}</bndbox></object>"
        (folder / "a.xml").write_text(f"<annotation><filename>a.png</filename>{said}{shown}</annotation>")
    else:
        image = {"id": 1, "file_name": "a.png"} | ({"width": wide, "height": high} if size else {})
        shown = [{"image_id": 1, "category_id": 1, "bbox": [left, top, right - left, bottom - top]}]
        page = {"images": [image], "annotations": shown, "categories": [{"id": 1, "name": "cat"}]}
        (folder / "a.json").write_text(json.dumps(page))


def doubts(found: BoxedPictures) -> list[str]:
    return [sentence for sentence in found.findings() if DOUBT in sentence]


@pytest.mark.parametrize("kind", ["csv", "voc", "coco"])
@pytest.mark.parametrize("orientation", [1, *SWAPPING])
@pytest.mark.parametrize("is_stored", [True, False])
def test_a_written_size_tells_the_frame(tmp_path: Path, kind: str, orientation: int, is_stored: bool) -> None:
    upright = turned_picture(tmp_path, orientation)
    sides = (HEIGHT, WIDTH) if orientation in SWAPPING and not is_stored else (WIDTH, HEIGHT)
    note(tmp_path, kind, PATCH if is_stored else upright, sides)
    found = read_boxes(str(tmp_path), 80)
    assert found.boxes[0][0].tolist() == list(upright)
    assert not doubts(found)


@pytest.mark.parametrize("orientation", SWAPPING)
def test_a_smaller_copy_of_the_stored_picture_is_told_by_its_shape(tmp_path: Path, orientation: int) -> None:
    upright = turned_picture(tmp_path, orientation)
    note(tmp_path, "csv", tuple(each // 2 for each in PATCH), (WIDTH // 2, HEIGHT // 2))
    found = read_boxes(str(tmp_path), 80)
    assert found.boxes[0][0].tolist() == list(upright)
    assert "Drawn on a picture of another size, so the boxes were scaled" in found.troubles


@pytest.mark.parametrize("kind", ["csv", "voc", "coco"])
@pytest.mark.parametrize("orientation", [2, 3, 4, *SWAPPING])
def test_what_nothing_tells_is_taken_as_drawn_upright_and_said(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = turned_picture(tmp_path, orientation, (22, 20, 42, 40))  # inside both frames
    note(tmp_path, kind, upright, (WIDTH, HEIGHT) if orientation < 5 else None)
    found = read_boxes(str(tmp_path), 80)
    assert found.boxes[0][0].tolist() == list(upright)
    assert "a.png" in doubts(found)[0]


@pytest.mark.parametrize("orientation", [2, 3, 4, *SWAPPING])
def test_yolo_shares_are_of_the_upright_picture_and_the_doubt_is_said(tmp_path: Path, orientation: int) -> None:
    left, top, right, bottom = upright = turned_picture(tmp_path, orientation)
    wide, high = (HEIGHT, WIDTH) if orientation in SWAPPING else (WIDTH, HEIGHT)
    middle = f"{(left + right) / 2 / wide} {(top + bottom) / 2 / high}"
    (tmp_path / "a.txt").write_text(f"0 {middle} {(right - left) / wide} {(bottom - top) / high}\n")
    found = read_boxes(str(tmp_path), 80)
    assert np.allclose(found.boxes[0][0], upright, atol=1e-3)
    assert "a.png" in doubts(found)[0]


def test_a_box_that_fits_the_stored_frame_only_tells_it(tmp_path: Path) -> None:
    turned_picture(tmp_path, 6)
    note(tmp_path, "csv", (50, 20, 78, 50), None)
    found = read_boxes(str(tmp_path), 80)
    assert found.boxes[0][0].tolist() == [HEIGHT - 50, 50, HEIGHT - 20, 78]
    assert not doubts(found)


def test_without_boxes_there_is_no_doubt(tmp_path: Path) -> None:
    turned_picture(tmp_path, 6)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("")
    Image.new("RGB", (9, 9)).save(tmp_path / "b.png")
    (tmp_path / "labels" / "b.txt").write_text("0 .5 .5 .5 .5\n")
    assert not doubts(read_boxes(str(tmp_path), 80))


_PLACE = st.floats(-1e4, 1e4)


@given(
    st.lists(st.tuples(_PLACE, _PLACE, _PLACE, _PLACE), max_size=4),
    st.tuples(st.integers(1, 300), st.integers(1, 300)) | st.none(),
    st.tuples(st.integers(2, 300), st.integers(2, 300)),
    st.integers(1, 8),
    st.booleans(),
)
def test_whatever_is_written_boxes_end_inside_or_are_said(
    corners: list[tuple[float, ...]],
    written: tuple[int, int] | None,
    size: tuple[int, int],
    orientation: int,
    are_shares: bool,
) -> None:
    boxes = tuple(Drawn("cat", *each, f"line {line}", are_shares) for line, each in enumerate(corners))
    troubles: dict[str, list[str]] = {}
    noted = Noted(("a.png",), boxes, written, "", "a.csv", "a.csv")
    kept = true_boxes(noted, "a.png", size, orientation, troubles)
    for _, (left, top, right, bottom) in kept:
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
    lost = {box.where for box in boxes} - {box.where for box, _ in kept}
    assert lost <= {where for found in troubles.values() for where in found}
