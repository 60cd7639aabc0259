"""Every room: samples depend on their address alone, and what a room says of a sample is so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.data.boxes import read_boxes
from onward.data.photo_albums import album_for
from onward.data.pictures import read_pictures
from onward.meadow import (
    KINDS,
    ROOMS,
    Photos,
    film,
    flip_pairs,
    frame_pair,
    horse,
    labelled,
    large_scene,
    one_creature,
    part_mask,
    picture_labels,
    pictures_of,
    planted,
    portrait,
    posed_creatures,
    skeleton,
    some_creatures,
)
from onward.meadow.pictures_room import heap_picture
from onward.meadow.rooms import Room
from onward.meadow.semi_room import DRAWS, LABELS_A_CLASS, semi_creature
from onward.meadow.stage import Scene

Draw = Callable[..., NDArray[np.uint8]]
DRAWN: dict[str, Draw] = {
    "horses": horse,
    "portraits": portrait,
    "classify": lambda index, **how: one_creature(index, **how).pixels,
    "detect": lambda index, **how: some_creatures(index, **how).pixels,
    "pose": lambda index, **how: posed_creatures(index, **how).pixels,
    "flow": lambda index, **how: frame_pair(index, **how).second.pixels,
    "tracks": lambda index, **how: film(index, **how).scene(3).pixels,
    "semi": lambda index, **how: semi_creature(index, **how).pixels,
    "pictures": heap_picture,
    "scene": lambda index, **how: large_scene(index, **how).pixels,
}
SCENES: dict[str, Callable[..., Scene]] = {
    "classify": one_creature,
    "detect": some_creatures,
    "pose": posed_creatures,
    "semi": semi_creature,
    "scene": large_scene,
}


def test_every_room_is_drawn_here() -> None:
    assert DRAWN.keys() == ROOMS.keys()


@pytest.mark.parametrize("room", DRAWN)
def test_a_sample_is_a_function_of_its_address(room: str) -> None:
    draw = DRAWN[room]
    twice = [draw(index, size=48) for index in (5, 4, 5)]
    assert (twice[0] == twice[2]).all()
    others = [draw(4, size=48), draw(5, size=48, seed=1), draw(5, size=48, split="val"), draw(5, size=48, level=0)]
    assert all((twice[0] != other).any() for other in others)


@pytest.mark.parametrize("room", DRAWN)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"level": 9}, "level 9"),
        ({"split": "exam"}, "no split"),
        ({"seed": -1}, "seed is -1"),
        ({"size": 4}, "Choose a size"),
    ],
)
def test_bad_requests_get_a_sentence(room: str, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        DRAWN[room](0, **{"size": 32, **wrong})
    with pytest.raises(UsageFault, match="no sample"):
        DRAWN[room](10**6, size=32)


@pytest.mark.parametrize("room", SCENES)
def test_odd_sizes_and_hard_levels_keep_the_truth_valid(room: str) -> None:
    for index in range(6):
        scene = SCENES[room](index, size=33, level=2)
        for creature in scene.creatures:
            assert np.isfinite(creature.keypoints).all()
            assert 0 <= creature.seen <= 1
            if creature.box is not None:
                left, top, right, bottom = creature.box
                assert 0 <= left < right <= 33
                assert 0 <= top < bottom <= 33


def test_joints_are_seen_on_their_own_creature() -> None:
    for index in range(8):
        for creature in posed_creatures(index).creatures:
            assert creature.names == skeleton(creature.kind)
            assert (creature.keypoints[:, 2] == 2).mean() > 0.5
    for kind in KINDS:
        pairs = flip_pairs(skeleton(kind))
        assert sorted(place for pair in pairs for place in pair) == [
            place for place, name in enumerate(skeleton(kind)) if "left" in name or "right" in name
        ]


def test_a_film_knows_who_is_who() -> None:
    clip = film(2, size=96, level=1)
    assert 60 <= len(clip) <= 200
    assert np.allclose(np.diff(clip.times), 0.04)
    kinds: dict[int, str] = {}
    for frame in range(0, len(clip), 3):
        scene = clip.scene(frame)
        tracks = clip.tracks(frame, scene)
        assert len({track.who for track in tracks}) == len(tracks)
        for track in tracks:
            assert kinds.setdefault(track.who, track.kind) == track.kind
            if track.box is not None:
                assert track.whole[0] <= track.box[0]
                assert track.box[2] <= track.whole[2]


def test_whoever_comes_back_is_somebody_new() -> None:
    people = [
        {track.who for frame in range(0, len(clip), 4) for track in clip.tracks(frame)}
        for clip in (film(index, size=48, level=1) for index in range(12))
    ]
    assert any(len(each) > 3 for each in people), "more than the two or three that walk at once"
    assert all(
        len({track.who for frame in range(0, len(clip), 6) for track in clip.tracks(frame)}) == 1
        for clip in (film(index, size=48, level=0) for index in range(4))
    ), "at level 0 nobody leaves"


def test_a_walking_creature_keeps_its_size() -> None:
    clip = film(0, size=192, level=0)
    tall = [clip.tracks(frame)[0].whole for frame in range(0, 60, 4)]
    highs = [bottom - top for _, top, _, bottom in tall]
    assert max(highs) < 2.6 * min(highs), "limbs and wings move, the creature does not grow"


def test_detections_are_noisy_and_near_the_truth() -> None:
    clip = film(1, size=96, level=1)
    found = seen = false = 0
    for frame in range(0, 60, 2):
        scene = clip.scene(frame)
        truth = [track.box for track in clip.tracks(frame, scene) if track.box is not None and track.seen >= 0.3]
        rows = clip.detections(frame, scene)
        seen += len(truth)
        for row in rows:
            near = any(np.abs(row[:4] - box).max() < 8 for box in truth)
            found, false = found + near, false + (not near)
    assert 0.6 * seen < found < seen
    assert false < 0.3 * 30


def test_time_between_frames_is_uneven_at_level_2() -> None:
    gaps = np.diff(film(0, size=32, level=2).times)
    assert gaps.min() < 0.03 < 0.06 < gaps.max()


def test_draws_of_labels_are_balanced_and_share_nothing() -> None:
    labels = picture_labels("semi", "labelled")
    seen: set[int] = set()
    for draw in range(DRAWS):
        for count in LABELS_A_CLASS:
            places = labelled(count, draw)
            assert np.bincount(labels[places]).tolist() == [count] * len(KINDS)
        assert seen.isdisjoint(places)
        seen |= set(places)
    with pytest.raises(UsageFault, match="draws 0 to 4"):
        labelled(7)
    nobody = picture_labels("semi", "train", level=2) == -1
    assert nobody.mean() == 0.1
    empty = int(np.flatnonzero(nobody)[0])
    assert not semi_creature(empty, size=32, level=2).creatures


def test_planted_duplicates_look_like_their_originals() -> None:
    for copy, original, how in planted(level=2)[:12]:
        one, other = (heap_picture(index, level=2).astype(float) for index in (copy, original))
        stranger = heap_picture(copy + 1, level=2).astype(float)
        assert (one != other).any(), how
        assert np.abs(one - other).mean() < 0.6 * np.abs(stranger - other).mean()
    labels = picture_labels("pictures", "train", level=2)
    assert all(labels[each.copy] == labels[each.original] for each in planted(level=2))


def test_a_scene_knows_its_parts() -> None:
    scene = large_scene(1, size=128)
    whole = np.sum([part_mask(scene, name) for name in (*KINDS, "land")], axis=0)
    assert (whole == 1).all()
    kind = scene.creatures[-1].kind
    assert part_mask(scene, kind).any()
    with pytest.raises(UsageFault, match="Did you mean horse"):
        part_mask(scene, "hors")
    with pytest.raises(UsageFault, match="no 'wheel'"):
        part_mask(scene, "horse/wheel")


def test_rooms_of_plain_pictures_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Room("semi").splits["val"] == 500
    monkeypatch.setenv("ONWARD_MEADOW_MOST", "60")
    assert pictures_of("semi", "val", 16).shape == (60, 16, 16, 3)
    assert read_pictures("meadow:pictures", size=16).images.shape[1:] == (16, 16, 3)
    with pytest.raises(DataFault, match="no plain pictures"):
        read_pictures("meadow:tracks")


def album(folder: Path) -> Path:
    folder.mkdir()
    ramp = np.linspace(0, 255, 80 * 60 * 3).reshape(60, 80, 3).astype(np.uint8)
    Image.fromarray(ramp).save(folder / "a.png")
    Image.fromarray(ramp[::-1]).convert("L").save(folder / "b.jpg")
    (folder / "torn.jpg").write_bytes(b"no picture")
    return folder


def test_photos_stand_behind_and_change_no_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONWARD_MEADOW_MOST", "60")
    photos = album_for("meadow:detect", str(album(tmp_path / "photos")))
    assert isinstance(photos, Photos)
    plain, before = some_creatures(1, size=64, level=0), some_creatures(1, size=64, level=0, photos=photos)
    assert (plain.owners == before.owners).all()
    assert (plain.pixels != before.pixels)[plain.owners == 0].mean() > 0.5
    pair, same = frame_pair(1, size=64), frame_pair(1, size=64, photos=photos)
    assert same.forward.shape == pair.forward.shape
    boxed = read_boxes("meadow:detect@0", 32, photos)
    assert boxed.fingerprint != read_boxes("meadow:detect@0", 32).fingerprint


def test_photos_left_out_are_named_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onward.data import photo_albums

    notes: list[str] = []
    folder = album(tmp_path / "photos")
    album_for("meadow:detect", str(folder), notes)
    assert "torn.jpg (not a picture)" in " ".join(notes)
    assert len(notes) == 1
    monkeypatch.setattr(photo_albums, "_MOST", 1)
    album_for("meadow:detect", str(folder), notes)
    assert "only its first 1 photos" in notes[-1]
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataFault, match=r"a\.jpg \(not a picture\)"):
        album_for("meadow:detect", str(tmp_path / "torn"))


def test_photos_that_cannot_stand_there_get_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert album_for("meadow:detect", "") is None
    with pytest.raises(UsageFault, match="no room of it"):
        album_for("my/folder", str(tmp_path))
    with pytest.raises(DataFault):
        album_for("meadow:detect", str(tmp_path / "empty"))
    with pytest.raises(DataFault):
        album_for("meadow:detect", str(tmp_path / "missing"))


def test_splits_share_no_picture() -> None:
    for name in ("pose", "semi"):
        seen = [
            DRAWN[name](index, size=32, split=split).tobytes() for split in Room(name).splits for index in range(10)
        ]
        assert len(set(seen)) == len(seen)
