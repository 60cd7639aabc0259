"""Who is who: the filter, the tracker, and scores that equal the public evaluator's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from onward.data.mot_files import MotRows, read_mot
from onward.meadow import film
from onward.vision.motion.kalman import Beliefs, Noise
from onward.vision.motion.track_scores import score_tracks
from onward.vision.motion.tracker import Sighting, Tracker, Tuning
from onward.vision.overlaps import overlaps, suppress, widened


def rows_of(rows: list[tuple[int, int, NDArray[np.float64]]]) -> MotRows:
    rows = sorted(rows, key=lambda row: row[0])
    frames, who = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    boxes = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
    return MotRows(frames, who, boxes, np.ones(len(rows)), np.ones(len(rows), np.int64))


def followed(tracker: Tracker, frames: list[tuple[float, list[list[float]]]]) -> list[Sighting]:
    """Let a tracker see frames of (second, boxes with a score)."""
    told: list[Sighting] = []
    for number, (seconds, boxes) in enumerate(frames):
        values = np.array(boxes, np.float64).reshape(-1, 5)
        told += tracker.update(number, seconds, values[:, :4], values[:, 4])
    return told


def at(x: float, score: float = 0.9, y: float = 100.0) -> list[float]:
    return [x, y, x + 20, y + 40, score]


def test_overlaps_and_what_is_kept_of_them() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    assert overlaps(boxes, boxes).diagonal() == pytest.approx(1)
    assert suppress(boxes, np.zeros(3, np.int64)).tolist() == [0, 2]
    assert suppress(boxes, np.array([0, 1, 0])).tolist() == [0, 1, 2]
    assert widened(boxes[:1], 0.5).tolist() == [[-5, -5, 15, 15]]


def test_one_long_look_ahead_equals_many_short_ones() -> None:
    noise = Noise()
    start = Beliefs.of(np.array([[0.0, 0, 20, 40]]), noise).seen(np.array([[3.0, 0, 23, 40]]), noise)
    once, often = start.later(0.4, noise), start
    for _ in range(4):
        often = often.later(0.1, noise)
    assert often.values == pytest.approx(once.values)
    assert often.spread[:, :2] == pytest.approx(once.spread[:, :2], rel=0.05)


@pytest.mark.parametrize("gaps", [[0.04], [0.2], [0.02, 0.1, 0.3]])
def test_speeds_are_right_at_any_rate(gaps: list[float]) -> None:
    times = np.cumsum([0.0, *(gaps * 40)])[: 3 * len(gaps) * 8]
    told = followed(Tracker(), [(float(t), [at(60 * float(t))]) for t in times])
    assert {each.who for each in told} == {1}
    assert told[-1].speed[0] == pytest.approx(60, abs=4)


def test_two_who_cross_keep_their_numbers() -> None:
    frames = [(t / 25, [at(4.0 * t), at(200 - 4.0 * t, y=112)]) for t in range(50)]
    told = followed(Tracker(), frames)
    for who in (1, 2):
        xs = [float(each.box[0]) for each in told if each.who == who]
        steps = np.sign(np.diff(xs))
        assert len(set(steps.tolist())) == 1


def test_somebody_hidden_keeps_his_number_and_his_way_is_drawn() -> None:
    frames = [(t / 25, [] if 20 <= t < 30 else [at(3.0 * t)]) for t in range(50)]
    told = followed(Tracker(), frames)
    assert {each.who for each in told} == {1}
    hidden = sorted((each for each in told if not each.is_seen), key=lambda each: each.frame)
    assert [each.frame for each in hidden] == list(range(20, 30))
    assert float(hidden[5].box[0]) == pytest.approx(75, abs=3)
    impatient = followed(Tracker(Tuning(patience_seconds=0.2)), frames)
    assert {each.who for each in impatient} == {1, 2}


def test_a_doubtful_box_goes_on_with_a_track_and_begins_none() -> None:
    frames = [(t / 25, [at(3.0 * t, 0.9 if t < 10 else 0.2)]) for t in range(20)]
    assert [each.frame for each in followed(Tracker(), frames)] == list(range(20))
    assert followed(Tracker(), [(t / 25, [at(3.0 * t, 0.2)]) for t in range(20)]) == []


def test_who_walks_out_and_comes_back_is_somebody_new() -> None:
    out = [(t / 25, [at(170 + 4.0 * t)] if t < 8 else []) for t in range(16)]
    back = [(t / 25, [at(196 - 3.0 * (t - 16))]) for t in range(16, 30)]
    assert {each.who for each in followed(Tracker(size=(200, 200)), out + back)} == {1, 2}


def test_a_single_false_alarm_is_told_of_nobody() -> None:
    assert followed(Tracker(), [(t / 25, [at(5)] if t == 3 else []) for t in range(9)]) == []


def test_kinds_do_not_mix() -> None:
    tracker, told = Tracker(), []
    for t in range(10):
        boxes = np.array([at(3.0 * t)[:4]])
        told += tracker.update(t, t / 25, boxes, np.ones(1), np.array([t // 5]))
    assert {(each.who, each.kind) for each in told} == {(1, 0), (2, 1)}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 12))
def test_nobody_is_in_a_frame_twice(seed: int, most: int) -> None:
    chance = np.random.default_rng(seed)
    frames = []
    for t in range(15):
        corners = chance.uniform(0, 100, (int(chance.integers(0, most)), 2))
        frames.append((t / 10, [[x, y, x + 30, y + 30, chance.random()] for x, y in corners]))
    told = followed(Tracker(), frames)
    places = [(each.frame, each.who) for each in told]
    assert len(places) == len(set(places))
    assert all(np.isfinite(each.box).all() and (each.box[2:] > each.box[:2]).all() for each in told)


def walkers(people: int, frames: int) -> tuple[MotRows, MotRows]:
    """Make truth and tracks by arithmetic alone: people who walk to and fro, trackers that miss, swap and invent."""
    true, told, word = [], [], 1
    for frame in range(1, frames + 1):
        for who in range(1, people + 1):
            word = (1103515245 * word + 12345) % 2**31
            x, y = (7 * who * frame) % 90, 11 * who
            box = np.array([x, y, x + 30, y + 34], np.float64)
            if word % 10 < 8:
                true.append((frame, who, box))
            if (word >> 8) % 10 < 8 and frame % 9:
                shift = (word >> 12) % 13 - 6
                name = who if (word >> 16) % 12 else who % people + 1
                told.append((frame, 10 + name + (people if frame > frames // 2 and who == 1 else 0), box + shift))
    kept = {(frame, who): (frame, who, box) for frame, who, box in told}
    return rows_of(true), rows_of(list(kept.values()))


# by trackeval 1.3.0, on walkers(people, frames); `python -m benchmarks motion --evaluator PYTHON` asks it anew
_NAMES = ("mota", "motp", "switches", "missed", "false", "idf1", "hota", "detection", "association")
GOLDEN = {
    (3, 20): (0.411764706, 0.723203956, 9, 17, 4, 0.539325843, 0.36769117, 0.451560704, 0.302191629),
    (5, 40): (0.316770186, 0.718716598, 9, 63, 38, 0.579124579, 0.387700255, 0.406739319, 0.370420235),
    (7, 25): (0.269503546, 0.717898984, 16, 50, 37, 0.587360595, 0.380940725, 0.411455191, 0.353850149),
}


@pytest.mark.parametrize("case", sorted(GOLDEN))
def test_scores_equal_the_public_evaluator_s(case: tuple[int, int]) -> None:
    scores = score_tracks(*walkers(*case))
    for name, value in zip(_NAMES, GOLDEN[case], strict=True):
        assert getattr(scores, name) == pytest.approx(value, abs=1e-6), name


def test_the_truth_is_perfect_and_nobody_scores_nothing() -> None:
    truth, _ = walkers(4, 30)
    scores = score_tracks(truth, truth)
    assert (scores.mota, scores.idf1, scores.hota, scores.switches) == (1.0, 1.0, pytest.approx(1.0), 0)
    nobody = truth.only(np.zeros(len(truth), bool))
    assert score_tracks(truth, nobody).hota == 0
    assert score_tracks(truth, nobody).missed == len(truth)
    assert score_tracks(nobody, truth).false == len(truth)


def test_rows_that_do_not_count_do_not_count() -> None:
    truth, told = walkers(3, 20)
    odd = MotRows(truth.frames, truth.who + 50, truth.boxes, np.zeros(len(truth)), truth.kinds)
    joined = MotRows(*(np.concatenate(both) for both in zip(vars(truth).values(), vars(odd).values(), strict=True)))
    assert score_tracks(joined, told) == score_tracks(truth, told)


@pytest.mark.parametrize("is_sabotaged", [False, True])
def test_the_meadow_s_creatures_are_followed(is_sabotaged: bool) -> None:
    """Films that nothing was tuned on; sabotaged, the boxes' times are shuffled."""
    values = []
    for number in range(2):
        clip = film(number, size=96, split="test")
        true, boxes = [], []
        for frame in range(60):
            scene = clip.scene(frame)
            seen = [each for each in clip.tracks(frame, scene) if each.seen > 0.25]
            true += [(frame, each.who, np.array(each.whole, np.float64)) for each in seen]
            boxes.append((float(clip.times[frame]), clip.detections(frame, scene).tolist()))
        if is_sabotaged:
            order = np.random.default_rng(0).permutation(len(boxes))
            boxes = [(seconds, boxes[place][1]) for (seconds, _), place in zip(boxes, order, strict=True)]
        told = followed(Tracker(size=(96, 96)), boxes)
        values.append(score_tracks(rows_of(true), rows_of([(e.frame, e.who, e.box) for e in told])).idf1)
    assert (np.mean(values) > 0.75) is not is_sabotaged


def test_the_campus_is_followed_better_than_by_the_best_peer(real_data: Path) -> None:
    folder = real_data / "motion" / "mot" / "TUD-Campus"
    guesses, truth = read_mot(folder / "det" / "det.txt"), read_mot(folder / "gt" / "gt.txt")
    tracker, told = Tracker(), []
    for frame, rows in guesses.by_frame():
        told += tracker.update(frame, (frame - 1) / 25, rows.boxes, rows.scores)
    scores = score_tracks(truth, rows_of([(each.frame, each.who, each.box) for each in told]))
    assert scores.mota >= 0.63
    assert scores.idf1 >= 0.74
