"""From boxes as they were written to pixels of the upright picture, and what is wrong with them on the way.

A camera's tag (EXIF) may say that a picture is shown turned. Boxes are drawn on what the tool showed, and nearly all of
today's show pictures upright. Some do not, and the files tell which if the tag swaps the sides: by the width and height
written beside the boxes, or by boxes that fit into one of the two frames only. Where nothing tells, the boxes are taken
as drawn on the upright picture, and that is said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.data.box_records import Drawn, Noted

__all__ = ["true_boxes"]

Corners = tuple[float, float, float, float]

_SWAPPED = {5, 6, 7, 8}  # EXIF orientations that swap width and height
_SLACK = 1.5  # pixels a box may reach outside unsaid
_MOST_SHARE = 2.0  # what is farther out was not meant as a share
_ALIKE = 0.02  # by how much two shapes may differ and be called the same


def true_boxes(
    noted: Noted, name: str, size: tuple[int, int], orientation: int, troubles: dict[str, list[str]]
) -> list[tuple[Drawn, Corners]]:
    """Bring one record's boxes to pixels of the upright picture.

    Args:
        name: the picture's path.
        size: width and height of the upright picture.
        orientation: what EXIF says, 1 to 8; 1 is upright.
        troubles: what is wrong is added here, with file and line.
    """

    def say(words: str, where: str) -> None:
        troubles.setdefault(words, []).append(where)

    boxes = [box for box in noted.boxes if not box.is_share or max(map(abs, box.corners)) <= _MOST_SHARE]
    for box in noted.boxes:
        if box not in boxes:
            say("Left out, since it is not in shares of the picture (0 to 1), as YOLO has them", box.where)
    if not boxes:
        return []
    values = [value for box in boxes for value in box.corners]
    are_shares = boxes[0].is_share or (min(values) >= 0 and max(values) <= 1.0)
    stored = (size[1], size[0]) if orientation in _SWAPPED else size
    on_stored = _is_on_stored(noted, None if are_shares else values, size, stored, orientation)
    if on_stored is None:
        say(
            "Turned by the camera's tag, and nothing says on which side up the boxes were drawn: taken as drawn on the "
            "upright picture (look at one)",
            f"{noted.where} ({name})",
        )
    own = stored if on_stored else size
    written = noted.size or own
    if written != own and not are_shares:
        words = "Drawn on a picture of another size, so the boxes were scaled"
        say(words, f"{noted.where} says {noted.size}, the picture has {own}")
    if are_shares and not boxes[0].is_share:
        say("All coordinates are at most 1, taken as shares of the picture", noted.where)
    factor = np.tile(own if are_shares else (own[0] / written[0], own[1] / written[1]), 2)
    kept = []
    for box in boxes:
        corners = _turned(np.array(box.corners, np.float64) * factor, orientation if on_stored else 1, own)
        inside = _put_right(corners, size, box.where, troubles)
        if inside is not None:
            kept.append((box, inside))
    return kept


def _put_right(corners: Corners, size: tuple[int, int], where: str, troubles: dict[str, list[str]]) -> Corners | None:
    """Order corners and cut off what is outside; None if nothing is left."""
    left, top, right, bottom = corners
    if right < left or bottom < top:
        troubles.setdefault("Corners the wrong way round, put right", []).append(where)
        left, right, top, bottom = min(left, right), max(left, right), min(top, bottom), max(top, bottom)
    if max(-left, -top, right - size[0], bottom - size[1]) > _SLACK:
        troubles.setdefault("Reaches outside its picture, cut off", []).append(where)
    inside = (max(0.0, left), max(0.0, top), min(float(size[0]), right), min(float(size[1]), bottom))
    if inside[2] - inside[0] < 1 or inside[3] - inside[1] < 1:
        troubles.setdefault("Left out, since the box has no area", []).append(where)
        return None
    return inside


def _is_on_stored(
    noted: Noted, pixels: list[float] | None, upright: tuple[int, int], stored: tuple[int, int], orientation: int
) -> bool | None:
    """Say whether boxes were drawn on the picture as stored, before its tag turns it; None if nothing tells."""
    if orientation == 1:
        return False
    if stored == upright:  # half a turn, a mirror, a square: both frames look the same
        return None
    if noted.size in (stored, upright):
        return noted.size == stored
    if noted.size is not None:  # a smaller copy: its shape tells
        shape = noted.size[0] / noted.size[1]
        fits = [abs(shape * side[1] / side[0] - 1) < _ALIKE for side in (stored, upright)]
    elif pixels is not None:
        right, bottom = max(pixels[0::2]), max(pixels[1::2])
        fits = [right <= side[0] + _SLACK and bottom <= side[1] + _SLACK for side in (stored, upright)]
    else:
        return None
    return fits[0] if fits[0] != fits[1] else None


def _turned(corners: NDArray[np.float64], orientation: int, stored: tuple[int, int]) -> Corners:
    """Turn a box drawn on the stored picture as EXIF turns the picture (orientations 5 to 8 swap the sides)."""
    left, top, right, bottom = map(float, corners)
    width, height = stored
    if orientation == 6:  # a quarter clockwise
        return height - bottom, left, height - top, right
    if orientation == 8:  # a quarter counter-clockwise
        return top, width - right, bottom, width - left
    if orientation == 5:  # mirrored on the main diagonal
        return top, left, bottom, right
    if orientation == 7:  # mirrored on the other diagonal
        return height - bottom, width - right, height - top, width - left
    return left, top, right, bottom
