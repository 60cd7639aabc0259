"""What is in a picture: the factors of one horse scene, drawn by lot from its address, all whole numbers and names.

The factors are the truth of the room: they are the same on every machine, and the picture is a function of them.
Split ``test-shift`` shows what no other split ever shows (the idea of CLEVR's CoGenT, Johnson et al. 2017): heather as
ground, the blue roan coat, and one eighth of the gait's phase; a score that falls there was memorised, not learned.

Read next: ``horse_body.py`` (pose), ``land.py`` (the meadow), ``render.py`` (the picture).
"""

from __future__ import annotations

from dataclasses import dataclass

from onward.meadow.chance import TURN, Chance
from onward.meadow.palettes import coat_hue_degrees
from onward.meadow.rooms import STREAM

__all__ = [
    "COATS",
    "GAITS",
    "GROUNDS",
    "HELD_COAT",
    "HELD_GROUND",
    "HELD_PHASES",
    "LIGHTS",
    "Factors",
    "Scenery",
    "draw_factors",
    "draw_scenery",
    "free_phase",
]

COATS = {"bay": 20, "dark bay": 8, "chestnut": 18, "liver chestnut": 5, "black": 9, "grey": 9, "dapple grey": 7,
         "white": 8, "palomino": 10, "buckskin": 6, "bay pinto": 8, "black pinto": 7, "chestnut pinto": 5}  # fmt: skip
GAITS = {"stand": 26, "walk": 20, "trot": 20, "gallop": 20, "graze": 14}
LIGHTS = {"noon": 46, "evening": 20, "overcast": 20, "dawn": 14}
WEATHERS = {"clear": 70, "mist": 10, "rain": 10, "snowfall": 5}
GROUNDS = {"grass": 44, "flowers": 10, "straw": 16, "desert": 10, "snow": 8, "autumn": 8}
BACKGROUNDS = {"open": 14, "hills": 26, "trees": 26, "mountains": 18, "fence": 16}
SKIES = {"clear": 30, "fair": 40, "cloudy": 30}
HELD_COAT, HELD_GROUND = "blue roan", "heather"
HELD_PHASES = range(TURN * 5 // 8, TURN * 6 // 8)


@dataclass(frozen=True)
class Scenery:
    """Where something stands: lengths in 1/256 of the picture, the rest by name."""

    light: str
    weather: str
    sky: str
    ground: str
    background: str
    horizon: int
    hoof_line: int


@dataclass(frozen=True)
class Factors:
    """Everything that was decided about one picture; angles in 1/4096 turn, shares in 1/256, the rest as named.

    Attributes:
        heading: the side the horse looks to, "left" or "right".
        coat_hue_degrees: hue of its coat on the colour wheel, 0 to 359; meaningless where the coat is grey.
        tint: what is added to the coat's red, green and blue.
        phase: where the horse is in its stride; 0 when it stands or grazes.
        fill: share of the picture's width that the horse aims to take; `turn`: how far it is foreshortened.
        horizon: height of the skyline from the top; `hoof_line`: where the hooves stand.
    """

    address: str
    gait: str
    phase: int
    heading: str
    coat: str
    tint: tuple[int, int, int]
    white_legs: int
    blaze: int
    light: str
    weather: str
    sky: str
    ground: str
    background: str
    horizon: int
    hoof_line: int
    across: int
    fill: int
    turn: int
    nod: int
    leap: int
    mane: int
    tail: int
    hair: int
    land: int
    held_out: bool

    @property
    def scenery(self) -> Scenery:
        """Return where the horse stands."""
        return Scenery(
            self.light, self.weather, self.sky, self.ground, self.background, self.horizon, self.hoof_line
        )  # fmt: skip

    @property
    def coat_hue_degrees(self) -> int:
        """Return the hue of the coat, a whole number of degrees."""
        return coat_hue_degrees(self.coat, self.tint)

    @property
    def scale(self) -> float:
        """Return the share of the picture's width that the horse aims to take, 0 to 1."""
        return self.fill / 256


def _phase(chance: Chance, gait: str, shifted: bool) -> int:
    if gait in ("stand", "graze"):
        return 0
    return chance.between(HELD_PHASES.start, HELD_PHASES.stop - 1) if shifted else free_phase(chance)


def free_phase(chance: Chance) -> int:
    """Draw a phase that is not held out."""
    return (HELD_PHASES.stop + chance.below(TURN - len(HELD_PHASES))) % TURN


def _coat(chance: Chance, shifted: bool) -> dict[str, object]:
    glow, warmth = chance.between(-16, 18), chance.between(-7, 7)
    return {
        "coat": HELD_COAT if shifted else chance.weighted(COATS),
        "tint": (glow + warmth, glow, glow - warmth),
        "white_legs": chance.word() & chance.word() & 15,
        "blaze": chance.weighted({0: 50, 1: 20, 2: 30}),
    }


def _place(chance: Chance, gait: str) -> dict[str, int]:
    return {
        "horizon": chance.between(74, 150),
        "hoof_line": chance.between(214, 246),
        "across": chance.between(28, 228),
        "fill": chance.between(186 if gait == "gallop" else 156, 228),
        "turn": chance.between(206, 256),
        "nod": chance.between(-12, 8),
        "leap": chance.between(10, 70) if gait == "gallop" else 0,
        "mane": chance.between(70, 150),
        "tail": chance.between(520, 760),
    }


def _meadow(chance: Chance, shifted: bool, level: int) -> dict[str, str]:
    plain = {"light": "noon", "weather": "clear", "sky": "fair", "ground": "grass", "background": "open"}
    drawn = {
        "light": chance.weighted(LIGHTS),
        "weather": chance.weighted(WEATHERS),
        "sky": chance.weighted(SKIES),
        "ground": chance.weighted(GROUNDS),
        "background": chance.weighted(BACKGROUNDS),
    }
    if drawn["weather"] in ("rain", "snowfall"):
        drawn |= {"sky": "cloudy", "light": "overcast"}
    if drawn["weather"] == "snowfall" and drawn["ground"] != "straw":
        drawn["ground"] = "snow"
    chosen = drawn if level else plain
    return chosen | {"ground": HELD_GROUND} if shifted else chosen


def draw_scenery(chance: Chance, *, shifted: bool, level: int) -> Scenery:
    """Draw a place to stand by lot, the skyline high enough for creatures of any size."""
    drawn = _meadow(chance, shifted, level)
    weather = drawn["weather"] if level >= 2 else "clear"
    return Scenery(**{**drawn, "weather": weather}, horizon=chance.between(60, 130), hoof_line=chance.between(190, 240))


def draw_factors(index: int, split: str, seed: int, level: int) -> Factors:
    """Draw the factors of horse `index` of a split: a pure function of its four arguments and the world.

    Example:
        >>> draw_factors(3, "train", 0, 1) == draw_factors(3, "train", 0, 1)
        True
    """
    chance = Chance("meadow", STREAM, "horses", split, level, seed, index)
    shifted = split == "test-shift"
    gait = chance.weighted(
        {name: share for name, share in GAITS.items() if not shifted or name in ("walk", "trot", "gallop")}
    )
    return Factors(
        address=f"meadow:horses@{level} {split} {seed} {index}",
        gait=gait,
        phase=_phase(chance, gait, shifted),
        heading=chance.choose(("left", "right")),
        **_coat(chance, shifted),  # pyright: ignore[reportArgumentType]
        **_meadow(chance, shifted, level),
        **_place(chance, gait),
        hair=chance.word(),
        land=chance.word(),
        held_out=shifted,
    )
