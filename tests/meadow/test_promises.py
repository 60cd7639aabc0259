"""What the meadow promises of its sets as wholes: balance, emptiness, no short cuts, and splits that share nothing."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from onward.meadow import (
    KINDS,
    ROOMS,
    factors,
    film,
    frame_pair,
    large_scene,
    one_creature,
    picture_labels,
    posed_creatures,
    some_creatures,
)
from onward.meadow.cast import Actor
from onward.meadow.chance import TURN
from onward.meadow.doors import look_of
from onward.meadow.pictures_room import heap_picture
from onward.meadow.scene import HELD_COAT, HELD_GROUND, HELD_PHASES, Scenery
from onward.meadow.semi_room import semi_creature
from onward.meadow.stage import AS_IT_IS, Look, Scene, draw_scene

LEVELS = (0, 1, 2, 3)
CHANCE = 1 / len(KINDS)
# room -> the module that has its scenes drawn, and its door
DOORS: dict[str, tuple[str, Callable[..., object]]] = {
    "classify": ("classify_room", one_creature),
    "detect": ("detect_room", some_creatures),
    "pose": ("pose_room", posed_creatures),
    "flow": ("flow_room", frame_pair),
    "tracks": ("tracks_room", lambda index, **how: film(index, **how).scene(0)),
    "semi": ("classify_room", semi_creature),
    "pictures": ("classify_room", heap_picture),
    "scene": ("scene_room", large_scene),
}
Layout = tuple[Scenery, tuple[Actor, ...]]


class _EnoughSeen(Exception):
    pass


@contextmanager
def _overheard(room: str, layouts: list[Layout], scenes: int) -> Iterator[None]:
    """Write down what is to be drawn, and stop after so many scenes of a sample."""

    def drawn(scenery: Scenery, actors: Sequence[Actor], size: int, chance: Any, look: Look = AS_IT_IS) -> Scene:
        layouts.append((scenery, tuple(actors)))
        if len(layouts) == scenes:
            raise _EnoughSeen
        return draw_scene(scenery, actors, size, chance, look)

    with mock.patch.object(importlib.import_module(f"onward.meadow.{DOORS[room][0]}"), "draw_scene", drawn):
        yield


def layouts_of(room: str, index: int, scenes: int = 1, **how: Any) -> list[Layout]:
    """Give where a sample's creatures stand, in each of its scenes."""
    found: list[Layout] = []
    with _overheard(room, found, scenes), suppress(_EnoughSeen):
        DOORS[room][1](index, size=48, **how)
    return found


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_tenth_of_the_scenes_is_empty(level: int) -> None:
    """Counted over all that a learner is given, not over some of it."""
    crowds = [layouts_of("detect", index, level=level)[0][1] for index in range(ROOMS["detect"]["train"])]
    assert 0.10 <= np.mean([not crowd for crowd in crowds]) <= 0.15
    kinds = Counter(actor.kind for crowd in crowds for actor in crowd)
    assert all(abs(kinds[kind] / kinds.total() - CHANCE) <= 0.02 for kind in KINDS)


@pytest.mark.parametrize("room", ["classify", "semi", "pictures"])
@pytest.mark.parametrize("level", LEVELS)
def test_classes_are_balanced(room: str, level: int) -> None:
    for split in ROOMS[room]:
        labels = picture_labels(room, split, level=level)
        shares = np.bincount(labels[labels >= 0], minlength=len(KINDS)) / (labels >= 0).sum()
        assert np.abs(shares - CHANCE).max() <= 0.02


def told(clues: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Give how often a logistic regression, fitted on one half, tells the kind in the other half."""
    known = StandardScaler().fit_transform(clues)
    half = len(known) // 2
    return LogisticRegression(max_iter=300).fit(known[:half], labels[:half]).score(known[half:], labels[half:])


def test_neither_colour_nor_size_nor_place_tells_the_kind() -> None:
    """Within five points of chance, over 3000 pictures.

    A bare mean over the whole picture may say a little more: how much land is hidden is a matter of shape.
    """
    clues: dict[str, list[object]] = {"colour": [], "size": [], "place": [], "picture": []}
    for index in range(3000):
        scene = one_creature(index % 2000, size=32, seed=index // 2000)
        left, top, right, bottom = scene.creatures[0].whole
        clues["colour"].append(scene.pixels[scene.owners > 0].mean(axis=0))
        clues["size"].append([max(right - left, bottom - top)])
        clues["place"].append([(left + right) / 2, bottom])
        clues["picture"].append(scene.pixels.mean(axis=(0, 1)))
    labels = np.arange(3000) % len(KINDS)
    shares = {name: told(np.array(values, np.float64), labels) for name, values in clues.items()}
    assert shares.pop("picture") < CHANCE + 0.08
    assert max(shares.values()) < CHANCE + 0.05, shares


def test_the_land_does_not_tell_the_kind() -> None:
    """The ground is drawn before the kind is looked at."""
    grounds = Counter((layouts_of("classify", index)[0][0].ground, index % len(KINDS)) for index in range(1200))
    for ground in ("grass", "straw"):
        shares = [grounds[ground, kind] / 300 for kind in range(len(KINDS))]
        assert max(shares) - min(shares) < 0.10


@pytest.mark.parametrize("room", DOORS)
@pytest.mark.parametrize("level", LEVELS)
def test_splits_share_no_layout(room: str, level: int) -> None:
    seen: dict[int, str] = {}
    for split, count in ROOMS[room].items():
        for index in range(min(count, 60)):
            scenery, actors = layouts_of(room, index, split=split, level=level)[0]
            bare = [replace(actor, horse=None) for actor in actors]
            layout = hash((scenery, tuple(bare)))
            if bare and not (room == "pictures" and seen.get(layout) == split):  # its copies stay within a split
                assert layout not in seen, f"{split} shows what {seen.get(layout)} shows"
            if bare:
                seen[layout] = split


@pytest.mark.parametrize("room", DOORS)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_held_out_shows_in_test_shift_only(room: str, level: int) -> None:
    """Films show a whole stride; in every other room an eighth of it is kept for test-shift."""
    scenes = 2 if room == "flow" else 1
    moving = 0
    for split, count in ROOMS[room].items():
        shifted = split == "test-shift"
        for index in range(min(count, 60)):
            for scenery, actors in layouts_of(room, index, scenes, split=split, level=level):
                assert (scenery.ground == HELD_GROUND) == shifted
                for actor in actors:
                    coats = {actor.coat, actor.second} | ({actor.horse.coat} if actor.horse else set())
                    assert (HELD_COAT in coats) == (coats == {HELD_COAT}) == shifted
                    if room != "tracks":
                        assert (actor.phase in HELD_PHASES) == shifted
                        moving += actor.is_moving
    assert moving > 50 or room == "tracks"


@pytest.mark.parametrize("level", LEVELS)
def test_horses_hold_the_same_out(level: int) -> None:
    for split in ROOMS["horses"]:
        for index in range(200):
            horse = factors(index, split=split, level=level)
            is_held = {horse.coat == HELD_COAT, horse.ground == HELD_GROUND}
            assert is_held == {split == "test-shift"}
            assert horse.phase % TURN not in HELD_PHASES or split == "test-shift"


@pytest.mark.parametrize("room", ["classify", "detect", "pose", "flow", "semi", "scene"])
def test_noise_changes_no_truth(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Night, rain, blur and JPEG fall on pixels alone."""

    def calm(*given: Any) -> Look:
        return replace(look_of(*given), soft=0, night=0, jpeg_quality=0)

    def scene_of(index: int) -> Scene:
        found = DOORS[room][1](index, size=48, level=3)
        return found.first if room == "flow" else found  # type: ignore[attr-defined,return-value]

    noisy = [scene_of(index) for index in range(12)]
    monkeypatch.setattr("onward.meadow.doors.look_of", calm)
    monkeypatch.setattr("onward.meadow.stage.paint_weather", lambda *given: None)
    changed = 0
    for index, scene in enumerate(noisy):
        bare = scene_of(index)
        changed += bool((bare.pixels != scene.pixels).mean() > 0.5)
        assert np.array_equal(bare.owners, scene.owners)
        assert np.array_equal(bare.limbs, scene.limbs)
        for one, other in zip(bare.creatures, scene.creatures, strict=True):
            assert np.array_equal(one.keypoints, other.keypoints)
            assert (one.box, one.whole, one.seen) == (other.box, other.whole, other.seen)
    assert changed > 3


def test_somebody_is_to_be_seen_in_every_hard_picture_of_one_creature() -> None:
    scenes = [one_creature(index, size=48, level=3) for index in range(200)]
    shares = [scene.creatures[0].seen for scene in scenes]
    assert min(shares) >= 0.2
    assert np.mean(np.array(shares) < 0.9) > 0.1, "some are hidden in part"


def test_crowds_hide_each_other() -> None:
    """Among several creatures, more are hidden in part at level 3 than at level 2."""
    hidden = {}
    for level in (2, 3):
        crowds = [posed_creatures(index, size=48, level=level).creatures for index in range(150)]
        shares = [creature.seen < 0.8 for crowd in crowds for creature in crowd]
        hidden[level] = np.mean(shares)
        assert any(not crowd for crowd in crowds) == (level == 3)
    assert hidden[3] > hidden[2] + 0.05, hidden
