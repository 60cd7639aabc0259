"""A picture seen in many ways: as it is, mirrored, nearer, farther, elsewhere, lighter. Boxes follow.

View 0 is the picture as it is, view 1 its mirror image; every other number is a lot drawn from (seed, picture, number),
so that a view is the same whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.parts.retouch import lit, moved

__all__ = ["View", "Views", "draw_view", "moved_boxes", "view_of"]

_ZOOM = (0.6, 1.7)
_LEAST_SEEN = 0.3  # share of a box that must stay inside


@dataclass(frozen=True)
class View:
    """How a picture is seen: x becomes `zoom` x + `right`, y becomes `zoom` y + `down`, then it may be mirrored."""

    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0
    is_mirrored: bool = False
    light: float = 1.0
    contrast: float = 1.0


def view_of(seed: int, picture: int, number: int, size: int) -> View:
    """Draw the lot of a view.

    Example:
        >>> view_of(0, 3, 1, 320)
        View(zoom=1.0, right=0.0, down=0.0, is_mirrored=True, light=1.0, contrast=1.0)
    """
    if number < 2:
        return View(is_mirrored=number == 1)
    chance = np.random.default_rng([seed, picture, number])
    zoom = float(np.exp(chance.uniform(*np.log(_ZOOM))))
    # whatever there is to see stays in sight: a larger picture is shifted at most to its own border
    right, down = (float(chance.uniform(min(0.0, size * (1 - zoom)), max(0.0, size * (1 - zoom)))) for _ in range(2))
    light, contrast = (float(each) for each in chance.uniform(0.75, 1.3, 2))
    return View(zoom, right, down, bool(chance.random() < 0.5), light, contrast)


def draw_view(image: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """See a picture, S S 3 uint8, in another way."""
    if view.zoom != 1.0 or view.right or view.down:
        back = (1 / view.zoom, 0.0, -view.right / view.zoom, 0.0, 1 / view.zoom, -view.down / view.zoom)
        image = moved(image, back)
    image = lit(image, view.light, view.contrast)
    return image[:, ::-1] if view.is_mirrored else image


def moved_boxes(
    boxes: NDArray[np.float32], view: View, size: int, least_seen: float = _LEAST_SEEN
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Move boxes, K 4, as a view moves its picture; cut at the border.

    Returns: the boxes still seen, and which of the K they are: those of which `least_seen` is inside, and 2 pixels.
    """
    if not len(boxes):
        return boxes.reshape(0, 4), np.zeros(0, bool)
    shift = np.array([view.right, view.down] * 2, np.float32)
    whole = boxes * view.zoom + shift
    if view.is_mirrored:
        whole = np.stack([size - whole[:, 2], whole[:, 1], size - whole[:, 0], whole[:, 3]], axis=1)
    inside = whole.clip(0, size)
    seen = _area(inside) / np.maximum(_area(whole), 1e-6)
    sides = (inside[:, 2:] - inside[:, :2]).min(axis=1)
    is_seen = (seen >= least_seen) & (sides >= 2)
    return inside[is_seen].astype(np.float32), is_seen


def covered(boxes: NDArray[np.float32], size: int) -> NDArray[np.bool_]:
    """Say which pixels of a square picture some box covers, S S.

    Example:
        >>> covered(np.array([[0, 0, 1.4, 2]], np.float32), 2).tolist()
        [[True, False], [True, False]]
    """
    found = np.zeros((size, size), bool)
    for left, top, right, bottom in boxes.round().astype(int):
        found[top:bottom, left:right] = True
    return found


class Views:
    """All views of some pictures in a row: every picture's view 0, then every picture's view 1, and so on.

    Args:
        images: N S S 3, uint8.
        places: which of them.
        count: views of each.
    """

    def __init__(
        self, images: NDArray[np.uint8], places: Sequence[int] | NDArray[np.int64], count: int, seed: int
    ) -> None:
        self._images, self._places, self._count, self._seed = images, np.asarray(places), count, seed

    def __len__(self) -> int:
        """Count pictures times views."""
        return len(self._places) * self._count

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        """Draw some of them: n S S 3."""
        size = self._images.shape[1]
        drawn = []
        for row in range(*rows.indices(len(self))):
            number, which = divmod(row, len(self._places))
            place = int(self._places[which])
            drawn.append(draw_view(self._images[place], view_of(self._seed, place, number, size)))
        return np.stack(drawn)


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)
