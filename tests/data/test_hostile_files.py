"""What fuzzing found in the readers of files: each raised something else, or took many lines, before it was mended."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from onward.core.faults import DataFault, Fault, UsageFault
from onward.data.arrays import read_arrays
from onward.data.cache import cache_folder, recall
from onward.data.films import footage
from onward.data.flow_files import read_flow_file
from onward.data.keypoints import read_keypoints
from onward.data.label_columns import find_text_column
from onward.data.mot_files import is_mot
from onward.data.tables import read_table
from onward.data.text import open_text
from onward.data.text_rows import file_cells


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (28, 24), "green").save(file, "PNG")
    return file.getvalue()


def zipped_with_a_broken_member(path: Path, files: dict[str, bytes], broken: str) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
        place = archive.getinfo(broken).header_offset
    content = bytearray(path.read_bytes())
    content[place : place + 4] = b"gone"
    path.write_bytes(bytes(content))
    return str(path)


def one_sentence(fault: pytest.ExceptionInfo[Fault]) -> str:
    said = str(fault.value)
    assert said.isprintable()
    assert len(said) < 1000
    return said


def test_a_fault_is_one_line_whatever_names_hold() -> None:
    assert str(DataFault("a\nb.csv \x1b[31m is \u202e not there")) == "a?b.csv ?[31m is ? not there"
    assert str(UsageFault()) == ""


def test_what_tarfile_tried_is_not_told_in_five_lines(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar" * 100)
    with pytest.raises(DataFault) as fault:
        read_arrays(tmp_path / "a.tar")
    assert "method" not in one_sentence(fault)


def test_an_idx_of_two_hundred_dimensions(tmp_path: Path) -> None:
    (tmp_path / "x-images-idx3-ubyte").write_bytes(b"\0\0\x08\xc8" + bytes(2000))
    with pytest.raises(DataFault, match="200 dimensions") as fault:
        read_arrays(tmp_path / "x-images-idx3-ubyte")
    one_sentence(fault)


@pytest.mark.parametrize(
    "body",
    [
        b"no array",
        b"\x93NUMPY\x01\0\x40\0{'descr': ((((((" + b" " * 45 + b"\n",
        b"\x93NUMPY\x01\0\x10\0{1: 2, 'a': b'}  \n",
    ],
)
def test_an_npz_whose_member_is_no_array(tmp_path: Path, body: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", body)
    with pytest.raises(DataFault) as fault:
        read_arrays(tmp_path / "a.npz")
    one_sentence(fault)


def test_a_cached_array_with_a_broken_header_is_gone_without() -> None:
    place = cache_folder() / "key"
    place.mkdir(parents=True, exist_ok=True)
    (place / "a.npy").write_bytes(b"\x93NUMPY\x01\0\x40\0{'descr': ((((((" + b" " * 45 + b"\n")
    assert recall("key", "a") is None


POINTS = {"points.csv": b"file,nose_x,nose_y\n" + b"".join(b"%d.png,5,6\n" % n for n in range(14))}


@pytest.mark.parametrize("broken", ["points.csv", "3.png"])
def test_a_zip_of_points_with_a_broken_member(tmp_path: Path, broken: str) -> None:
    files = {**{f"{number}.png": picture() for number in range(14)}, **POINTS}
    address = zipped_with_a_broken_member(tmp_path / "a.zip", files, broken)
    if broken == "3.png":
        assert any("3.png" in sentence for sentence in read_keypoints(address, 64).findings())
        return
    with pytest.raises(DataFault, match="cannot be read"):
        read_keypoints(address, 64)


def test_a_zip_of_frames_with_a_broken_member(tmp_path: Path) -> None:
    files = {f"{number}.png": picture() for number in range(5)}
    address = zipped_with_a_broken_member(tmp_path / "a.zip", files, "3.png")
    film = footage(address, None)
    assert len(list(film.moments())) == 4
    assert any("3.png" in sentence for sentence in film.troubles)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("width", 0),
        ("width", float("inf")),
        ("height", "x"),
        ("bbox", [1, 1, 1e308, 1e308]),
        ("points", 1e308),
    ],
)
def test_points_of_absurd_sizes(tmp_path: Path, place: str, value: Any) -> None:
    for number in range(14):
        (tmp_path / f"{number}.png").write_bytes(picture())
    pictures: list[dict[str, Any]] = [{"id": n, "file_name": f"{n}.png", "width": 28, "height": 24} for n in range(14)]
    drawn: list[dict[str, Any]] = [
        {"image_id": n, "category_id": 1, "keypoints": [3, 4, 2, 5, 6, 2], "bbox": [1, 1, 9, 9]} for n in range(14)
    ]
    if place in ("width", "height"):
        pictures[3][place] = value
    elif place == "bbox":
        drawn[3]["bbox"] = value
    else:
        drawn[3]["keypoints"][0] = value
    kinds = [{"id": 1, "name": "cat", "keypoints": ["nose", "tail"]}]
    page = {"images": pictures, "annotations": drawn, "categories": kinds}
    (tmp_path / "points.json").write_text(json.dumps(page))
    assert read_keypoints(str(tmp_path), 64).findings()


def test_texts_to_group_of_a_file_with_names_alone(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("what,label\n")
    cells = file_cells(open_text(str(tmp_path / "t.csv")).files[0], "t.csv")
    with pytest.raises(DataFault, match="no rows"):
        find_text_column("t.csv", cells, "words")


def test_a_png_that_says_it_is_a_flow_of_a_billion_pixels(tmp_path: Path) -> None:
    head = struct.pack(">II", 32_000, 32_000) + b"\x10\x02\0\0\0"
    chunk = b"IHDR" + head
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(png + struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND")))
    with pytest.raises(DataFault, match="32000 x 32000"):
        read_flow_file(tmp_path / "a.png")


def test_a_png_with_a_part_of_gigabytes(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    content = bytearray(cv2.imencode(".png", np.full((24, 28, 3), 40_000, np.uint16))[1].tobytes())
    (tmp_path / "a.png").write_bytes(bytes(content))
    assert read_flow_file(tmp_path / "a.png")[0].shape == (24, 28, 2)
    place = content.index(b"IDAT") - 4
    content[place : place + 4] = b"\x7f\xff\xff\xf0"
    (tmp_path / "a.png").write_bytes(bytes(content))
    with pytest.raises(DataFault, match="KITTI"):
        read_flow_file(tmp_path / "a.png")


def test_boxes_of_frames_whose_lines_end_in_a_comma(tmp_path: Path) -> None:
    (tmp_path / "det.txt").write_text("1,-1,10,20,15,20,0.9,\n")
    assert is_mot(str(tmp_path / "det.txt"))


def test_a_pfm_whose_scale_is_no_number(tmp_path: Path) -> None:
    (tmp_path / "a.pfm").write_bytes(b"PF\n2 2\n-e.+\n" + np.zeros(12, np.float32).tobytes())
    with pytest.raises(DataFault, match=r"no \.pfm"):
        read_flow_file(tmp_path / "a.pfm")


def test_a_whole_number_too_large_for_a_float_in_points(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    kinds = [{"id": 1, "name": "cat", "keypoints": ["nose"]}]
    drawn = [{"image_id": 1, "category_id": 1, "keypoints": [10**400, 4, 2]}]
    page = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": drawn, "categories": kinds}
    (tmp_path / "points.json").write_text(json.dumps(page))
    with pytest.raises(DataFault, match="annotation 1"):
        read_keypoints(str(tmp_path), 64)


def test_parquet_with_words_that_are_none(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    words = pyarrow.array(["good word", "bad word"] * 10)
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"a": words, "b": words}), path, compression="none", use_dictionary=False)
    path.write_bytes(path.read_bytes().replace(b"bad word", b"bad\xa7word"))
    with pytest.raises(DataFault, match="damaged parquet"):
        read_table(str(path))


def test_a_parquet_file_of_a_few_bytes_and_a_billion_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    column = pyarrow.nulls(60_000_000)
    parquet.write_table(pyarrow.table({"a": column, "b": column}), tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    with pytest.raises(DataFault, match="60,000,000 rows"):
        read_table(str(tmp_path / "t.parquet"))
