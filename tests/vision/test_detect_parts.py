"""The detector's stages, the size it chooses, and intervals that agree with COCO's own arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from onward.core.faults import Stopped
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.core.task import Source
from onward.tasks import find_task
from onward.verbs.resume import resume
from onward.verbs.train import train
from onward.vision import two_stages
from onward.vision.detect import fitting
from onward.vision.detect.assignment import UNASKED
from onward.vision.detect.batches import Batches
from onward.vision.detect.decoding import Found
from onward.vision.detect.network import points_of
from onward.vision.detect.precision import average_precision
from onward.vision.detect.reading import Scenes, read
from onward.vision.detect.resampling import intervals, match_boxes
from onward.vision.detect.settings import Settings
from onward.vision.detect.training import detection_loss
from onward.vision.detect.views import covered

SMALL = {"size": "64", "width": "16", "batch_size": "4", "views": "1"}


@pytest.fixture
def scenes(boxed_folder: Path) -> Scenes:
    return read(Source((str(boxed_folder),)), Settings(size=64))


def guesses(scenes: Scenes, places: np.ndarray) -> list[Found]:
    """Find most things, not quite where they are, some twice, and some that are not there."""
    chance, found = np.random.default_rng(0), []
    for place in places:
        boxes, labels = scenes.boxes(int(place)), scenes.pictures.labels[place]
        told = np.concatenate([boxes + chance.normal(0, 2, boxes.shape), boxes[:1] + 1, [[5, 5, 30, 30]]])
        kinds = np.concatenate([labels, labels[:1], [0]])
        scores = chance.random(len(told)).round(1)  # with ties
        order = np.argsort(-scores, kind="stable")
        found.append(Found(told[order].astype(np.float32), kinds[order], scores[order].astype(np.float32)))
    return found


def test_precision_agrees_with_coco_s_own(scenes: Scenes) -> None:
    places = scenes.training
    found = guesses(scenes, places)
    values = np.array([each.precision(np.ones(len(places), np.int64)) for each in match_boxes(scenes, places, found)])
    theirs = average_precision(scenes, places, found)
    assert values.mean() == pytest.approx(theirs["AP"], abs=1e-6)
    assert values[:, 0].mean() == pytest.approx(theirs["AP50"], abs=1e-6)


def with_ignored(scenes: Scenes, boxes: list[list[float]], label: int = 0) -> Scenes:
    """Put boxes that are neither learned nor scored into every picture, given in fitted pixels."""
    ignored = {
        place: (np.array(boxes, np.float32) / scenes.pictures.scales[place], np.full(len(boxes), label))
        for place in range(len(scenes.pictures))
    }
    return replace(scenes, pictures=replace(scenes.pictures, ignored=ignored))


def test_what_is_found_in_a_crowd_is_neither_right_nor_wrong(scenes: Scenes) -> None:
    """Nothing but it changes: not what is right, not what is wrong elsewhere, and not another class."""
    places, ones = scenes.training, np.ones(len(scenes.training), np.int64)
    found = guesses(scenes, places)
    crowded = with_ignored(scenes, [[4, 4, 33, 32], [40, 4, 60, 60]])
    values = np.array([each.precision(ones) for each in match_boxes(crowded, places, found)])
    theirs = average_precision(crowded, places, found)
    assert values.mean() == pytest.approx(theirs["AP"], abs=1e-6)
    assert values[:, 0].mean() == pytest.approx(theirs["AP50"], abs=1e-6)
    before = np.array([each.precision(ones) for each in match_boxes(scenes, places, found)])
    assert values[0].mean() > before[0].mean() + 0.01
    assert np.array_equal(values[1:], before[1:])
    labels = [scenes.pictures.labels[place] for place in places]
    true = [
        Found(scenes.boxes(int(place)), own, np.ones(len(own), np.float32))
        for place, own in zip(places, labels, strict=True)
    ]
    whole = with_ignored(scenes, [[0, 0, 64, 64]])  # what is right stays right in the midst of a crowd
    assert np.allclose([each.precision(ones) for each in match_boxes(whole, places, true)], 1.0)
    assert average_precision(whole, places, true)["AP"] == pytest.approx(1.0)


def test_a_crowd_teaches_nothing(scenes: Scenes) -> None:
    """Points in it are asked for nothing in whatever view; those of true boxes and all others learn as before."""
    crowd = [[8.0, 8, 40, 40]]
    plain, crowded = (Batches(each, seed=0) for each in (scenes, with_ignored(scenes, crowd)))
    points, _ = points_of(64)
    wanted, asked = plain.fresh(6)[1], crowded.fresh(6)[1]
    unasked = asked.kinds == UNASKED
    assert unasked.any(dim=1).all()
    assert torch.equal(asked.kinds[~unasked], wanted.kinds[~unasked])
    assert (wanted.kinds[unasked] == -1).all()
    chosen = torch.from_numpy(crowded._ignored(int(scenes.training[0]), 1)[0])  # view 1 is the mirror image
    assert chosen.tolist() == [24.0, 8.0, 56.0, 40.0]
    logits = torch.zeros(*asked.kinds.shape, len(scenes.classes), requires_grad=True)
    reaches = torch.full((*asked.kinds.shape, 4), 5.0, requires_grad=True)
    sum(detection_loss(logits, reaches, asked, points)).backward()  # pyright: ignore[reportAttributeAccessIssue]
    assert not logits.grad[unasked].any()  # pyright: ignore[reportOptionalSubscript]
    assert logits.grad[asked.kinds == -1].all()  # pyright: ignore[reportOptionalSubscript]


def test_a_crowd_is_grey_where_no_object_is_for_networks_that_know_no_crowds(scenes: Scenes) -> None:
    size = scenes.size
    whole = with_ignored(scenes, [[0, 0, size, size]])
    plain, _ = Batches(scenes, seed=0).fresh_boxes(4)
    pixels, truths = Batches(whole, seed=0).fresh_boxes(4)
    for picture, before, (boxes, _) in zip(pixels, plain, truths, strict=True):
        is_object = torch.from_numpy(covered(boxes.numpy(), size))
        assert torch.equal(picture[:, is_object], before[:, is_object])
        outside = picture[:, ~is_object]
        assert float((outside == 0).float().mean()) > 0.4  # a view that is smaller than the picture has a border
        assert not torch.equal(outside, before[:, ~is_object])


def test_a_picture_that_counts_twice_counts_twice(scenes: Scenes) -> None:
    places = scenes.training[:6]
    found = guesses(scenes, places)
    matches = match_boxes(scenes, places, found)
    twice = np.array([2, 1, 1, 0, 1, 1])
    drawn = np.repeat(np.arange(6), twice)
    theirs = average_precision(scenes, places[drawn], [found[row] for row in drawn])["AP50"]
    ours = np.array([each.precision(twice)[0] for each in matches])
    assert np.nanmean(ours) == pytest.approx(theirs, abs=0.03)  # the same but for the order among ties


def test_the_interval_holds_the_value(scenes: Scenes) -> None:
    found = guesses(scenes, scenes.training)
    low, high = intervals(scenes, scenes.training, found)["AP50"]
    assert low < average_precision(scenes, scenes.training, found)["AP50"] < high


def sized(scenes: Scenes, native: int) -> Scenes:
    return replace(scenes, pictures=replace(scenes.pictures, sizes=np.full((len(scenes.pictures), 2), native)))


class _Timed:
    """A run of which only the clock and the notes matter."""

    def __init__(self, seconds: float) -> None:
        self.folder: Any = type("F", (), {"record": {}})()
        self.budget: Any = type("B", (), {"seconds": seconds})()
        self.seconds_left = seconds
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)


def test_tiny_things_get_larger_pictures_where_minutes_and_files_allow(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "_seconds_a_picture", lambda *_: 0.01)
    monkeypatch.setattr(fitting, "smallest_side", lambda _: 20.0)
    # thirty epochs over the training pictures at (416 / 64)² times the cost, in the half of the time with open eyes
    needed = 30 * len(scenes.training) * 0.01 * (416 / 64) ** 2 / 0.5
    enough, short = _Timed(1.1 * needed), _Timed(0.9 * needed)
    monkeypatch.setattr(fitting, "_SIDES", (416,))
    monkeypatch.setattr(fitting, "_LEGIBLE", 150.0)
    assert fitting.fitting_size(cast(Run, enough), sized(scenes, 640), Settings()) == 416
    assert "416" in enough.notes[0]
    assert fitting.fitting_size(cast(Run, short), sized(scenes, 640), Settings()) == 64
    assert fitting.fitting_size(cast(Run, enough), sized(scenes, 300), Settings()) == 64  # the files are no larger
    assert fitting.fitting_size(cast(Run, enough), sized(scenes, 640), Settings(size=64)) == 64  # as asked


def test_boxes_keep_to_their_things_at_another_size(scenes: Scenes) -> None:
    larger = scenes.at(128)
    assert larger.size == 128
    assert np.array_equal(larger.training, scenes.training)
    place = next(int(place) for place in scenes.training if len(scenes.boxes(int(place))))
    assert np.allclose(larger.boxes(place), 2 * scenes.boxes(place))


def test_given_more_time_the_eyes_that_learned_never_freeze_again(
    boxed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, the_rest_goes_by: Callable[[int], None]
) -> None:
    """The old end is at less than half of the new budget, where a new run would still have frozen eyes."""
    run, _ = train(find_task("detect"), str(boxed_folder), SMALL, steps=8, out=tmp_path, quiet=True)
    calls: list[str] = []
    monkeypatch.setattr(
        two_stages.TwoStages, "_learn_from_looks", lambda *_: calls.append("frozen") or pytest.fail("went back")
    )
    fresh = two_stages.TwoStages._learn_fresh
    monkeypatch.setattr(
        two_stages.TwoStages, "_learn_fresh", lambda self, phase: calls.append("open") or fresh(self, phase)
    )
    the_rest_goes_by(12)
    resume(Folder(run.path), "+5m", quiet=True)
    assert len(calls) > 3
    assert set(calls) == {"open"}


def trained_with_scores(values: list[float], folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Train while the exam gives made-up scores: of frozen eyes, when it is to be settled, and at the end."""
    scores = iter(values)
    monkeypatch.setattr(two_stages.Exam, "score", lambda *_: next(scores))
    monkeypatch.setattr(two_stages.Exam, "look", lambda *_, **__: None)
    run, _ = train(find_task("detect"), str(folder), SMALL, steps=16, out=out, quiet=True)
    return run


def test_the_frozen_detector_is_kept_when_open_eyes_find_less(
    boxed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained_with_scores([0.9, 0.1, 0.1], boxed_folder, tmp_path, monkeypatch)
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("frozen eyes came to is kept" in note for note in notes)
    kept: Any = find_task("detect").load(run)
    from onward.backbones import efficientnet_lite0

    original, now = efficientnet_lite0().body[6].state_dict(), kept.network.eyes.body[6].state_dict()
    assert all(torch.equal(original[name], now[name]) for name in original)


@pytest.mark.parametrize(("settled", "joins"), [(0.95, True), (0.5, False)])
def test_the_validation_part_is_learned_from_only_once_nothing_is_left_to_choose(
    settled: float, joins: bool, boxed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[int] = set()
    scenes: list[Scenes] = []
    boxes_of = Batches.truth

    def truth(self: Batches, place: int, number: int) -> Any:
        scenes[:] = [self._scenes]
        drawn.add(place)
        return boxes_of(self, place, number)

    monkeypatch.setattr(Batches, "truth", truth)
    run = trained_with_scores([0.9, settled, 0.95], boxed_folder, tmp_path, monkeypatch)
    assert drawn.isdisjoint(scenes[0].testing.tolist())
    assert drawn.isdisjoint(scenes[0].validation.tolist()) != joins
    notes = [fact["sentence"] for fact in read_metrics(run.path / "metrics.jsonl", "note")]
    assert any("learned from the validation part too" in note for note in notes) == joins


@pytest.mark.parametrize("stop_after", [10, 15])
def test_a_run_that_is_stopped_before_or_after_that_ends_in_the_same_bits(
    stop_after: int, boxed_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = trained_with_scores([0.9] * 9, boxed_folder, tmp_path / "a", monkeypatch)
    between = Run._between_steps

    def stopping(run: Run) -> None:
        run.stop_requested = run.steps_done == stop_after
        between(run)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_between_steps", stopping)
        with pytest.raises(Stopped):
            trained_with_scores([0.9] * 9, boxed_folder, tmp_path / "b", monkeypatch)
    (half,) = {path.parent for path in (tmp_path / "b").glob("*/run.json") if not path.parent.is_symlink()}
    resume(Folder(half), quiet=True)
    ends = [Folder(path).newest_checkpoint() for path in (through.path, half)]
    files = [{file.name: file.read_bytes() for file in end.glob("*.safetensors")} for end in ends if end]
    assert len(files) == 2
    assert files[0] == files[1]


def test_without_frozen_eyes_nothing_is_looked_at_in_advance(boxed_folder: Path, tmp_path: Path) -> None:
    words = {**SMALL, "backbone": "none"}
    run, _ = train(find_task("detect"), str(boxed_folder), words, steps=3, out=tmp_path, quiet=True)
    logged = [fact for fact in read_metrics(run.path / "metrics.jsonl", "log") if "pictures_looked_at" in fact]
    assert not logged
