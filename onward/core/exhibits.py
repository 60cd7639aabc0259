"""The closed set of things a result can be shown as; report and studio need to know no task.

    Table   Picture   Film        (a task that needs another kind adds it here, with its place in the report)

Each can write itself into a folder under a name and says which file it became. Values are plain: pictures are uint8
arrays, numbers are floats.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from onward.core.faults import MachineFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Exhibit", "Film", "Picture", "Table"]


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    ending: ClassVar[str] = ".csv"
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv`: UTF-8, a bare newline between lines."""
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows(self.rows)
        return path


@dataclass(frozen=True)
class Picture:
    """A picture: uint8, H W 3 or H W."""

    ending: ClassVar[str] = ".png"
    pixels: NDArray[Any]
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.png`."""
        from PIL import Image

        path = folder / f"{name}.png"
        Image.fromarray(self.pixels).save(path)
        return path


@dataclass(frozen=True)
class Film:
    """Pictures one after the other: uint8, T H W 3, or H W 3 each, made while they are written."""

    ending: ClassVar[str] = ".mp4"
    frames: Iterable[NDArray[Any]]
    frames_per_second: float = 24.0
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.mp4` (H.264, 4:2:0; odd sides lose a pixel).

        Raises:
            MachineFault: the package that writes films is missing.
        """
        try:
            import av
        except ImportError:
            raise MachineFault("A film needs the package av. Install it with: pip install 'onward[vision]'") from None
        options = {"crf": "16", "preset": "veryfast", "mbtree": "0"}  # else the same film has other bytes now and then
        with av.open(str(path := folder / f"{name}.mp4"), "w") as container:
            stream = container.add_stream("libx264", round(self.frames_per_second), options)
            for number, pixels in enumerate(self.frames):
                height, width = (max(2, side // 2 * 2) for side in pixels.shape[:2])
                pixels = pixels.repeat(2, axis=0).repeat(2, axis=1) if min(pixels.shape[:2]) < 2 else pixels
                if number == 0:
                    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                frame = av.VideoFrame.from_ndarray(pixels[:height, :width].copy(), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


Exhibit = Table | Picture | Film
