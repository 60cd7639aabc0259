"""Where every pixel of a frame is in the next one, and which pixels cannot be seen there.

Each limb has one affine motion a frame, so the answer is exact: a pixel goes back to the resting limb by one frame's
motion and forward by the next one's, and a pixel of the land goes through both cameras.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.meadow.limbs import Posed, View
from onward.meadow.stage import FINENESS, Scene

__all__ = ["flow_between", "is_hidden"]

Floats = NDArray[np.float64]


def flow_between(frame: Scene, following: Scene) -> NDArray[np.float32]:
    """Give the way of each pixel's middle from one frame to the next: H W 2, x then y, in pixels.

    The creatures of both frames are the same, in the same order.
    """
    high, wide = frame.owners.shape
    x, y = np.meshgrid(np.arange(wide) + 0.5, np.arange(high) + 0.5)
    at = following.camera.seen(*frame.camera.found(x, y))
    flow = np.stack([at[0] - x, at[1] - y], axis=2)
    for number, (before, after) in enumerate(zip(frame.staging, following.staging, strict=True)):
        where = frame.owners == number + 1
        if not where.any():
            continue
        limbs = frame.limbs[where].astype(int) - 1
        back, forth = _to_rest(*before)[limbs], _from_rest(*after)[limbs]
        fine_x, fine_y = x[where] * FINENESS, y[where] * FINENESS
        rest_x = back[:, 0] * fine_x + back[:, 1] * fine_y + back[:, 2]
        rest_y = back[:, 3] * fine_x + back[:, 4] * fine_y + back[:, 5]
        at_x = (forth[:, 0] * rest_x + forth[:, 1] * rest_y + forth[:, 2]) / FINENESS
        at_y = (forth[:, 3] * rest_x + forth[:, 4] * rest_y + forth[:, 5]) / FINENESS
        flow[where] = np.stack([at_x - x[where], at_y - y[where]], axis=1)
    return (np.round(flow * 256) / 256).astype(np.float32)


def is_hidden(frame: Scene, following: Scene, flow: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each pixel whether what it shows is behind something, or outside, in the next frame: H W."""
    high, wide = frame.owners.shape
    rows, columns = np.mgrid[:high, :wide]
    to_column = np.floor(columns + 0.5 + flow[..., 0]).astype(int)
    to_row = np.floor(rows + 0.5 + flow[..., 1]).astype(int)
    outside = (to_column < 0) | (to_column >= wide) | (to_row < 0) | (to_row >= high)
    to_column, to_row = to_column.clip(0, wide - 1), to_row.clip(0, high - 1)
    other = following.owners[to_row, to_column] != frame.owners
    limb = following.limbs[to_row, to_column] != frame.limbs
    return outside | other | limb


def _to_rest(posed: Posed, view: View) -> Floats:
    """Give each limb's affine from canvas to rest: limbs 6 (a x + b y + c, d x + e y + f), in full precision."""
    forth = _from_rest(posed, view)
    a, b, c, d, e, f = forth.T
    over = a * e - b * d
    rows = (e / over, -b / over, (b * f - c * e) / over, -d / over, a / over, (c * d - a * f) / over)
    return np.stack(rows, axis=1)


def _from_rest(posed: Posed, view: View) -> Floats:
    """Give each limb's affine from rest to canvas: limbs 6."""
    cos, sin, shift_x, shift_y = posed.motions.T / 16384
    across, up = view.scale_x / 65536, -view.scale_y / 65536
    rows = (
        cos * across, -sin * across, shift_x * across + view.origin_x / 16,
        sin * up, cos * up, shift_y * up + view.origin_y / 16,
    )  # fmt: skip
    return np.stack(rows, axis=1)
