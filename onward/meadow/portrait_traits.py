"""What is decided about a portrait before a line of it is drawn, all of it by lot and in whole numbers.

Nobody is meant by any of them: the factors are drawn one by one, so that whoever learns from the pictures can be asked
which of them it has found. Read next: ``portrait_shapes.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from onward.meadow.chance import Chance
from onward.meadow.portrait_colours import (
    BACKGROUNDS,
    CLOTHS,
    EYES,
    HELD_OUT_BACKGROUND,
    HELD_OUT_HAIR,
    SKINS,
)
from onward.meadow.rooms import STREAM

__all__ = ["Portrait", "draw_portrait"]

_FACES = ("oval", "round", "square", "heart", "long")
_NOSES = ("button", "straight", "wide", "long")
_CUTS = {"bald": 2, "buzz": 4, "crop": 5, "parted": 6, "quiff": 4, "fringe": 5, "spiky": 3, "curls": 5, "afro": 5,
         "bob": 6, "long": 8, "wavy": 6, "bun": 4, "plaits": 4}  # fmt: skip
_UNDER_HATS = {"buzz": 3, "crop": 4, "fringe": 3, "bob": 4, "long": 5, "wavy": 4, "plaits": 3}
_HIGH = ("afro", "bun", "quiff")
_MOUTHS = {"smile": 6, "grin": 5, "neutral": 3, "open": 2, "smirk": 3, "sad": 1}
_HATS = {"none": 30, "beanie": 3, "cap": 3, "brimmed": 3, "scarf": 3, "band": 2}
_GLASSES = {"none": 14, "round": 3, "square": 3, "dark": 1}
_BEARDS = {"none": 13, "stubble": 2, "moustache": 2, "goatee": 2, "full": 4}
_CLOTHES = ("tee", "neck", "shirt", "hood", "roll", "suit", "stripes", "straps")
_NATURAL = {"black": 9, "dark brown": 8, "brown": 7, "chestnut": 5, "auburn": 3, "ginger": 4, "dark blond": 4,
            "blond": 5, "platinum": 2, "grey": 4, "white": 3, "pink": 2, "blue": 2, "violet": 2}  # fmt: skip
_BACKDROPS = ("even", "glow", "disc", "slant", "hill")


def _lowered(hat: str, cut: str) -> int:
    """Say how much lower a head has to sit so that what is on it fits into the picture."""
    return 32 if hat == "brimmed" or cut in _HIGH else 0


@dataclass(frozen=True)
class Portrait:
    """Everything about a portrait: who, in what mood, dressed how, and how the light falls.

    Attributes:
        wide, tall: the head, in 1/100 of its usual size.
        turn: where the face looks, -100 (to the left of the picture) to 100.
        nod: up (-100) or down (100).
        roll: the head's lean in 1/4096 turn.
        lit: the side the light comes from, "left" or "right".
        zoom: in 1/100; x, y: where the head is, off its usual place in 1/1000 of the picture.
        bits: small differences.
    """

    address: str
    face: str
    skin: str
    cut: str
    hair: str
    eyes: str
    nose: str
    mouth: str
    hat: str
    glasses: str
    beard: str
    clothes: str
    cloth: str
    trim: str
    background: str
    backdrop: str
    lit: str
    freckles: bool
    earrings: bool
    made_up: bool
    wide: int
    tall: int
    turn: int
    nod: int
    roll: int
    eye_gap: int
    eye_size: int
    brow_angle: int
    brow_weight: int
    contrast: int
    zoom: int
    x: int
    y: int
    bits: int


def draw_portrait(index: int, split: str, seed: int, level: int) -> Portrait:
    """Draw portrait `index` of a split by lot; the same on every machine.

    Example:
        >>> draw_portrait(0, "train", 0, 1).lit in ("left", "right")
        True
    """
    chance = Chance("meadow", STREAM, "portraits", split, level, seed, index)
    shifted, is_calm, is_hard = split == "test-shift", level == 0, level >= 2
    hat = "none" if is_calm else chance.weighted(_HATS)
    cut = chance.weighted(_CUTS if hat in ("none", "band") else _UNDER_HATS)
    natural = chance.weighted(_NATURAL)
    background = chance.choose([name for name in BACKGROUNDS if name != HELD_OUT_BACKGROUND])
    reach = 0 if is_calm else 100 if is_hard else 80
    is_young = chance.below(3) > 0
    made_up = chance.below(5) < 2
    # a beard goes with any hair here, but not with paint on the lips
    beard = "none" if made_up or is_calm or hat == "scarf" else chance.weighted(_BEARDS)
    return Portrait(
        address=f"meadow:portraits@{level} {split} {seed} {index}",
        face=chance.choose(_FACES), skin=chance.choose(tuple(SKINS)), cut=cut,
        hair=HELD_OUT_HAIR if shifted else natural, eyes=chance.choose(tuple(EYES)), nose=chance.choose(_NOSES),
        mouth=chance.weighted(_MOUTHS), hat=hat,
        glasses="none" if is_calm else chance.weighted(_GLASSES), beard=beard,
        clothes=chance.choose(_CLOTHES), cloth=chance.choose(tuple(CLOTHS)), trim=chance.choose(tuple(CLOTHS)),
        background=HELD_OUT_BACKGROUND if shifted else background,
        backdrop="even" if is_calm else chance.choose(_BACKDROPS),
        lit=chance.choose(("left", "right")), freckles=is_young and chance.below(6) == 0,
        earrings=chance.below(5) == 0, made_up=made_up,
        wide=chance.between(93, 107), tall=chance.between(95, 105),
        turn=chance.between(-reach, reach), nod=chance.between(-reach // 2, reach // 2),
        roll=chance.between(-reach, reach), eye_gap=chance.between(70, 84), eye_size=chance.between(88, 114),
        brow_angle=chance.between(-14, 14), brow_weight=chance.between(10, 20), contrast=chance.between(70, 130),
        zoom=chance.between(92, 136) if is_hard else chance.between(110, 122),
        x=chance.between(-70, 70) if is_hard else chance.between(-14, 14),
        y=(chance.between(-30, 60) if is_hard else chance.between(-10, 14)) + _lowered(hat, cut),
        bits=chance.word(),
    )  # fmt: skip
