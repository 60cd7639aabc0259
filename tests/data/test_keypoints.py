"""The door to named points: every format, every mistake, one frame for pixels and points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault
from onward.data.keypoints import NOWHERE, read_keypoints
from onward.data.skeletons import mirror_pairs
from onward.data.windows import Window, fitted, window_around

WIDTH, HEIGHT = 64, 48
NAMES = ["nose", "left_ear", "right_ear"]
POINTS = [(10.0, 20.0), (30.0, 12.0), (34.0, 30.0)]


def picture(folder: Path, name: str = "a.png", size: tuple[int, int] = (WIDTH, HEIGHT), **saved: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(name)).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **saved)  # pyright: ignore[reportArgumentType]


def flat(points: list[tuple[float, float]], sight: int = 2) -> list[float]:
    return [number for x, y in points for number in (x, y, sight)]


def coco(folder: Path, *numbers: list[Any], **category: Any) -> None:
    """Write a COCO file of one picture with a subject for each list of numbers; identifiers have gaps."""
    page = {
        "images": [{"id": 70, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "annotations": [
            {"id": 9 * at, "image_id": 70, "category_id": 3, "keypoints": own} for at, own in enumerate(numbers)
        ],
        "categories": [{"id": 3, "name": "mouse", "keypoints": NAMES, "skeleton": [[1, 2], [1, 3]], **category}],
    }
    (folder / "points.json").write_text(json.dumps(page), encoding="utf-8")


def table(folder: Path, *lines: str, name: str = "points.csv") -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


HEADER = "file," + ",".join(f"{name}_{axis}" for name in NAMES for axis in "xy")
ROW = "a.png,10,20,30,12,34,30"
DLC = (
    "scorer,me,me,me,me,me,me",
    "bodyparts,nose,nose,left_ear,left_ear,right_ear,right_ear",
    "coords,x,y,x,y,x,y",
    "labeled-data/film/a.png,10,20,30,12,34,30",
)


@pytest.mark.parametrize("form", ["coco", "csv", "deeplabcut", "deeplabcut in three columns"])
def test_every_format_says_the_same(tmp_path: Path, form: str) -> None:
    picture(tmp_path)
    if form == "coco":
        coco(tmp_path, flat(POINTS))
    elif form == "csv":
        table(tmp_path, HEADER, ROW)
    elif form == "deeplabcut":
        table(tmp_path, *DLC)
    else:
        wide = [line.replace(",", ",,,", 1) for line in DLC[:3]]
        table(tmp_path, *wide, "labeled-data,film,a.png,10,20,30,12,34,30")
    found = read_keypoints(str(tmp_path), 64)
    assert found.skeleton.names == tuple(NAMES)
    assert found.skeleton.pairs == ((1, 2),)
    np.testing.assert_allclose(found.points[0], POINTS)
    assert found.known.all()
    assert set(found.skeleton.edges) >= {(0, 1)}


@pytest.mark.parametrize("empty", ["", "NaN", "nan", "None"])
def test_missing_points_are_missing(tmp_path: Path, empty: str) -> None:
    picture(tmp_path)
    table(tmp_path, HEADER, f"a.png,10,20,{empty},{empty},34,30")
    found = read_keypoints(str(tmp_path), 64)
    assert found.states[0].tolist() == [2, 0, 2]
    coco(tmp_path, [10, 20, 2, 0, 0, 0, 34, 30, 1])
    assert read_keypoints(str(tmp_path), 64).states[0].tolist() == [2, 0, 1]


def test_unlikely_points_are_missing(tmp_path: Path) -> None:
    picture(tmp_path)
    heads = [DLC[0], "bodyparts,nose,nose,nose,tail,tail,tail", "coords,x,y,likelihood,x,y,likelihood"]
    table(tmp_path, *heads, "a.png,10,20,0.99,30,12,0.01")
    assert read_keypoints(str(tmp_path), 64).states[0].tolist() == [2, 0]


def test_several_animals_are_several_subjects(tmp_path: Path) -> None:
    picture(tmp_path)
    table(
        tmp_path,
        "scorer,me,me,me,me",
        "individuals,one,one,two,two",
        "bodyparts,nose,nose,nose,nose",
        "coords,x,y,x,y",
        "a.png,10,20,40,30",
    )
    found = read_keypoints(str(tmp_path), 32)
    assert found.are_cut
    assert found.points[:, 0].tolist() == [[10.0, 20.0], [40.0, 30.0]]
    assert found.images.shape == (2, 32, 32, 3)


def test_coco_counts_several_subjects_and_repeats(tmp_path: Path) -> None:
    picture(tmp_path)
    moved = [(x + 8, y + 8) for x, y in POINTS]
    coco(tmp_path, flat(POINTS), flat(moved), flat(POINTS))
    found = read_keypoints(str(tmp_path), 32)
    assert len(found) == 2
    assert any("Written twice" in sentence and "annotation 3" in sentence for sentence in found.findings())
    one = read_keypoints(str(tmp_path), 32, "one")
    assert len(one) == 1
    assert not one.are_cut


def test_kinds_with_other_points_know_what_they_lack(tmp_path: Path) -> None:
    picture(tmp_path)
    page = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [
            {"image_id": 1, "category_id": 1, "keypoints": [5, 5, 2]},
            {"image_id": 1, "category_id": 2, "keypoints": [9, 9, 2, 12, 12, 2]},
        ],
        "categories": [
            {"id": 1, "name": "cat", "keypoints": ["nose"]},
            {"id": 2, "name": "bird", "keypoints": ["bill", "tail"]},
        ],
    }
    (tmp_path / "p.json").write_text(json.dumps(page))
    found = read_keypoints(str(tmp_path), 32)
    assert found.skeleton.names == ("cat nose", "bird bill", "bird tail")
    assert found.states.tolist() == [[2, NOWHERE, NOWHERE], [NOWHERE, 2, 2]]


@pytest.mark.parametrize("orientation", [3, 6, 8, 5, 7])
def test_points_turn_with_their_picture(tmp_path: Path, orientation: int) -> None:
    """A white spot marked on the unturned picture is still under its point."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[18:23, 8:13] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    coco(tmp_path, flat([(10.5, 20.5), (10.5, 20.5), (10.5, 20.5)]))
    found = read_keypoints(str(tmp_path), 64)
    if orientation == 3:  # sizes do not tell on which of the two it was marked: the upright one is taken
        assert found.points[0, 0].tolist() == [10.5, 20.5]
        return
    x, y = found.windows[0].inwards(found.points[0])[0]
    assert found.images[0, int(y), int(x)].min() > 200


BAD_TABLES = {
    "headless": (["a.png,10,20,30,12,34,30", ROW], r"points\.csv, line 1: .* is no line of names"),
    "too few cells": ([HEADER, "a.png,10,20"], r"points\.csv, line 2: 3 cells, but its header has 7"),
    "a word": ([HEADER, "a.png,10,twenty,30,12,34,30"], r"points\.csv, line 2: 'twenty' is no number"),
    "all missing": ([HEADER, "a.png,,,,,,"], r"none of its 1 marked subjects can serve.*no point of it.*line 2"),
    "all outside": ([HEADER, "a.png,900,20,300,120,340,-300"], r"none of its 1 .*Outside its picture.*line 2 \(nose\)"),
    "no picture": ([HEADER, "b.png,10,20,30,12,34,30"], r"none of its 1 .*picture is missing.*line 2 \(b\.png\)"),
    "no points": (["file,label", "a.png,cat"], r"holds no points\. Put COCO keypoints json"),
    "two heads apart": ([DLC[0], "bodyparts,nose,nose,tail", "coords,x,y", "a.png,1,2"], r"do not fit each other"),
}


@pytest.mark.parametrize("case", sorted(BAD_TABLES))
def test_bad_tables_get_a_sentence(tmp_path: Path, case: str) -> None:
    lines, words = BAD_TABLES[case]
    picture(tmp_path)
    table(tmp_path, *lines)
    with pytest.raises(DataFault, match=words) as fault:
        read_keypoints(str(tmp_path), 64)
    assert "\n" not in str(fault.value)


BAD_NUMBERS: dict[str, tuple[list[Any], str]] = {
    "wrong count": ([1, 2, 2], r"annotation 1 has 3 numbers, but mouse has 3 points"),
    "a word": ([1, 2, 2, "x", 2, 2, 1, 1, 2], r"annotation 1 holds 'x', which is no number"),
    "all unseen": ([0] * 9, r"no point of it is marked: points\.json, annotation 1"),
}


@pytest.mark.parametrize("case", sorted(BAD_NUMBERS))
def test_bad_coco_files_get_a_sentence(tmp_path: Path, case: str) -> None:
    numbers, words = BAD_NUMBERS[case]
    picture(tmp_path)
    coco(tmp_path, numbers)
    with pytest.raises(DataFault, match=words):
        read_keypoints(str(tmp_path), 64)


def test_torn_json_and_joints_without_names(tmp_path: Path) -> None:
    picture(tmp_path)
    (tmp_path / "points.json").write_text('{"images": [')
    with pytest.raises(DataFault, match=r"points\.json is no readable json"):
        read_keypoints(str(tmp_path), 64)
    (tmp_path / "points.json").write_text('[{"joints": [[1, 2]], "image": "a.png"}]')
    with pytest.raises(DataFault, match=r"points\.json lists joints without names"):
        read_keypoints(str(tmp_path), 64)
    coco(tmp_path, flat(POINTS), keypoints=["nose", "nose", "ear"])
    with pytest.raises(DataFault, match="the point 'nose' stands twice"):
        read_keypoints(str(tmp_path), 64)


def test_what_is_wrong_with_some_is_said_of_them(tmp_path: Path) -> None:
    picture(tmp_path)
    picture(tmp_path, "bare.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    lines = ["a.png,10,20,30,12,500,30", "a.png,11,20,30,12,34,30", "gone.png,1,1,1,1,1,1", "torn.png,1,1,1,1,1,1"]
    table(tmp_path, HEADER, *lines)
    found = read_keypoints(str(tmp_path), 64)
    said = "\n".join(found.findings())
    assert found.states[0].tolist() == [2, 2, 0]
    assert "Outside its picture, taken as missing: points.csv, line 2 (right_ear)" in said
    assert "A second line for one picture" in said
    assert "points.csv, line 3, differs from points.csv, line 2" in said
    assert "points.csv, line 4 (gone.png)" in said
    assert "Unreadable: torn.png" in said
    assert "bare.png" in said


def test_pictures_of_one_name_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    for film in ("m1", "m2"):
        picture(tmp_path, f"labeled-data/{film}/img000.png")
    rows = [f"labeled-data/{film}/img000.png,10,20,30,12,34,30" for film in ("m1", "m2")]
    table(tmp_path, *DLC[:3], *rows)
    assert read_keypoints(str(tmp_path), 64).names == tuple(f"labeled-data/{film}/img000.png" for film in ("m1", "m2"))
    table(tmp_path, *DLC[:3], "elsewhere/img000.png,10,20,30,12,34,30")
    with pytest.raises(DataFault, match="several have its name"):
        read_keypoints(str(tmp_path), 64)


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["left_eye", "right_eye", "nose"], ((0, 1),)),
        (["leftear", "rightear"], ((0, 1),)),
        (["L_F_Elbow", "R_F_Elbow"], ((0, 1),)),
        (["eyeL", "eyeR", "wingL"], ((0, 1),)),
        (["forelegR1", "forelegL1", "forelegL2"], ((0, 1),)),
        (["hip_l", "hip_r"], ((0, 1),)),
        (["Right Knee", "Left Knee"], ((0, 1),)),
        (["snout", "tailbase", "Shoulder", "belly"], ()),
    ],
)
def test_pairs_are_found_in_names(names: list[str], pairs: tuple[tuple[int, int], ...]) -> None:
    assert mirror_pairs(names)[0] == pairs


def test_windows_bring_points_there_and_back() -> None:
    window = window_around((100.0, 40.0, 300.0, 240.0), 96)
    points = np.array([[120.0, 60.0], [290.5, 200.25]])
    np.testing.assert_allclose(window.outwards(window.inwards(points)), points, atol=1e-4)
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[196:204, 246:254] = 255
    x, y = window.inwards(np.array([[250.0, 200.0]]))[0]
    seen = fitted(pixels, window)
    assert seen[int(y), int(x)].min() > 200
    outside = fitted(pixels, Window(-50.0, -50.0, 1.0, 40, 40))
    assert (outside == 127).all()


def test_the_meadow_has_points(monkeypatch: pytest.MonkeyPatch) -> None:
    from onward.meadow import posed_creatures

    monkeypatch.setenv("ONWARD_MEADOW_MOST", "60")
    found = read_keypoints("meadow:pose@0", 64)
    assert [kind for kind, _ in found.skeleton.kinds] == ["horse", "platypus", "person", "bird"]
    creature = posed_creatures(2, size=64, level=0).creatures[0]
    own = list(dict(found.skeleton.kinds)["person"])
    known = found.known[2, own]
    np.testing.assert_allclose(found.points[2, own][known], creature.keypoints[known, :2], atol=1e-3)
    assert (found.states[2, [place for place in range(42) if place not in own]] == NOWHERE).all()
    with pytest.raises(DataFault, match="meadow:pose"):
        read_keypoints("meadow:detect", 64)


SAMPLES = {
    "aic": (14, 9, 6), "animalpose": (20, 2, 8), "ap10k": (17, 2, 7), "atrw": (15, 2, 6), "fly": (32, 2, 14),
    "horse10": (22, 3, 0), "jhmdb": (15, 3, 6), "locust": (35, 2, 15), "macaque": (17, 2, 8), "mpii": (40, 5, 19),
    "ochuman": (17, 5, 8), "zebra": (9, 2, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_real_conventions(real_data: Path, name: str) -> None:
    points, subjects, pairs = SAMPLES[name]
    found = read_keypoints(str(real_data / "pose" / "samples" / name), 128)
    assert (len(found.skeleton.names), len(found), len(found.skeleton.pairs)) == (points, subjects, pairs)
    inside = found.points[found.known]
    assert (inside >= -2).all()


def test_both_files_of_the_mouse_say_the_same(real_data: Path) -> None:
    folder = real_data / "pose" / "mouse_pose"
    one, other = read_keypoints(str(folder), 64), read_keypoints(str(folder / "CollectedData_Pranav.csv"), 64)
    assert one.names == other.names
    np.testing.assert_allclose(one.points, other.points, atol=0.02)
    assert one.skeleton.pairs == other.skeleton.pairs == ((1, 2),)
