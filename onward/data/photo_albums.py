"""The user's photos, to stand behind the meadow's creatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.data.upright import upright_pictures

if TYPE_CHECKING:
    from onward.meadow.photos import Photos

__all__ = ["album_for"]

_SHORTER_SIDE = 384  # pixels; what is larger is shrunk, so that a thousand photos fit into memory
_MOST = 1000
_NAMED_AT_MOST = 5


def album_for(address: str, folder: str, notes: list[str] | None = None) -> Photos | None:
    """Read the photos that shall stand behind the creatures of a room; None where no folder is named.

    Args:
        notes: what was left out is said here.
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
    images, said = [], [] if notes is None else notes
    for _, picture in upright_pictures(folder, unreadable):
        if len(images) == _MOST:
            said.append(f"{folder}: only its first {_MOST:,} photos stand behind the creatures.")
            break
        shrink = min(1.0, _SHORTER_SIDE / min(picture.size))
        side = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
        images.append(np.asarray(picture.convert("RGB").resize(side, Image.Resampling.LANCZOS)))
    if unreadable:
        named = "; ".join(f"{name} ({reason})" for name, reason in unreadable[:_NAMED_AT_MOST])
        rest = f" and {len(unreadable) - _NAMED_AT_MOST:,} more" if len(unreadable) > _NAMED_AT_MOST else ""
        if not images:
            raise DataFault(f"{folder}: none of its photos can be read: {named}{rest}. Replace them.")
        said.append(f"{folder}: photos left out: {named}{rest}. Replace or remove them.")
    return Photos(images)
