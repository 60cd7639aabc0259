"""A subject seen in many ways: turned, mirrored, nearer, farther, elsewhere, lighter. Points follow.

View 0 is the picture as it is, view 1 its mirror image; every other number is a lot drawn from (seed, place, number),
so that a view is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.data.skeletons import Skeleton
from onward.parts.retouch import lit, moved

__all__ = ["View", "Views", "draw_view", "moved_points", "moved_states", "view_of"]

_ZOOM = (0.75, 1.35)
_SHIFT = 0.12  # of the sides
_UPRIGHT_SHARE = 0.2  # of views that are neither turned nor zoomed


@dataclass(frozen=True)
class View:
    """How a picture is seen: a place (x, y) goes to `matrix` (x, y, 1), then light and contrast change.

    Attributes:
        matrix: six numbers, two rows of three.
        is_mirrored: whether left and right have changed places on the way.
    """

    matrix: tuple[float, float, float, float, float, float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    is_mirrored: bool = False
    light: float = 1.0
    contrast: float = 1.0


def view_of(seed: int, place: int, number: int, shape: tuple[int, int], turn: float) -> View:
    """Draw the lot of a view.

    Args:
        shape: width and height of the picture.
        turn: degrees it is turned by at most.
    Example:
        >>> view_of(0, 3, 1, (320, 256), 30.0).matrix
        (-1.0, 0.0, 320.0, 0.0, 1.0, 0.0)
    """
    width, height = shape
    if number == 0:
        return View()
    if number == 1:
        return View((-1.0, 0.0, float(width), 0.0, 1.0, 0.0), is_mirrored=True)
    chance = np.random.default_rng([seed, place, number])
    is_plain = chance.random() < _UPRIGHT_SHARE
    angle = 0.0 if is_plain else np.deg2rad(chance.uniform(-turn, turn))
    zoom = 1.0 if is_plain else float(np.exp(chance.uniform(*np.log(_ZOOM))))
    right, down = chance.uniform(-_SHIFT, _SHIFT, 2) * shape
    is_mirrored = bool(chance.random() < 0.5)
    light, contrast = (float(each) for each in chance.uniform(0.75, 1.3, 2))
    cos, sin = zoom * float(np.cos(angle)), zoom * float(np.sin(angle))
    flip = -1.0 if is_mirrored else 1.0
    # around the middle: mirror, turn and zoom, then shift
    middle_x, middle_y = width / 2, height / 2
    across = middle_x + float(right) - cos * flip * middle_x + sin * middle_y
    along = middle_y + float(down) - sin * flip * middle_x - cos * middle_y
    return View((cos * flip, -sin, across, sin * flip, cos, along), is_mirrored, light, contrast)


def draw_view(image: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """See a picture, H W 3 uint8, in another way."""
    a, b, c, d, e, f = view.matrix
    if view.matrix == (-1.0, 0.0, float(image.shape[1]), 0.0, 1.0, 0.0):
        image = image[:, ::-1]
    elif view.matrix != View().matrix:
        whole = a * e - b * d
        back = (e / whole, -b / whole, (b * f - c * e) / whole, -d / whole, a / whole, (c * d - a * f) / whole)
        image = moved(image, back)
    image = lit(image, view.light, view.contrast)
    return np.ascontiguousarray(image)


def moved_points(points: NDArray[np.float32], view: View, skeleton: Skeleton) -> NDArray[np.float32]:
    """Move points, K 2, as a view moves its picture; in a mirror pairs change places.

    Example:
        >>> skeleton = Skeleton(("left", "right"), (), ((0, 1),), (), ())
        >>> mirror = view_of(0, 0, 1, (10, 10), 0.0)
        >>> moved_points(np.array([[1, 2], [3, 4]], np.float32), mirror, skeleton).tolist()
        [[7.0, 4.0], [9.0, 2.0]]
    """
    a, b, c, d, e, f = view.matrix
    x, y = points[:, 0], points[:, 1]
    moved = np.stack([a * x + b * y + c, d * x + e * y + f], axis=1).astype(np.float32)
    return moved[skeleton.mirrored] if view.is_mirrored else moved


def moved_states(states: NDArray[np.int8], view: View, skeleton: Skeleton) -> NDArray[np.int8]:
    """Give the states, K, that belong to `moved_points`."""
    if not view.is_mirrored:
        return states
    moved = states[skeleton.mirrored]
    lonely = list(skeleton.lonely)
    moved[lonely] = np.minimum(moved[lonely], 0)  # with one side only, nobody knows what it is in a mirror
    return moved


class Views:
    """All views of some pictures in a row: every picture's view 0, then every picture's view 1, and so on.

    Args:
        images: N H W 3, uint8.
        places: which of them.
        count: views of each.
        turn: degrees they are turned by at most.
    """

    def __init__(
        self, images: NDArray[np.uint8], places: Sequence[int] | NDArray[np.int64], count: int, seed: int, turn: float
    ) -> None:
        self._images, self._places, self._count = images, np.asarray(places), count
        self._seed, self._turn = seed, turn

    def __len__(self) -> int:
        """Count pictures times views."""
        return len(self._places) * self._count

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        """Draw some of them: n H W 3."""
        height, width = self._images.shape[1:3]
        drawn = []
        for row in range(*rows.indices(len(self))):
            number, which = divmod(row, len(self._places))
            place = int(self._places[which])
            drawn.append(
                draw_view(self._images[place], view_of(self._seed, place, number, (width, height), self._turn))
            )
        return np.stack(drawn)
