"""Watching films without training: what is left in the folder, and what a kill leaves of it."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2")
pytest.importorskip("av")

from onward.core.faults import DataFault, RunFault
from onward.core.settings import parse_settings
from onward.core.task import Source
from onward.data.film_writing import FilmWriter
from onward.data.films import film_frames
from onward.data.flow_files import read_flow_file
from onward.data.mot_files import read_mot
from onward.meadow import film
from onward.meadow.film_writing import write_mot
from onward.vision.motion.settings import Watching
from onward.vision.motion.using import apply, untrained


def applied(out: Path, *addresses: str, **words: Any) -> list[str]:
    """Do what the verb does."""
    options, _ = parse_settings(Watching, words, "test")
    out.mkdir(exist_ok=True)
    parts = apply(untrained(), Source(addresses), options)
    return [each.write(out, each.caption).relative_to(out).as_posix() for each in parts]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Film a square of noise that moves over other noise, 100 pixels a second, at an uneven rate."""
    chance = np.random.default_rng(0)
    ground, thing = (
        np.asarray(
            Image.fromarray(chance.integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)).resize((side, side))
        )
        for side in (128, 32)
    )
    path = tmp_path / "walk.mp4"
    seconds = 0.0
    with FilmWriter(path, quality=8) as writer:
        for number in range(16):
            frame = ground.copy()
            left = round(8 + 100 * seconds)
            frame[50:82, left : left + 32] = thing
            writer.add(frame, seconds)
            seconds += 0.03 if number % 3 else 0.06
    return path


def test_a_film_leaves_flow_tracks_and_counts(tmp_path: Path, walk: Path) -> None:
    names = applied(tmp_path / "out", str(walk), flow=True, scale=50)
    wanted = {"tracks.mp4", "flow.mp4", "tracks.txt", "tracks.csv", "counts.csv", "meetings.csv", "time-line.png"}
    assert wanted == set(names)
    out = tmp_path / "out"
    assert len(list(film_frames(str(out / "tracks.mp4")))) == 16
    assert len(list(film_frames(str(out / "flow.mp4")))) == 15
    assert [path.name for path in sorted((out / "flow").iterdir())] == [f"{n:06d}.flo" for n in range(1, 16)]
    flow, _ = read_flow_file(out / "flow" / "000004.flo")
    assert flow.shape == (128, 128, 2)
    rows = rows_of(out / "tracks.csv")
    longest = max({row["track"] for row in rows}, key=lambda who: sum(row["track"] == who for row in rows))
    own = [row for row in rows if row["track"] == longest]
    assert len(own) > 10
    assert float(own[-1]["speed_px_s"]) == pytest.approx(100, rel=0.25)
    assert float(own[-1]["speed_m_s"]) == pytest.approx(float(own[-1]["speed_px_s"]) / 50, abs=1e-3)
    times = [seconds for seconds, _ in film_frames(str(walk))]
    assert all(float(row["seconds"]) == pytest.approx(times[int(row["frame"]) - 1], abs=2e-3) for row in own)
    assert len(read_mot(out / "tracks.txt")) == len(rows)
    assert [int(row["frame"]) for row in rows] == sorted(int(row["frame"]) for row in rows)


def test_a_folder_of_frames_is_a_film(tmp_path: Path, walk: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, (_, picture) in enumerate(film_frames(str(walk)), 1):
        picture.save(folder / f"{number}.png")
    (folder / "5.png").write_bytes(b"torn")
    names = applied(tmp_path / "out", str(folder), rate=10, films=False)
    assert "tracks.mp4" not in names
    assert "troubles.csv" in names
    assert max(float(row["seconds"]) for row in rows_of(tmp_path / "out" / "tracks.csv")) <= 1.5


def test_two_pictures_show_their_flow(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    for name, pixels in (("a", picture), ("b", picture), ("c", picture[:50])):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    pair = [str(tmp_path / f"{name}.png") for name in "ab"]
    assert applied(tmp_path / "out", *pair, flow=True) == ["flow/000001.flo", "flow.png", "flow-facts.csv"]
    assert np.abs(read_flow_file(tmp_path / "out" / "flow" / "000001.flo")[0]).max() < 0.1
    with pytest.raises(DataFault, match="80 x 60 and 80 x 50"):
        applied(tmp_path / "out", str(tmp_path / "a.png"), str(tmp_path / "c.png"))
    with pytest.raises(DataFault, match="alone shows no motion"):
        applied(tmp_path / "out", str(tmp_path / "a.png"))


def test_the_boxes_of_a_mot_file_are_linked(tmp_path: Path) -> None:
    clip = film(1, size=96)
    write_mot(tmp_path / "clip", clip, pictures=False)
    names = applied(tmp_path / "out", str(tmp_path / "clip" / "det" / "det.txt"))
    assert names == ["tracks.csv", "tracks.txt", "counts.csv", "time-line.png"]
    rows = rows_of(tmp_path / "out" / "tracks.csv")
    assert rows
    assert {"frame", "seconds", "track", "xmin", "speed_px_s"} <= rows[0].keys()
    assert float(rows[-1]["seconds"]) == pytest.approx((int(rows[-1]["frame"]) - 1) / 25, abs=1e-3)


def test_what_is_read_is_not_written_over(tmp_path: Path, walk: Path) -> None:
    write_mot(tmp_path / "clip", film(1, size=96), pictures=False)
    own = tmp_path / "tracks.txt"
    own.write_bytes((tmp_path / "clip" / "det" / "det.txt").read_bytes())
    shot = tmp_path / "tracks.mp4"
    shot.write_bytes(walk.read_bytes())
    for given in (own, shot):
        before = given.read_bytes()
        with pytest.raises(DataFault, match="written over"):
            applied(tmp_path, str(given))
        assert given.read_bytes() == before


def test_boxes_of_a_detector_s_file_are_followed(tmp_path: Path, walk: Path) -> None:
    heads = "path,label,score,xmin,ymin,xmax,ymax"
    lines = [f"walk.mp4#{n:06d},cart,0.9,{8 + 4 * n},50,{40 + 4 * n},82" for n in range(16)]
    (tmp_path / "predictions.csv").write_text("\n".join([heads, *lines]) + "\n")
    applied(tmp_path / "out", str(walk), detector=str(tmp_path / "predictions.csv"), films=False)
    rows = rows_of(tmp_path / "out" / "tracks.csv")
    assert {(row["track"], row["class"]) for row in rows} == {("1", "cart")}
    assert len(rows) == 16
    (tmp_path / "predictions.csv").write_text(heads + "\n")
    with pytest.raises(DataFault, match="has no row of"):
        applied(tmp_path / "out", str(walk), detector=str(tmp_path / "predictions.csv"))
    with pytest.raises(RunFault):
        applied(tmp_path / "out", str(walk), detector="no-such-run")


def test_an_exported_detector_is_followed(tmp_path: Path, walk: Path) -> None:
    """A detector written as `onward export` writes it, that sees one box in the middle of every picture."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    answer = np.array([[[0.25, 0.25, 0.5, 0.5, 0.9, 0.1], [0.25, 0.25, 0.5, 0.51, 0.8, 0.1]]], np.float32)
    parts = onnx.helper
    graph = parts.make_graph(
        [
            parts.make_node("Constant", [], ["answer"], value=onnx.numpy_helper.from_array(answer)),
            parts.make_node("ReduceMax", ["pictures"], ["bright"], keepdims=0),
            parts.make_node("Constant", [], ["zero"], value=onnx.numpy_helper.from_array(np.float32(0))),
            parts.make_node("Mul", ["bright", "zero"], ["nothing"]),
            parts.make_node("Add", ["answer", "nothing"], ["boxes_and_scores"]),
        ],
        "detector",
        [parts.make_tensor_value_info("pictures", onnx.TensorProto.FLOAT, ["count", 3, 64, 64])],
        [parts.make_tensor_value_info("boxes_and_scores", onnx.TensorProto.FLOAT, ["count", 2, 6])],
    )
    model = parts.make_model(graph, opset_imports=[parts.make_opsetid("", 18)], ir_version=9)
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "detector.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "export" / "classes.txt").write_text("cart\ncow\n")
    applied(tmp_path / "out", str(walk), detector=str(tmp_path / "export"), films=False)
    rows = rows_of(tmp_path / "out" / "tracks.csv")
    assert {(row["track"], row["class"]) for row in rows} == {("1", "cart")}
    assert [float(rows[-1][side]) for side in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(
        [32, 32, 64, 64], abs=0.1
    )


def test_several_inputs_get_a_folder_each(tmp_path: Path, walk: Path) -> None:
    names = applied(tmp_path / "out", str(walk), "meadow:flow", films=False)
    assert {name.split("/")[0] for name in names} == {"00-walk", "01-meadow-flow"}


def test_a_film_that_breaks_off_is_watched_and_that_is_said(tmp_path: Path, walk: Path) -> None:
    import av

    with av.open(str(walk)) as source, av.open(str(tmp_path / "walk.mkv"), "w") as film:
        stream = film.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                film.mux(packet)
    content = (tmp_path / "walk.mkv").read_bytes()
    (tmp_path / "torn.mkv").write_bytes(content[: len(content) * 7 // 10])
    names = applied(tmp_path / "out", str(tmp_path / "torn.mkv"), films=False)
    assert "troubles.csv" in names
    assert "breaks off" in (tmp_path / "out" / "troubles.csv").read_text()
    assert 3 < max(int(row["frame"]) for row in rows_of(tmp_path / "out" / "tracks.csv")) < 16


def test_a_kill_loses_nothing_that_was_written(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom onward.core.task import Source\n"
        "from onward.vision.motion.settings import Watching\nfrom onward.vision.motion.using import apply, untrained\n"
        "for each in apply(untrained(), Source(('meadow:tracks',)), Watching(flow=True)):\n"
        "    each.write(Path(sys.argv[1]), each.caption)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=os.environ | {"OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and child.poll() is None:
        if len(list((tmp_path / "flow").glob("*.flo"))) > 30:
            break
        time.sleep(0.02)
    assert child.poll() is None, "it ended before it could be killed"
    child.send_signal(signal.SIGKILL)
    child.wait()
    rows = (tmp_path / "tracks.csv").read_text().splitlines()
    assert len(rows) > 5
    assert max(int(row.split(",")[0]) for row in rows[1:]) >= 25
    flows = sorted((tmp_path / "flow").glob("*.flo"))
    assert all(read_flow_file(path)[0].shape == (192, 192, 2) for path in flows[:-1])
    assert len(list(film_frames(str(tmp_path / "tracks.mp4")))) >= 12
