"""The room meadow:horses keeps its promises: pure, split, varied, plausible, quick, and clear about bad requests."""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import pkgutil
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onward.meadow
from onward.core.faults import UsageFault
from onward.meadow import ROOMS, factors, horse, horses, parse_address
from onward.meadow.horse_body import posed_horse
from onward.meadow.render import cover_of

GOLDEN_FACTORS = 3361683643
GOLDEN_POSES = 2146763177
GOLDEN_MEAN_COLOUR = (145.6, 144.1, 125.0)
ROOT = Path(__file__).parents[2]
SEEN = [factors(index) for index in range(600)]
SHIFTED = [factors(index, split="test-shift") for index in range(200)]


def _crc(count: int) -> int:
    words = "\n".join(repr(dataclasses.astuple(factors(index))) for index in range(count))
    return zlib.crc32(words.encode())


def test_pictures_do_not_depend_on_order_or_company() -> None:
    forwards = horses(6, size=32, start=10)
    backwards = [horse(index, size=32) for index in range(15, 9, -1)][::-1]
    assert np.array_equal(forwards, np.stack(backwards))
    assert forwards.shape == (6, 32, 32, 3)
    assert forwards.dtype == np.uint8


def test_another_process_draws_the_same() -> None:
    code = "import zlib; from onward.meadow import horses; print(zlib.crc32(horses(4, size=48, split='val').tobytes()))"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert int(ran.stdout) == zlib.crc32(horses(4, size=48, split="val").tobytes())


def test_factors_are_golden() -> None:
    """A change here is a change of the world: raise WORLD_VERSION with it."""
    assert _crc(64) == GOLDEN_FACTORS


def test_the_pose_is_golden() -> None:
    crc = 0
    for index in range(64):
        crc = zlib.crc32(posed_horse(factors(index)).points.astype("<i8").tobytes(), crc)
    assert crc == GOLDEN_POSES


def test_the_pixels_are_golden_but_for_rounding() -> None:
    """Rasterisers may differ in an edge pixel; the look of the world may not drift."""
    assert np.abs(horses(16).mean(axis=(0, 1, 2)) - GOLDEN_MEAN_COLOUR).max() < 1


def test_splits_seeds_and_levels_share_no_horse() -> None:
    ways: list[dict[str, Any]] = [{"split": split} for split in ROOMS["horses"]] + [{"seed": 1}, {"level": 0}]
    scenes = [
        dataclasses.replace(factors(index, **way), address="", held_out=False) for way in ways for index in range(300)
    ]
    assert len(set(scenes)) == len(scenes)


def test_what_is_held_out_shows_in_test_shift_only() -> None:
    assert {scene.ground for scene in SHIFTED} == {"heather"}
    assert {scene.coat for scene in SHIFTED} == {"blue roan"}
    phases = {scene.phase // 512 for scene in SHIFTED}
    assert phases == {5}
    moving = [scene for scene in SEEN if scene.gait in ("walk", "trot", "gallop")]
    assert {scene.phase // 512 for scene in moving} == set(range(8)) - phases
    assert not any(scene.ground == "heather" or scene.coat == "blue roan" for scene in SEEN)


@pytest.mark.parametrize("name", ["heading", "coat", "gait", "light", "weather", "sky", "ground", "background"])
def test_every_factor_varies(name: str) -> None:
    counts = Counter(getattr(scene, name) for scene in SEEN)
    assert len(counts) >= {"heading": 2, "sky": 3, "light": 4, "weather": 4}.get(name, 5)
    assert max(counts.values()) <= 0.8 * len(SEEN)
    assert min(counts.values()) >= 10


def test_coat_is_independent_of_ground() -> None:
    dark = {"black", "dark bay", "black pinto", "liver chestnut"}
    share = sum(scene.coat in dark for scene in SEEN) / len(SEEN)
    for ground in ("grass", "straw"):
        here = [scene.coat in dark for scene in SEEN if scene.ground == ground]
        assert abs(sum(here) / len(here) - share) < 0.12


def test_pictures_are_all_different_and_use_the_whole_range() -> None:
    pictures = horses(120, size=32)
    small = pictures.reshape(120, 8, 4, 8, 4, 3).mean(axis=(2, 4)).reshape(120, -1)
    distances = np.sqrt(((small[:, None] - small[None]) ** 2).mean(axis=2)) + 1e6 * np.eye(120)
    assert distances.min() > 8
    assert pictures.std() > 40
    assert pictures.reshape(120, -1).std(axis=1).min() > 15


@pytest.mark.parametrize("size", [32, 64])
def test_the_horse_covers_a_plausible_share(size: int) -> None:
    for scene in SEEN[:80]:
        cover = cover_of(scene, size)
        columns = np.flatnonzero(cover.max(axis=0) > 0.3)
        width = (columns[-1] - columns[0] + 1) / size
        assert 0.05 < cover.mean() < 0.6
        assert 0.5 <= width <= 0.95
        assert cover[0].max() < 0.5, "its ears are cut off"


def test_the_horse_looks_where_its_heading_says() -> None:
    for scene in SEEN[:60]:
        left = dataclasses.replace(scene, heading="left", across=128)
        cover, mirrored = cover_of(left, 64), cover_of(dataclasses.replace(left, heading="right"), 64)
        assert abs(cover - mirrored[:, ::-1]).mean() < 0.03
        assert abs(cover - mirrored).mean() > 0.04


def test_it_shows_against_its_background() -> None:
    """Few horses may vanish in what lies behind them; mist and snow may hide some."""
    clear = 0
    for scene in SEEN[:60]:
        picture, cover = horse(int(scene.address.split()[-1]), size=32).astype(float), cover_of(scene, 32)
        inside = picture[cover > 0.9].mean(axis=0)
        outside = picture[cover < 0.1].mean(axis=0)
        clear += np.abs(inside - outside).max() > 12
    assert clear >= 54


def test_sizes_show_the_same_scene() -> None:
    small, large = horse(3, size=32).astype(float), horse(3, size=64).astype(float)
    assert np.abs(large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)) - small).mean() < 20
    assert horse(3, size=17).shape == (17, 17, 3)
    assert horse(3, size=150).shape == (150, 150, 3)


def test_level_0_is_the_calm_meadow() -> None:
    calm = [factors(index, level=0) for index in range(50)]
    assert {(scene.light, scene.weather, scene.ground, scene.background) for scene in calm} == {
        ("noon", "clear", "grass", "open")
    }


def test_it_is_quick(cost_in_plain_pictures: Callable[[Callable[[int], object]], float]) -> None:
    assert cost_in_plain_pictures(lambda index: horse(index, size=64)) < 3


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("meadow:horse", "Did you mean horses?"),
        ("meadow:xyzzy", "Known: classify, detect, flow, horses"),
        ("meadow:", "has no room ''"),
        ("horses", "no address of the meadow"),
        ("meadow:horses@7", "has levels 0 to 3"),
        ("meadow:horses@", "has levels 0 to 3"),
        ("meadow:horses@1.5", "has levels 0 to 3"),
    ],
)
def test_unknown_addresses_get_a_sentence(address: str, said: str) -> None:
    with pytest.raises(UsageFault) as caught:
        parse_address(address)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_addresses_are_read() -> None:
    assert parse_address(" meadow:horses@0 ").level == 0
    assert parse_address("meadow:horses").splits["train"] == 5000


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"count": 0}, "at least 1"),
        ({"count": -3}, "at least 1"),
        ({"count": 1, "size": 15}, "Choose a size of 16"),
        ({"count": 1, "size": 100_000}, "GiB"),
        ({"count": 5000, "size": 2048}, "GiB"),
        ({"count": 1, "start": -1}, "no sample -1"),
        ({"count": 5001}, "no sample 5000 in train"),
        ({"count": 1, "split": "val", "start": 500}, "no sample 500 in val"),
        ({"count": 1, "split": "tests"}, "Did you mean test"),
        ({"count": 1, "seed": -1}, "seed is -1"),
        ({"count": 1, "level": 9}, "has levels 0 to 3"),
    ],
)
def test_bad_requests_get_a_sentence(request_: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        horses(**request_)


def test_huge_seeds_are_welcome() -> None:
    assert factors(0, seed=2**200) != factors(0, seed=2**200 + 1)


def test_addresses_need_no_numpy() -> None:
    code = "import sys, onward.meadow as m; m.parse_address('meadow:horses'); print('numpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(onward.meadow.__path__)])
def test_examples_run(name: str) -> None:
    tried = doctest.testmod(importlib.import_module(f"onward.meadow.{name}"))
    assert tried.failed == 0
