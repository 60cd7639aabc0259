"""The colours of portraits, as red, green, blue from 0 to 255: skins, hair, eyes, cloth, backgrounds.

Read next: ``portrait_traits.py``, which draws them by lot.
"""

from __future__ import annotations

__all__ = [
    "BACKGROUNDS",
    "CLOTHS",
    "EYES",
    "HAIRS",
    "HELD_OUT_BACKGROUND",
    "HELD_OUT_HAIR",
    "SKINS",
    "Colour",
    "shaded",
]

Colour = tuple[int, int, int]

SKINS: dict[str, Colour] = {
    "porcelain": (244, 212, 190), "ivory": (240, 198, 164), "sand": (236, 188, 148), "honey": (222, 166, 120),
    "almond": (202, 144, 102), "chestnut": (176, 116, 78), "umber": (146, 92, 60), "cocoa": (116, 72, 48),
    "espresso": (90, 56, 40),
}  # fmt: skip
HAIRS: dict[str, Colour] = {
    "black": (38, 32, 36), "dark brown": (66, 44, 34), "brown": (104, 68, 44), "chestnut": (134, 76, 44),
    "auburn": (154, 64, 36), "ginger": (208, 108, 46), "dark blond": (172, 132, 78), "blond": (226, 186, 112),
    "platinum": (238, 224, 192), "grey": (150, 150, 156), "white": (228, 226, 224), "pink": (234, 118, 160),
    "blue": (72, 112, 196), "violet": (134, 84, 176), "teal": (36, 156, 146),
}  # fmt: skip
EYES: dict[str, Colour] = {
    "dark": (44, 30, 26), "brown": (96, 58, 32), "hazel": (126, 96, 48), "green": (72, 122, 76),
    "blue": (66, 116, 178), "grey": (104, 118, 130),
}  # fmt: skip
CLOTHS: dict[str, Colour] = {
    "red": (196, 62, 58), "orange": (226, 132, 60), "yellow": (232, 190, 74), "green": (82, 142, 92),
    "teal": (52, 132, 138), "blue": (70, 110, 178), "navy": (48, 58, 98), "violet": (120, 86, 156),
    "pink": (222, 128, 152), "white": (232, 230, 226), "grey": (126, 130, 138), "black": (54, 52, 58),
}  # fmt: skip
BACKGROUNDS: dict[str, tuple[Colour, Colour]] = {  # at the top, at the bottom
    "sky": ((120, 178, 224), (206, 230, 240)), "mint": ((136, 206, 182), (220, 240, 222)),
    "peach": ((246, 178, 138), (252, 222, 190)), "rose": ((230, 146, 164), (248, 212, 214)),
    "lemon": ((240, 208, 110), (250, 236, 186)), "lilac": ((166, 146, 208), (220, 208, 238)),
    "night": ((44, 52, 92), (96, 104, 152)), "forest": ((56, 96, 82), (134, 168, 130)),
    "brick": ((152, 76, 62), (206, 140, 110)), "stone": ((138, 144, 150), (204, 206, 206)),
    "cream": ((222, 206, 178), (242, 234, 216)), "coral": ((226, 96, 90), (246, 170, 140)),
    "slate": ((70, 84, 102), (138, 154, 170)),
}  # fmt: skip
HELD_OUT_HAIR = "teal"
HELD_OUT_BACKGROUND = "coral"


def shaded(colour: Colour, percent: int, towards: Colour = (40, 14, 40)) -> Colour:
    """Mix a colour with `percent` of another: of a warm dark one unless it is said, as shade on skin is.

    Example:
        >>> shaded((100, 100, 100), 50, (0, 0, 0))
        (50, 50, 50)
    """
    red, green, blue = (
        (100 * own + percent * (other - own)) // 100 for own, other in zip(colour, towards, strict=True)
    )
    return red, green, blue
