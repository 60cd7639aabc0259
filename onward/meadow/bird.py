"""The bird: on two thin legs, or in the air with beating wings.

One unit is 1/1000 of its length. The wings are seen from below when up and from above when down; near and far wing beat
together, a little apart in the picture so that both tips can be named.

Read next: ``cast.py``.
"""

from __future__ import annotations

from onward.meadow.anatomy import Part, assemble, capsule, degrees, oval, rounded
from onward.meadow.chance import ONE, sine

__all__ = ["ANATOMY", "angles"]

_BODY = rounded((-250, 330), (-160, 400), (10, 440), (170, 430), (265, 370), (280, 300), (210, 215), (60, 165),
                (-110, 190), (-220, 260))  # fmt: skip
_HEAD = rounded((170, 400), (185, 480), (250, 540), (335, 540), (395, 490), (400, 430), (350, 375), (260, 345))
_BILL = rounded((380, 490), (450, 470), (540, 440), (535, 428), (450, 430), (385, 436), pieces=2)
_TAIL = rounded((-200, 350), (-330, 330), (-470, 290), (-560, 250), (-540, 215), (-430, 225), (-300, 245), (-190, 270))


def _wing(side: str) -> list[Part]:
    dx, dy = (40, 26) if side == "far" else (0, 0)
    root = (70 + dx, 380 + dy)
    arm = rounded((140 + dx, 400 + dy), (40 + dx, 425 + dy), (-120 + dx, 400 + dy), (-220 + dx, 350 + dy),
                  (-190 + dx, 290 + dy), (-60 + dx, 260 + dy), (80 + dx, 290 + dy))  # fmt: skip
    hand = rounded((-130 + dx, 395 + dy), (-260 + dx, 370 + dy), (-430 + dx, 320 + dy), (-540 + dx, 285 + dy),
                   (-430 + dx, 275 + dy), (-300 + dx, 282 + dy), (-150 + dx, 300 + dy))  # fmt: skip
    return [
        Part(f"{side} wing", "body", root, arm, "second"),
        Part(f"{side} wing tip", f"{side} wing", (-150 + dx, 350 + dy), hand, "second"),
    ]


def _leg(side: str) -> list[Part]:
    dx = 46 if side == "far" else 0
    hip, foot = (20 + dx, 220), (30 + dx, 22)
    toes = rounded(
        (foot[0] - 50, 16), (foot[0], 30), (foot[0] + 84, 14), (foot[0] + 84, 0), (foot[0] - 50, 0), pieces=2
    )
    return [
        Part(f"{side} leg", "body", hip, capsule(hip, foot, 26, 14), "bright"),
        Part(f"{side} foot", f"{side} leg", foot, toes, "bright"),
    ]


_PARTS = [
    Part("body", "", (20, 300), _BODY),
    *_wing("far"), *_leg("far"), *_leg("near"),
    Part("tail", "body", (-200, 310), _TAIL, "second"),
    Part("breast", "body", (150, 280), oval((165, 290), 92, 84, 20), "pale"),
    Part("head", "body", (240, 400), _HEAD),
    Part("bill", "head", (390, 460), _BILL, "bright"),
    Part("eye", "head", (330, 470), oval((332, 468), 17, 17), "eye"),
    *_wing("near"),
]  # fmt: skip
_ORDER = ["far wing tip", "far wing", "far leg", "far foot", "near leg", "near foot", "tail", "body", "breast", "bill",
          "head", "eye", "near wing tip", "near wing"]  # fmt: skip
ANATOMY = assemble(
    "bird",
    _PARTS,
    _ORDER,
    {
        "bill tip": ("bill", (538, 436)),
        "crown": ("head", (292, 536)),
        "breast": ("breast", (205, 270)),
        "tail tip": ("tail", (-555, 235)),
        "near wing": ("near wing tip", (-530, 286)),
        "far wing": ("far wing tip", (-490, 312)),
        "near foot": ("near foot", (50, 10)),
        "far foot": ("far foot", (96, 10)),
    },
    ["near foot", "far foot"],
)


def angles(phase: int, bits: int, is_moving: bool) -> dict[str, int]:
    """Give the joint angles: flying with wings at a phase of their beat, or standing with folded wings."""
    found = {"head": degrees((bits & 31) - 16)}
    if not is_moving:
        found |= {"body": degrees((bits >> 5 & 31) - 4), "near leg": -degrees((bits >> 5 & 31) - 4)}
        found |= {"far leg": found["near leg"] + degrees(6), "far wing": degrees(2)}
        found["near foot"], found["far foot"] = (-found["body"] - found[leg] for leg in ("near leg", "far leg"))
        return found
    beat = degrees(62) * sine(phase) // ONE
    for side, apart in (("near", 0), ("far", degrees(16))):
        found[f"{side} wing"] = -degrees(58) - beat - apart
        found[f"{side} wing tip"] = -degrees(14) + degrees(34) * sine(phase - 700) // ONE
        found[f"{side} leg"], found[f"{side} foot"] = -degrees(64), degrees(20)
    return found
