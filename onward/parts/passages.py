"""Text as a thing to be shown: written to a file, and said aloud while it comes into being."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Passage"]

_HARMLESS = "\n\t\u200c\u200d"  # joiners, which emoji and some scripts are written with


@dataclass(frozen=True)
class Passage:
    """Text to be shown.

    Attributes:
        pieces: the text, or what gives it piece by piece; read once, while it is written.
        is_aloud: say each piece on standard output as it comes, whatever the terminal's alphabet.
        ending: of the file's name.

    Example:
        >>> import tempfile
        >>> Passage(["to be", " or not"]).write(Path(tempfile.mkdtemp()), "hamlet").read_text()
        'to be or not'
    """

    pieces: Iterable[str]
    caption: str = ""
    is_aloud: bool = False
    ending: str = ".txt"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.txt`, piece by piece: what was said before a cut is there."""
        path = folder / f"{name}{self.ending}"
        with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            for piece in self.pieces:
                file.write(piece)
                file.flush()
                if self.is_aloud:
                    _say(piece)
        return path


def _say(piece: str) -> None:
    if sys.stdout.isatty():  # what a model learned must not steer a terminal
        piece = "".join(each if each in _HARMLESS or each.isprintable() else "\ufffd" for each in piece)
    alphabet = sys.stdout.encoding or "utf-8"
    sys.stdout.write(piece.encode(alphabet, "replace").decode(alphabet))
    sys.stdout.flush()
