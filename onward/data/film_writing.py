"""Films written frame by frame, each frame at its own second; what was written before a crash can be watched."""

from __future__ import annotations

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import MachineFault

__all__ = ["FilmWriter"]

_TICKS = 1000  # a second
_FRAMES_A_PIECE = 12


class FilmWriter:
    """An mp4 (H.264) that grows; killed at any moment, it can be watched to its last whole piece.

    While it grows it is written in pieces of a dozen frames, each complete in itself; at the end they are put
    together, without a change of pixels, into a plain file that every player knows.

    Args:
        path: the file to write.
        quality: H.264's constant rate factor; lower is better and larger.
    Raises:
        MachineFault: the package that writes films is missing.
    """

    def __init__(self, path: Path, quality: int = 18) -> None:
        try:
            import av
        except ImportError:
            raise MachineFault("A film needs the package av. Install it with: pip install 'onward[vision]'") from None
        self._av, self._path, self._quality = av, path, quality
        self._container = av.open(
            str(path), "w", options={"movflags": "frag_keyframe+empty_moov", "flush_packets": "1"}
        )
        self._stream = None
        self._last = -1

    def add(self, pixels: NDArray[np.uint8], seconds: float) -> None:
        """Add a frame: H W 3, shown from a second on; odd sides are filled up with their last row or column."""
        high, wide = pixels.shape[:2]
        if high % 2 or wide % 2:
            pixels = np.pad(pixels, ((0, high % 2), (0, wide % 2), (0, 0)), "edge")
        if self._stream is None:
            options = {
                "crf": str(self._quality),
                "preset": "veryfast",
                "tune": "zerolatency",
                "g": str(_FRAMES_A_PIECE),
            }
            self._stream = self._container.add_stream("libx264", _TICKS, options)
            self._stream.height, self._stream.width = pixels.shape[:2]
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.time_base = Fraction(1, _TICKS)
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        self._last = max(self._last + 1, round(_TICKS * seconds))
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """End the film and put its pieces together."""
        if self._stream is None:
            self._container.close()
            self._path.unlink(missing_ok=True)
            return
        self._container.mux(self._stream.encode(None))
        self._container.close()
        whole = self._path.with_suffix(".whole.mp4")
        with suppress(OSError, ValueError):  # the film in pieces is a film too
            with self._av.open(str(self._path)) as pieces, self._av.open(str(whole), "w") as film:
                source = pieces.streams.video[0]
                stream = film.add_stream_from_template(source)
                for packet in pieces.demux(source):
                    if packet.dts is not None:
                        packet.stream = stream
                        film.mux(packet)
            os.replace(whole, self._path)

    def __enter__(self) -> FilmWriter:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the film, also where something went wrong."""
        self.close()
