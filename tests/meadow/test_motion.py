"""The flow is true: the next frame, fetched along it, is this frame."""

from __future__ import annotations

import numpy as np
import pytest

from onward.meadow.cast import KINDS, Actor, cast_actor, moved
from onward.meadow.chance import Chance
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


def fetched(pixels: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Fetch each pixel from where the flow leads, between the four pixels around."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(float)
    x, y = (columns + flow[..., 0]).clip(0, SIZE - 1.001), (rows + flow[..., 1]).clip(0, SIZE - 1.001)
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
def test_the_next_frame_along_the_flow_is_this_frame(kind: str) -> None:
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
def test_there_and_back_is_where_it_was(kind: str) -> None:
    now, then = frames(kind, 64, 0, 40)
    there, back = flow_between(now, then), flow_between(then, now)
    seen = (now.owners > 0) & ~is_hidden(now, then, there)
    rows, columns = np.nonzero(seen)
    to_column = np.floor(columns + 0.5 + there[rows, columns, 0]).astype(int)
    to_row = np.floor(rows + 0.5 + there[rows, columns, 1]).astype(int)
    gap = np.linalg.norm(there[rows, columns] + back[to_row, to_column], axis=1)
    assert np.median(gap) < 0.35, "within the pixel it lands in"
