"""Pictures as an ejected script reads them: what a task's `ejected.py` names of this is written into the script.

Far less is understood here than in `onward/data/`: where these lines do not read the same pixels, a script gets what
was read as a file beside it.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

__all__ = ["files_of", "sheet", "square"]

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


def files_of(address: str) -> Iterator[tuple[str, bytes]]:
    """Give names and contents of the pictures in a folder, a zip, or a folder in one (`photos.zip:inner`), by name."""
    place, zipped, inner = address.partition(".zip")
    if zipped:
        archive, prefix = zipfile.ZipFile(place + zipped), f"{inner.strip(':/')}/".lstrip("/")
        names = {name.removeprefix(prefix): name for name in archive.namelist() if name.startswith(prefix)}
        read = archive.read
    else:
        paths = [path for path in Path(address).rglob("*") if path.is_file()]
        names = {path.relative_to(address).as_posix(): str(path) for path in paths}
        read = lambda name: Path(name).read_bytes()  # noqa: E731 - the twin of a zip's own
    for name in sorted(names):
        if name.lower().endswith(ENDINGS):
            yield name, read(names[name])


def square(content: bytes, size: int) -> np.ndarray:
    """Decode a picture: turned as its EXIF says, its middle square, brought to `size` pixels; H W 3 bytes."""
    picture = Image.open(io.BytesIO(content))
    picture.draft("RGB", (2 * size, 2 * size))  # a large JPEG is read smaller at once
    picture = ImageOps.exif_transpose(picture).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    return np.asarray(
        picture.resize((size, size), Image.Resampling.LANCZOS if side < 2 * size else Image.Resampling.BOX)
    )


def sheet(pictures: np.ndarray, columns: int) -> Image.Image:
    """Lay N H W 3 bytes out as one picture, three screen pixels a pixel for small ones."""
    count, side = len(pictures) // columns * columns, pictures.shape[1]
    rows = pictures[:count].reshape(-1, columns, side, side, 3).swapaxes(1, 2).reshape(-1, columns * side, 3)
    zoom = max(1, 96 // side)
    return Image.fromarray(rows.repeat(zoom, axis=0).repeat(zoom, axis=1))
