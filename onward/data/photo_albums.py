"""The user's photos, to stand behind the meadow's creatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from onward.core.faults import UsageFault
from onward.data.upright import upright_pictures

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["album_for"]

_SHORTER_SIDE = 384  # pixels; what is larger is shrunk, so that a thousand photos fit into memory
_MOST = 1000


def album_for(address: str, folder: str) -> Photos | None:
    """Read the photos that shall stand behind the creatures of a room; None where no folder is named.

    Raises:
        UsageFault: the address is no room of the meadow.
        DataFault: the folder is missing or holds no picture that can be read.
    """
    if not folder:
        return None
    if not address.startswith("meadow:"):
        raise UsageFault(f"Photos stand behind the meadow's creatures, and {address} is no room of it. Leave them out.")
    from onward.meadow.photos import Photos

    unreadable: list[tuple[str, str]] = []
    images = []
    for _, picture in upright_pictures(folder, unreadable):
        shrink = min(1.0, _SHORTER_SIDE / min(picture.size))
        side = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
        images.append(np.asarray(picture.convert("RGB").resize(side, Image.Resampling.LANCZOS)))
        if len(images) == _MOST:
            break
    return Photos(images)
