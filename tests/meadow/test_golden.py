"""What is true in the meadow may not drift: a checksum of the truth and small pictures, of every room at every level.

Runs and caches elsewhere name a world by `WORLD_VERSION` alone. Whoever changes a truth or a look raises it, and writes
the new ones by `python tests/meadow/test_golden.py`; the difference is to be looked at before it is kept.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from onward.meadow import (
    ROOMS,
    factors,
    film,
    frame_pair,
    horse,
    large_scene,
    one_creature,
    planted,
    posed_creatures,
    some_creatures,
)
from onward.meadow.horse_body import posed_horse
from onward.meadow.pictures_room import heap_labels, heap_picture
from onward.meadow.semi_room import semi_creature, semi_labels
from onward.meadow.stage import Scene

FOLDER = Path(__file__).parent / "golden"
SIZE, SMALL, SAMPLES, SHOWN = 64, 24, 6, 2
SCENES = {
    "classify": one_creature,
    "detect": some_creatures,
    "pose": posed_creatures,
    "semi": semi_creature,
    "scene": large_scene,
}
PLACES = [(room, level) for room in ROOMS for level in range(4)]


def _rounded(values: object) -> bytes:
    return np.round(np.asarray(values, np.float64) * 256).astype("<i8").tobytes()


def _of_scene(scene: Scene) -> Iterator[bytes]:
    yield scene.owners.tobytes()
    yield scene.limbs.tobytes()
    for creature in scene.creatures:
        yield f"{creature.kind} {creature.names}".encode()
        yield _rounded(creature.whole)
        yield _rounded(creature.box or ())
        yield _rounded(creature.keypoints)


def _truth(room: str, level: int, index: int) -> Iterator[bytes]:
    """Give what is true of a sample, as bytes that are the same on every machine."""
    if room == "horses":
        drawn = factors(index, level=level)
        yield repr(dataclasses.astuple(drawn)).encode()
        yield posed_horse(drawn).points.astype("<i8").tobytes()
    elif room == "flow":
        pair = frame_pair(index, size=SIZE, level=level)
        yield from _of_scene(pair.first)
        yield from _of_scene(pair.second)
        yield _rounded(pair.forward)
        yield _rounded(pair.backward)
        yield np.packbits(pair.hidden).tobytes()
        yield np.packbits(pair.hidden_backward).tobytes()
    elif room == "tracks":
        clip = film(index, size=SIZE, level=level)
        yield _rounded(clip.times)
        for frame in (0, 20, 50):
            scene = clip.scene(frame)
            yield from _of_scene(scene)
            yield repr([track.who for track in clip.tracks(frame, scene)]).encode()
    elif room == "semi":
        yield semi_labels("train", level)[20 * index : 20 * index + 20].astype("<i8").tobytes()
        yield from _of_scene(semi_creature(index, size=SIZE, level=level))
    elif room == "pictures":
        yield repr(planted(level=level)[index : index + 1]).encode()
        yield heap_labels(level=level)[20 * index : 20 * index + 20].astype("<i8").tobytes()
    else:
        yield from _of_scene(SCENES[room](index, size=SIZE, split="train", level=level))


def checksum(room: str, level: int) -> int:
    """Give the checksum of the truth of a room's first samples."""
    crc = 0
    for index in range(SAMPLES):
        for part in _truth(room, level, index):
            crc = zlib.crc32(part, crc)
    return crc


def pictures(room: str, level: int) -> NDArray[np.uint8]:
    """Draw a room's first samples small, side by side."""
    drawn = []
    for index in range(SHOWN):
        if room == "horses":
            drawn.append(horse(index, size=SMALL, level=level))
        elif room == "flow":
            drawn.append(frame_pair(index, size=SMALL, level=level).second.pixels)
        elif room == "tracks":
            drawn.append(film(index, size=SMALL, level=level).scene(30).pixels)
        elif room == "pictures":
            drawn.append(heap_picture(index, size=SMALL, level=level))
        else:
            drawn.append(SCENES[room](index, size=SMALL, split="train", level=level).pixels)
    return np.concatenate(drawn, axis=1)


@pytest.mark.parametrize(("room", "level"), PLACES)
def test_the_truth_is_golden(room: str, level: int) -> None:
    """A change here is a change of the world: raise WORLD_VERSION with it."""
    assert checksum(room, level) == json.loads((FOLDER / "truth.json").read_text())[f"{room}@{level}"]


@pytest.mark.parametrize(("room", "level"), PLACES)
def test_the_look_is_golden_but_for_rounding(room: str, level: int) -> None:
    """Libraries may round a pixel otherwise; beyond that a change is a change of the world."""
    place = PLACES.index((room, level))
    with Image.open(FOLDER / "pixels.png") as file:
        golden = np.asarray(file)[place * SMALL : (place + 1) * SMALL].astype(float)
    assert np.abs(golden - pictures(room, level)).mean() <= 1


def regold(places: list[tuple[str, int]] = PLACES) -> None:
    """Write what is drawn now as what is to be drawn."""
    FOLDER.mkdir(exist_ok=True)
    sums = {f"{room}@{level}": checksum(room, level) for room, level in places}
    (FOLDER / "truth.json").write_text(json.dumps(sums, indent=1) + "\n")
    Image.fromarray(np.concatenate([pictures(room, level) for room, level in places])).save(
        FOLDER / "pixels.png", optimize=True
    )


if __name__ == "__main__":
    regold()
