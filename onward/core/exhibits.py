"""The closed set of things a result can be shown as; report and studio need to know no task.

    Number   Table   Picture   Film   Text   Curve

Each can write itself into a folder under a name and says which file it became. Values are plain: pictures are uint8
arrays, numbers are floats.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onward.core.faults import MachineFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Curve", "Exhibit", "Film", "Number", "Picture", "Table", "Text"]


@dataclass(frozen=True)
class Number:
    """A figure with its unit."""

    value: float
    unit: str = ""
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.json`."""
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"value": self.value, "unit": self.unit}) + "\n", encoding="utf-8")
        return path


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv`: UTF-8, `\\n` between lines."""
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows(self.rows)
        return path


@dataclass(frozen=True)
class Picture:
    """A picture: uint8, H W 3 or H W."""

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
    """Pictures one after the other: uint8, T H W 3."""

    frames: NDArray[Any]
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
        path = folder / f"{name}.mp4"
        height, width = (side // 2 * 2 for side in self.frames.shape[1:3])
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=round(self.frames_per_second))
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.options = {"crf": "16", "preset": "veryfast"}
            for pixels in self.frames:
                frame = av.VideoFrame.from_ndarray(pixels[:height, :width].copy(), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


@dataclass(frozen=True)
class Text:
    """Words to read."""

    words: str
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.txt`."""
        path = folder / f"{name}.txt"
        path.write_text(self.words if self.words.endswith("\n") else self.words + "\n", encoding="utf-8")
        return path


@dataclass(frozen=True)
class Curve:
    """Lines over a common horizontal axis."""

    x: Sequence[float]
    lines: dict[str, Sequence[float]] = field(default_factory=dict)
    x_label: str = ""
    caption: str = ""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv`, a column a line."""
        rows = [list(row) for row in zip(self.x, *self.lines.values(), strict=True)]
        return Table([self.x_label or "x", *self.lines], rows).write(folder, name)


Exhibit = Number | Table | Picture | Film | Text | Curve
