"""The room ``meadow:tracks``: short films of creatures that cross, hide each other, leave and come back.

| level | creatures | camera | time between frames |
|---|---|---|---|
| 0 | 1, in flat light, never leaves | still | even |
| 1 | 2 or 3 | still | even |
| 2 | 3 to 6, weather | pans slowly | uneven |
| 3 | 4 to 6 close together, some tiny, coats like the ground; trees, JPEG, blur, night | pans slowly | uneven |

A creature that has left the picture and comes back is somebody new: nobody could know. From level 3 on a tree or a rock
may hide somebody for a while. Creatures walk on, so a film of any split shows the whole stride: held out for test-shift
are the coat and the ground alone. Next to the truth there are detections as a detector gives them, with misses, false
alarms and jitter, so that a tracker can be tried alone.

Read next: ``motion.py`` and ``flow_room.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import UsageFault
from onward.meadow.camera import STILL, Camera
from onward.meadow.cast import KINDS, Actor, camouflaged, cast_actor, moved
from onward.meadow.chance import ONE, TURN, Chance, sine
from onward.meadow.crowd import NATIVE_SIZE, log_uniform
from onward.meadow.doors import HARDER, HARDEST, Visit, enter
from onward.meadow.flow_room import film_look, wide_land
from onward.meadow.photos import Photos
from onward.meadow.scene import Scenery
from onward.meadow.stage import Box, Look, Scene, draw_scene

__all__ = ["Clip", "Track", "film"]

_MOST = {0: (1, 1), 1: (2, 3), 2: (3, 6), 3: (4, 6)}
_RATE = 25  # frames a second
_MISSED_PERCENT, _FALSE_PERCENT, _BARELY_SEEN = 10, 15, 0.3


class Track(NamedTuple):
    """One creature in one frame: frame from 0, who it is from 1, its whole box, the box seen, and the share seen."""

    frame: int
    who: int
    kind: str
    whole: Box
    box: Box | None
    seen: float


@dataclass(frozen=True)
class _Walk:
    """A way to and fro between two points that may lie outside the picture; lengths in 1/16 pixel.

    Attributes:
        speed: 1/16 pixel a second.
        start: how far along its way it is at first.
        pace: phase of the stride a second.
    """

    actor: Actor
    left: int
    right: int
    speed: int
    start: int
    pace: int

    def at(self, milliseconds: int) -> tuple[Actor, int]:
        """Give the creature at a time, and how often it has turned round."""
        gone = self.start + self.speed * milliseconds // 1000
        span = self.right - self.left
        turns, rest = divmod(gone, span)
        x, heading = (self.left + rest, "right") if turns % 2 == 0 else (self.right - rest, "left")
        stride = self.pace * milliseconds // 1000
        now = moved(self.actor, x - self.actor.x, 0, stride)
        horse = None if now.horse is None else replace(now.horse, heading=heading)
        return replace(now, heading=heading, horse=horse), turns


@dataclass(frozen=True)
class Clip:
    """A film of the meadow; frames are drawn when they are asked for.

    Attributes:
        times: seconds from the start, one a frame.
        size: side in pixels.
    """

    times: NDArray[np.float64]
    size: int
    _walks: tuple[_Walk, ...]
    _scenery: Scenery
    _look: Look
    _sway: int
    _seed: int

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.times)

    def scene(self, frame: int) -> Scene:
        """Draw a frame, with its truth; creatures in the same order in every frame.

        Raises:
            UsageFault: there is no such frame.
        """
        if not 0 <= frame < len(self):
            raise UsageFault(f"The film has no frame {frame}. Its frames are 0 to {len(self) - 1}.")
        milliseconds = round(1000 * self.times[frame])
        actors = [walk.at(milliseconds)[0] for walk in self._walks]
        pan = self._sway * sine(milliseconds * TURN // 9000) // ONE
        camera = Camera(1024, pan, pan // 4) if self._sway else STILL
        look = replace(self._look, camera=camera)
        return draw_scene(self._scenery, actors, self.size, Chance("frame", self._seed, frame), look)

    def tracks(self, frame: int, scene: Scene | None = None) -> list[Track]:
        """Say who is in a frame, hidden or seen; who is wholly outside is not."""
        scene = scene or self.scene(frame)
        milliseconds = round(1000 * self.times[frame])
        found = []
        for number, (walk, creature) in enumerate(zip(self._walks, scene.creatures, strict=True)):
            left, top, right, bottom = creature.whole
            if right <= 0 or bottom <= 0 or left >= self.size or top >= self.size:
                continue
            back = 0 if walk.left > 0 else walk.at(milliseconds)[1]  # whoever turns round inside was never away
            who = 1 + number + len(self._walks) * back
            found.append(Track(frame, who, creature.kind, creature.whole, creature.box, creature.seen))
        return found

    def detections(self, frame: int, scene: Scene | None = None) -> NDArray[np.float64]:
        """Give what a detector might say of a frame: n 5: left, top, right, bottom, score; best first."""
        chance = Chance("detector", self._seed, frame)
        rows: list[list[float]] = []
        for track in self.tracks(frame, scene):
            jitter = [chance.between(-1000, 1000) / 1000 for _ in range(4)]
            missed, score = chance.below(100) < _MISSED_PERCENT, chance.between(45, 99) / 100
            if track.box is None or track.seen < _BARELY_SEEN or missed:
                continue
            left, top, right, bottom = track.box
            across, down = 0.06 * (right - left), 0.06 * (bottom - top)
            spread = (across, down, across, down)
            rows.append([side + shift * way for side, shift, way in zip(track.box, jitter, spread, strict=True)])
            rows[-1].append(score * (0.5 + 0.5 * track.seen))
        if chance.below(100) < _FALSE_PERCENT:
            x, y = chance.below(self.size), chance.below(self.size)
            wide, high = (chance.between(self.size // 16, self.size // 4) for _ in range(2))
            rows.append([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, chance.between(20, 60) / 100])
        return np.array(sorted(rows, key=lambda row: -row[4]), np.float64).reshape(-1, 5)


def film(
    index: int, *, size: int = 192, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Clip:
    """Set film `index` of a split: 60 to 200 frames; a pure function of its arguments and the world's version.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.

    Example:
        >>> clip = film(0, size=64); len(clip) >= 60, clip.scene(0).pixels.shape
        (True, (64, 64, 3))
    """
    visit = enter("tracks", index, size, split, seed, level)
    chance = visit.chance
    behind = Chance("photo", "tracks", split, level, seed, index)
    scenery, land = wide_land(visit, size, size // 8, photos, behind)
    count = chance.between(60, 200)
    gaps = [1000 // _RATE * (chance.between(50, 200) if level >= HARDER else 100) // 100 for _ in range(count - 1)]
    times = np.cumsum([0, *gaps]) / 1000
    fewest, most = _MOST[level]
    walks = [_walk(visit, scenery, size) for _ in range(chance.between(fewest, most))]
    walks.sort(key=lambda walk: (walk.actor.y, walk.actor.x))
    look = film_look(visit, land)
    sway = 16 * size // 16 if level >= HARDER else 0
    return Clip(times, size, tuple(walks), scenery, look, sway, chance.word())


def _walk(visit: Visit, scenery: Scenery, size: int) -> _Walk:
    """Send a creature on its way: at level 0 it stays in the picture, else it turns round outside."""
    chance = visit.chance
    is_hard = visit.level >= HARDEST
    shown = round(log_uniform(chance, 16, 84)) if is_hard else chance.between(36, 84)
    length = shown * 16 * size // NATIVE_SIZE
    low = max(scenery.horizon * size // 16 + length // 4, length)
    highest = 16 * size - 32
    if is_hard:  # one lane for all, so that they cross
        highest = min(highest, max(low, 10 * size) + 2 * size)
    y = chance.between(min(low, 15 * size), highest)
    actor = cast_actor(chance, chance.choose(KINDS), length, 0, y, shifted=visit.shifted, level=visit.level)
    if actor.horse is not None:
        actor = replace(actor, horse=replace(actor.horse, gait=chance.choose(("walk", "trot", "gallop"))))
    actor = replace(actor, is_moving=True, measured_at=actor.phase)
    if is_hard and chance.below(2):
        actor = camouflaged(actor, scenery)
    out = -length * 3 // 4 if visit.level == 0 else length + chance.between(0, 40) * 16
    left, right = -out, 16 * size + out
    speed = chance.between(24, 90) * 16 * size // NATIVE_SIZE
    pace = TURN * speed // max(1, length) * 3 // 4
    return _Walk(actor, left, right, speed, chance.below(2 * (right - left)), pace)
