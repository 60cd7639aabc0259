"""The flow is true: the next frame, fetched along it, is this frame."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from onward.meadow import frame_pair
from onward.meadow.cast import KINDS, Actor, cast_actor, moved
from onward.meadow.chance import Chance
from onward.meadow.doors import enter, look_of
from onward.meadow.flow_room import FramePair
from onward.meadow.motion import flow_between, is_hidden
from onward.meadow.scene import draw_scenery
from onward.meadow.stage import Look, Scene, draw_scene

SIZE = 128


def frames(kind: str, dx: int, dy: int, phase: int) -> tuple[Scene, Scene]:
    chance = Chance("test", kind)
    scenery = draw_scenery(chance, shifted=False, level=0)
    actor: Actor = cast_actor(chance, kind, 80 * 16, 60 * 16, 110 * 16, level=0)
    return tuple(  # type: ignore[return-value]
        draw_scene(scenery, [each], SIZE, Chance("land", kind), Look(plain=True))
        for each in (actor, moved(actor, dx, dy, phase))
    )


def fetched(pixels: NDArray[np.uint8], flow: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fetch each pixel from where the flow leads, between the four pixels around."""
    size = len(pixels)
    rows, columns = np.mgrid[:size, :size].astype(float)
    x, y = (columns + flow[..., 0]).clip(0, size - 1.001), (rows + flow[..., 1]).clip(0, size - 1.001)
    left, top = x.astype(int), y.astype(int)
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = pixels[top, left] * (1 - across) + pixels[top, left + 1] * across
    lower = pixels[top + 1, left] * (1 - across) + pixels[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


def near_a_border(scene: Scene) -> np.ndarray:
    """Say where a limb ends within a pixel: colours are blended there."""
    number = scene.owners.astype(int) * 256 + scene.limbs
    edge = np.zeros_like(number, bool)
    for axis in (0, 1):
        for step in (-1, 1):
            edge |= np.roll(number, step, axis) != number
    return edge


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_frame_of_a_kind_is_this_frame(kind: str) -> None:
    now, then = frames(kind, 40, -16, 60)
    flow = flow_between(now, then)
    moving = (now.owners > 0) & ~is_hidden(now, then, flow) & ~near_a_border(now)
    border = near_a_border(then)
    to = np.floor(np.mgrid[:SIZE, :SIZE] + 0.5 + flow.transpose(2, 0, 1)[::-1]).astype(int).clip(0, SIZE - 1)
    moving &= ~border[to[0], to[1]]
    apart = np.abs(fetched(then.pixels.astype(float), flow) - now.pixels)[moving]
    assert moving.sum() > 100
    assert apart.mean() < 4.0
    still = np.abs(then.pixels.astype(float) - now.pixels)[moving]
    assert apart.mean() < 0.6 * still.mean(), "better than no flow at all"


@pytest.mark.parametrize("kind", KINDS)
def test_standing_still_is_no_flow(kind: str) -> None:
    now, then = frames(kind, 0, 0, 0)
    flow = flow_between(now, then)
    assert np.abs(flow).max() == 0
    assert not is_hidden(now, then, flow).any()


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_on_a_creature(kind: str) -> None:
    now, then = frames(kind, 64, 0, 40)
    there, back = flow_between(now, then), flow_between(then, now)
    seen = (now.owners > 0) & ~is_hidden(now, then, there)
    rows, columns = np.nonzero(seen)
    to_column = np.floor(columns + 0.5 + there[rows, columns, 0]).astype(int)
    to_row = np.floor(rows + 0.5 + there[rows, columns, 1]).astype(int)
    gap = np.linalg.norm(there[rows, columns] + back[to_row, to_column], axis=1)
    assert np.median(gap) < 0.35, "within the pixel it lands in"


def away_from_borders(scene: Scene) -> NDArray[np.bool_]:
    """Say which pixels have no other limb within two pixels, where the lens blends them."""
    number = scene.owners.astype(int) * 256 + scene.limbs
    near = np.zeros_like(number, bool)
    for step_y in range(-2, 3):
        for step_x in range(-2, 3):
            near |= np.roll(number, (step_y, step_x), (0, 1)) != number
    return ~near


def compared(pair: FramePair) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give how far the second frame along the flow is from the first, and where that says something."""
    size = len(pair.forward)
    to = np.floor(np.mgrid[:size, :size] + 0.5 + pair.forward.transpose(2, 0, 1)[::-1]).astype(int)
    inside = ((to >= 3) & (to < size - 3)).all(axis=0)
    to = to.clip(0, size - 1)
    where = inside & ~pair.hidden & away_from_borders(pair.first) & away_from_borders(pair.second)[to[0], to[1]]
    return np.abs(fetched(pair.second.pixels, pair.forward) - pair.first.pixels).mean(axis=2), where


@pytest.mark.parametrize("index", range(8))
def test_the_next_frame_along_the_flow_is_this_frame(index: int) -> None:
    pair = frame_pair(index, level=0)
    apart, where = compared(pair)
    moving = where & (pair.first.owners > 0)
    assert moving.sum() > 100
    assert apart[where].mean() < 0.5
    assert apart[moving].mean() < 2.0
    still = np.abs(pair.second.pixels.astype(float) - pair.first.pixels).mean(axis=2)
    assert still[moving].mean() > 2 * apart[moving].mean() or np.abs(pair.forward).max() < 1


@pytest.mark.parametrize("index", range(4))
def test_the_camera_s_flow_is_true_too(index: int) -> None:
    pair = frame_pair(index, level=1)
    apart, where = compared(pair)
    assert np.abs(pair.forward[pair.first.owners == 0]).max() > 0
    assert apart[where].mean() < 4.0, "the grain of two frames alone makes 2.7"


def test_there_and_back_is_where_it_was() -> None:
    for index in range(6):
        pair = frame_pair(index, level=1)
        rows, columns = np.nonzero(~pair.hidden)
        to = np.floor(np.stack((columns, rows), axis=1) + 0.5 + pair.forward[rows, columns]).astype(int)
        gap = np.linalg.norm(pair.forward[rows, columns] + pair.backward[to[:, 1], to[:, 0]], axis=1)
        assert np.median(gap) < 0.1
        assert np.quantile(gap, 0.99) < 0.75


def test_ways_are_short_and_long() -> None:
    farthest = [
        float(np.linalg.norm(pair.forward[pair.first.owners > 0], axis=1).mean())
        for pair in (frame_pair(index, size=96, level=0) for index in range(40))
        if (pair.first.owners > 0).any()
    ]
    assert min(farthest) < 1.0
    assert max(farthest) > 3.0


def test_trees_before_a_moving_camera_keep_the_flow_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """At level 3, but for what spoils a picture: land, trees and creatures are where the flow says."""

    def calm(*given: Any) -> Look:
        return replace(look_of(*given), soft=0, night=0, jpeg_quality=0)

    monkeypatch.setattr("onward.meadow.doors.look_of", calm)
    monkeypatch.setattr("onward.meadow.stage.paint_weather", lambda *given: None)
    trees = 0
    for index in range(8):
        pair = frame_pair(index, level=3)
        apart, where = compared(pair)
        assert apart[where].mean() < 4.0, "the grain of two frames alone makes 2.7"
        look = enter("flow", index, 192, "train", 0, 3).look
        for thing in look.distractors:
            column, row = thing.x // 16, (thing.y - thing.height // 2) // 16
            if 8 <= column < 184 and 8 <= row < 184:
                trees += 1
                assert apart[row - 4 : row + 4, column - 4 : column + 4].mean() < 12
    assert trees > 3
