"""What is true in the meadow may not drift: a checksum of the truth and small pictures, of every room at every level.

Runs and caches elsewhere name a world by `WORLD_VERSION` alone. Whoever changes a truth or a look raises it, and writes
the new ones by `python tests/meadow/test_golden.py`; the difference is to be looked at before it is kept.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.meadow import (
    ROOMS,
    factors,
    film,
    frame_pair,
    horse,
    large_scene,
    one_creature,
    planted,
    portrait,
    portrait_factors,
    posed_creatures,
    some_creatures,
)
from onward.meadow.chance import Chance
from onward.meadow.horse_body import posed_horse
from onward.meadow.pictures_room import heap_labels, heap_picture
from onward.meadow.portrait_drawing import moved
from onward.meadow.portrait_parts import parts_of
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


class Sums:
    """Checksums of what is laid out, in whole numbers and the same everywhere, and of what polygons then cover.

    Which pixels of its edge a polygon covers is Pillow's to say: 10.3 and 13.0 differ in some.
    """

    def __init__(self) -> None:
        self.laid_out = self.covered = 0

    def lay_out(self, *parts: bytes) -> None:
        for part in parts:
            self.laid_out = zlib.crc32(part, self.laid_out)

    def cover(self, *parts: bytes) -> None:
        for part in parts:
            self.covered = zlib.crc32(part, self.covered)

    def add(self, scene: Scene) -> None:
        """Add the truth of a scene."""
        self.lay_out(repr(scene.camera).encode())
        for creature, (posed, view) in zip(scene.creatures, scene.staging, strict=True):
            self.lay_out(f"{creature.kind} {creature.names} {view}".encode())
            self.lay_out(*(part.astype("<i8").tobytes() for part in (posed.motions, posed.points)))
            self.lay_out(_rounded(creature.keypoints[:, :2]))
            self.cover(_rounded(creature.whole), _rounded(creature.box or ()), _rounded(creature.keypoints[:, 2]))
        self.cover(scene.owners.tobytes(), scene.limbs.tobytes())


def _add(sums: Sums, room: str, level: int, index: int) -> None:
    """Add what is true of a sample, as bytes that are the same on every machine."""
    if room == "horses":
        drawn = factors(index, level=level)
        sums.lay_out(repr(dataclasses.astuple(drawn)).encode(), posed_horse(drawn).points.astype("<i8").tobytes())
    elif room == "portraits":
        seen = portrait_factors(index, level=level)
        sums.lay_out(repr(dataclasses.astuple(seen)).encode())
        sums.lay_out(*(outline.astype("<i8").tobytes() for outline in moved(seen, parts_of(seen))))
    elif room == "flow":
        pair = frame_pair(index, size=SIZE, level=level)
        sums.add(pair.first)
        sums.add(pair.second)
        sums.cover(_rounded(pair.forward), _rounded(pair.backward))
        sums.cover(np.packbits(pair.hidden).tobytes(), np.packbits(pair.hidden_backward).tobytes())
    elif room == "tracks":
        clip = film(index, size=SIZE, level=level)
        sums.lay_out(_rounded(clip.times))
        for frame in (0, 20, 50):
            scene = clip.scene(frame)
            sums.add(scene)
            sums.cover(repr([track.who for track in clip.tracks(frame, scene)]).encode())
    elif room == "pictures":
        sums.lay_out(repr(planted(level=level)[index : index + 1]).encode())
        sums.lay_out(heap_labels(level=level)[20 * index : 20 * index + 20].astype("<i8").tobytes())
    else:
        if room == "semi":
            sums.lay_out(semi_labels("train", level)[20 * index : 20 * index + 20].astype("<i8").tobytes())
        sums.add(SCENES[room](index, size=SIZE, split="train", level=level))


def checksums(room: str, level: int) -> dict[str, int]:
    """Give the checksums of the truth of a room's first samples."""
    sums = Sums()
    for index in range(SAMPLES):
        _add(sums, room, level, index)
    return vars(sums)


def probe() -> int:
    """Give the checksum of some polygons, by which a Pillow is known that covers other pixels than ours did."""
    canvas = Image.new("L", (256, 256))
    chance, pen = Chance("polygons"), ImageDraw.Draw(canvas)
    for colour in range(1, 200):
        x, y = chance.below(230), chance.below(230)
        corners = [(x + chance.below(24), y + chance.below(24)) for _ in range(chance.between(3, 12))]
        pen.polygon(corners, fill=colour)
    return zlib.crc32(canvas.tobytes())


def golden(name: str) -> Any:
    return json.loads((FOLDER / "truth.json").read_text())[name]


def pictures(room: str, level: int) -> NDArray[np.uint8]:
    """Draw a room's first samples small, side by side."""
    drawn = []
    for index in range(SHOWN):
        if room == "horses":
            drawn.append(horse(index, size=SMALL, level=level))
        elif room == "portraits":
            drawn.append(portrait(index, size=SMALL, level=level))
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
    found, wanted = checksums(room, level), golden(f"{room}@{level}")
    assert found["laid_out"] == wanted["laid_out"]
    if probe() == golden("probe"):
        assert found["covered"] == wanted["covered"]


@pytest.mark.parametrize(("room", "level"), PLACES)
def test_the_look_is_golden_but_for_rounding(room: str, level: int) -> None:
    """Libraries may round a pixel otherwise, and an older Pillow more of them; beyond that the world has changed."""
    tolerance = 0.1 if probe() == golden("probe") else 1.0
    place = PLACES.index((room, level))
    with Image.open(FOLDER / "pixels.png") as file:
        kept = np.asarray(file)[place * SMALL : (place + 1) * SMALL].astype(float)
    assert np.abs(kept - pictures(room, level)).mean() <= tolerance


def regold(places: list[tuple[str, int]] = PLACES) -> None:
    """Write what is drawn now as what is to be drawn."""
    FOLDER.mkdir(exist_ok=True)
    sums = {"probe": probe()} | {f"{room}@{level}": checksums(room, level) for room, level in places}
    (FOLDER / "truth.json").write_text(json.dumps(sums, indent=1) + "\n")
    Image.fromarray(np.concatenate([pictures(room, level) for room, level in places])).save(
        FOLDER / "pixels.png", optimize=True
    )


if __name__ == "__main__":
    regold()
