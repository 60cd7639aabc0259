"""The person: seen from the side, standing, walking or running, one arm free to point.

One unit is 1/1000 of the height. Arms swing against the legs; knees bend as the leg comes forward (Muybridge, "The
Human Figure in Motion", 1901).

Read next: ``bird.py``.
"""

from __future__ import annotations

from onward.meadow.anatomy import Part, assemble, capsule, degrees, oval, rounded
from onward.meadow.chance import ONE, TURN, cosine, sine

__all__ = ["ANATOMY", "angles"]

_TORSO = rounded((-72, 500), (-84, 600), (-70, 700), (-78, 790), (-38, 838), (30, 838), (72, 790), (78, 700), (64, 600),
                 (72, 500), (0, 480))  # fmt: skip
_HIPS = rounded((-78, 590), (-88, 520), (-70, 455), (0, 440), (70, 455), (80, 520), (70, 590))
_FACE = rounded((-52, 900), (-50, 950), (-20, 992), (34, 996), (66, 960), (70, 918), (88, 892), (70, 880), (66, 850),
                (28, 836), (-22, 842))  # fmt: skip
_HAIR = rounded((-66, 870), (-74, 940), (-40, 1000), (20, 1014), (66, 988), (72, 960), (30, 958), (-6, 930), (-18, 880))


def _arm(side: str) -> list[Part]:
    dx = 16 if side == "far" else -4
    shoulder, elbow, wrist = (dx, 796), (dx - 6, 636), (dx + 8, 490)
    return [
        Part(f"{side} upper arm", "torso", shoulder, capsule(shoulder, elbow, 44, 32), "body"),
        Part(f"{side} forearm", f"{side} upper arm", elbow, capsule(elbow, wrist, 30, 22), "skin"),
        Part(f"{side} hand", f"{side} forearm", wrist, oval((wrist[0] + 4, wrist[1] - 26), 24, 36), "skin"),
    ]


def _leg(side: str) -> list[Part]:
    dx = 14 if side == "far" else 0
    hip, knee, ankle = (dx, 520), (dx + 6, 285), (dx - 4, 62)
    shoe = rounded((ankle[0] - 44, 62), (ankle[0] + 22, 66), (ankle[0] + 60, 40), (ankle[0] + 128, 24),
                   (ankle[0] + 134, 0), (ankle[0] - 46, 0))  # fmt: skip
    return [
        Part(f"{side} thigh", "torso", hip, capsule(hip, knee, 74, 48), "second"),
        Part(f"{side} shin", f"{side} thigh", knee, capsule(knee, ankle, 46, 30), "second"),
        Part(f"{side} foot", f"{side} shin", ankle, shoe, "dark"),
    ]


_PARTS = [
    Part("torso", "", (0, 520), _TORSO),
    *_arm("far"), *_leg("far"), *_leg("near"),
    Part("hips", "torso", (0, 520), _HIPS, "second"),
    Part("neck", "torso", (0, 820), capsule((0, 800), (8, 880), 38, 34), "skin"),
    Part("head", "neck", (8, 870), _FACE, "skin"),
    Part("hair", "head", (0, 930), _HAIR, "hair"),
    Part("eye", "head", (52, 925), oval((48, 924), 9, 11), "eye"),
    *_arm("near"),
]  # fmt: skip
_ORDER = ["far upper arm", "far forearm", "far hand", "far thigh", "far shin", "far foot", "near foot", "near shin",
          "near thigh", "hips", "neck", "torso", "head", "eye", "hair", "near hand", "near forearm",
          "near upper arm"]  # fmt: skip
_JOINTS = {"shoulder": ("upper arm", 796), "elbow": ("forearm", 636), "wrist": ("hand", 490), "hip": ("thigh", 520),
           "knee": ("shin", 285), "ankle": ("foot", 62)}  # fmt: skip
_ACROSS = {
    "shoulder": (-4, 16),
    "elbow": (-10, 10),
    "wrist": (4, 24),
    "hip": (0, 14),
    "knee": (6, 20),
    "ankle": (-4, 10),
}
ANATOMY = assemble(
    "person",
    _PARTS,
    _ORDER,
    {"head": ("head", (10, 925))}
    | {
        f"{side} {joint}": (f"{side} {limb}", (_ACROSS[joint][place], y))
        for joint, (limb, y) in _JOINTS.items()
        for place, side in enumerate(("near", "far"))
    },
    ["near foot", "far foot"],
)


def angles(phase: int, bits: int, is_moving: bool) -> dict[str, int]:
    """Give the joint angles at a phase of the stride; a standing person may point, wave or hold the hips."""
    runs = bits & 1 == 1
    reach = degrees(34 if runs else 24) if is_moving else degrees(4)
    found = {"torso": -degrees(9 if runs else 2) if is_moving else degrees((bits >> 1 & 3) - 2)}
    found["neck"] = -found["torso"] // 2 + degrees((bits >> 3 & 15) - 8)
    for side, shift in (("near", 0), ("far", TURN // 2)):
        at = phase + shift
        swing = reach * sine(at) // ONE
        bend = degrees(70 if runs else 42) * max(0, cosine(at)) // ONE if is_moving else degrees(2)
        found[f"{side} thigh"] = swing + bend // 3
        found[f"{side} shin"] = -bend - max(0, -swing) // 3
        found[f"{side} foot"] = -swing // 3 + bend // 6
        found[f"{side} upper arm"] = -swing - found["torso"]
        found[f"{side} forearm"] = degrees(75 if runs else 22) if is_moving else degrees(8)
    if not is_moving and bits >> 7 & 3 == 0:
        raised = 60 + (bits >> 9 & 63)
        found["near upper arm"], found["near forearm"] = degrees(raised), degrees(bits >> 15 & 31)
    return found
