"""Dense flow without training: ways, what is to be believed, the camera, what moves by itself, colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("cv2")

from onward.parts.dense_flow import Flow, FlowFinder, dis_flow, fetched, is_consistent, searched
from onward.vision.motion.colours import drawn_flow, flow_colours
from onward.vision.motion.regions import camera_motion, moving_regions
from onward.vision.motion.watching import Rim


def noise(side: int = 96, seed: int = 0) -> NDArray[np.uint8]:
    """Make a picture whose texture is coarse enough to be followed."""
    small = np.random.default_rng(seed).integers(0, 255, (side // 4, side // 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def test_a_shift_is_found() -> None:
    first = noise()
    second = np.roll(first, (2, 5), axis=(0, 1))
    way = dis_flow(first, second)[16:-16, 16:-16]
    assert np.abs(way - [5, 2]).mean() < 0.2


def test_the_motorcycle_is_found_as_by_the_peer(real_data) -> None:
    folder = real_data / "motion" / "flow"
    first, second = (
        np.asarray(Image.open(folder / f"motorcycle_{side}.png").convert("RGB")) for side in ("left", "right")
    )
    disparity = np.load(folder / "motorcycle_disp.npz")["arr_0"]
    known = np.isfinite(disparity)
    way = dis_flow(first, second)
    apart = np.hypot(way[..., 0] + np.where(known, disparity, 0), way[..., 1])[known]
    assert apart.mean() < 2.64
    flow, _ = searched(FlowFinder(), first, second)
    sure = flow.sure[known]
    assert apart[sure].mean() < 0.75 * apart.mean()
    assert 0.8 < sure.mean() < 0.97


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (17, 33)])
def test_small_and_odd_pictures_have_a_flow(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    flow, back = searched(FlowFinder(), picture, picture)
    assert flow.way.shape == back.way.shape == (*size, 2)
    assert np.isfinite(flow.way).all()
    assert moving_regions(flow, picture, picture) == []


def test_large_pictures_are_shrunk_and_their_ways_are_not() -> None:
    first = noise(160)
    second = np.roll(first, 8, axis=1)
    flow, _ = searched(FlowFinder(), first, second, longest_side=80)
    assert flow.way.shape == (160, 160, 2)
    assert abs(float(np.median(flow.way[..., 0])) - 8) < 0.5


def test_going_there_and_back_tells_what_is_hidden() -> None:
    still = np.zeros((8, 8, 2), np.float32)
    assert is_consistent(still, still).all()
    away = still.copy()
    away[:, 6:, 0] = 4  # leads outside
    assert not is_consistent(away, still)[:, 6:].any()
    wrong = still.copy()
    wrong[2, 2] = (3, 0)
    assert not is_consistent(wrong, still)[2, 2]


def test_fetching_undoes_a_shift() -> None:
    first = noise(64)
    way = np.zeros((64, 64, 2), np.float32)
    way[..., 0] = 3
    back = fetched(np.roll(first, 3, axis=1), way)
    assert np.abs(back - first)[:, :60].max() < 1e-3


def test_the_camera_is_told_from_what_moves_in_front() -> None:
    rows, columns = np.mgrid[:80, :120].astype(np.float32)
    pan = np.stack([4 + 0.02 * columns, -1 + 0.01 * rows], axis=2)
    way = pan.copy()
    way[20:60, 30:80] += (9, 3)  # a large thing in front, a fifth of the picture
    found = camera_motion(Flow(way, np.ones((80, 120), bool)))
    assert np.abs(found - pan).max() < 0.1


def test_what_moves_by_itself_is_boxed_and_a_clear_sky_is_not() -> None:
    ground, thing = noise(128), noise(32, seed=5)
    first, second = ground.copy(), np.roll(ground, 2, axis=1)
    first[:30] = second[:30] = 200  # a sky: its flow says anything
    first[60:92, 40:72], second[60:92, 48:80] = thing, thing
    flow, _ = searched(FlowFinder(), first, second)
    flow.way[5:20, 60:90] = (7, 0)
    flow.sure[5:20, 60:90] = True
    regions = moving_regions(flow, first, second)
    assert len(regions) == 1
    assert regions[0].box == pytest.approx((40, 60, 72, 92), abs=8)
    assert regions[0].way[0] == pytest.approx(6, abs=1)


def test_colours_turn_with_the_way() -> None:
    right, down, left, up = (flow_colours(np.array([[way]], float), 1.0)[0, 0].astype(int) for way in
                             ((1, 0), (0, 1), (-1, 0), (0, -1)))  # fmt: skip
    assert right[0] > 200 > right[1]
    assert down[0] > 150 < down[1]
    assert left[1] > 150 < left[2]
    assert up[2] > 200 > up[1]


@given(st.floats(0, 7), st.floats(0.01, 50), st.floats(0.1, 100))
def test_longer_ways_are_never_paler(angle: float, length: float, longest: float) -> None:
    way = length * np.array([np.cos(angle), np.sin(angle)])
    short, long = (255 - flow_colours(np.array([[each]]), longest).astype(int) for each in (way / 2, way))
    assert (long + 1 >= short).all()


@pytest.mark.parametrize("size", [(200, 300), (20, 30), (5, 5)])
def test_a_legend_is_drawn_where_there_is_room(size: tuple[int, int]) -> None:
    plain = drawn_flow(np.zeros((*size, 2)), 5.0, words="1.00 s")
    assert plain.shape == (*size, 3)
    assert (plain != 255).any() == (min(size) >= 48)


def test_the_rim_is_a_round_number_and_seldom_another() -> None:
    rim, sure = Rim(), np.ones((16, 16), bool)
    told = [rim.of(Flow(np.full((16, 16, 2), length, np.float32), sure)) for length in (1.0, 1.2, 1.1, 1.3, 9.0)]
    assert told[:4] == [2.0] * 4
    assert told[4] == 20.0
