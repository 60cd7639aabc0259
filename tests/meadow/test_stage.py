"""Scenes with creatures keep their promises: pure, recognisable by nothing but shape, and true to the pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from onward.core.faults import UsageFault
from onward.meadow.camera import Camera
from onward.meadow.cast import KINDS, anatomy_of, cast_actor
from onward.meadow.chance import Chance
from onward.meadow.classify_room import one_creature
from onward.meadow.detect_room import some_creatures
from onward.meadow.distractors import Distractor
from onward.meadow.doors import enter
from onward.meadow.plain_pictures import picture_labels
from onward.meadow.stage import Look, draw_scene

SCENES = [one_creature(index) for index in range(40)]


def test_a_picture_is_a_function_of_its_address() -> None:
    again = one_creature(7)
    assert np.array_equal(again.pixels, SCENES[7].pixels)
    assert not np.array_equal(again.pixels, one_creature(7, seed=1).pixels)


def test_kinds_come_in_turn() -> None:
    labels = picture_labels("classify", "test")
    assert np.bincount(labels).tolist() == [125] * 4
    assert [scene.creatures[0].kind for scene in SCENES[:4]] == list(KINDS)


def test_boxes_hold_what_is_seen() -> None:
    for scene in SCENES:
        creature = scene.creatures[0]
        assert creature.box is not None
        left, top, right, bottom = creature.box
        rows, columns = np.nonzero(scene.owners)
        assert (left, top, right, bottom) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        whole = creature.whole
        assert whole[0] <= left
        assert whole[1] <= top
        assert whole[2] >= right
        assert whole[3] >= bottom
        assert 0 < creature.seen <= 1


def test_seen_keypoints_lie_on_their_creature() -> None:
    shown = 0
    for scene in SCENES:
        creature = scene.creatures[0]
        assert len(creature.names) == len(anatomy_of(creature.kind).keypoints) == len(creature.keypoints)
        for x, y, sight in creature.keypoints:
            if sight == 2:
                shown += 1
                assert scene.owners[int(y), int(x)] == 1
    assert shown > 0.6 * sum(len(scene.creatures[0].names) for scene in SCENES)


def test_left_and_right_are_the_creature_s_own() -> None:
    for scene in SCENES:
        names = set(scene.creatures[0].names)
        assert not any("near" in name or "far" in name for name in names)
        for name in names:
            if "left" in name:
                assert name.replace("left", "right") in names


def test_bad_requests_get_a_sentence() -> None:
    with pytest.raises(UsageFault, match="no split"):
        one_creature(0, split="exam")
    with pytest.raises(UsageFault, match="no sample 2000"):
        one_creature(2000)
    with pytest.raises(UsageFault, match="level 7"):
        one_creature(0, level=7)


@pytest.mark.parametrize(("draw", "most"), [(one_creature, 3.5), (partial(some_creatures, size=192), 7)])
def test_it_is_quick(
    draw: Callable[[int], object], most: float, cost_in_plain_pictures: Callable[[Callable[[int], object]], float]
) -> None:
    assert cost_in_plain_pictures(draw) < most


def test_trees_and_rocks_hide_and_are_nobody() -> None:
    tree = Distractor("tree", 16 * 48, 16 * 95, 16 * 90, 0, 3)
    visit = enter("detect", 3, 96, "train", 0, 1)
    actor = cast_actor(visit.chance, "horse", 16 * 30, 16 * 48, 16 * 60)
    alone = draw_scene(visit.scenery, [actor], 96, Chance("grain"))
    behind = draw_scene(visit.scenery, [actor], 96, Chance("grain"), Look(distractors=(tree,)))
    before = draw_scene(visit.scenery, [actor], 96, Chance("grain"), Look(distractors=(replace(tree, y=16 * 50),)))
    assert behind.creatures[0].seen < 0.9 < alone.creatures[0].seen
    assert behind.creatures[0].whole == alone.creatures[0].whole
    assert np.array_equal(before.owners, alone.owners)
    assert not np.array_equal(before.pixels, alone.pixels)
    for x, y, sight in behind.creatures[0].keypoints:
        assert sight < 2 or behind.owners[int(y), int(x)] == 1


@pytest.mark.parametrize("pan", [-40, 75])
def test_trees_move_with_the_land(pan: int) -> None:
    """What a panning camera sees of a tree, at a whole number of pixels, is the same tree elsewhere."""
    tree = Distractor("tree", 16 * 48, 16 * 80, 16 * 60, 1, 3)
    assert tree.through(Camera(1024, pan, 16)) == replace(tree, x=tree.x + pan, y=tree.y + 16)
    assert tree.through(Camera(2048, 0, 0)).height == 2 * tree.height


def test_higher_levels_are_harder_to_see() -> None:
    easy, hard = ([some_creatures(index, size=64, level=level).pixels for index in range(60)] for level in (1, 3))
    assert min(pixels.mean() for pixels in easy) > 60
    assert sum(pixels.mean() < 50 for pixels in hard) > 5
