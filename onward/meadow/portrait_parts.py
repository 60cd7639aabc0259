"""What a portrait is put together from, back to front: shoulders, neck, hair, ears, head, face, hair again, hats.

Every part is an outline with a colour. `depth` says how far it moves when the head turns: the tip of a nose more than
the eyes, the edge of the head not at all, what is behind the head the other way. `height` is how far it stands out
towards the light. Read next: ``portrait_drawing.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from onward.meadow.limbs import Point, smooth
from onward.meadow.portrait_colours import CLOTHS, EYES, HAIRS, SKINS, Colour, shaded
from onward.meadow.portrait_shapes import BACK_HAIR, CIRCLE, FACES, FRONT_HAIR, HATS, SCARF, half
from onward.meadow.portrait_traits import Portrait

__all__ = ["Part", "parts_of"]

Points = NDArray[np.int64]
_EYES_AT, _MOUTH_AT = -12, 128
_EYE_DEPTH, _NOSE_DEPTH, _MOUTH_DEPTH, _FRINGE_DEPTH = 52, 84, 58, 26
_BEHIND = -22
_WHITE, _DARK, _GLINT = (246, 244, 240), (30, 24, 28), (255, 255, 255)
_TEETH, _THROAT = (248, 246, 240), (96, 30, 36)


@dataclass(frozen=True)
class Part:
    """One coloured outline.

    Attributes:
        points: N 2, in 1/1000 of the picture; of the head's frame unless `body`.
        height: 0 for a part that lies flat on what is behind it.
    """

    points: Points
    colour: Colour
    depth: int = 0
    height: int = 0
    body: bool = False


@cache
def _array(outline: tuple[Point, ...]) -> Points:
    found = np.array(outline, np.int64)
    found.setflags(write=False)
    return found


_ROUND = _array(CIRCLE)
_SQUARE_LENS = _array(
    smooth([(1000, -700), (960, 300), (640, 960), (-500, 960), (-960, 300), (-1000, -760), (0, -920)], 2)
)


def _blob(x: int, y: int, wide: int, high: int) -> Points:
    return _ROUND * (wide, high) // 1000 + (x, y)


def _outline(*points: Point) -> Points:
    return np.array(points, np.int64)


@cache
def _bent(points: tuple[Point, ...]) -> Points:
    return _array(smooth(points, 3))


def _mirrored(points: Points) -> Points:
    return points * (-1, 1)


def parts_of(seen: Portrait) -> list[Part]:
    """List the parts of a portrait, back to front.

    Example:
        >>> from onward.meadow.portrait_traits import draw_portrait
        >>> len(parts_of(draw_portrait(0, "train", 0, 1))) > 20
        True
    """
    skin, hair = SKINS[seen.skin], HAIRS[seen.hair]
    found: list[Part] = []
    found += _behind(seen, hair)
    found += _shoulders(seen, skin)
    found += _ears(seen, skin)
    face = _array(FACES[seen.face])
    found.append(Part(face, skin, 0, 190))
    found += _cheeks(seen, skin)
    found += _beard(seen, hair, face)
    found += _mouth(seen, skin)
    found += _nose(seen, skin)
    found += _eyes(seen, skin, hair)
    found += _fringe(seen, skin, hair)
    found += _glasses(seen)
    found += _hat(seen)
    return found


def _behind(seen: Portrait, hair: Colour) -> Iterator[Part]:
    if seen.hat == "scarf":
        yield Part(_array(SCARF[0]), shaded(CLOTHS[seen.trim], 16), _BEHIND, 130)
        return
    for piece in BACK_HAIR[seen.cut]:
        if not (seen.hat != "none" and seen.cut == "bun"):
            yield Part(_array(piece), shaded(hair, 14), _BEHIND, 130)


_NECK = _array(half((0, 120), (92, 130), (86, 250), (98, 320), (60, 380), (0, 392)))
_NECK_SHADE = _array(half((0, 120), (96, 140), (90, 236), (60, 286), (0, 300)))
_SHOULDERS = _array(half((0, 812), (70, 812), (120, 818), (226, 850), (330, 892), (392, 960), (420, 1060), (0, 1080)))
_V_NECK = _outline((-86, 800), (86, 800), (0, 930))
_ROUND_NECK = _array(half((0, 770), (92, 790), (88, 836), (48, 866), (0, 874)))
_COLLAR = _outline((-10, 890), (-66, 950), (-122, 842), (-92, 794))
_LAPEL = _outline((-96, 808), (-150, 836), (-176, 920), (-140, 930), (-60, 1040), (-2, 1040))
_STRAP = _outline((-128, 820), (-84, 812), (-70, 1040), (-128, 1040))
_HOOD = _array(half((0, 780), (130, 776), (206, 824), (190, 880), (100, 920), (0, 940)))
_ROLL = _array(half((0, 742), (96, 744), (112, 770), (116, 846), (70, 868), (0, 872)))


def _shoulders(seen: Portrait, skin: Colour) -> Iterator[Part]:
    """Dress somebody: shoulders, what the neck shows, and the neck itself, in shade below the chin."""
    cloth, trim = CLOTHS[seen.cloth], CLOTHS[seen.trim]
    neck = (Part(_NECK, shaded(skin, 6), -8, 90), Part(_NECK_SHADE, shaded(skin, 26), -8))
    bare = (Part(_ROUND_NECK, shaded(skin, 4), 0, 0, True), *neck)
    yield Part(_SHOULDERS, cloth, 0, 110, True)
    if seen.clothes == "hood":
        yield from _hood(cloth, bare)
    elif seen.clothes == "roll":
        yield from (*neck, Part(_ROLL, shaded(cloth, 14), 0, 130, True))
    elif seen.clothes == "neck":
        yield from (Part(_V_NECK, shaded(skin, 4), 0, 0, True), *neck)
    elif seen.clothes in ("shirt", "suit"):
        yield from _buttoned(seen.clothes, cloth, trim, skin, neck)
    else:
        yield from _printed(seen.clothes, trim)
        yield from (Part(np.add(_ROUND_NECK, (0, 10)), shaded(cloth, 30), 0, 0, True), *bare)


def _hood(cloth: Colour, bare: Sequence[Part]) -> Iterator[Part]:
    yield from (Part(_HOOD, shaded(cloth, 20), 0, 130, True), *bare)
    for cord in (((-52, 880), (-40, 884), (-36, 990), (-50, 990)), ((52, 880), (40, 884), (36, 990), (50, 990))):
        yield Part(_outline(*cord), shaded(cloth, 60, _WHITE), 0, 0, True)


def _buttoned(kind: str, cloth: Colour, trim: Colour, skin: Colour, neck: Sequence[Part]) -> Iterator[Part]:
    inner = shaded(trim, 70, _WHITE) if kind == "suit" else shaded(cloth, 22, _WHITE)
    yield Part(_outline((-100, 806), (100, 806), (30, 1050), (-30, 1050)), inner, 0, 0, True)
    yield from (Part(_V_NECK * (9, 9) // 10 + (0, 80), skin, 0, 0, True), *neck)
    if kind == "suit":
        tie = _outline((-22, 882), (22, 882), (14, 914), (34, 1040), (-34, 1040), (-14, 914))
        yield Part(tie, shaded(trim, 10), 0, 0, True)
        for lapel in (_LAPEL, _mirrored(_LAPEL)):
            yield Part(lapel, shaded(cloth, 24), 0, 120, True)
    for collar in (_COLLAR, _mirrored(_COLLAR)):
        yield Part(collar, inner, 0, 130, True)


def _printed(kind: str, trim: Colour) -> Iterator[Part]:
    """Draw what is on a plain top: stripes, straps or nothing."""
    if kind == "stripes":
        for line, reach in ((856, 226), (900, 316), (944, 366)):
            band = ((-reach, line + 20), (0, line), (reach, line + 20), (reach + 12, line + 38), (0, line + 20),
                    (-reach - 12, line + 38))  # fmt: skip
            yield Part(_outline(*band), trim, 0, 0, True)
    if kind == "straps":
        for strap in (_STRAP, _mirrored(_STRAP)):
            yield Part(strap, trim, 0, 120, True)


def _ears(seen: Portrait, skin: Colour) -> Iterator[Part]:
    if seen.hat == "scarf":
        return
    for side in (-1, 1):
        yield Part(_blob(side * 184, 8, 36, 54), shaded(skin, 8), -30, 120)
        yield Part(_blob(side * 188, 10, 18, 32), shaded(skin, 26), -30)
        if seen.earrings:
            yield Part(_blob(side * 192, 78, 15, 17), (240, 204, 96), -30, 220)


def _cheeks(seen: Portrait, skin: Colour) -> Iterator[Part]:
    flush = shaded(skin, 15 if seen.made_up else 9, (226, 60, 60))
    for side in (-1, 1):
        yield Part(_blob(side * 104, 84, 48, 34), flush, _EYE_DEPTH)
        if seen.freckles:
            for step, (x, y) in enumerate(((70, 58), (96, 74), (122, 60), (84, 94))):
                yield Part(_blob(side * x, y + step % 2 * 4, 6, 6), shaded(skin, 24, (120, 50, 20)), _EYE_DEPTH)


def _brow(seen: Portrait, side: int, colour: Colour) -> Part:
    weight, lift = seen.brow_weight, {"open": -20, "grin": -8, "sad": -4}.get(seen.mouth, 0)
    inner = seen.brow_angle + (-16 if seen.mouth == "sad" else 0)
    outer = -inner // 2 + (10 if seen.mouth == "sad" else 4)
    gap, y = seen.eye_gap, _EYES_AT - 58 + lift
    points = _outline((side * (gap - 46), y + inner + weight), (side * (gap - 46), y + inner - weight // 2),
                      (side * (gap + 8), y - 12 - weight), (side * (gap + 56), y + outer - 2),
                      (side * (gap + 54), y + outer + 8), (side * (gap + 6), y - 10 + weight // 2))  # fmt: skip
    return Part(points, colour, _EYE_DEPTH - 6)


def _eyes(seen: Portrait, skin: Colour, hair: Colour) -> Iterator[Part]:
    size, iris = seen.eye_size, EYES[seen.eyes]
    squeezed = {"grin": 74, "smile": 90, "open": 116, "smirk": 84}.get(seen.mouth, 100)
    wide, high = 45 * size // 100, 30 * size * squeezed // 10000
    look = seen.turn // 12
    brow = shaded(hair, 30) if sum(hair) > 160 else shaded(hair, 12, (90, 70, 60))
    for side in (-1, 1):
        x, y = side * seen.eye_gap, _EYES_AT
        lid = _blob(x, y - 5, wide + 7, high + 9)
        yield Part(lid, shaded(skin, 30), _EYE_DEPTH, 170)
        yield Part(_blob(x, y, wide, high), _WHITE, _EYE_DEPTH, 170)
        yield Part(_blob(x + look, y, 25 * size // 100, min(high, 27 * size // 100)), iris, _EYE_DEPTH + 6)
        yield Part(_blob(x + look, y, 12 * size // 100, 13 * size // 100), _DARK, _EYE_DEPTH + 6)
        glint = -9 if seen.lit == "left" else 9
        yield Part(_blob(x + look + glint, y - 9, 7, 8), _GLINT, _EYE_DEPTH + 6)
        lash = 14 if seen.made_up else 8
        reach = wide + (14 if seen.made_up else 6)
        line = _outline((x - reach, y - 2), (x - wide * 2 // 3, y - high * 3 // 4 - lash), (x, y - high - lash),
                        (x + wide * 2 // 3, y - high * 3 // 4 - lash), (x + reach, y - 2),
                        (x + wide * 2 // 3, y - high * 3 // 4 + 4), (x, y - high + 3),
                        (x - wide * 2 // 3, y - high * 3 // 4 + 4))  # fmt: skip
        yield Part(line, _DARK, _EYE_DEPTH)
        yield _brow(seen, side, brow)


_NOSE_SIZES = {"button": (30, 66, 40), "straight": (30, 78, 44), "wide": (46, 74, 50), "long": (30, 96, 44)}


def _nose(seen: Portrait, skin: Colour) -> Iterator[Part]:
    wide, low, high = _NOSE_SIZES[seen.nose]
    side = 1 if seen.lit == "left" else -1  # the side in shade
    shade = shaded(skin, 20)
    bridge = ((side * 6, -34), (side * 20, -10), (side * 18, 30), (side * wide, low - 16), (side * (wide + 2), low + 6),
              (side * 10, low + 14), (side * 6, low - 10))  # fmt: skip
    yield Part(_bent(bridge), shade, _NOSE_DEPTH, 210)
    yield Part(_blob(0, low - 6, wide - 4, high // 2), shaded(skin, 5, (240, 110, 90)), _NOSE_DEPTH, 255)
    yield Part(_blob(-side * 8, low - 16, 11, 9), shaded(skin, 24, _WHITE), _NOSE_DEPTH + 6)
    for nostril in (-1, 1):
        yield Part(_blob(nostril * (wide // 2), low + 8, 9, 6), shaded(skin, 52), _NOSE_DEPTH)


_CURVES: dict[str, tuple[tuple[Point, ...], ...]] = {
    "smile": (((-78, -14), (-40, 4), (0, 10), (40, 4), (78, -14), (42, 24), (0, 34), (-42, 24)),),
    "neutral": (((-60, 0), (-20, -10), (0, -5), (20, -10), (60, 0), (24, 20), (0, 24), (-24, 20)),),
    "smirk": (((-56, 6), (-10, 4), (36, -6), (78, -24), (44, 16), (6, 26), (-28, 20)),),
    "sad": (((-60, 22), (-26, 0), (0, -6), (26, 0), (60, 22), (26, 20), (0, 18), (-26, 20)),),
}


def _mouth(seen: Portrait, skin: Colour) -> Iterator[Part]:
    lips = shaded(skin, 62, (206, 40, 66)) if seen.made_up else shaded(skin, 40, (170, 52, 62))
    line = shaded(lips, 50)
    if seen.mouth == "grin":
        yield Part(
            _moved((-88, -24), (-44, -14), (0, -11), (44, -14), (88, -24), (66, 28), (0, 56), (-66, 28)),
            lips,
            _MOUTH_DEPTH,
        )
        yield Part(_moved((-74, -14), (0, -2), (74, -14), (54, 22), (0, 42), (-54, 22)), _THROAT, _MOUTH_DEPTH)
        yield Part(_moved((-74, -14), (0, -2), (74, -14), (58, 14), (0, 22), (-58, 14)), _TEETH, _MOUTH_DEPTH)
        return
    if seen.mouth == "open":
        yield Part(_blob(0, _MOUTH_AT + 10, 46, 42), lips, _MOUTH_DEPTH)
        yield Part(_blob(0, _MOUTH_AT + 10, 32, 29), _THROAT, _MOUTH_DEPTH)
        yield Part(_blob(0, _MOUTH_AT - 8, 24, 9), _TEETH, _MOUTH_DEPTH)
        return
    points = _CURVES[seen.mouth][0]
    mirror = 1 if seen.bits & 1 else -1
    yield Part(_moved(*points) * (mirror, 1), lips, _MOUTH_DEPTH)
    middle = tuple((x, y) for x, y in points[: (len(points) + 1) // 2 + 1])
    upper = _moved(*((x, y + 2) for x, y in middle), *((x, y + 13) for x, y in middle[::-1]))
    yield Part(upper * (mirror, 1), line, _MOUTH_DEPTH)
    yield Part(_blob(0, _MOUTH_AT + 50, 34, 7), shaded(skin, 16), _MOUTH_DEPTH)


def _moved(*points: Point) -> Points:
    return np.add(_bent(points), (0, _MOUTH_AT))


def _beard(seen: Portrait, hair: Colour, face: Points) -> Iterator[Part]:
    colour = shaded(hair, 10)
    if seen.beard == "stubble":
        low = face[face[:, 1] > 40]
        jaw = np.concatenate((low, _outline((-96, 96), (0, 78), (96, 96))))
        yield Part(jaw, shaded(SKINS[seen.skin], 20, shaded(hair, 40)), 6)
    if seen.beard == "full":
        low = face[face[:, 1] > 0] * (102, 106) // 100
        inner = _outline((-128, 60), (-104, 106), (-50, 92), (0, 84), (50, 92), (104, 106), (128, 60))
        yield Part(np.concatenate((low, inner)), colour, 4, 210)
    if seen.beard == "goatee":
        yield Part(_array(half((0, 150), (52, 156), (74, 200), (52, 252), (0, 270))), colour, 40, 210)
    if seen.beard in ("moustache", "goatee", "full"):
        yield Part(
            _array(half((0, 90), (38, 86), (86, 108), (98, 140), (60, 132), (0, 122))), colour, _MOUTH_DEPTH + 6, 215
        )


def _fringe(seen: Portrait, skin: Colour, hair: Colour) -> Iterator[Part]:
    if seen.hat == "scarf":
        return
    for piece in FRONT_HAIR[seen.cut]:
        points = _array(piece) if seen.bits & 2 else _mirrored(_array(piece))
        yield Part(points * (92, 100) // 100 + (0, 20), shaded(skin, 18), _FRINGE_DEPTH)
        yield Part(points, hair, _FRINGE_DEPTH, 225)
    if seen.cut in ("bald", "buzz") or seen.hat not in ("none", "band"):
        return
    sheen = shaded(hair, 26, (255, 244, 224))
    side = -1 if seen.lit == "left" else 1
    yield Part(_bent(((side * 40, -262), (side * 104, -244), (side * 150, -196), (side * 168, -140), (side * 140, -176),
                      (side * 92, -222))), sheen, _FRINGE_DEPTH)  # fmt: skip


def _glasses(seen: Portrait) -> Iterator[Part]:
    """Draw rims as rings: an outline out and back in again, so that the eye behind stays."""
    if seen.glasses == "none":
        return
    rim = (48, 42, 46) if seen.bits & 4 else shaded(CLOTHS[seen.trim], 40)
    lens = _ROUND if seen.glasses == "round" else _SQUARE_LENS
    for side in (-1, 1):
        middle = (side * (seen.eye_gap + 2), _EYES_AT + 4)
        outer, inner = lens * (66, 56) // 1000 + middle, lens * (55, 45) // 1000 + middle
        if seen.glasses == "dark":
            yield Part(outer, rim, _EYE_DEPTH + 12, 200)
            yield Part(inner * 9 // 10 + (middle[0] // 10, -6), shaded(rim, 22, (120, 150, 190)), _EYE_DEPTH + 12)
        else:
            ring = np.concatenate((outer, outer[:1], inner[:1], inner[::-1]))
            yield Part(ring, rim, _EYE_DEPTH + 12)
        yield Part(
            _outline((side * 140, -18), (side * 186, -10), (side * 186, 2), (side * 140, -4)), rim, _FRINGE_DEPTH
        )
    yield Part(_outline((-26, -16), (26, -16), (26, -4), (-26, -4)), rim, _EYE_DEPTH + 20)


def _hat(seen: Portrait) -> Iterator[Part]:
    base = CLOTHS[seen.trim]
    for step, piece in enumerate(HATS[seen.hat]):
        colour = (base, shaded(base, 14), shaded(base, 30, _WHITE))[step]
        yield Part(_array(piece), colour, _FRINGE_DEPTH, 235)
