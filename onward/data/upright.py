"""Whole pictures for those who apply a model: each upright, in its own size, by the name it is known by."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from onward.core.faults import DataFault
from onward.data.archive import Store, open_store
from onward.data.meadow_boxes import draw_meadow_boxes
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_upright

__all__ = ["read_upright", "upright_pictures"]

_MEADOW_SIZE = 192


def upright_pictures(address: str, unreadable: list[tuple[str, str]]) -> Iterator[tuple[str, Image.Image]]:
    """Read a picture, all pictures of a folder or archive, or the meadow's test pictures, one after the other.

    Args:
        unreadable: (name, reason) of what could not be read is added here.
    Returns: the path within what was named, and the picture.
    Raises:
        DataFault: there is no picture at all.
    """
    if address.startswith("meadow:"):
        (images, *_), splits = draw_meadow_boxes(address, _MEADOW_SIZE)
        for number, (image, split) in enumerate(zip(images, splits, strict=True)):
            if split == "test":
                yield f"{split}/{number:05d}.png", Image.fromarray(image)
        return
    path = Path(address)
    if path.is_file() and path.name.lower().endswith(PICTURE_ENDINGS):
        store = Store(str(path.parent), (path.name,), lambda name: path.read_bytes())
    else:
        store = open_store(address)
    names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
    if not names:
        raise DataFault(f"{address} holds no pictures.")
    for name in names:
        try:
            picture, _, _ = read_upright(store, name)
        except UnreadablePicture as reason:
            unreadable.append((name, str(reason)))
            continue
        yield name, picture


def read_upright(store: Store, name: str) -> tuple[Image.Image, int, bytes]:
    """Read one picture of a folder or archive: upright, the orientation it was turned from, and the file's bytes.

    Raises:
        UnreadablePicture: it cannot be unpacked or decoded, with the reason.
    """
    try:
        content = store.read(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return *decode_upright(content), content
    except UnreadablePicture:
        raise
    except OSError as reason:
        raise UnreadablePicture(reason.strerror or "cannot be unpacked") from None
    except Exception as reason:  # zlib, zipfile and Pillow's readers each raise kinds of their own
        raise UnreadablePicture(f"cannot be unpacked: {type(reason).__name__}") from None
