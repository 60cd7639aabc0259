"""Who is in a scene: each creature's kind, coat, pose, size and place, drawn by lot, and its limbs put in position.

Colour, size and place are drawn before anything looks at the kind, from the same lots for all kinds: none of them tells
what a creature is.

Read next: ``paint.py`` (their colours) and ``stage.py`` (the picture and its truth).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from onward.meadow import bird, person, platypus
from onward.meadow.anatomy import Anatomy
from onward.meadow.chance import ONE, TURN, Chance
from onward.meadow.horse_body import DRAWING_ORDER, FAR, LIMBS, PLACES, posed_horse
from onward.meadow.limbs import Posed, View, move, pose
from onward.meadow.palettes import COAT_COLOURS, GROUND_COLOURS
from onward.meadow.scene import COATS, HELD_COAT, HELD_PHASES, Factors, Scenery, draw_factors, free_phase

__all__ = ["KINDS", "Actor", "anatomy_of", "camouflaged", "cast_actor", "moved", "near_ground", "view_of"]

KINDS = ("horse", "platypus", "person", "bird")
_PLAIN_COATS = {name: 1 for name in COATS if "pinto" not in name and "dapple" not in name}
_FAR_DX, _FAR_DY = 46, 6


def _horse_points() -> dict[str, tuple[int, tuple[int, int]]]:
    found = {
        "muzzle": (PLACES["head"], (872, 1040)),
        "poll": (PLACES["head"], (640, 1352)),
        "withers": (PLACES["torso"], (190, 985)),
        "tail root": (PLACES["torso"], (-432, 870)),
    }
    for side, dx, dy in (("near", 0, 0), ("far", _FAR_DX, _FAR_DY)):
        found |= {
            f"{side} fore knee": (PLACES[f"{side} fore cannon"], (288 + dx, 345 + dy)),
            f"{side} hind knee": (PLACES[f"{side} hind cannon"], (-378 + dx, 385 + dy)),
            f"{side} fore hoof": (PLACES[f"{side} fore pastern"], (320 + dx, 12 + dy)),
            f"{side} hind hoof": (PLACES[f"{side} hind pastern"], (-344 + dx, 12 + dy)),
        }
    return found


_HORSE = Anatomy("horse", LIMBS, DRAWING_ORDER, FAR, ("body",) * len(LIMBS), _horse_points(), ())
_ANATOMIES: Mapping[str, Anatomy] = {
    "horse": _HORSE, "platypus": platypus.ANATOMY, "person": person.ANATOMY, "bird": bird.ANATOMY,
}  # fmt: skip
_ANGLES: Mapping[str, Callable[[int, int, bool], dict[str, int]]] = {
    "platypus": platypus.angles, "person": person.angles, "bird": bird.angles,
}  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """One creature of a scene; lengths in 1/16 pixel of the picture, angles in 1/4096 turn.

    Attributes:
        size: the longer side of its extent.
        x: middle of its extent; `y`: where its soles are, from the top.
        second: the coat that its second colour is taken from.
        horse: the horse's own factors, for a horse.
        measured_at: the phase whose extent decides the scale; its own, where None. A film keeps it, so that the
            creature does not grow and shrink with its stride.
    """

    kind: str
    heading: str
    coat: str
    second: str
    tint: tuple[int, int, int]
    tone: int
    phase: int
    bits: int
    is_moving: bool
    size: int
    x: int
    y: int
    horse: Factors | None = None
    measured_at: int | None = None

    def posed(self) -> Posed:
        """Put its limbs in position, the soles at height 0."""
        if self.horse is not None:
            return posed_horse(replace(self.horse, phase=self.phase, leap=0))
        anatomy = _ANATOMIES[self.kind]
        named = _ANGLES[self.kind](self.phase, self.bits, self.is_moving)
        motions = pose(anatomy.limbs, [named.get(limb.name, 0) for limb in anatomy.limbs])
        posed = move(motions, anatomy.outlines())
        if self.kind == "bird" and self.is_moving:
            lowest = self._lowest_in_flight(posed)
        else:
            lowest = min(int(posed.points[slice(*posed.starts[sole : sole + 2]), 1].min()) for sole in anatomy.soles)
        posed.motions[:, 3] -= lowest * ONE
        posed.points[:, 1] -= lowest
        return posed

    def _lowest_in_flight(self, posed: Posed) -> int:
        """Find the lowest point of a flying bird; in a film that of its measured phase, so that wings alone beat."""
        if self.measured_at in (None, self.phase):
            return int(posed.points[:, 1].min())
        anatomy = _ANATOMIES[self.kind]
        named = _ANGLES[self.kind](self.measured_at, self.bits, self.is_moving)
        motions = pose(anatomy.limbs, [named.get(limb.name, 0) for limb in anatomy.limbs])
        return int(move(motions, anatomy.outlines()).points[:, 1].min())


def anatomy_of(kind: str) -> Anatomy:
    """Give a kind's anatomy."""
    return _ANATOMIES[kind]


def view_of(actor: Actor, posed: Posed, fineness: int) -> View:
    """Say how its units become canvas pixels, `fineness` of them across a picture's pixel."""
    if actor.measured_at not in (None, actor.phase):
        posed = replace(actor, phase=actor.measured_at, measured_at=None).posed()
    left, right = int(posed.points[:, 0].min()), int(posed.points[:, 0].max())
    tall = int(posed.points[:, 1].max())
    scale = (actor.size * fineness << 12) // max(right - left, tall, 1)
    middle = (left + right) // 2
    flip = 1 if actor.heading == "right" else -1
    start = actor.x * fineness - flip * (middle * scale >> 12)
    return View(flip * scale, scale, start, actor.y * fineness)


def cast_actor(chance: Chance, kind: str, size: int, x: int, y: int, *, shifted: bool = False, level: int = 1) -> Actor:
    """Draw a creature of a kind by lot, at a size and place that were drawn before.

    Args:
        shifted: take the coat and the phases that no other split shows.
    """
    coat = HELD_COAT if shifted else chance.weighted(_PLAIN_COATS)
    second = HELD_COAT if shifted else chance.weighted(_PLAIN_COATS)
    glow, warmth = chance.between(-16, 18), chance.between(-7, 7)
    phase = chance.between(HELD_PHASES.start, HELD_PHASES.stop - 1)
    if not shifted:
        phase = free_phase(chance)
    heading, tone, bits = chance.choose(("left", "right")), chance.below(4), chance.word() >> 8
    is_moving = shifted or chance.below(5) > 1
    horse = None
    if kind == "horse":
        drawn = draw_factors(bits % 5000, "train", 0, level)
        gait = ("walk", "trot", "gallop")[bits % 3] if is_moving else ("stand", "graze")[bits % 2]
        horse = replace(drawn, gait=gait, coat=coat, tint=(glow + warmth, glow, glow - warmth), heading=heading)
    tint = (glow + warmth, glow, glow - warmth)
    return Actor(kind, heading, coat, second, tint, tone, phase, bits, is_moving, size, x, y, horse)


def moved(actor: Actor, dx: int, dy: int, phase: int) -> Actor:
    """Give the same creature elsewhere in its stride: lengths in 1/16 pixel."""
    measured_at = actor.phase if actor.measured_at is None else actor.measured_at
    phase = (actor.phase + phase) % TURN
    return replace(actor, x=actor.x + dx, y=actor.y + dy, phase=phase, measured_at=measured_at)


def camouflaged(actor: Actor, scenery: Scenery) -> Actor:
    """Give the same creature in a coat near the colour of its ground."""
    tint = near_ground(actor.coat, scenery.ground)
    horse = None if actor.horse is None else replace(actor.horse, tint=tint)
    return replace(actor, tint=tint, horse=horse)


def near_ground(coat: str, ground: str) -> tuple[int, int, int]:
    """Give the tint that brings a coat three quarters of the way to the colour of the ground."""
    near, body = GROUND_COLOURS[ground].near, COAT_COLOURS[coat].body
    red, green, blue = ((there - own) * 3 // 4 for there, own in zip(near, body, strict=True))
    return red, green, blue
