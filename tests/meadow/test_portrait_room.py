"""The room meadow:portraits keeps its promises: pure, split, varied, of independent factors, quick."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from onward.core.faults import UsageFault
from onward.data.pictures import read_pictures
from onward.meadow import ROOMS, parse_address, portrait, portrait_factors, portraits
from onward.meadow.portrait_colours import BACKGROUNDS, HELD_OUT_BACKGROUND, HELD_OUT_HAIR, SKINS
from onward.meadow.portrait_drawing import moved
from onward.meadow.portrait_parts import parts_of

SEEN = [portrait_factors(index) for index in range(600)]


def test_pictures_do_not_depend_on_order_or_company() -> None:
    forwards = portraits(6, start=10)
    backwards = [portrait(index) for index in range(15, 9, -1)][::-1]
    assert np.array_equal(forwards, np.stack(backwards))
    assert forwards.shape == (6, 64, 64, 3)
    assert forwards.dtype == np.uint8


def test_splits_seeds_and_levels_share_no_portrait() -> None:
    ways: list[dict[str, Any]] = [{"split": split} for split in ROOMS["portraits"]] + [{"seed": 1}, {"level": 0}]
    found = [dataclasses.replace(portrait_factors(i, **way), address="") for way in ways for i in range(200)]
    assert len(set(found)) == len(found)


def test_what_is_held_out_shows_in_test_shift_only() -> None:
    shifted = [portrait_factors(index, split="test-shift") for index in range(50)]
    assert {(seen.hair, seen.background) for seen in shifted} == {(HELD_OUT_HAIR, HELD_OUT_BACKGROUND)}
    assert not any(seen.hair == HELD_OUT_HAIR or seen.background == HELD_OUT_BACKGROUND for seen in SEEN)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [("skin", 9), ("cut", 14), ("hair", 14), ("mouth", 6), ("hat", 6), ("glasses", 4), ("beard", 5), ("clothes", 8),
     ("background", len(BACKGROUNDS) - 1), ("face", 5), ("lit", 2)],
)  # fmt: skip
def test_every_factor_varies(name: str, kinds: int) -> None:
    counts = Counter(getattr(seen, name) for seen in SEEN)
    assert len(counts) == kinds
    assert min(counts.values()) >= 5
    assert max(counts.values()) <= 0.8 * len(SEEN)


def test_skin_tells_nothing_of_hair_mouth_or_clothes() -> None:
    light = set(list(SKINS)[:4])
    for name in ("hair", "mouth", "clothes", "glasses"):
        common, _ = Counter(getattr(seen, name) for seen in SEEN).most_common(1)[0]
        shares = [
            np.mean([getattr(seen, name) == common for seen in SEEN if (seen.skin in light) == side])
            for side in (True, False)
        ]
        assert abs(shares[0] - shares[1]) < 0.13, name


def test_a_face_turns_where_it_looks_and_its_parts_stay_in_the_picture() -> None:
    for seen in SEEN[:60]:
        left, right = (dataclasses.replace(seen, turn=turn, roll=0) for turn in (-80, 80))
        parts = parts_of(seen)
        nose = max(range(len(parts)), key=lambda place: parts[place].depth)
        apart = [moved(side, parts)[nose][:, 0].mean() for side in (left, right)]
        assert apart[0] < apart[1] - 60
        head = np.concatenate([line for part, line in zip(parts, moved(seen, parts), strict=True) if not part.body])
        assert head[:, 0].min() > 0
        assert head[:, 0].max() < 1000


def test_pictures_are_all_different_and_use_the_whole_range() -> None:
    pictures = portraits(120)
    small = pictures.reshape(120, 16, 4, 16, 4, 3).mean(axis=(2, 4)).reshape(120, -1)
    distances = np.sqrt(((small[:, None] - small[None]) ** 2).mean(axis=2)) + 1e6 * np.eye(120)
    assert distances.min() > 8
    assert pictures.std() > 50


def test_sizes_show_the_same_portrait() -> None:
    small, large = portrait(3, size=32).astype(float), portrait(3, size=64).astype(float)
    assert np.abs(large.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3)) - small).mean() < 8
    assert portrait(3, size=17).shape == (17, 17, 3)
    assert portrait(3, size=150).shape == (150, 150, 3)


def test_level_0_looks_ahead_with_nothing_on() -> None:
    calm = [portrait_factors(index, level=0) for index in range(50)]
    assert {(s.hat, s.glasses, s.beard, s.turn, s.roll, s.backdrop) for s in calm} == {
        ("none", "none", "none", 0, 0, "even")
    }


def test_it_is_quick(cost_in_plain_pictures: Callable[[Callable[[int], object]], float]) -> None:
    assert cost_in_plain_pictures(portrait) < 3


def test_the_door_to_pictures_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.meadow.rooms.ROOMS", {**ROOMS, "portraits": {"train": 80}})
    pictures = read_pictures("meadow:portraits@0", size=16)
    assert pictures.images.shape == (80, 16, 16, 3)
    assert np.array_equal(pictures.images[7], portrait(7, size=16, level=0))
    monkeypatch.undo()
    with pytest.raises(UsageFault, match="no sample 5000 in train"):
        portrait(5000)
    assert parse_address("meadow:portraits").splits["train"] == 5000
