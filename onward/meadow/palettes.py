"""The colours of the meadow, as red, green, blue from 0 to 255: coats, skies by light, and grounds.

Read next: ``coats.py`` and ``land.py``, which mix them.
"""

from __future__ import annotations

from colorsys import rgb_to_hsv
from typing import NamedTuple

__all__ = [
    "COAT_COLOURS",
    "GROUND_COLOURS",
    "LIGHT_COLOURS",
    "CoatColours",
    "GroundColours",
    "LightColours",
    "coat_hue_degrees",
]

Colour = tuple[int, int, int]


class CoatColours(NamedTuple):
    """A coat: body, dark points (legs and muzzle), pale belly, mane and tail, and its pattern."""

    body: Colour
    points: Colour
    belly: Colour
    mane: Colour
    pattern: str = "plain"


class LightColours(NamedTuple):
    """A light: sky at the top and the skyline, clouds lit and shaded, the sun's glow, light and shade."""

    zenith: Colour
    skyline: Colour
    cloud: Colour
    cloud_shade: Colour
    sun: Colour
    glow: float
    lit: tuple[float, float, float]
    contrast: float
    shadow: float


class GroundColours(NamedTuple):
    """A ground: near, far, the colour of its patches, and its specks (flowers, stones) with how many there are."""

    near: Colour
    far: Colour
    patch: Colour
    speck: Colour
    specks: float
    blades: float


COAT_COLOURS = {
    "bay": CoatColours((120, 70, 44), (38, 28, 24), (156, 98, 58), (30, 24, 22)),
    "dark bay": CoatColours((82, 50, 34), (30, 24, 22), (108, 70, 46), (26, 22, 20)),
    "chestnut": CoatColours((142, 80, 48), (120, 66, 40), (168, 108, 72), (158, 98, 60)),
    "liver chestnut": CoatColours((104, 56, 34), (84, 46, 30), (128, 78, 50), (134, 82, 50)),
    "black": CoatColours((52, 47, 48), (32, 29, 30), (58, 52, 52), (28, 26, 28)),
    "grey": CoatColours((168, 168, 170), (104, 102, 104), (190, 190, 190), (142, 142, 146)),
    "dapple grey": CoatColours((136, 138, 144), (72, 72, 78), (170, 170, 174), (196, 196, 198), "dapple"),
    "white": CoatColours((226, 222, 214), (206, 198, 188), (228, 224, 216), (236, 232, 222)),
    "palomino": CoatColours((190, 146, 92), (176, 132, 82), (222, 184, 128), (238, 224, 192)),
    "buckskin": CoatColours((182, 144, 98), (52, 42, 36), (214, 178, 128), (40, 34, 32)),
    "bay pinto": CoatColours((116, 70, 46), (110, 64, 40), (150, 92, 58), (44, 34, 30), "pinto"),
    "black pinto": CoatColours((54, 49, 50), (44, 40, 42), (60, 54, 54), (34, 32, 34), "pinto"),
    "chestnut pinto": CoatColours((148, 86, 54), (160, 88, 46), (188, 116, 70), (216, 186, 146), "pinto"),
    "blue roan": CoatColours((98, 105, 120), (44, 46, 54), (116, 122, 134), (40, 42, 52)),
}

LIGHT_COLOURS = {
    "noon": LightColours((74, 134, 206), (184, 212, 232), (250, 250, 250), (190, 200, 214), (255, 250, 230), 0.25,
                         (1.06, 1.03, 0.98), 0.42, 0.66),
    "evening": LightColours((86, 104, 158), (252, 192, 128), (255, 206, 160), (162, 126, 142), (255, 214, 140), 0.85,
                            (1.05, 0.92, 0.77), 0.46, 0.62),
    "overcast": LightColours((158, 168, 180), (206, 211, 216), (226, 228, 230), (148, 156, 166), (240, 240, 240), 0.1,
                             (0.90, 0.92, 0.95), 0.26, 0.36),
    "dawn": LightColours((128, 146, 196), (250, 208, 200), (254, 224, 216), (176, 162, 188), (255, 222, 196), 0.6,
                         (0.98, 0.90, 0.92), 0.34, 0.46),
}  # fmt: skip

GROUND_COLOURS = {
    "grass": GroundColours((74, 112, 42), (132, 160, 84), (108, 138, 54), (170, 180, 96), 0.02, 0.20),
    "flowers": GroundColours((78, 118, 50), (140, 166, 92), (104, 140, 62), (244, 226, 120), 0.10, 0.18),
    "straw": GroundColours((164, 138, 78), (206, 184, 122), (140, 132, 70), (222, 204, 150), 0.03, 0.17),
    "desert": GroundColours((196, 152, 102), (222, 186, 138), (176, 130, 88), (142, 112, 84), 0.03, 0.07),
    "snow": GroundColours((222, 228, 238), (236, 240, 246), (200, 212, 230), (176, 172, 160), 0.015, 0.045),
    "autumn": GroundColours((126, 112, 50), (172, 146, 84), (150, 98, 46), (196, 116, 48), 0.10, 0.17),
    "heather": GroundColours((122, 84, 122), (156, 126, 158), (98, 100, 72), (184, 130, 176), 0.12, 0.19),
}


def coat_hue_degrees(coat: str, tint: Colour) -> int:
    """Return the hue of a tinted coat on the colour wheel, 0 to 359.

    Example:
        >>> coat_hue_degrees("bay", (0, 0, 0))
        20
    """
    red, green, blue = (
        min(255, max(0, part + extra)) for part, extra in zip(COAT_COLOURS[coat].body, tint, strict=True)
    )
    return int(rgb_to_hsv(red, green, blue)[0] * 360)
