"""Flow and track files: bit for bit there and back, and each bad file with its sentence."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.core.faults import DataFault
from onward.data.flow_files import read_flow_file, read_pfm, write_flo
from onward.data.mot_files import is_mot, read_mot, write_mot_rows
from onward.meadow import film
from onward.meadow.film_writing import write_mot


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_any_flow_comes_back_bit_for_bit(wide: int, high: int, seed: int) -> None:
    words = np.random.default_rng(seed).integers(0, 2**32, (high, wide, 2), dtype=np.uint32)
    flow = words.view(np.float32)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.flo"
        write_flo(path, flow)
        read, _ = read_flow_file(path)
        first = path.read_bytes()
        write_flo(path, read)
        assert path.read_bytes() == first
    assert read.view(np.uint32).tolist() == words.tolist()


def test_public_flow_files_come_back_bit_for_bit(real_data: Path, tmp_path: Path) -> None:
    tiny = real_data / "motion" / "flow" / "tiny"
    for path in sorted(tiny.glob("*.flo")):
        flow, known = read_flow_file(path)
        assert flow.shape[2] == 2
        assert known.any()
        write_flo(tmp_path / path.name, flow)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
    for path in sorted(tiny.glob("*.pfm")):
        assert read_pfm(path).shape == (50, 50)
        with pytest.raises(DataFault, match="one value a pixel"):
            read_flow_file(path)


def test_kitti_png_and_pfm_say_the_same(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    flow = np.random.default_rng(0).integers(-200, 200, (5, 7, 2)).astype(np.float32) / 64
    known = np.ones((5, 7), np.uint16)
    known[2, 3] = 0
    right, down = (flow[..., side] * 64 + 32768 for side in (0, 1))
    cv2.imwrite(str(tmp_path / "a.png"), np.stack([known, down, right], axis=2).astype(np.uint16))
    rows = np.concatenate([flow, np.zeros((5, 7, 1), np.float32)], axis=2)[::-1]
    (tmp_path / "a.pfm").write_bytes(b"PF\n7 5\n-1.0\n" + rows.astype("<f4").tobytes())
    (tmp_path / "b.pfm").write_bytes(b"PF\n7 5\n1.0\n" + rows.astype(">f4").tobytes())
    read, is_known = read_flow_file(tmp_path / "a.png")
    assert np.array_equal(read, flow)
    assert np.array_equal(is_known, known > 0)
    for name in ("a.pfm", "b.pfm"):
        assert np.array_equal(read_flow_file(tmp_path / name)[0], flow)


def test_every_bad_flow_file_has_its_sentence(tmp_path: Path) -> None:
    head = b"PIEH" + struct.pack("<ii", 4, 3)
    wrong = {
        "short.flo": (head + bytes(40), "another size"),
        "magic.flo": (b"XXXX" + bytes(100), "PIEH"),
        "huge.flo": (b"PIEH" + struct.pack("<ii", 1 << 30, 1 << 30), "another size"),
        "empty.flo": (b"", "PIEH"),
        "short.pfm": (b"PF\n4 3\n-1\n" + bytes(10), "another size"),
        "none.pfm": (b"hello", "PF or Pf"),
        "text.png": (b"hello", "KITTI"),
        "flow.gif": (b"", "no flow that is known"),
    }
    for name, (content, words) in wrong.items():
        if name.endswith("png"):
            pytest.importorskip("cv2")
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataFault, match=words) as fault:
            read_flow_file(tmp_path / name)
        assert name in str(fault.value)
    with pytest.raises(DataFault, match="not there"):
        read_flow_file(tmp_path / "missing.flo")


def test_the_meadow_s_track_files_are_read_as_they_were_meant(tmp_path: Path) -> None:
    clip = film(1, size=64)
    write_mot(tmp_path, clip, pictures=False)
    truth, guesses = read_mot(tmp_path / "gt" / "gt.txt"), read_mot(tmp_path / "det" / "det.txt")
    for frame in (0, 7, len(clip) - 1):
        wanted = clip.tracks(frame)
        rows = truth.in_frame(frame + 1)
        assert rows.who.tolist() == [track.who for track in wanted]
        assert rows.boxes == pytest.approx(np.array([track.whole for track in wanted], float).reshape(-1, 4))
        assert guesses.in_frame(frame + 1).boxes == pytest.approx(clip.detections(frame)[:, :4], abs=2e-3)
    assert (guesses.who == -1).all()
    write_mot_rows(tmp_path / "again.txt", truth)
    again = read_mot(tmp_path / "again.txt")
    assert again.boxes == pytest.approx(truth.boxes, abs=0.01)
    assert again.who.tolist() == truth.who.tolist()


def test_what_a_track_file_is_is_seen_at_its_first_line(tmp_path: Path) -> None:
    for name, line, wanted in (
        ("a.txt", "1,-1,2,3,4,5,.9", True),
        ("b.txt", "Dear diary", False),
        ("c.txt", "", False),
    ):
        (tmp_path / name).write_text(line)
        assert is_mot(str(tmp_path / name)) is wanted
    (tmp_path / "blanks.txt").write_text("2 1 5 5 10 10\n\n1 1 4 4 10 10 0.5\n")
    assert read_mot(tmp_path / "blanks.txt").frames.tolist() == [1, 2]


def test_every_bad_track_file_has_its_sentence(tmp_path: Path) -> None:
    wrong = {
        "1,-1,2,3": "line 1 has 4 values",
        "1,-1,2,3,4,5\n1,-1,x,3,4,5": "line 2: .* not all numbers",
        "0,-1,2,3,4,5": "frames count from 1",
        "1.5,-1,2,3,4,5": "frames count from 1",
        "1,-1,2,3,-4,5": "less than nothing",
        "1,-1,nan,3,4,5": "no number",
        "": "is empty",
    }
    for text, words in wrong.items():
        path = tmp_path / "det.txt"
        path.write_text(text)
        with pytest.raises(DataFault, match=words) as fault:
            read_mot(path)
        assert str(path) in str(fault.value)
    with pytest.raises(DataFault, match="cannot be read"):
        read_mot(tmp_path / "missing.txt")
