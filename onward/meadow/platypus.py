"""The platypus: a flat duck's bill, a long low body in dense fur, a paddle of a tail, four webbed feet.

One unit is 1/1000 of its length from the shoulder to the root of the tail, times two. It walks with its belly low,
diagonal feet together, and its tail sways.

Read next: ``person.py``.
"""

from __future__ import annotations

from onward.meadow.anatomy import Part, assemble, capsule, degrees, oval, rounded
from onward.meadow.chance import ONE, TURN, cosine, sine

__all__ = ["ANATOMY", "angles"]

_BODY = rounded((-330, 190), (-250, 285), (-80, 335), (110, 335), (260, 300), (345, 240), (350, 165), (250, 85),
                (60, 45), (-160, 48), (-290, 95))  # fmt: skip
_HEAD = rounded((270, 290), (370, 300), (455, 262), (495, 205), (470, 150), (380, 122), (290, 140))
_UPPER_BILL = rounded((455, 232), (520, 214), (610, 196), (700, 190), (752, 172), (745, 146), (650, 142), (540, 146),
                      (462, 158))  # fmt: skip
_LOWER_BILL = rounded((460, 172), (560, 146), (690, 140), (700, 118), (600, 110), (480, 132))
_TAIL = rounded((-290, 250), (-400, 258), (-560, 238), (-690, 196), (-712, 150), (-640, 116), (-500, 108), (-380, 122),
                (-290, 130))  # fmt: skip


def _leg(side: str, pair: str, x: int) -> list[Part]:
    dx, dy = (52, 14) if side == "far" else (0, 0)
    hip, foot = (x + dx, 130 + dy), (x + dx + 12, 22 + dy)
    web = rounded((foot[0] - 34, foot[1] + 26), (foot[0] + 20, foot[1] + 30), (foot[0] + 96, foot[1] + 4),
                  (foot[0] + 104, foot[1] - 18), (foot[0] + 40, foot[1] - 22),
                  (foot[0] - 30, foot[1] - 20))  # fmt: skip
    return [
        Part(f"{side} {pair} leg", "body", hip, capsule(hip, (foot[0], foot[1] + 12), 62, 26), "body"),
        Part(f"{side} {pair} foot", f"{side} {pair} leg", foot, web, "dark"),
    ]


_PARTS = [
    Part("body", "", (0, 180), _BODY),
    *_leg("far", "hind", -240), *_leg("far", "fore", 190), *_leg("near", "hind", -240), *_leg("near", "fore", 190),
    Part("tail", "body", (-300, 190), _TAIL, "second"),
    Part("head", "body", (300, 210), _HEAD),
    Part("lower bill", "head", (470, 160), _LOWER_BILL, "dark"),
    Part("upper bill", "head", (470, 190), _UPPER_BILL, "bill"),
    Part("cheek", "head", (400, 235), oval((404, 236), 30, 22), "pale"),
    Part("eye", "head", (410, 238), oval((412, 238), 15, 15), "eye"),
    Part("nostril", "head", (700, 178), oval((690, 176), 13, 7), "eye"),
]  # fmt: skip
_ORDER = ["far hind leg", "far hind foot", "far fore leg", "far fore foot", "tail", "body", "near hind leg",
          "near hind foot", "lower bill", "head", "upper bill", "nostril", "cheek", "eye", "near fore leg",
          "near fore foot"]  # fmt: skip
_FEET = {
    f"{side} {pair} foot": (
        f"{side} {pair} foot",
        (x + (120 if side == "far" else 70), 22 + (14 if side == "far" else 0)),
    )
    for side in ("near", "far")
    for pair, x in (("fore", 190), ("hind", -240))
}
ANATOMY = assemble(
    "platypus",
    _PARTS,
    _ORDER,
    {
        "bill tip": ("upper bill", (748, 160)),
        "bill root": ("upper bill", (470, 196)),
        "shoulder": ("body", (230, 250)),
        "tail root": ("tail", (-310, 195)),
        "tail tip": ("tail", (-705, 165)),
        **_FEET,
    },
    [f"{side} {pair} foot" for side in ("near", "far") for pair in ("fore", "hind")],
)


def angles(phase: int, bits: int, is_moving: bool) -> dict[str, int]:
    """Give the joint angles at a phase of its walk; `bits` vary how it holds itself."""
    swing = degrees(26) if is_moving else degrees(6)
    found = {
        "head": degrees((bits & 31) - 14),
        "tail": degrees((bits >> 5 & 15) - 6) + (degrees(7) * sine(phase) // ONE if is_moving else 0),
        "lower bill": -degrees(bits >> 9 & 7),
    }
    for leg, (side, pair) in enumerate((("near", "fore"), ("far", "fore"), ("far", "hind"), ("near", "hind"))):
        at = phase + (TURN // 2) * (leg % 2)
        found[f"{side} {pair} leg"] = swing * sine(at) // ONE
        found[f"{side} {pair} foot"] = -swing * sine(at) // ONE + (
            degrees(20) * max(0, cosine(at)) // ONE if is_moving else 0
        )
    return found
