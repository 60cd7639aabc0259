"""The horse: its anatomy as limbs at rest, its gaits as joint angles, its mane and tail as drawn hair.

Proportions are those of a riding horse seen from the side: body as long as the withers are high, chest half that
height, head two fifths of it. A gait is one number, the phase; each leg follows it with its own offset (a walk has four
beats, a trot moves diagonal pairs, a gallop gathers and stretches), after Muybridge's "Animals in Motion", 1899.

Read next: ``coats.py``, what is painted on it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from onward.meadow.chance import ONE, TURN, cosine, sine
from onward.meadow.limbs import Limb, Point, Posed, move, pose, smooth
from onward.meadow.scene import Factors

__all__ = ["DRAWING_ORDER", "FAR", "HAIR", "LIMBS", "PLACES", "posed_horse"]

# Head frame: along the face from the poll to the muzzle, and towards the forehead.
_HEAD = [(-30, 20), (5, 58), (95, 66), (200, 50), (310, 40), (385, 40), (418, 16), (412, -28), (385, -56), (330, -64),
         (245, -66), (175, -100), (95, -132), (20, -112), (-40, -50)]  # fmt: skip
_EAR = [(-12, 30), (48, 52), (40, 70), (-50, 158), (-66, 140), (-44, 70)]
_FORELOCK = [(-18, 48), (10, 84), (80, 78), (150, 60), (95, 30), (40, 22)]

_TORSO = [(190, 1010), (70, 955), (-60, 930), (-180, 950), (-290, 975), (-390, 935), (-455, 850), (-475, 760),
          (-445, 660), (-370, 595), (-250, 568), (-120, 552), (30, 520), (170, 498), (280, 505), (365, 580), (432, 680),
          (448, 780), (420, 900), (310, 1000)]  # fmt: skip
_LOWER_NECK = [(195, 945), (225, 1000), (300, 1085), (390, 1180), (470, 1190), (560, 1070), (530, 990), (485, 880),
               (448, 780), (400, 715), (320, 690), (235, 740), (190, 850)]  # fmt: skip
_UPPER_NECK = [(360, 1150), (440, 1245), (530, 1325), (615, 1397), (680, 1388), (705, 1290), (662, 1205), (602, 1115),
               (550, 1030), (480, 985), (400, 1005), (355, 1080)]  # fmt: skip

_FOREARM = [(190, 680), (222, 570), (242, 440), (250, 345), (285, 318), (326, 345), (336, 430), (362, 540), (392, 660),
            (360, 760), (260, 770)]  # fmt: skip
_FORE_CANNON = [(248, 365), (250, 325), (262, 280), (264, 180), (250, 110), (285, 88), (318, 112), (312, 180),
                (316, 290), (328, 330), (322, 370), (285, 385)]  # fmt: skip
_FORE_PASTERN = [(250, 128), (256, 92), (280, 50), (262, 0), (382, 0), (345, 52), (320, 92), (318, 128), (285, 145)]
_THIGH = [(-400, 900), (-472, 790), (-470, 680), (-425, 590), (-340, 520), (-215, 530), (-140, 630), (-150, 750),
          (-250, 890)]  # fmt: skip
_GASKIN = [(-190, 640), (-192, 560), (-268, 480), (-328, 410), (-336, 360), (-412, 350), (-422, 400), (-408, 470),
           (-428, 570), (-400, 660), (-290, 700)]  # fmt: skip
_HIND_CANNON = [(-432, 432), (-418, 360), (-402, 290), (-402, 180), (-414, 112), (-378, 90), (-344, 112), (-350, 180),
                (-346, 290), (-332, 360), (-336, 410), (-385, 440)]  # fmt: skip
_HIND_PASTERN = [(x - 664, y) for x, y in _FORE_PASTERN]
_FAR_SHIFT = (46, 6)  # the legs of the other side, seen a little ahead and above


def _on_head(points: list[Point]) -> tuple[Point, ...]:
    """Turn head-frame points into rest coordinates: the face points 50 degrees down."""
    along, across, x, y = 643, 766, 622, 1338
    return tuple((x + (t * along + n * across) // 1000, y + (n * along - t * across) // 1000) for t, n in points)


def _leg(
    side: str, parts: list[tuple[str, str, Point, list[Point]]]
) -> list[tuple[str, str, Point, tuple[Point, ...]]]:
    """Name and shift one leg's parts for its side of the body."""
    dx, dy = _FAR_SHIFT if side == "far" else (0, 0)
    leg = []
    for name, parent, (x, y), outline in parts:
        moved = smooth([(px + dx, py + dy) for px, py in outline], 2)
        leg.append((f"{side} {name}", parent if parent == "torso" else f"{side} {parent}", (x + dx, y + dy), moved))
    return leg


_FORE = [("forearm", "torso", (290, 690), _FOREARM), ("fore cannon", "forearm", (288, 345), _FORE_CANNON),
         ("fore pastern", "fore cannon", (285, 115), _FORE_PASTERN)]  # fmt: skip
_HIND = [("thigh", "torso", (-300, 790), _THIGH), ("gaskin", "thigh", (-250, 610), _GASKIN),
         ("hind cannon", "gaskin", (-378, 385), _HIND_CANNON),
         ("hind pastern", "hind cannon", (-380, 115), _HIND_PASTERN)]  # fmt: skip
_NOTHING: tuple[Point, ...] = ()
_PARTS = [
    ("torso", "", (-100, 780), smooth(_TORSO)),
    *_leg("far", _FORE), *_leg("far", _HIND), *_leg("near", _FORE), *_leg("near", _HIND),
    ("lower neck", "torso", (330, 850), smooth(_LOWER_NECK, 2)),
    ("upper neck", "lower neck", (450, 1090), smooth(_UPPER_NECK, 2)),
    ("head", "upper neck", (630, 1335), smooth(_on_head(_HEAD), 2)),
    ("near ear", "head", _on_head([(0, 45)])[0], _on_head(_EAR)),
    ("far ear", "head", _on_head([(0, 45)])[0], _on_head([(t + 34, n + 4) for t, n in _EAR])),
    ("forelock", "head", (630, 1345), _on_head(_FORELOCK)),
    ("tail", "torso", (-420, 920), _NOTHING),
    ("lower mane", "lower neck", (330, 850), _NOTHING),
    ("upper mane", "upper neck", (450, 1090), _NOTHING),
]  # fmt: skip
PLACES: Mapping[str, int] = {name: place for place, (name, _, _, _) in enumerate(_PARTS)}
LIMBS = tuple(Limb(name, PLACES.get(parent, -1), pivot, outline) for name, parent, pivot, outline in _PARTS)
_OUTLINES = [np.array(limb.outline, dtype=np.int64).reshape(-1, 2) for limb in LIMBS]
DRAWING_ORDER = tuple(
    PLACES[name]
    for name in (
        "far thigh", "far gaskin", "far hind cannon", "far hind pastern", "far forearm", "far fore cannon",
        "far fore pastern", "far ear", "torso", "tail", "near hind pastern", "near hind cannon", "near gaskin",
        "near thigh", "lower neck", "upper neck", "near fore pastern", "near fore cannon", "near forearm", "head",
        "lower mane", "upper mane", "near ear", "forelock",
    )
)  # fmt: skip
HAIR = frozenset(PLACES[name] for name in ("tail", "lower mane", "upper mane", "forelock"))
FAR = frozenset(place for name, place in PLACES.items() if name.startswith("far "))
_HOOVES = tuple(PLACES[f"{side} {pair} pastern"] for side in ("near", "far") for pair in ("fore", "hind"))

# gait: stride and flexion in degrees, and each leg's offset in 1/100 turn: near fore, far fore, near hind, far hind
_GAITS: Mapping[str, tuple[int, int, tuple[int, int, int, int]]] = {
    "walk": (17, 34, (25, 75, 0, 50)),
    "trot": (23, 58, (50, 0, 0, 50)),
    "gallop": (38, 66, (50, 60, 0, 9)),
}


def _degrees(angle: int) -> int:
    return angle * TURN // 360


def _standing(factors: Factors) -> dict[str, int]:
    """Return small differences between the legs; a grazing horse puts one foreleg forward, some rest a hind hoof."""
    bits = factors.hair
    angles: dict[str, int] = {}
    for leg, name in enumerate(("near forearm", "far forearm", "near thigh", "far thigh")):
        angles[name] = _degrees((bits >> 8 * leg & 15) - 7)
    if factors.gait == "graze":
        angles["near forearm"], angles["far forearm"] = _degrees(13), _degrees(-9)
    elif bits >> 40 & 3 == 0:
        angles |= {"far thigh": _degrees(12), "far gaskin": _degrees(-22), "far hind pastern": _degrees(-20)}
    return angles


def _moving(factors: Factors) -> dict[str, int]:
    """Return the joint angles of a gait at its phase: a leg swings forward bent and comes back straight."""
    stride, flexion, offsets = _GAITS[factors.gait]
    angles: dict[str, int] = {}
    for leg, (side, pair) in enumerate((("near", "fore"), ("far", "fore"), ("near", "hind"), ("far", "hind"))):
        phase = factors.phase + offsets[leg] * TURN // 100
        reach = _degrees(stride) * sine(phase) // ONE
        if factors.gait == "gallop" and (reach < 0) == (pair == "fore"):
            reach = reach * 9 // 16  # gathered legs stay apart under the belly
        bend = _degrees(flexion) * max(0, cosine(phase)) // ONE
        if pair == "fore":
            angles |= {f"{side} forearm": reach + bend // 4, f"{side} fore cannon": -bend - max(0, -reach) // 3}
        else:
            angles |= {f"{side} thigh": reach * 3 // 4 + bend // 5, f"{side} gaskin": reach // 3 - bend * 2 // 3,
                       f"{side} hind cannon": bend // 3}  # fmt: skip
        angles[f"{side} {pair} pastern"] = -bend * 2 // 3
    if factors.gait == "gallop":
        angles["torso"] = _degrees(4) * sine(factors.phase + TURN * 3 // 10) // ONE
    return angles


def _angles(factors: Factors) -> list[int]:
    angles = _standing(factors) if factors.gait in ("stand", "graze") else _moving(factors)
    nod = _degrees(factors.nod)
    if factors.gait == "graze":
        angles |= {"torso": _degrees(-2), "lower neck": _degrees(-76) + nod // 3,
                   "upper neck": _degrees(-34) + nod // 3, "head": _degrees(88)}  # fmt: skip
    else:
        lower = {"stand": -8, "walk": -14, "trot": -3, "gallop": -24}[factors.gait]
        angles |= {"lower neck": _degrees(lower) + nod, "upper neck": _degrees(lower // 3) + nod // 2,
                   "head": _degrees(-lower) - nod + _degrees(factors.hair >> 44 & 7) - _degrees(4)}  # fmt: skip
    ears = _degrees((factors.hair >> 48 & 31) - 10)
    angles |= {"near ear": ears, "far ear": ears + _degrees(4)}
    return [angles.get(limb.name, 0) for limb in LIMBS]


def _tail(factors: Factors, pitch: int) -> list[Point]:
    """Draw the tail from the dock: it hangs at rest and streams behind a running horse."""
    stream = {"stand": 2, "graze": 2, "walk": 9, "trot": 26, "gallop": 62}[factors.gait]
    wind = (factors.hair >> 16 & 15) - 4
    end = _degrees(270 - stream - max(0, wind)) - pitch
    angle = _degrees({"gallop": 172, "trot": 185}.get(factors.gait, 215))
    x, y = -400, 935
    near, far = [(x, y + 18)], [(x - 6, y - 30)]
    for step, width in enumerate((30, 46, 58, 56, 44, 14)):
        angle += (end - angle) // 2
        length = factors.tail * (12 if step else 8) // (80 if factors.gait == "gallop" else 64)
        x, y = x + length * cosine(angle) // ONE, y + length * sine(angle) // ONE
        waver = (factors.hair >> (20 + 4 * step) & 7) * 3 + width
        side_x, side_y = waver * sine(angle) // ONE, waver * cosine(angle) // ONE
        near.append((x + side_x, y - side_y))
        far.append((x - side_x * 2 // 3, y + side_y * 2 // 3))
    return near + far[::-1]


def _mane(crest: list[Point], factors: Factors, turned: int, shift: int) -> list[Point]:
    """Hang locks from `crest`: downwards whatever the neck does, blown back when the horse runs."""
    blown = {"gallop": 58, "trot": 30, "walk": 12}.get(factors.gait, 4)
    angle = _degrees(270 - blown) - turned
    lower = []
    for step, (x, y) in enumerate(crest):
        length = factors.mane * (10 + (factors.hair >> (shift + 3 * step) & 7)) // 16
        lower.append((x + length * cosine(angle) // ONE, y + length * sine(angle) // ONE))
        lower.append((x + 22 + length * 5 // 8 * cosine(angle) // ONE, y + 8 + length * 5 // 8 * sine(angle) // ONE))
    return [*crest, *lower[::-1]]


_LOWER_CREST = [(238, 1018), (300, 1092), (350, 1146), (398, 1196)]
_UPPER_CREST = [(380, 1180), (440, 1256), (490, 1302), (535, 1338), (590, 1382), (640, 1404)]


def posed_horse(factors: Factors) -> Posed:
    """Pose the horse of `factors`, its lowest hoof at height 0, or a little above it in the leap of a gallop.

    Returns: motions and outline points of all limbs, in the order of `LIMBS`.
    """
    angles = _angles(factors)
    torso, lower, upper = (angles[PLACES[name]] for name in ("torso", "lower neck", "upper neck"))
    outlines = _OUTLINES.copy()
    outlines[PLACES["tail"]] = np.array(_tail(factors, torso))
    outlines[PLACES["lower mane"]] = np.array(_mane(_LOWER_CREST, factors, torso + lower, 5))
    outlines[PLACES["upper mane"]] = np.array(_mane(_UPPER_CREST, factors, torso + lower + upper, 11))
    posed = move(pose(LIMBS, angles), outlines)
    lowest = min(int(posed.points[posed.starts[hoof] : posed.starts[hoof + 1], 1].min()) for hoof in _HOOVES)
    lift = factors.leap - lowest
    posed.motions[:, 3] += lift * ONE
    posed.points[:, 1] += lift
    return posed
