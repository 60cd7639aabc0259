"""The meadow's pictures with named points, drawn once and kept on disk: arrays that ``keypoints.py`` makes a set of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.cache import cache_key, recall, remember
from onward.data.keypoint_files import Kind

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["MeadowPoints", "draw_meadow_points", "meadow_kinds"]

MeadowPoints = tuple[NDArray[np.uint8], NDArray[np.float32], tuple[str, ...]]


def draw_meadow_points(address: str, size: int, photos: Photos | None = None) -> MeadowPoints:
    """Draw the room `meadow:pose`, or recall it.

    Returns: pictures N S S 3; a row a creature: the picture's number, the kind, left, top, right, bottom, then x, y,
        sight of each point, zeros behind a kind's last; and each picture's split.
    Raises:
        DataFault: the room has no points.
    """
    from onward.meadow import WORLD_VERSION, parse_address

    room = parse_address(address)
    if room.name != "pose":
        raise DataFault(f"{address} has no points. Use meadow:pose.")
    images, rows, splits = [], [], []
    for split, count in room.splits.items():
        key = cache_key("meadow-points", WORLD_VERSION, room.address, split, count, size, photos and photos.digest)
        found = recall(key, "images", "rows")
        if found is None or found["images"].shape != (count, size, size, 3):
            found = _drawn(split, count, size, room.level, photos)
            remember(key, **found)
        images.append(np.asarray(found["images"], np.uint8))
        own = np.array(found["rows"], np.float32)
        own[:, 0] += len(splits)
        rows.append(own)
        splits += [split] * count
    return np.concatenate(images), np.concatenate(rows), tuple(splits)


def meadow_kinds() -> list[Kind]:
    """Give the meadow's kinds with the names of their points."""
    from onward.meadow import KINDS, skeleton

    return [Kind(kind, skeleton(kind)) for kind in KINDS]


def _drawn(split: str, count: int, size: int, level: int, photos: Photos | None) -> dict[str, NDArray[Any]]:
    from onward.meadow import KINDS
    from onward.meadow.pose_room import posed_creatures

    most = max(len(kind.names) for kind in meadow_kinds())
    images, rows = np.empty((count, size, size, 3), np.uint8), []
    for number in range(count):
        scene = posed_creatures(number, size=size, split=split, level=level, photos=photos)
        images[number] = scene.pixels
        for creature in scene.creatures:
            if creature.box is None or min(np.subtract(creature.box[2:], creature.box[:2])) < 2:
                continue
            points = np.zeros((most, 3))
            points[: len(creature.keypoints)] = creature.keypoints
            rows.append((number, KINDS.index(creature.kind), *creature.box, *points.ravel()))
    return {"images": images, "rows": np.array(rows, np.float32).reshape(len(rows), -1)}
