"""Whole pictures for those who apply a model: each upright, in its own size, by the name it is known by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from onward.core.faults import DataFault
from onward.data.archive import open_store
from onward.data.meadow_boxes import draw_meadow_boxes
from onward.data.picture_files import PICTURE_ENDINGS, UnreadablePicture, decode_upright

__all__ = ["upright_pictures"]

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
        contents = iter([(path.name, path.read_bytes())])
    else:
        store = open_store(address)
        names = [name for name in store.names if name.lower().endswith(PICTURE_ENDINGS)]
        if not names:
            raise DataFault(f"{address} holds no pictures.")
        contents = ((name, store.read(name)) for name in names)
    for name, content in contents:
        try:
            picture, _ = decode_upright(content)
        except UnreadablePicture as reason:
            unreadable.append((name, str(reason)))
            continue
        yield name, picture
